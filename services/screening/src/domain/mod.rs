//! The rules of screening (P3.*): pure, without SQL, protobuf, clock or randomness.

pub mod answers;
pub mod instrument;
pub mod level;
pub mod scoring;
#[cfg(test)]
mod scoring_tests;
pub mod text;
