//! Entities and rules, by the clauses of the policy. Pure: no async, no SQL, no protobuf, no clock, no randomness.

pub mod committee;
pub mod consent;
pub mod evidence;
pub mod facts;
pub mod family_event;
pub mod figure;
pub mod guidance;
pub mod home_visit;
pub mod ids;
pub mod message;
pub mod parent_school;
pub mod partner;
mod words;

#[cfg(test)]
pub(crate) mod tests;
