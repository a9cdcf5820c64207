//! Scenarios that cross services, and the checks that keep the tree as it is described.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a scenario that cannot go on must fail at once and say where"
)]

mod api;
mod docs;
mod licences;
mod main_job;
mod tidy;
