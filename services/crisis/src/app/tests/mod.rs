//! The service through its generated clients, behind its real front, on both engines, with a clock that moves only when told.

mod grid;
mod intake;
mod permissions;
mod plans;
mod profiles;
mod promises;
mod races;
mod roles;
mod support;
mod watch;
