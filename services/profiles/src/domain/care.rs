//! What is done for a pupil: follow-ups and their rhythm (P5.4), parent contacts and the joint plan (P5.6), care notes (P7.4).

use super::{
    colour::Colour,
    ids::{CareId, GuardianId, StudentId, UserId},
    record::Record,
    words::words,
};
use chrono::{Duration, NaiveDate};
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;
use xinqiao_seeds::settings::Profiles as Limits;

/// Longest note of a follow-up or parent contact, in characters.
pub const CARE_NOTE_MAX: usize = 4000;
/// Longest text of a care note's parts and of a plan's goals, in characters.
pub const CARE_TEXT_MAX: usize = 2000;
/// Steps of a joint plan at most.
pub const PLAN_STEPS_MAX: usize = 30;

words! {
    /// How a follow-up was held.
    pub enum FollowUpForm {
        /// Talk with the pupil.
        Talk = "talk",
        /// Observation in class or dormitory.
        Observation = "observation",
        /// Counselling session.
        Counselling = "counselling",
        /// Visit at home.
        HomeVisit = "home_visit",
    }
}

words! {
    /// How the pupil is, compared with the time before.
    pub enum Outcome {
        /// Better.
        Better = "better",
        /// The same.
        Unchanged = "unchanged",
        /// Worse.
        Worse = "worse",
    }
}

words! {
    /// How a guardian was contacted.
    pub enum Channel {
        /// Telephone.
        Phone = "phone",
        /// At school.
        AtSchool = "at_school",
        /// At home.
        HomeVisit = "home_visit",
        /// Message.
        Message = "message",
    }
}

/// What was done. Psychological data; sealed as a whole where it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Deed {
    /// A follow-up by the support team.
    FollowUp {
        /// How it was held.
        form: FollowUpForm,
        /// How the pupil is.
        outcome: Outcome,
        /// What was seen and agreed.
        note: String,
    },
    /// A contact with a guardian.
    ParentContact {
        /// Whom; `None` if somebody else.
        guardian: Option<GuardianId>,
        /// How.
        channel: Channel,
        /// Whether somebody was reached.
        reached: bool,
        /// What was said and agreed.
        note: String,
    },
    /// What a teacher noticed and did.
    CareNote {
        /// Signs noticed.
        signs: String,
        /// What the teacher did.
        action: String,
    },
}

words! {
    /// Which kind of deed.
    pub enum DeedKind {
        /// A follow-up.
        FollowUp = "follow_up",
        /// A contact with a guardian.
        ParentContact = "parent_contact",
        /// A care note.
        CareNote = "care_note",
    }
}

impl Deed {
    /// Which kind it is.
    pub const fn kind(&self) -> DeedKind {
        match self {
            Self::FollowUp { .. } => DeedKind::FollowUp,
            Self::ParentContact { .. } => DeedKind::ParentContact,
            Self::CareNote { .. } => DeedKind::CareNote,
        }
    }
}

/// Something done for a pupil, by whom and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Care {
    /// The id.
    pub id: CareId,
    /// The pupil.
    pub student: StudentId,
    /// Who wrote it.
    pub author: UserId,
    /// When it took place.
    pub happened_at: Ts,
    /// When it was written.
    pub created_at: Ts,
    /// What was done.
    pub deed: Deed,
}

/// Who does what until when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanStep {
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// Until when.
    pub due: Option<NaiveDate>,
}

/// The plan that school and parents made together. Every version is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JointPlan {
    /// The pupil.
    pub student: StudentId,
    /// What is to be reached.
    pub goals: String,
    /// The steps.
    pub steps: Vec<PlanStep>,
    /// The guardian who agreed.
    pub agreed_by: Option<GuardianId>,
    /// Who wrote this version.
    pub author: UserId,
    /// When.
    pub written_at: Ts,
    /// Number of the version, from 1.
    pub version: i64,
}

/// When the next follow-up is due; `None` for green.
pub fn follow_up_due(record: &Record, limits: &Limits) -> Option<Ts> {
    let days = match record.colour {
        Colour::Green => return None,
        Colour::Yellow => limits.yellow_follow_up_days,
        Colour::Orange => limits.orange_follow_up_days,
    };
    let last = record.followed_up_at.map_or(record.since, |followed_up| followed_up.max(record.since));
    Some(last + Duration::days(days.into()))
}

/// Until when the parents of an orange pupil must be reached; `None` once they have been since it is orange, and for other colours.
pub fn parent_contact_due(record: &Record, limits: &Limits) -> Option<Ts> {
    let reached = record.parents_reached_at.is_some_and(|reached| reached >= record.since);
    let due = record.since + Duration::hours(limits.orange_parent_contact_hours.into());
    (record.colour == Colour::Orange && !reached).then_some(due)
}

/// Until when an orange pupil must have a joint plan: by the first follow-up; `None` once it was written since it is orange, and for other
/// colours. The policy names no time; this is ours.
pub fn joint_plan_due(record: &Record, limits: &Limits) -> Option<Ts> {
    let planned = record.planned_at.is_some_and(|planned| planned >= record.since);
    let due = record.since + Duration::days(limits.orange_follow_up_days.into());
    (record.colour == Colour::Orange && !planned).then_some(due)
}
