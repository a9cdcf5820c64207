//! Home visits (家访, P6.3): who visited whom, when, about what, and what was agreed.

use super::{
    evidence::{EvidenceDates, EvidenceState, TOPIC_MAX},
    ids::{ClassId, SchoolId, StudentId, UserId, VisitId},
    words::words,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xinqiao_kit::{status::Violation, time::Ts, validate::Violations};

/// Characters of what was agreed.
pub const AGREEMENTS_MAX: usize = 2000;
/// Characters of what staff should know.
pub const NOTES_MAX: usize = 4000;

words! {
    /// Where teacher and family met.
    VisitMode {
        /// At the pupil's home.
        Home = "home",
        /// At school.
        School = "school",
        /// By telephone.
        Phone = "phone",
        /// By video.
        Video = "video",
    }
}

words! {
    /// What was talked about.
    VisitTopic {
        /// Learning.
        Learning = "learning",
        /// Mood and mental health.
        MentalHealth = "mental_health",
        /// Life in the family, time together.
        Family = "family",
        /// Safety.
        Safety = "safety",
        /// Telephone, games, internet.
        ScreenTime = "screen_time",
        /// Life at school, friends.
        SchoolLife = "school_life",
    }
}

/// A home visit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HomeVisit {
    /// Its id.
    pub id: VisitId,
    /// Whose family.
    pub student: StudentId,
    /// The pupil's school at that time.
    pub school: SchoolId,
    /// The pupil's class at that time.
    pub class: ClassId,
    /// Who visited.
    pub visitor: UserId,
    /// Day.
    pub date: NaiveDate,
    /// Where they met.
    pub mode: VisitMode,
    /// What was said.
    pub said: Said,
    /// Whether it counts.
    pub state: EvidenceState,
    /// Row version.
    pub version: i64,
    /// When it was logged.
    pub created_at: Ts,
}

/// What of a visit concerns nobody but the family and those who look after the pupil.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// What was talked about.
    pub topics: BTreeSet<VisitTopic>,
    /// Whom the visitor met.
    pub met: String,
    /// Who came along; may be empty.
    pub companions: String,
    /// What was agreed; the pupil's guardians read it.
    pub agreements: String,
    /// What staff should know; guardians do not read it.
    pub notes: String,
    /// Why it was voided; may be empty.
    pub void_reason: String,
}

/// What somebody says of a visit, as far as it was given and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VisitForm {
    /// Day.
    pub date: Option<NaiveDate>,
    /// Where they met.
    pub mode: Option<VisitMode>,
    /// What was said.
    pub said: Said,
}

impl VisitForm {
    /// Notes everything that is wrong with what was given.
    pub fn check(&self, v: &mut Violations, dates: EvidenceDates) {
        if let Some(date) = self.date {
            dates.check(v, "home_visit.date", date);
        }
        if self.said.topics.is_empty() {
            v.push(Violation::new("home_visit.topics", "REQUIRED"));
        }
        v.len("home_visit.met", &self.said.met, 1, TOPIC_MAX);
        v.len("home_visit.companions", &self.said.companions, 0, TOPIC_MAX);
        v.len("home_visit.agreements", &self.said.agreements, 0, AGREEMENTS_MAX);
        v.len("home_visit.notes", &self.said.notes, 0, NOTES_MAX);
    }
}

impl HomeVisit {
    /// Takes it out of the figures.
    pub fn void(&mut self, reason: String) {
        self.state = EvidenceState::Voided;
        self.said.void_reason = reason;
        self.version += 1;
    }
}
