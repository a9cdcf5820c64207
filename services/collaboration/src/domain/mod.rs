//! Entities and rules, by the clauses of the policy. Pure: no async, no SQL, no protobuf, no clock, no randomness.

pub mod evidence;
pub mod facts;
pub mod ids;
mod words;
