//! When evidence may be dated, and how much of a school year's teaching is gone.

use chrono::{Days, NaiveDate};
use xinqiao_kit::{
    status::Violation,
    time::{SchoolYear, Term},
    validate::Violations,
};

/// Which days evidence may have: it is logged after the fact, in the running school year, or for some days after 1 September
/// still in the last one.
#[derive(Debug, Clone, Copy)]
pub struct EvidenceDates {
    /// Today, in the county.
    pub today: NaiveDate,
    /// Days after 1 September in which the last year may still be completed (county settings).
    pub late_entry_days: u32,
}

impl EvidenceDates {
    /// The earliest day that evidence may have today.
    pub fn earliest(self) -> NaiveDate {
        let year = SchoolYear::of(self.today);
        let grace_ends = year.start().checked_add_days(Days::new(self.late_entry_days.into()));
        if grace_ends.is_some_and(|end| self.today < end) {
            SchoolYear(year.0 - 1).start()
        } else {
            year.start()
        }
    }

    /// Notes what is wrong with the day of something that was held.
    pub fn check(self, v: &mut Violations, field: &str, date: NaiveDate) {
        if date > self.today {
            v.push(Violation::new(field, "DATE_IN_FUTURE"));
        } else if date < self.earliest() {
            v.push(Violation::new(field, "DATE_OUTSIDE_SCHOOL_YEAR").param("from", self.earliest()));
        }
    }

    /// Notes what is wrong with the day of something that is planned: as above, or ahead until the end of the next school year.
    pub fn check_planned(self, v: &mut Violations, field: &str, date: NaiveDate) {
        if date < self.earliest() || date > SchoolYear::of(self.today).next().end() {
            v.push(Violation::new(field, "DATE_OUTSIDE_SCHOOL_YEAR").param("from", self.earliest()));
        }
    }
}

/// The days of a school year on which there is teaching, as far as a forecast needs them: the first half of the teaching weeks
/// from 1 September on, the second half from a day after the winter holidays on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeachingCalendar {
    weeks: u32,
    second_term_start: (u32, u32),
}

/// How much of a school year's teaching is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TeachingTime {
    /// Days of teaching weeks in the whole year.
    pub total_days: i64,
    /// Days of teaching weeks still to come.
    pub left_days: i64,
}

const DAYS_A_WEEK: i64 = 7;

impl TeachingCalendar {
    /// A calendar of so many teaching weeks a year whose second term starts at (month, day).
    pub fn new(weeks: u32, second_term_start: (u32, u32)) -> Self {
        Self { weeks, second_term_start }
    }

    /// Teaching weeks of a year.
    pub fn weeks(self) -> u32 {
        self.weeks
    }

    /// How much of the teaching of `year` is gone at the start of `today`.
    pub fn time(self, year: SchoolYear, today: NaiveDate) -> TeachingTime {
        let first = i64::from(self.weeks.div_ceil(2)) * DAYS_A_WEEK;
        let second = i64::from(self.weeks / 2) * DAYS_A_WEEK;
        let left = |start: NaiveDate, days: i64| (days - (today - start).num_days()).clamp(0, days);
        let left_days = left(year.start(), first) + left(self.second_start(year), second);
        TeachingTime { total_days: first + second, left_days }
    }

    fn second_start(self, year: SchoolYear) -> NaiveDate {
        let (month, day) = self.second_term_start;
        let named = NaiveDate::from_ymd_opt(year.0.saturating_add(1), month, day);
        named.unwrap_or_else(|| year.term_start(Term::Second))
    }
}

impl TeachingTime {
    /// Teaching weeks still to come.
    pub fn weeks_left(self) -> f64 {
        // At most some hundred days: exact as a floating-point number.
        self.left_days as f64 / DAYS_A_WEEK as f64
    }

    /// Days of teaching weeks that are gone.
    pub fn gone_days(self) -> i64 {
        self.total_days - self.left_days
    }
}
