//! A proposal to change a colour, as a state machine (P5.2):
//!
//! ```text
//! open ---- all needed signatures ----> signed (in force)
//!   |------ urgent, first signature --> awaiting second (in force) -- second --> signed
//!   |------ rejected | withdrawn
//!   |------ another one took force ---> overtaken        (also from awaiting second)
//! ```
//! Nothing leads out of signed, rejected, withdrawn and overtaken.

pub use super::evidence::{EVIDENCE_MAX, Evidence, EvidenceKind};
use super::{
    colour::{Capacity, Colour, Signers, requirement},
    ids::{ProposalId, StudentId, UserId},
    words::words,
};
use chrono::Duration;
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

/// Longest reasons, in characters.
pub const REASONS_MAX: usize = 2000;
/// Longest summary of a piece of evidence, note under a signature, and reason of a rejection, in characters.
pub const NOTE_MAX: usize = 500;

words! {
    /// Where a proposal stands.
    pub enum ProposalState {
        /// Waits for signatures.
        Open = "open",
        /// Urgent orange in force on one signature.
        AwaitingSecond = "awaiting_second",
        /// Fully signed.
        Signed = "signed",
        /// Rejected by somebody who may sign.
        Rejected = "rejected",
        /// Withdrawn by its proposer.
        Withdrawn = "withdrawn",
        /// Another proposal took force first.
        Overtaken = "overtaken",
    }
}

/// One person's signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signature {
    /// Who signed.
    pub signer: UserId,
    /// What the signer was to the pupil then.
    pub capacity: Capacity,
    /// When.
    pub signed_at: Ts,
    /// A remark; may be empty.
    pub note: String,
}

/// What somebody proposes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// The colour.
    pub to: Colour,
    /// Whether it must take force on the first signature.
    pub urgent: bool,
    /// Why.
    pub reasons: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
}

/// What is the case with the pupil when a rule is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Situation {
    /// Colour in force.
    pub colour: Colour,
    /// Whether a transfer seals the record.
    pub sealed: bool,
    /// Whether the pupil still belongs to a class.
    pub has_place: bool,
    /// Whether a proposal is open.
    pub open_proposal: bool,
    /// Whether a referral is open.
    pub open_referral: bool,
}

/// Why a proposal or a signature is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ColourFault {
    /// The record has that colour already.
    #[error("the record has that colour already")]
    NoChange,
    /// Only a change to orange can be urgent.
    #[error("only a change to orange can be urgent")]
    NotUrgent,
    /// Nothing that it rests on.
    #[error("a proposal rests on evidence")]
    NoEvidence,
    /// From orange down without follow-up or feedback.
    #[error("from orange down needs a follow-up or an institution's feedback")]
    NoProofOfRecovery,
    /// From orange down while a referral is open.
    #[error("from orange down is not possible while a referral is open")]
    ReferralOpen,
    /// One proposal at a time.
    #[error("another proposal is open")]
    OtherOpen,
    /// A transfer seals the record.
    #[error("the record is sealed until the receiving school has accepted the pupil")]
    Sealed,
    /// The pupil has left or graduated.
    #[error("the pupil has left")]
    Gone,
    /// The record has another colour by now.
    #[error("the record has changed since it was proposed")]
    Overtaken,
    /// The proposal is not open any more.
    #[error("the proposal is closed")]
    Closed,
    /// In force: only another proposal changes it.
    #[error("the colour is in force; only another proposal changes it")]
    InForce,
    /// Nobody signs twice.
    #[error("this person has signed already")]
    SignedAlready,
    /// The missing signature must be a psychologist's.
    #[error("the missing signature must be a psychologist's")]
    PsychologistNeeded,
    /// The missing signature must be a psychologist's or the county centre's.
    #[error("the missing signature must be a psychologist's or the county centre's")]
    SpecialistNeeded,
    /// Only the proposer withdraws.
    #[error("only its proposer withdraws a proposal")]
    NotProposer,
}

/// What a signature brings about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// More signatures are needed.
    None,
    /// The colour takes force now.
    InForce,
    /// It was in force already and is now fully signed.
    Confirmed,
}

/// A proposal to change a pupil's colour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proposal {
    /// The id.
    pub id: ProposalId,
    /// The pupil.
    pub student: StudentId,
    /// Colour in force when it was made.
    pub from: Colour,
    /// Colour proposed.
    pub to: Colour,
    /// Whether it takes force on the first signature.
    pub urgent: bool,
    /// Why.
    pub reasons: String,
    /// What it rests on.
    pub evidence: Vec<Evidence>,
    /// Where it stands.
    pub state: ProposalState,
    /// Who made it. Making it is no signature.
    pub proposer: UserId,
    /// Signatures, in order.
    pub signatures: Vec<Signature>,
    /// When it was made.
    pub created_at: Ts,
    /// When its colour took force.
    pub forced_at: Option<Ts>,
    /// Until when an urgent one needs its second signature.
    pub second_due_at: Option<Ts>,
    /// When it was fully signed, rejected, withdrawn or overtaken.
    pub ended_at: Option<Ts>,
    /// Why it was rejected.
    pub reject_reason: String,
    /// Version of the row.
    pub version: i64,
}

impl Proposal {
    /// Makes a proposal. An urgent one overtakes an open one, whoever made that.
    ///
    /// # Errors
    /// The first rule that it breaks.
    pub fn make(
        id: ProposalId,
        student: StudentId,
        proposer: UserId,
        draft: Draft,
        situation: Situation,
        now: Ts,
    ) -> Result<Self, ColourFault> {
        let from = situation.colour;
        let needs = requirement(from, draft.to).ok_or(ColourFault::NoChange)?;
        if draft.urgent && draft.to != Colour::Orange {
            return Err(ColourFault::NotUrgent);
        }
        if !situation.has_place {
            return Err(ColourFault::Gone);
        }
        if situation.sealed && !draft.urgent {
            return Err(ColourFault::Sealed);
        }
        if situation.open_proposal && !draft.urgent {
            return Err(ColourFault::OtherOpen);
        }
        if draft.evidence.is_empty() && !draft.urgent {
            return Err(ColourFault::NoEvidence);
        }
        if needs.proof_of_recovery {
            if !draft.evidence.iter().any(|item| item.kind.shows_recovery()) {
                return Err(ColourFault::NoProofOfRecovery);
            }
            if situation.open_referral {
                return Err(ColourFault::ReferralOpen);
            }
        }
        Ok(Self {
            id,
            student,
            from,
            to: draft.to,
            urgent: draft.urgent,
            reasons: draft.reasons,
            evidence: draft.evidence,
            state: ProposalState::Open,
            proposer,
            signatures: Vec::new(),
            created_at: now,
            forced_at: None,
            second_due_at: None,
            ended_at: None,
            reject_reason: String::new(),
            version: 1,
        })
    }

    fn signers(&self) -> Signers {
        requirement(self.from, self.to).map_or(Signers::TwoWithSpecialist, |needs| needs.signers)
    }

    /// How many more people must sign.
    pub fn missing_signatures(&self) -> usize {
        match self.state {
            ProposalState::Open | ProposalState::AwaitingSecond => {
                self.signers().count().saturating_sub(self.signatures.len())
            }
            _ => 0,
        }
    }

    /// Whether one of the missing signatures must be a specialist's.
    pub fn specialist_missing(&self) -> bool {
        self.missing_signatures() > 0 && !self.signatures.iter().any(|s| s.capacity.is_specialist())
    }

    /// Adds a signature.
    ///
    /// # Errors
    /// The first rule that it breaks; the proposal stays as it is.
    pub fn sign(
        &self,
        signature: Signature,
        situation: Situation,
        second_within: Duration,
    ) -> Result<(Self, Effect), ColourFault> {
        self.may_be_signed(situation)?;
        if self.signatures.iter().any(|earlier| earlier.signer == signature.signer) {
            return Err(ColourFault::SignedAlready);
        }
        if self.signers() == Signers::Psychologist && signature.capacity != Capacity::Psychologist {
            return Err(ColourFault::PsychologistNeeded);
        }
        let last = self.missing_signatures() == 1;
        if last && self.specialist_missing() && !signature.capacity.is_specialist() {
            return Err(ColourFault::SpecialistNeeded);
        }
        let now = signature.signed_at;
        let mut next = self.clone();
        next.signatures.push(signature);
        let effect = match (self.state, last) {
            (ProposalState::AwaitingSecond, _) => Effect::Confirmed,
            (_, true) => Effect::InForce,
            (_, false) if self.urgent => Effect::InForce,
            (_, false) => Effect::None,
        };
        if effect == Effect::InForce {
            next.forced_at = Some(now);
        }
        if last {
            next.state = ProposalState::Signed;
            next.ended_at = Some(now);
        } else if effect == Effect::InForce {
            next.state = ProposalState::AwaitingSecond;
            next.second_due_at = Some(now + second_within);
        }
        Ok((next, effect))
    }

    fn may_be_signed(&self, situation: Situation) -> Result<(), ColourFault> {
        match self.state {
            ProposalState::Open => {}
            // In force already: the second signature only confirms what everybody acts on.
            ProposalState::AwaitingSecond => return Ok(()),
            _ => return Err(ColourFault::Closed),
        }
        if situation.colour != self.from {
            return Err(ColourFault::Overtaken);
        }
        if !situation.has_place {
            return Err(ColourFault::Gone);
        }
        if situation.sealed && !self.urgent {
            return Err(ColourFault::Sealed);
        }
        let needs_closed_referral =
            requirement(self.from, self.to).is_some_and(|needs| needs.proof_of_recovery);
        if needs_closed_referral && situation.open_referral {
            return Err(ColourFault::ReferralOpen);
        }
        Ok(())
    }

    /// Rejects it.
    ///
    /// # Errors
    /// It is in force or closed.
    pub fn reject(&self, reason: String, now: Ts) -> Result<Self, ColourFault> {
        let mut next = self.end(ProposalState::Rejected, now)?;
        next.reject_reason = reason;
        Ok(next)
    }

    /// Withdraws it.
    ///
    /// # Errors
    /// By somebody else than its proposer; it is in force or closed.
    pub fn withdraw(&self, who: UserId, now: Ts) -> Result<Self, ColourFault> {
        if who != self.proposer {
            return Err(ColourFault::NotProposer);
        }
        self.end(ProposalState::Withdrawn, now)
    }

    fn end(&self, state: ProposalState, now: Ts) -> Result<Self, ColourFault> {
        match self.state {
            ProposalState::Open => Ok(Self { state, ended_at: Some(now), ..self.clone() }),
            ProposalState::AwaitingSecond => Err(ColourFault::InForce),
            _ => Err(ColourFault::Closed),
        }
    }

    /// Another proposal took force. `None` if that changes nothing here.
    pub fn overtaken(&self, now: Ts) -> Option<Self> {
        let live = matches!(self.state, ProposalState::Open | ProposalState::AwaitingSecond);
        live.then(|| Self { state: ProposalState::Overtaken, ended_at: Some(now), ..self.clone() })
    }
}
