//! Entities and rules of the profiles service. Pure: nothing here waits, reads a clock, or knows a table or a message.

pub mod identifiers;
pub mod stage;
