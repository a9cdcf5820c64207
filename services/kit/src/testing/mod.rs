//! Test support: throw-away databases on both engines, fixed clocks.

#![expect(
    clippy::panic,
    clippy::expect_used,
    reason = "a test that cannot start must fail at once and say why"
)]

mod database;
mod fixtures;
mod harness;
mod postgres;

pub use crate::time::ManualClock;
pub use database::TestDb;
pub use fixtures::{authorizer, catalogue, clock, ctx, deps, deps_with, start, user};
pub use harness::{Harness, HarnessBuilder, stand_in};
