//! The way of an orange pupil to a professional institution and back (转介, P5.7):
//!
//! ```text
//! awaiting consent -> consented -> sent -> received -> feedback (again and again) -> return planned -> closed
//!        '--------------'-----------'---------'------------'--- broken off, with a reason --------------^
//! ```

use super::{
    ids::{GuardianId, ReferralId, StudentId, UserId},
    words::words,
};
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

/// Longest name of an institution, in characters.
pub const INSTITUTION_MAX: usize = 100;
/// Longest reason, feedback or plan, in characters.
pub const REFERRAL_TEXT_MAX: usize = 2000;
/// Longest form of consent and reason of closing, in characters.
pub const REFERRAL_NOTE_MAX: usize = 500;
/// Feedback kept of one referral at most.
pub const FEEDBACK_MAX: usize = 100;

words! {
    /// Where a referral stands.
    pub enum ReferralState {
        /// Waits for a guardian's consent.
        AwaitingConsent = "awaiting_consent",
        /// A guardian consented.
        Consented = "consented",
        /// Sent to the institution.
        Sent = "sent",
        /// The institution received the pupil.
        Received = "received",
        /// The institution has told something.
        Feedback = "feedback",
        /// The way back to school is planned.
        ReturnPlanned = "return_planned",
        /// The pupil is back, or it was broken off.
        Closed = "closed",
    }
}

/// A guardian's consent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    /// Who consented.
    pub guardian: GuardianId,
    /// How it was given.
    pub form: String,
    /// When it was recorded.
    pub recorded_at: Ts,
}

/// What an institution told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Diagnosis or finding.
    pub finding: String,
    /// Treatment and advice to the school.
    pub advice: String,
    /// When it was recorded.
    pub recorded_at: Ts,
}

/// What a referral says. Psychological data; sealed as a whole where it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Story {
    /// The institution.
    pub institution: String,
    /// Why.
    pub reason: String,
    /// The consent.
    pub consent: Option<Consent>,
    /// When it was sent.
    pub sent_at: Option<Ts>,
    /// When the pupil was received.
    pub received_at: Option<Ts>,
    /// What the institution told.
    pub feedback: Vec<Feedback>,
    /// How the pupil comes back.
    pub return_plan: String,
    /// Why it was closed.
    pub close_reason: String,
}

/// A referral.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Referral {
    /// The id.
    pub id: ReferralId,
    /// The pupil.
    pub student: StudentId,
    /// Where it stands.
    pub state: ReferralState,
    /// What it says.
    pub story: Story,
    /// Who opened it.
    pub author: UserId,
    /// When it was opened.
    pub created_at: Ts,
    /// When it was closed.
    pub closed_at: Option<Ts>,
    /// Version of the row.
    pub version: i64,
}

/// A step on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Move {
    /// A guardian consents.
    Consent {
        /// Who.
        guardian: GuardianId,
        /// How.
        form: String,
    },
    /// It is sent to the institution.
    Send,
    /// The institution received the pupil.
    Receive,
    /// The institution tells something.
    Feedback {
        /// Diagnosis or finding.
        finding: String,
        /// Treatment and advice.
        advice: String,
    },
    /// The way back is planned.
    PlanReturn(String),
    /// The pupil is back, or it is broken off.
    Close(String),
}

/// The step cannot be taken from this state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a referral that is {} cannot take this step", .0.word())]
pub struct WrongStep(pub ReferralState);

impl Referral {
    /// A referral that waits for consent.
    pub fn open(
        id: ReferralId,
        student: StudentId,
        author: UserId,
        institution: String,
        reason: String,
        now: Ts,
    ) -> Self {
        let story = Story {
            institution,
            reason,
            consent: None,
            sent_at: None,
            received_at: None,
            feedback: Vec::new(),
            return_plan: String::new(),
            close_reason: String::new(),
        };
        let state = ReferralState::AwaitingConsent;
        Self { id, student, state, story, author, created_at: now, closed_at: None, version: 1 }
    }

    /// Whether it keeps a pupil from coming down from orange.
    pub fn is_open(&self) -> bool {
        self.state != ReferralState::Closed
    }

    /// The referral after a step.
    ///
    /// # Errors
    /// The step is not next.
    pub fn take(&self, step: Move, now: Ts) -> Result<Self, WrongStep> {
        use ReferralState::{
            AwaitingConsent, Closed, Consented, Feedback as Told, Received, ReturnPlanned, Sent,
        };
        let mut next = self.clone();
        let story = &mut next.story;
        next.state = match (self.state, step) {
            (AwaitingConsent, Move::Consent { guardian, form }) => {
                story.consent = Some(Consent { guardian, form, recorded_at: now });
                Consented
            }
            (Consented, Move::Send) => {
                story.sent_at = Some(now);
                Sent
            }
            (Sent, Move::Receive) => {
                story.received_at = Some(now);
                Received
            }
            (Received | Told, Move::Feedback { finding, advice }) if story.feedback.len() < FEEDBACK_MAX => {
                story.feedback.push(Feedback { finding, advice, recorded_at: now });
                Told
            }
            (Told | ReturnPlanned, Move::PlanReturn(plan)) => {
                story.return_plan = plan;
                ReturnPlanned
            }
            (state, Move::Close(reason)) if state != Closed => {
                story.close_reason = reason;
                next.closed_at = Some(now);
                Closed
            }
            (state, _) => return Err(WrongStep(state)),
        };
        Ok(next)
    }
}
