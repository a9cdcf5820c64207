//! What a school does with parents together: parent lessons (P6.2), open days (P6.4), mental-health sessions (P6.6).

use super::{
    evidence::{ATTACHMENT_MAX, EvidenceDates, EvidenceState, TOPIC_MAX},
    ids::{ClassId, FamilyEventId, SchoolId, UserId},
    parent_school::ParentSchool,
    words::words,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use xinqiao_kit::{status::Violation, time::Ts, validate::Violations};

/// Minutes that an event may take.
pub const MINUTES: std::ops::RangeInclusive<i32> = 10..=600;
/// Classes whose families may be invited to one event.
pub const CLASSES_MAX: usize = 200;
/// Families of a class.
pub const FAMILIES: std::ops::RangeInclusive<i32> = 1..=200;

words! {
    /// What a family event is.
    FamilyEventKind {
        /// A lesson of the parent school.
        ParentLesson = "parent_lesson",
        /// 家长开放日.
        OpenDay = "open_day",
        /// Mental-health education for parents.
        ParentSession = "parent_session",
    }
}

/// An event with parents.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FamilyEvent {
    /// Its id.
    pub id: FamilyEventId,
    /// The school.
    pub school: SchoolId,
    /// What it was.
    pub kind: FamilyEventKind,
    /// Day.
    pub date: NaiveDate,
    /// What it was about.
    pub topic: String,
    /// How long it was.
    pub minutes: i32,
    /// Who came, class by class.
    pub attendances: Vec<ClassAttendance>,
    /// Where the proof lies; may be empty.
    pub attachment: String,
    /// Whether it taught psychology.
    pub psychology: bool,
    /// Whether it counts.
    pub state: EvidenceState,
    /// Why it was voided; may be empty.
    pub void_reason: String,
    /// Who logged it.
    pub author: UserId,
    /// Row version.
    pub version: i64,
    /// When it was logged.
    pub created_at: Ts,
}

/// Who came from one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClassAttendance {
    /// The class.
    pub class: ClassId,
    /// Families invited.
    pub invited: i32,
    /// Families that came.
    pub attended: i32,
}

/// Attendance as somebody gives it; an unreadable class is `None` and already complained about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AttendanceForm {
    /// The class.
    pub class: Option<ClassId>,
    /// Families invited.
    pub invited: i32,
    /// Families that came.
    pub attended: i32,
}

/// What somebody says of an event, as far as it was given and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FamilyEventForm {
    /// What it was.
    pub kind: Option<FamilyEventKind>,
    /// Day.
    pub date: Option<NaiveDate>,
    /// What it was about.
    pub topic: String,
    /// How long it was.
    pub minutes: i32,
    /// Who came.
    pub attendances: Vec<AttendanceForm>,
    /// Where the proof lies.
    pub attachment: String,
}

impl FamilyEventForm {
    /// Notes everything that is wrong with what was given; `classes` are the open classes of the school, `parents` its parent
    /// school.
    pub fn check(
        &self,
        v: &mut Violations,
        dates: EvidenceDates,
        classes: &BTreeSet<ClassId>,
        parents: Option<&ParentSchool>,
    ) {
        if let Some(date) = self.date {
            dates.check(v, "family_event.date", date);
        }
        let named = v.len("family_event.topic", &self.topic, 1, TOPIC_MAX);
        v.range("family_event.minutes", self.minutes, *MINUTES.start(), *MINUTES.end());
        v.len("family_event.attachment", &self.attachment, 0, ATTACHMENT_MAX);
        if self.kind == Some(FamilyEventKind::ParentLesson) {
            match parents {
                None => v.push(Violation::new("family_event.kind", "PARENT_SCHOOL_MISSING")),
                Some(parents) if named && parents.unit(&self.topic).is_none() => {
                    v.push(Violation::new("family_event.topic", "TOPIC_NOT_IN_SYLLABUS"));
                }
                Some(_) => {}
            }
        }
        self.check_attendances(v, classes);
    }

    fn check_attendances(&self, v: &mut Violations, classes: &BTreeSet<ClassId>) {
        if self.attendances.is_empty() {
            v.push(Violation::new("family_event.attendances", "REQUIRED"));
        }
        v.count("family_event.attendances", self.attendances.len(), CLASSES_MAX);
        let mut seen = BTreeSet::new();
        for (at, one) in self.attendances.iter().take(CLASSES_MAX).enumerate() {
            let field = |name: &str| format!("family_event.attendances[{at}].{name}");
            if v.range(&field("invited"), one.invited, *FAMILIES.start(), *FAMILIES.end()) {
                v.range(&field("attended"), one.attended, 0, one.invited);
            }
            let Some(class) = one.class else { continue };
            if !seen.insert(class) {
                v.push(Violation::new(field("class"), "DUPLICATE"));
            }
            if !classes.contains(&class) {
                v.push(Violation::new(field("class"), "CLASS_UNKNOWN"));
            }
        }
    }

    /// Whether what is described teaches psychology: a lesson by its unit, a session always, an open day never.
    pub fn psychology(&self, parents: Option<&ParentSchool>) -> bool {
        match self.kind {
            Some(FamilyEventKind::ParentLesson) => {
                parents.and_then(|parents| parents.unit(&self.topic)).is_some_and(|unit| unit.psychology)
            }
            Some(FamilyEventKind::ParentSession) => true,
            Some(FamilyEventKind::OpenDay) | None => false,
        }
    }

    /// The attendances, when every class could be read.
    pub fn attendances(&self) -> Option<Vec<ClassAttendance>> {
        let read = |one: &AttendanceForm| {
            Some(ClassAttendance { class: one.class?, invited: one.invited, attended: one.attended })
        };
        self.attendances.iter().map(read).collect()
    }
}

impl FamilyEvent {
    /// Families invited, all classes together.
    pub fn invited(&self) -> i32 {
        self.attendances.iter().map(|one| one.invited).sum()
    }

    /// Families that came, all classes together.
    pub fn attended(&self) -> i32 {
        self.attendances.iter().map(|one| one.attended).sum()
    }

    /// Takes it out of the figures.
    pub fn void(&mut self, reason: String) {
        self.state = EvidenceState::Voided;
        self.void_reason = reason;
        self.version += 1;
    }
}
