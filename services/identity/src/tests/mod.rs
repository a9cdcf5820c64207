//! The service through its generated clients, in process, with a clock that stands still.

mod access;
mod accounts;
mod events;
mod grants;
mod keeping;
mod login;
mod profiles;
mod sessions;
mod support;
