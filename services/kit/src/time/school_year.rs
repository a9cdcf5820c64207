//! The school's calendar: a year starts on 1 September and has two terms (P1.2 counts lessons by school year).

use chrono::{Datelike as _, NaiveDate};
use serde::{Deserialize, Serialize};
use std::fmt;

const FIRST_MONTH: u32 = 9;
const SECOND_TERM_MONTH: u32 = 2;

/// A school year by the calendar year of its September: `SchoolYear(2026)` runs from 2026-09-01 to 2027-08-31.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SchoolYear(pub i32);

/// Half of a school year.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// 1 September to the end of January.
    First,
    /// 1 February to the end of August, the summer holidays included.
    Second,
}

/// The school year that `date` lies in.
pub fn school_year(date: NaiveDate) -> SchoolYear {
    SchoolYear::of(date)
}

impl SchoolYear {
    /// The school year that `date` lies in.
    pub fn of(date: NaiveDate) -> Self {
        Self(if date.month() >= FIRST_MONTH { date.year() } else { date.year() - 1 })
    }

    /// Its first day, 1 September.
    pub fn start(self) -> NaiveDate {
        first_of(self.0, FIRST_MONTH)
    }

    /// Its last day, 31 August.
    pub fn end(self) -> NaiveDate {
        self.next().start().pred_opt().unwrap_or(NaiveDate::MAX)
    }

    /// The first day of a term.
    pub fn term_start(self, term: Term) -> NaiveDate {
        match term {
            Term::First => self.start(),
            Term::Second => first_of(self.0.saturating_add(1), SECOND_TERM_MONTH),
        }
    }

    /// The last day of a term.
    pub fn term_end(self, term: Term) -> NaiveDate {
        match term {
            Term::First => self.term_start(Term::Second).pred_opt().unwrap_or(NaiveDate::MAX),
            Term::Second => self.end(),
        }
    }

    /// Whether `date` lies in it.
    pub fn contains(self, date: NaiveDate) -> bool {
        Self::of(date) == self
    }

    /// The one after it.
    pub fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

impl Term {
    /// The term that `date` lies in.
    pub fn of(date: NaiveDate) -> Self {
        if (SECOND_TERM_MONTH..FIRST_MONTH).contains(&date.month()) { Self::Second } else { Self::First }
    }
}

fn first_of(year: i32, month: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, 1).unwrap_or(if year < 0 { NaiveDate::MIN } else { NaiveDate::MAX })
}

impl fmt::Display for SchoolYear {
    /// As people write it: `2026-2027`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.0, self.0.saturating_add(1))
    }
}
