//! The gateway as clients see it, in process, before a service that answers as each test tells it.

mod binding;
mod errors;
mod sessions;
