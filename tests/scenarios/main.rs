//! Scenarios that cross services, and the checks that keep the tree as it is described.

mod api;
mod docs;
mod licences;
mod main_job;
mod tidy;
