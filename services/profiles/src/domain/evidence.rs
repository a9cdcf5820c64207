//! What a proposal to change a colour rests on (P5.2).

use super::words::words;
use serde::{Deserialize, Serialize};

/// Evidence of one proposal at most.
pub const EVIDENCE_MAX: usize = 20;

words! {
    /// Kinds of evidence.
    pub enum EvidenceKind {
        /// Result of a questionnaire.
        Result = "result",
        /// Interview.
        Interview = "interview",
        /// Observation by a teacher.
        Observation = "observation",
        /// Report by somebody who noticed signs.
        Report = "report",
        /// Alert.
        Alert = "alert",
        /// Diagnosis or professional assessment.
        Diagnosis = "diagnosis",
        /// Follow-up by the support team.
        FollowUp = "follow_up",
        /// Feedback of an institution.
        InstitutionFeedback = "institution_feedback",
    }
}

impl EvidenceKind {
    /// Whether it can show that a pupil is better.
    pub const fn shows_recovery(self) -> bool {
        matches!(self, Self::FollowUp | Self::InstitutionFeedback)
    }
}

/// Something that a proposal rests on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// Name of the resource that holds it; empty for what is kept outside the platform.
    pub resource: String,
    /// What it says, in words.
    pub summary: String,
}
