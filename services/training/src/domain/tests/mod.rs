//! The rules, as tables and properties.

mod activities;
mod lesson_figures;
mod lessons;
mod staff;

use super::{
    calendar::{EvidenceDates, TeachingCalendar},
    facts::{Class, Post, School, Staff},
    hours::LessonLengths,
    ids::{ClassId, SchoolId, StaffId, UserId},
    stage::Stage,
};
use chrono::NaiveDate;
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

fn lengths() -> LessonLengths {
    LessonLengths { primary_minutes: 40, secondary_minutes: 45 }
}

fn calendar() -> TeachingCalendar {
    TeachingCalendar::new(40, (2, 16))
}

fn class(number: i32, stage: Stage, entry_year: i32) -> Class {
    let id = ClassId(Uuid::from_u128(1000 + number as u128));
    Class { id, school: school_id(), stage, entry_year, number, closed_on: None }
}

fn school_id() -> SchoolId {
    SchoolId(Uuid::from_u128(1))
}

fn school(stages: &[Stage]) -> School {
    School {
        id: school_id(),
        code: "3400000001".to_owned(),
        display_name: "实验学校".to_owned(),
        stages: stages.iter().copied().collect(),
        active: true,
    }
}

fn staff(number: u128, posts: &[Post]) -> Staff {
    Staff {
        id: StaffId(Uuid::from_u128(number)),
        school: Some(school_id()),
        user: Some(UserId(Uuid::from_u128(number + 500))),
        posts: posts.iter().copied().collect(),
        active: true,
        on_leave: false,
    }
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
