//! Targets: who still has to answer in a campaign, and how far it is (P3.2).

use super::{
    campaign::NotTaken,
    ids::{CampaignId, ClassId, SchoolId, StudentId, TargetId},
    words::words,
};
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

/// How often a pupil is asked to answer again after void results; the last one counts as answered.
pub const MAX_ATTEMPTS: i32 = 3;

words! {
    /// How far a pupil is in a campaign.
    TargetState {
        /// Has not answered.
        Pending = "pending",
        /// Has answered.
        Submitted = "submitted",
        /// Is asked to answer again.
        Retest = "retest",
        /// On leave.
        Leave = "leave",
        /// Exempt.
        Exempt = "exempt",
        /// Refused.
        Refused = "refused",
        /// Left before answering.
        Left = "left",
    }
}

/// One pupil on the target list.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Target {
    /// Id.
    pub id: TargetId,
    /// The campaign.
    pub campaign: CampaignId,
    /// The pupil.
    pub student: StudentId,
    /// The school where the pupil is.
    pub school: SchoolId,
    /// The class where the pupil is.
    pub class: ClassId,
    /// How far it is.
    pub state: TargetState,
    /// Whether a guardian must consent.
    pub needs_consent: bool,
    /// When consent was recorded.
    pub consent_time: Option<Ts>,
    /// How often answers were taken.
    pub attempts: i32,
    /// When they were last taken.
    pub submit_time: Option<Ts>,
}

impl Target {
    /// Whether a guardian's consent is still missing.
    pub fn consent_missing(&self) -> bool {
        self.needs_consent && self.consent_time.is_none()
    }

    /// Whether answers are taken. A pupil who is on leave and answers all the same is welcome.
    ///
    /// # Errors
    /// Why they are not.
    pub fn takes(&self) -> Result<(), NotTaken> {
        match self.state {
            TargetState::Submitted => Err(NotTaken::AlreadySubmitted),
            TargetState::Exempt | TargetState::Refused | TargetState::Left => Err(NotTaken::Excused),
            TargetState::Pending | TargetState::Retest | TargetState::Leave if self.consent_missing() => {
                Err(NotTaken::ConsentMissing)
            }
            TargetState::Pending | TargetState::Retest | TargetState::Leave => Ok(()),
        }
    }

    /// Where the target goes when answers are taken: a void result asks for another try, but not for ever.
    pub fn after_answers(&self, void: bool) -> TargetState {
        if void && self.attempts + 1 < MAX_ATTEMPTS { TargetState::Retest } else { TargetState::Submitted }
    }

    /// Whether staff may move it to `to`: leave, exempt, refused, or back to pending, as long as the pupil is here and has not answered.
    pub fn can_be_excused(&self, to: TargetState) -> bool {
        let from = !matches!(self.state, TargetState::Submitted | TargetState::Left);
        let to = matches!(
            to,
            TargetState::Leave | TargetState::Exempt | TargetState::Refused | TargetState::Pending
        );
        from && to
    }
}

/// Counts of targets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// On the list.
    pub targets: i64,
    /// Have answered.
    pub submitted: i64,
    /// Are asked to answer again.
    pub retest: i64,
    /// On leave.
    pub leave: i64,
    /// Exempt.
    pub exempt: i64,
    /// Refused.
    pub refused: i64,
    /// Left.
    pub left: i64,
}

impl Progress {
    /// Both together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            targets: self.targets + other.targets,
            submitted: self.submitted + other.submitted,
            retest: self.retest + other.retest,
            leave: self.leave + other.leave,
            exempt: self.exempt + other.exempt,
            refused: self.refused + other.refused,
            left: self.left + other.left,
        }
    }

    /// Submitted of those who could be expected to; leave, exempt, refused and left are left out (P3.2). 1 when nobody is expected.
    pub fn completion(self) -> f64 {
        let expected = self.targets - self.leave - self.exempt - self.refused - self.left;
        #[expect(clippy::cast_precision_loss, reason = "pupils of a county")]
        if expected > 0 { self.submitted as f64 / expected as f64 } else { 1.0 }
    }
}
