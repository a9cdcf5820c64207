//! Lessons that were held (P1.2, P1.3): what may be logged, and corrections that are added, never written over.

use super::{
    calendar::EvidenceDates,
    facts::{Class, Staff},
    ids::{ClassId, LessonId, SchoolId, StaffId, UserId},
    stage::{Education, LessonKind, Stage, words},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xinqiao_kit::{
    status::Violation,
    time::{SchoolYear, Ts},
    validate::Violations,
};

/// Periods of a day's timetable.
pub const PERIODS: std::ops::RangeInclusive<i32> = 1..=12;
/// Minutes that a lesson may take.
pub const MINUTES: std::ops::RangeInclusive<i32> = 10..=180;
/// Characters of a topic.
pub const TOPIC_MAX: usize = 120;
/// Characters of a reference to proof.
pub const ATTACHMENT_MAX: usize = 300;

words! {
    /// Whether a lesson counts.
    LessonState {
        /// It was held and counts.
        Held = "held",
        /// It was logged by mistake and counts no more.
        Voided = "voided",
    }
}

/// What is said of a lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LessonFacts {
    /// Day it was held.
    pub date: NaiveDate,
    /// Period of the timetable.
    pub period: i32,
    /// Who taught.
    pub teacher: StaffId,
    /// What it was about.
    pub topic: String,
    /// How long it was.
    pub minutes: i32,
    /// For the whole class or for some pupils.
    pub kind: LessonKind,
    /// Which of the five educations it served.
    pub educations: BTreeSet<Education>,
    /// Where the proof lies; may be empty.
    pub attachment: String,
}

/// A lesson.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    /// Its id.
    pub id: LessonId,
    /// The school.
    pub school: SchoolId,
    /// The class that was taught.
    pub class: ClassId,
    /// The stage of the class, which says how long a lesson hour is.
    pub stage: Stage,
    /// What is said of it now.
    pub facts: LessonFacts,
    /// Whether it counts.
    pub state: LessonState,
    /// Row version.
    pub version: i64,
    /// When it was logged.
    pub created_at: Ts,
    /// When it was last corrected or voided.
    pub updated_at: Ts,
    /// Its corrections, oldest first; empty in lists.
    pub entries: Vec<Entry>,
}

/// One correction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When.
    pub at: Ts,
    /// Who.
    pub author: UserId,
    /// Why.
    pub reason: String,
    /// What changed; empty when the lesson was voided.
    pub changes: Vec<Change>,
}

/// One field before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field.
    pub field: String,
    /// Its value before.
    pub before: String,
    /// Its value after.
    pub after: String,
}

/// Why a lesson cannot be corrected or voided.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LessonRefusal {
    /// It was voided.
    #[error("the lesson was voided")]
    Voided,
    /// It lies in a school year that is closed.
    #[error("the school year of the lesson is closed")]
    YearClosed,
}

/// What somebody says of a lesson, as far as it was given and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LessonForm {
    /// Day it was held.
    pub date: Option<NaiveDate>,
    /// Period of the timetable.
    pub period: Option<i32>,
    /// Who taught.
    pub teacher: Option<StaffId>,
    /// What it was about.
    pub topic: Option<String>,
    /// How long it was.
    pub minutes: Option<i32>,
    /// For the whole class or for some pupils.
    pub kind: Option<LessonKind>,
    /// Which of the five educations it served.
    pub educations: Option<BTreeSet<Education>>,
    /// Where the proof lies.
    pub attachment: Option<String>,
}

impl LessonForm {
    /// Notes everything that is wrong with what was given. `class` is the class that was taught, if there is such a class;
    /// `teacher` is the member of staff whom the form names, if there is one.
    pub fn check(
        &self,
        v: &mut Violations,
        dates: EvidenceDates,
        class: Option<&Class>,
        teacher: Option<&Staff>,
    ) {
        if let Some(date) = self.date {
            dates.check(v, "lesson.date", date);
        }
        if let (Some(date), Some(class)) = (self.date, class) {
            if class.grade(SchoolYear::of(date)).is_none() {
                v.push(Violation::new("lesson.date", "CLASS_NOT_IN_STAGE"));
            } else if class.closed_on.is_some_and(|closed| closed < date) {
                v.push(Violation::new("lesson.date", "CLASS_ENDED"));
            }
        }
        if let Some(period) = self.period {
            v.range("lesson.period", period, *PERIODS.start(), *PERIODS.end());
        }
        let of_school =
            |staff: &&Staff| staff.active && class.is_none_or(|class| staff.school == Some(class.school));
        if self.teacher.is_some() && teacher.filter(of_school).is_none() {
            v.push(Violation::new("lesson.teacher", "STAFF_UNKNOWN"));
        }
        if let Some(topic) = &self.topic {
            v.len("lesson.topic", topic, 1, TOPIC_MAX);
        }
        if let Some(minutes) = self.minutes {
            v.range("lesson.minutes", minutes, *MINUTES.start(), *MINUTES.end());
        }
        if let Some(attachment) = &self.attachment {
            v.len("lesson.attachment", attachment, 0, ATTACHMENT_MAX);
        }
    }

    /// The facts, when everything was given.
    pub fn facts(self) -> Option<LessonFacts> {
        Some(LessonFacts {
            date: self.date?,
            period: self.period?,
            teacher: self.teacher?,
            topic: self.topic?,
            minutes: self.minutes?,
            kind: self.kind?,
            educations: self.educations?,
            attachment: self.attachment?,
        })
    }

    /// The facts of `old` with what was given laid over them.
    pub fn over(self, old: &LessonFacts) -> LessonFacts {
        LessonFacts {
            date: self.date.unwrap_or(old.date),
            period: self.period.unwrap_or(old.period),
            teacher: self.teacher.unwrap_or(old.teacher),
            topic: self.topic.unwrap_or_else(|| old.topic.clone()),
            minutes: self.minutes.unwrap_or(old.minutes),
            kind: self.kind.unwrap_or(old.kind),
            educations: self.educations.unwrap_or_else(|| old.educations.clone()),
            attachment: self.attachment.unwrap_or_else(|| old.attachment.clone()),
        }
    }
}

impl LessonFacts {
    /// The school year that it counts in.
    pub fn year(&self) -> SchoolYear {
        SchoolYear::of(self.date)
    }

    fn texts(&self) -> [(&'static str, String); 8] {
        let educations: Vec<&str> = self.educations.iter().map(|education| education.word()).collect();
        [
            ("date", self.date.to_string()),
            ("period", self.period.to_string()),
            ("teacher", format!("staff/{}", self.teacher)),
            ("topic", self.topic.clone()),
            ("minutes", self.minutes.to_string()),
            ("kind", self.kind.word().to_owned()),
            ("educations", educations.join(" ")),
            ("attachment", self.attachment.clone()),
        ]
    }
}

impl Lesson {
    /// Whether it may still be corrected or voided.
    ///
    /// # Errors
    /// It was voided, or its school year is closed.
    pub fn open(&self, dates: EvidenceDates) -> Result<(), LessonRefusal> {
        if self.state == LessonState::Voided {
            return Err(LessonRefusal::Voided);
        }
        if self.facts.date < dates.earliest() {
            return Err(LessonRefusal::YearClosed);
        }
        Ok(())
    }

    /// Puts `facts` in place of what was said before and adds the entry that says so; none when nothing differs.
    pub fn correct(&mut self, facts: LessonFacts, author: UserId, reason: String, at: Ts) -> bool {
        let pairs = self.facts.texts().into_iter().zip(facts.texts());
        let changes: Vec<Change> = pairs
            .filter(|((_, before), (_, after))| before != after)
            .map(|((field, before), (_, after))| Change { field: field.to_owned(), before, after })
            .collect();
        if changes.is_empty() {
            return false;
        }
        self.facts = facts;
        self.entries.push(Entry { at, author, reason, changes });
        self.touch(at);
        true
    }

    /// Takes it out of the figures and adds the entry that says so.
    pub fn void(&mut self, author: UserId, reason: String, at: Ts) {
        self.state = LessonState::Voided;
        self.entries.push(Entry { at, author, reason, changes: Vec::new() });
        self.touch(at);
    }

    fn touch(&mut self, at: Ts) {
        self.version += 1;
        self.updated_at = at;
    }
}
