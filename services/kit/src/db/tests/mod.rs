//! The contract that both engines keep, and the guards, each with its regression test.

mod contract;
mod guards;
mod migrations;
