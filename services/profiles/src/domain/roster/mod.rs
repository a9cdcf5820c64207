//! The import of a roster (P5.1: every pupil has a record; P3.3: special groups): how a clerk's spreadsheet is read, what is said
//! against each of its rows, and what becomes of the pupils it names.
//!
//! The way of a file: [`sheet::Collector`] takes the cells and finds the headings, [`check::check`] makes an entry of each row or says
//! everything against it, [`repeats::Repeats`] finds pupils that are named twice, [`plan`] says what a row changes of a pupil who is known.

pub mod cell;
pub mod check;
pub mod columns;
pub mod dates;
pub mod entry;
pub mod fault;
pub mod grades;
pub mod import;
mod placement;
pub mod plan;
pub mod reason;
pub mod register;
pub mod repeats;
pub mod sheet;
#[cfg(test)]
mod tests;
pub mod words;
