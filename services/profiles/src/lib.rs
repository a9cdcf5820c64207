//! Schools, classes, staff, pupils, guardians, three-colour records, support teams and referrals.

pub mod app;
pub mod domain;
pub mod error;
mod spreadsheet;
pub mod store;
