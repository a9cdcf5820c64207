//! Entities and rules of the profiles service. Pure: nothing here waits, reads a clock, or knows a table or a message.

pub mod alarm;
pub mod care;
pub mod class;
pub mod colour;
pub mod evidence;
pub mod identifiers;
pub mod ids;
pub mod proposal;
pub mod record;
pub mod referral;
pub mod roster;
pub mod school;
pub mod staff;
pub mod stage;
pub mod student;
pub mod team;
mod words;

#[cfg(test)]
mod tests;
