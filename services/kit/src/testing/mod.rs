//! Test support: throw-away databases on both engines, fixed clocks.

#![expect(clippy::panic, clippy::expect_used, reason = "a test that cannot start must fail at once and say why")]

mod database;
mod postgres;

pub use database::TestDb;
pub use crate::time::ManualClock;
