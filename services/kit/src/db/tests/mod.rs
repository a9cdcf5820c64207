//! The contract that both engines keep, and the guards, each with its regression test.

mod contract;
mod group;
mod guards;
mod migrations;
mod silence;
