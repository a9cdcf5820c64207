//! The rules of screening (P3.*): pure, without SQL, protobuf, clock or randomness.

pub mod answers;
pub mod campaign;
#[cfg(test)]
mod campaign_tests;
pub mod entry;
pub mod finding;
pub mod ids;
pub mod instrument;
pub mod level;
pub mod report;
#[cfg(test)]
mod report_tests;
pub mod scoring;
#[cfg(test)]
mod scoring_properties;
#[cfg(test)]
mod scoring_tests;
pub mod target;
pub mod text;
mod words;
