//! Training of staff (P2.4) and the county's training for schools (P4.3).

use super::{
    calendar::EvidenceDates,
    facts::{Post, Staff},
    ids::{SchoolId, StaffId, TrainingId, UserId},
    lesson::{ATTACHMENT_MAX, TOPIC_MAX},
    stage::words,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeSet, HashMap};
use xinqiao_kit::{status::Violation, time::Ts, validate::Violations};

/// Minutes that a training may take.
pub const TRAINING_MINUTES: std::ops::RangeInclusive<i32> = 10..=960;
/// Attendances that may be recorded at once.
pub const ATTENDANCES_MAX: usize = 1000;

words! {
    /// The five groups of staff that are trained (P2.4).
    StaffGroup {
        /// 校领导.
        Leaders = "leaders",
        /// 班主任.
        Homeroom = "homeroom",
        /// 心理健康教育教师.
        MentalHealth = "mental_health",
        /// 科任教师.
        Subject = "subject",
        /// 新入职教师.
        New = "new",
    }
}

impl StaffGroup {
    /// The posts that put somebody into the group.
    pub fn posts(self) -> &'static [Post] {
        match self {
            Self::Leaders => &[Post::Principal, Post::Deputy, Post::LeadingGroup],
            Self::Homeroom => &[Post::Homeroom, Post::GradeLeader],
            Self::MentalHealth => &[Post::Psychologist, Post::PsychologistPartTime],
            Self::Subject => &[Post::Subject],
            Self::New => &[Post::NewTeacher],
        }
    }
}

words! {
    /// Whether a training counts.
    TrainingState {
        /// It is announced; nobody's attendance is recorded yet.
        Planned = "planned",
        /// Attendance is recorded.
        Held = "held",
        /// It was called off.
        Cancelled = "cancelled",
    }
}

/// A training session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Training {
    /// Its id.
    pub id: TrainingId,
    /// The school that holds it; none for the county's centre.
    pub organiser: Option<SchoolId>,
    /// What it is about.
    pub topic: String,
    /// Day.
    pub date: NaiveDate,
    /// How long it is.
    pub minutes: i32,
    /// For whom it is.
    pub groups: BTreeSet<StaffGroup>,
    /// Who teaches; may be empty.
    pub trainer: String,
    /// Where the proof lies; may be empty.
    pub attachment: String,
    /// Whether it counts.
    pub state: TrainingState,
    /// How many people attended.
    pub attendees: i32,
    /// Row version.
    pub version: i64,
    /// When it was entered.
    pub created_at: Ts,
    /// When it was last changed.
    pub updated_at: Ts,
}

/// One person's attendance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attendance {
    /// Who.
    pub staff: StaffId,
    /// For how long.
    pub minutes: i32,
    /// When it was recorded.
    pub recorded_at: Ts,
    /// Who recorded it.
    pub recorder: UserId,
}

/// Attendance as somebody gives it; an unreadable name is `None` and already complained about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttendanceForm {
    /// Who.
    pub staff: Option<StaffId>,
    /// For how long.
    pub minutes: i32,
}

/// Why a training cannot be changed or attended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TrainingRefusal {
    /// It was called off.
    #[error("the training was cancelled")]
    Cancelled,
    /// Its day has not come.
    #[error("the day of the training has not come")]
    NotYet,
}

/// What somebody says of a training, as far as it was given and could be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrainingForm {
    /// What it is about.
    pub topic: Option<String>,
    /// Day.
    pub date: Option<NaiveDate>,
    /// How long it is.
    pub minutes: Option<i32>,
    /// For whom it is.
    pub groups: Option<BTreeSet<StaffGroup>>,
    /// Who teaches.
    pub trainer: Option<String>,
    /// Where the proof lies.
    pub attachment: Option<String>,
}

impl TrainingForm {
    /// Notes everything that is wrong with what was given. `attended_minutes` is the longest attendance that is recorded.
    pub fn check(&self, v: &mut Violations, dates: EvidenceDates, attended_minutes: i32) {
        if let Some(topic) = &self.topic {
            v.len("training.topic", topic, 1, TOPIC_MAX);
        }
        if let Some(date) = self.date {
            dates.check_planned(v, "training.date", date);
            if attended_minutes > 0 && date > dates.today {
                v.push(Violation::new("training.date", "DATE_IN_FUTURE"));
            }
        }
        if let Some(minutes) = self.minutes {
            let least = (*TRAINING_MINUTES.start()).max(attended_minutes);
            v.range("training.minutes", minutes, least, *TRAINING_MINUTES.end());
        }
        if self.groups.as_ref().is_some_and(BTreeSet::is_empty) {
            v.push(Violation::new("training.groups", "REQUIRED"));
        }
        if let Some(trainer) = &self.trainer {
            v.len("training.trainer", trainer, 0, TOPIC_MAX);
        }
        if let Some(attachment) = &self.attachment {
            v.len("training.attachment", attachment, 0, ATTACHMENT_MAX);
        }
    }
}

impl Training {
    /// Takes over what was given.
    ///
    /// # Errors
    /// It was cancelled.
    pub fn change(&mut self, form: TrainingForm, at: Ts) -> Result<(), TrainingRefusal> {
        self.not_cancelled()?;
        self.topic = form.topic.unwrap_or_else(|| self.topic.clone());
        self.date = form.date.unwrap_or(self.date);
        self.minutes = form.minutes.unwrap_or(self.minutes);
        self.groups = form.groups.unwrap_or_else(|| self.groups.clone());
        self.trainer = form.trainer.unwrap_or_else(|| self.trainer.clone());
        self.attachment = form.attachment.unwrap_or_else(|| self.attachment.clone());
        self.touch(at);
        Ok(())
    }

    /// Calls it off. Once more changes nothing.
    pub fn cancel(&mut self, at: Ts) {
        if self.state != TrainingState::Cancelled {
            self.state = TrainingState::Cancelled;
            self.touch(at);
        }
    }

    /// Whether attendance may be recorded.
    ///
    /// # Errors
    /// It was cancelled, or its day has not come.
    pub fn attendable(&self, today: NaiveDate) -> Result<(), TrainingRefusal> {
        self.not_cancelled()?;
        if today < self.date { Err(TrainingRefusal::NotYet) } else { Ok(()) }
    }

    /// Notes everything that is wrong with attendances; `staff` holds those of the people who are known.
    pub fn check_attendances(
        &self,
        v: &mut Violations,
        given: &[AttendanceForm],
        staff: &HashMap<StaffId, Staff>,
    ) {
        let mut seen = BTreeSet::new();
        for (at, one) in given.iter().enumerate() {
            let field = |name: &str| format!("attendances[{at}].{name}");
            v.range(&field("minutes"), one.minutes, 0, self.minutes);
            let Some(id) = one.staff else { continue };
            if !seen.insert(id) {
                v.push(Violation::new(field("staff"), "DUPLICATE"));
            }
            let known = staff.get(&id).filter(|staff| staff.active);
            let invited =
                known.is_some_and(|staff| self.organiser.is_none() || staff.school == self.organiser);
            if !invited {
                v.push(Violation::new(field("staff"), "STAFF_UNKNOWN"));
            }
        }
    }

    /// Takes note that attendance is recorded: so many people attended in all.
    pub fn attended(&mut self, attendees: i32, at: Ts) {
        self.state = if attendees > 0 { TrainingState::Held } else { TrainingState::Planned };
        self.attendees = attendees;
        self.touch(at);
    }

    fn not_cancelled(&self) -> Result<(), TrainingRefusal> {
        if self.state == TrainingState::Cancelled { Err(TrainingRefusal::Cancelled) } else { Ok(()) }
    }

    fn touch(&mut self, at: Ts) {
        self.version += 1;
        self.updated_at = at;
    }
}
