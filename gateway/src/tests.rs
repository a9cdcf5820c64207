//! The gateway as clients see it, in process, before a service that answers as each test tells it.

mod api;
mod binding;
mod errors;
mod limits;
mod native;
mod pages;
mod server;
mod sessions;
mod streams;
mod whole;
