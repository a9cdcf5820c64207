//! Screening through its generated clients, behind its real front, on both engines.

mod access;
mod answers;
mod campaigns;
mod catalogue;
mod events;
mod list;
mod observations;
mod results;
mod texts;
mod world;
