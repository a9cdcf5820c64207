//! Entities and rules, by the clauses of the policy. Pure: no async, no SQL, no protobuf, no clock, no randomness.

pub mod activity;
pub mod calendar;
pub mod certificate;
pub mod facts;
pub mod hours;
pub mod ids;
pub mod lesson;
pub mod lesson_figure;
pub mod staff_training;
pub mod staffing;
pub mod stage;
pub mod teaching_plan;
pub mod training_figure;

#[cfg(test)]
pub(crate) mod tests;
