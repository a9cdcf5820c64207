//! The rules, as tables and properties.

mod committees;
mod evidence;
mod figures;
mod talk;

use super::{
    evidence::EvidenceDates,
    ids::{ClassId, SchoolId, StudentId, UserId},
};
use chrono::NaiveDate;
use std::collections::BTreeSet;
use uuid::Uuid;
use xinqiao_kit::{time::Ts, validate::Violations};

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Nine in the morning of that day in the county.
pub(crate) fn at(text: &str) -> Ts {
    Ts::start_of(day(text)) + chrono::Duration::hours(9)
}

fn dates(today: &str) -> EvidenceDates {
    EvidenceDates { today: day(today), late_entry_days: 30 }
}

fn school() -> SchoolId {
    SchoolId(Uuid::from_u128(1))
}

fn class(number: u128) -> ClassId {
    ClassId(Uuid::from_u128(100 + number))
}

fn student() -> StudentId {
    StudentId(Uuid::from_u128(50))
}

fn user(number: u128) -> UserId {
    UserId(Uuid::from_u128(500 + number))
}

fn classes(count: u128) -> BTreeSet<ClassId> {
    (1..=count).map(class).collect()
}

/// What was noted, as `field REASON`.
fn noted(v: Violations) -> Vec<String> {
    match v.into_result() {
        Ok(()) => Vec::new(),
        Err(invalid) => {
            invalid.into_violations().iter().map(|v| format!("{} {}", v.field, v.reason)).collect()
        }
    }
}
