//! Schools, classes, staff, pupils, guardians, three-colour records, support teams and referrals.

pub mod domain;
mod spreadsheet;
pub mod store;
