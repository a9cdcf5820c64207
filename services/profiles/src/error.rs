//! Everything that a call to this service can end with, each with its code and reason in one match.

use crate::domain::{
    proposal::ColourFault,
    referral::{ReferralState, WrongStep},
    student::StudentState,
};
use std::fmt;
use tonic::Code;
use xinqiao_kit::{
    authz::AccessError,
    db::DbError,
    etag::Stale,
    keys::KeyError,
    requests::RequestError,
    status::{ApiError, Violation},
    validate::Invalid,
};

/// What a use-case may fail with.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller may not, or there is no such thing.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The request breaks rules of its own shape.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A key or a sealed value failed.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The request_id cannot be used.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The caller has not seen the newest state.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// There is one already.
    #[error("there is such a {0} already")]
    Exists(Thing),
    /// It was closed for good.
    #[error("the {0} is closed")]
    Closed(Thing),
    /// A school with running classes stays open.
    #[error("the school has running classes")]
    SchoolHasClasses,
    /// A stage with running classes is taught.
    #[error("the stage has running classes")]
    StageInUse,
    /// A class with pupils stays open.
    #[error("the class has pupils")]
    ClassHasPupils,
    /// Nobody gives oneself a post.
    #[error("nobody gives oneself a post")]
    OwnPosts,
    /// The pupil's state does not allow the step.
    #[error("a pupil who is {} cannot take this step", .0.word())]
    WrongState(StudentState),
    /// A transfer seals the pupil's data.
    #[error("the pupil's data is sealed until the receiving school has accepted")]
    Sealed,
    /// The record is green: there is nothing of the kind to do.
    #[error("the record is green")]
    RecordGreen,
    /// Only orange pupils are referred.
    #[error("the record is not orange")]
    NotOrange,
    /// The referral's state does not allow the step.
    #[error("a referral that is {} cannot take this step", .0.word())]
    WrongReferralState(ReferralState),
    /// A rule of the three colours.
    #[error(transparent)]
    Colour(#[from] ColourFault),
    /// The state of a roster import.
    #[error(transparent)]
    Roster(#[from] RosterFault),
}

/// What an import of a roster may answer besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RosterFault {
    /// Too many of the caller's imports wait or run.
    #[error("{max} imports wait already")]
    Waiting {
        /// How many may.
        max: i64,
    },
    /// It has not finished.
    #[error("the import has not finished")]
    Unfinished,
    /// File and details are erased.
    #[error("the file of the import was erased")]
    Erased,
    /// A workbook could not be written.
    #[error("a workbook could not be written")]
    Workbook,
    /// Another transaction entered the same pupils, or took over the import.
    #[error("another transaction was first")]
    Overtaken,
}

/// A kind of thing, for errors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Thing {
    /// A school.
    School,
    /// A class.
    Class,
    /// A member of staff.
    Staff,
    /// A pupil.
    Student,
    /// A referral.
    Referral,
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::School => "school",
            Self::Class => "class",
            Self::Staff => "member of staff",
            Self::Student => "pupil",
            Self::Referral => "referral",
        })
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::Invalid(violation.into())
    }
}

impl From<WrongStep> for Error {
    fn from(WrongStep(state): WrongStep) -> Self {
        Self::WrongReferralState(state)
    }
}

impl Error {
    fn inner(&self) -> Option<&dyn ApiError> {
        match self {
            Self::Access(cause) => Some(cause),
            Self::Invalid(cause) => Some(cause),
            Self::Db(cause) => Some(cause),
            Self::Key(cause) => Some(cause),
            Self::Request(cause) => Some(cause),
            Self::Stale(cause) => Some(cause),
            _ => None,
        }
    }
}

impl ApiError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Exists(_) => Code::AlreadyExists,
            Self::Colour(ColourFault::NoChange | ColourFault::NotUrgent | ColourFault::NoEvidence) => {
                Code::InvalidArgument
            }
            Self::OwnPosts => Code::PermissionDenied,
            Self::Roster(RosterFault::Waiting { .. }) => Code::ResourceExhausted,
            Self::Roster(RosterFault::Workbook) => Code::Internal,
            Self::Roster(RosterFault::Overtaken) => Code::Unavailable,
            _ => self.inner().map_or(Code::FailedPrecondition, ApiError::code),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Access(cause) => cause.reason(),
            Self::Invalid(cause) => cause.reason(),
            Self::Db(cause) => cause.reason(),
            Self::Key(cause) => cause.reason(),
            Self::Request(cause) => cause.reason(),
            Self::Stale(cause) => cause.reason(),
            Self::Exists(Thing::School) => "SCHOOL_EXISTS",
            Self::Exists(Thing::Class) => "CLASS_EXISTS",
            Self::Exists(Thing::Staff) => "STAFF_EXISTS",
            Self::Exists(Thing::Student) => "STUDENT_EXISTS",
            Self::Exists(Thing::Referral) => "REFERRAL_EXISTS",
            Self::Closed(Thing::School) => "SCHOOL_CLOSED",
            Self::Closed(Thing::Class) => "CLASS_CLOSED",
            Self::Closed(Thing::Staff) => "STAFF_RETIRED",
            Self::Closed(Thing::Student) => "STUDENT_GONE",
            Self::Closed(Thing::Referral) => "REFERRAL_CLOSED",
            Self::SchoolHasClasses => "SCHOOL_HAS_CLASSES",
            Self::StageInUse => "SCHOOL_STAGE_IN_USE",
            Self::ClassHasPupils => "CLASS_HAS_PUPILS",
            Self::OwnPosts => "STAFF_OWN_POSTS",
            Self::WrongState(_) => "STUDENT_WRONG_STATE",
            Self::Sealed => "STUDENT_SEALED",
            Self::RecordGreen => "RECORD_GREEN",
            Self::NotOrange => "RECORD_NOT_ORANGE",
            Self::WrongReferralState(_) => "REFERRAL_WRONG_STATE",
            Self::Colour(fault) => colour_reason(*fault),
            Self::Roster(fault) => roster_reason(*fault),
        }
    }

    fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::WrongState(state) => vec![("state", state.word().to_owned())],
            Self::WrongReferralState(state) => vec![("state", state.word().to_owned())],
            Self::Roster(RosterFault::Waiting { max }) => vec![("max", max.to_string())],
            _ => self.inner().map(ApiError::params).unwrap_or_default(),
        }
    }

    fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(cause) => cause.violations(),
            _ => &[],
        }
    }

    fn precondition(&self) -> Option<&'static str> {
        match self {
            Self::Closed(Thing::School) | Self::SchoolHasClasses | Self::StageInUse => Some("school"),
            Self::Closed(Thing::Class) | Self::ClassHasPupils => Some("class"),
            Self::Closed(Thing::Staff) => Some("staff"),
            Self::WrongState(_) | Self::Sealed | Self::Closed(Thing::Student) => Some("student"),
            Self::WrongReferralState(_) | Self::Closed(Thing::Referral) => Some("referral"),
            Self::RecordGreen | Self::NotOrange => Some("record"),
            Self::Roster(RosterFault::Unfinished | RosterFault::Erased) => Some("import"),
            Self::Colour(_) if self.code() == Code::FailedPrecondition => Some("proposal"),
            _ => None,
        }
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Roster(fault) => *fault == RosterFault::Overtaken,
            _ => self.inner().is_some_and(ApiError::retryable),
        }
    }
}

fn roster_reason(fault: RosterFault) -> &'static str {
    match fault {
        RosterFault::Waiting { .. } => "ROSTER_IMPORTS_WAITING",
        RosterFault::Unfinished => "ROSTER_IMPORT_UNFINISHED",
        RosterFault::Erased => "ROSTER_IMPORT_ERASED",
        RosterFault::Workbook => "INTERNAL",
        RosterFault::Overtaken => "UNAVAILABLE",
    }
}

fn colour_reason(fault: ColourFault) -> &'static str {
    match fault {
        ColourFault::NoChange => "COLOUR_UNCHANGED",
        ColourFault::NotUrgent => "COLOUR_NOT_URGENT",
        ColourFault::NoEvidence => "COLOUR_NO_EVIDENCE",
        ColourFault::NoProofOfRecovery => "COLOUR_NO_PROOF_OF_RECOVERY",
        ColourFault::ReferralOpen => "COLOUR_REFERRAL_OPEN",
        ColourFault::OtherOpen => "PROPOSAL_OTHER_OPEN",
        ColourFault::Sealed => "STUDENT_SEALED",
        ColourFault::Gone => "STUDENT_GONE",
        ColourFault::Overtaken => "PROPOSAL_OVERTAKEN",
        ColourFault::Closed => "PROPOSAL_CLOSED",
        ColourFault::InForce => "PROPOSAL_IN_FORCE",
        ColourFault::SignedAlready => "PROPOSAL_SIGNED_ALREADY",
        ColourFault::PsychologistNeeded => "PROPOSAL_NEEDS_PSYCHOLOGIST",
        ColourFault::SpecialistNeeded => "PROPOSAL_NEEDS_SPECIALIST",
        ColourFault::NotProposer => "PROPOSAL_NOT_PROPOSER",
    }
}
