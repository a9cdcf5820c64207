//! What all evidence keeps to: when it may be dated, and that a mistake is voided, not rewritten.

use super::words::words;
use chrono::{Days, NaiveDate};
use xinqiao_kit::{status::Violation, time::SchoolYear, validate::Violations};

/// Characters of a topic or title.
pub const TOPIC_MAX: usize = 120;
/// Characters of a reference to proof.
pub const ATTACHMENT_MAX: usize = 300;

words! {
    /// Whether something that was logged counts.
    EvidenceState {
        /// It counts.
        Held = "held",
        /// It was logged by mistake and counts no more.
        Voided = "voided",
    }
}

/// Why evidence cannot be voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceRefusal {
    /// It was voided before.
    #[error("the evidence was voided before")]
    Voided,
    /// It lies in a school year that is closed.
    #[error("the school year of the evidence is closed")]
    YearClosed,
}

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

    /// Whether evidence of that day and state may be voided.
    ///
    /// # Errors
    /// It was voided before, or its school year is closed.
    pub fn voidable(self, state: EvidenceState, date: NaiveDate) -> Result<(), EvidenceRefusal> {
        if state == EvidenceState::Voided {
            return Err(EvidenceRefusal::Voided);
        }
        if date < self.earliest() { Err(EvidenceRefusal::YearClosed) } else { Ok(()) }
    }
}
