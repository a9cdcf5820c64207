//! Campaigns: who is asked, when and for what (P3.2, P3.6).

use super::{
    ids::{CampaignId, ClassId, SchoolId, UserId},
    words::words,
};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

/// Longest window.
pub const MAX_WINDOW_DAYS: i64 = 180;
/// Entries of each part of a scope.
pub const MAX_SCOPE: usize = 500;
/// How far a client's clock may run ahead.
pub const CLOCK_AHEAD_MINUTES: i64 = 10;
/// The highest grade in which pupils may be younger than 14 (PIPL: their guardians consent): who enters at six is 14 when grade 9 begins.
pub const LAST_GRADE_UNDER_14: u8 = 8;

words! {
    /// What results may be used for (P3.6).
    Purpose {
        /// Finding pupils who need support, and supporting them.
        Support = "support",
        /// Handling a crisis of the pupil.
        Crisis = "crisis",
        /// Following up pupils on the list.
        FollowUp = "follow_up",
        /// Counts for school and county.
        Statistics = "statistics",
        /// De-identified research that was approved.
        Research = "research",
    }
}

words! {
    /// Whose consent is needed before a pupil can answer.
    ConsentRule {
        /// Guardians are told; who objects is recorded as refused.
        Notice = "notice",
        /// A guardian's, for pupils who may be under 14.
        GuardianUnder14 = "guardian_under_14",
        /// A guardian's, for every pupil.
        Guardian = "guardian",
    }
}

words! {
    /// Where a campaign is in its life, as stored.
    CampaignState {
        /// Planned.
        Draft = "draft",
        /// Its target list is being written.
        Opening = "opening",
        /// Pupils can answer within the window.
        Open = "open",
        /// Over.
        Closed = "closed",
    }
}

/// A campaign.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Campaign {
    /// Id.
    pub id: CampaignId,
    /// Version of the row.
    pub version: i64,
    /// What it is and for whom.
    pub plan: Plan,
    /// Version of the instrument, fixed at creation.
    pub instrument_version: i32,
    /// Where it is in its life.
    pub state: CampaignState,
    /// Pupils on the frozen target list.
    pub target_count: i64,
    /// Who planned it.
    pub creator: UserId,
    /// When it was planned.
    pub create_time: Ts,
    /// When it was opened.
    pub open_time: Option<Ts>,
    /// When it was closed by hand.
    pub close_time: Option<Ts>,
}

/// What is decided when a campaign is planned.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Plan {
    /// What pupils and staff read.
    pub title: String,
    /// The school that holds it; none for the county.
    pub school: Option<SchoolId>,
    /// What results may be used for.
    pub purposes: Vec<Purpose>,
    /// Who is asked.
    pub scope: Scope,
    /// Id of the instrument.
    pub instrument: String,
    /// When answering begins.
    pub start: Ts,
    /// When answering ends.
    pub end: Ts,
    /// Whose consent is needed.
    pub consent: ConsentRule,
}

/// Who is asked: the union of its parts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Whole schools.
    pub schools: Vec<SchoolId>,
    /// Whole grades.
    pub grades: Vec<Grade>,
    /// Classes, with their schools.
    pub classes: Vec<(SchoolId, ClassId)>,
}

/// A grade of a school.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grade {
    /// The school.
    pub school: SchoolId,
    /// `primary`, `junior` or `senior`.
    pub stage: String,
    /// Year of the September in which it entered the stage.
    pub entry_year: i32,
}

/// Something in a plan that cannot be, at a field of the campaign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanFault {
    /// Field of the campaign.
    pub field: String,
    /// Reason of the violation.
    pub reason: &'static str,
}

/// Why answers are not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotTaken {
    /// The campaign is not open, or not yet.
    #[error("the campaign is not open")]
    CampaignNotOpen,
    /// The campaign is over and its grace for late answers too.
    #[error("the campaign is over")]
    CampaignOver,
    /// The pupil finished outside of the window.
    #[error("finished outside of the window")]
    OutsideWindow,
    /// Consent is missing.
    #[error("a guardian's consent is missing")]
    ConsentMissing,
    /// The pupil is exempt, has refused or has left.
    #[error("the pupil is excused")]
    Excused,
    /// The pupil has answered.
    #[error("the pupil has answered")]
    AlreadySubmitted,
}

impl Plan {
    /// Everything in the plan that cannot be.
    pub fn faults(&self) -> Vec<PlanFault> {
        let mut faults = Vec::new();
        let mut fault = |field: String, reason| faults.push(PlanFault { field, reason });
        let window = self.end - self.start;
        if window <= Duration::zero() || window > Duration::days(MAX_WINDOW_DAYS) {
            fault("end_time".to_owned(), "WINDOW_INVALID");
        }
        if self.scope.is_empty() {
            fault("scope".to_owned(), "REQUIRED");
        }
        if let Some(own) = self.school {
            for (part, at, school) in self.scope.named_schools() {
                if school != own {
                    fault(format!("scope.{part}[{at}]"), "SCOPE_OUTSIDE_SCHOOL");
                }
            }
        }
        faults
    }
}

impl Scope {
    /// Whether nobody is named.
    pub fn is_empty(&self) -> bool {
        self.schools.is_empty() && self.grades.is_empty() && self.classes.is_empty()
    }

    /// Every school named: part of the scope, index in it, school.
    pub fn named_schools(&self) -> impl Iterator<Item = (&'static str, usize, SchoolId)> {
        let schools = self.schools.iter().enumerate().map(|(at, school)| ("schools", at, *school));
        let grades = self.grades.iter().enumerate().map(|(at, grade)| ("grades", at, grade.school));
        let classes = self.classes.iter().enumerate().map(|(at, (school, _))| ("classes", at, *school));
        schools.chain(grades).chain(classes)
    }
}

/// A class as profiles knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SchoolClass {
    /// The class.
    pub id: ClassId,
    /// Its school.
    pub school: SchoolId,
    /// `primary`, `junior` or `senior`.
    pub stage: String,
    /// Year of the September in which it entered the stage.
    pub entry_year: i32,
    /// Its grade, 1 to 12, if it has one today.
    pub grade: Option<u8>,
    /// Pupils in it.
    pub pupils: i32,
}

impl Scope {
    /// Whether a class is in it.
    pub fn covers(&self, class: &SchoolClass) -> bool {
        self.schools.contains(&class.school)
            || self.classes.iter().any(|(_, id)| *id == class.id)
            || self.grades.iter().any(|grade| {
                grade.school == class.school
                    && grade.stage == class.stage
                    && grade.entry_year == class.entry_year
            })
    }
}

impl Campaign {
    /// When answering ends or ended: the window's end, or the day it was closed before that.
    pub fn ends(&self) -> Ts {
        self.close_time.map_or(self.plan.end, |closed| closed.min(self.plan.end))
    }

    /// Where it is in its life at `now`: an open campaign is over when its window is.
    pub fn state_at(&self, now: Ts) -> CampaignState {
        if self.state == CampaignState::Open && now >= self.plan.end {
            CampaignState::Closed
        } else {
            self.state
        }
    }

    /// Whether results may be used for `purpose`.
    pub fn allows(&self, purpose: Purpose) -> bool {
        self.plan.purposes.contains(&purpose)
    }

    /// Whether answers that were finished at `finish` are taken at `now`, and whether they are late. Answers from an offline queue keep
    /// their own time and are taken for `late_answer_hours` after the end.
    ///
    /// # Errors
    /// Why they are not taken.
    pub fn takes(&self, finish: Ts, now: Ts, late_answer_hours: u32) -> Result<Late, NotTaken> {
        match self.state {
            CampaignState::Draft | CampaignState::Opening => return Err(NotTaken::CampaignNotOpen),
            CampaignState::Open | CampaignState::Closed => {}
        }
        let ends = self.ends();
        if now > ends + Duration::hours(late_answer_hours.into()) {
            return Err(NotTaken::CampaignOver);
        }
        if finish < self.plan.start || finish > ends {
            let reason =
                if now < self.plan.start { NotTaken::CampaignNotOpen } else { NotTaken::OutsideWindow };
            return Err(reason);
        }
        Ok(Late(now > ends))
    }

    /// Whether pupils of a class of this grade need a guardian's consent; a grade that is not known needs it.
    pub fn needs_consent(&self, grade: Option<u8>) -> bool {
        match self.plan.consent {
            ConsentRule::Notice => false,
            ConsentRule::Guardian => true,
            ConsentRule::GuardianUnder14 => grade.is_none_or(|grade| grade <= LAST_GRADE_UNDER_14),
        }
    }
}

/// Whether answers came after the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Late(pub bool);
