//! What can go wrong in a use-case, and what the caller is told.

use crate::domain::{campaign::NotTaken, entry::NoEntry, instrument::Defects};
use std::time::Duration;
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

/// Why a use-case did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The caller may not, or there is no such thing.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The request breaks its own rules.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The row has changed since the caller read it.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The request_id cannot be used.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The database or a key failed.
    #[error(transparent)]
    Stored(#[from] KeyError),
    /// Answers are not taken.
    #[error(transparent)]
    NotTaken(#[from] NotTaken),
    /// The client key came with other answers before.
    #[error("the client key was used for other answers")]
    ClientKeyReused,
    /// The row changed while the call was on its way.
    #[error("another call was in the way")]
    Raced,
    /// The campaign does not state the purpose.
    #[error("the campaign's results may not be used for this")]
    PurposeNotAllowed,
    /// The campaign is closed.
    #[error("the campaign is closed")]
    CampaignClosed,
    /// Nobody is in the scope.
    #[error("nobody is in the campaign's scope")]
    CampaignEmpty,
    /// A class of the scope is too young or too old.
    #[error("the instrument is not meant for grade {grade}")]
    NotForAge {
        /// The grade, 1 to 12.
        grade: u8,
        /// Youngest age of the passport.
        min_age: u8,
        /// Oldest age of the passport.
        max_age: u8,
    },
    /// Reports are given when the campaign is over: differences between days would name pupils.
    #[error("the campaign is still running")]
    CampaignRunning,
    /// The school is closed.
    #[error("the school is closed")]
    SchoolClosed,
    /// The target cannot be excused.
    #[error("the target cannot be excused")]
    NotExcusable,
    /// The instrument gives pupils no report.
    #[error("the instrument gives pupils no report")]
    ReportNotOffered,
    /// Nothing is answered yet.
    #[error("there is nothing to report yet")]
    ReportNotReady,
    /// The interview is held or cancelled.
    #[error("the interview is not open")]
    InterviewNotOpen,
    /// The pupil has an open interview.
    #[error("the pupil has an open interview")]
    InterviewOpen,
    /// It is known whom the observation is about.
    #[error("the observation is matched")]
    ObservationMatched,
    /// The pupil is on the list.
    #[error("the pupil is on the list")]
    AlreadyListed,
    /// The pupil has left the list.
    #[error("the pupil has left the list")]
    NotListed,
    /// The list needs more than questionnaires.
    #[error(transparent)]
    NoEntry(#[from] NoEntry),
    /// An imported wording does not fit the key.
    #[error("the wording does not fit the key")]
    WordingRefused(Vec<Violation>),
    /// A stored instrument is broken.
    #[error("instrument {id}@{version} is broken: {defects}")]
    BrokenInstrument {
        /// Its id.
        id: String,
        /// Its version.
        version: i32,
        /// What is wrong.
        defects: Defects,
    },
    /// Profiles does not answer.
    #[error("profiles does not answer: {0}")]
    Profiles(String),
}

impl From<DbError> for Error {
    fn from(cause: DbError) -> Self {
        Self::Stored(cause.into())
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::Invalid(violation.into())
    }
}

impl ApiError for Error {
    fn code(&self) -> Code {
        self.verdict().0
    }

    fn reason(&self) -> &'static str {
        self.verdict().1
    }

    fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::NotForAge { grade, min_age, max_age } => {
                vec![
                    ("grade", grade.to_string()),
                    ("min_age", min_age.to_string()),
                    ("max_age", max_age.to_string()),
                ]
            }
            _ => Vec::new(),
        }
    }

    fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(invalid) => invalid.violations(),
            Self::WordingRefused(violations) => violations,
            _ => &[],
        }
    }

    fn precondition(&self) -> Option<&'static str> {
        let failed = self.code() == Code::FailedPrecondition;
        failed.then_some(match self {
            Self::NotTaken(NotTaken::ConsentMissing | NotTaken::Excused | NotTaken::AlreadySubmitted)
            | Self::NotExcusable => "target",
            Self::InterviewNotOpen | Self::InterviewOpen => "interview",
            Self::ObservationMatched => "observation",
            Self::AlreadyListed | Self::NotListed | Self::NoEntry(_) => "entry",
            Self::SchoolClosed => "school",
            Self::ReportNotOffered | Self::ReportNotReady => "assignment",
            _ => "campaign",
        })
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Profiles(_)).then(|| Duration::from_secs(2))
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Raced => true,
            Self::Request(cause) => cause.retryable(),
            Self::Stored(cause) => cause.retryable(),
            _ => false,
        }
    }
}

impl Error {
    /// Code and reason: the one place that decides both.
    fn verdict(&self) -> (Code, &'static str) {
        use Code::{Aborted, FailedPrecondition, Internal, InvalidArgument, PermissionDenied, Unavailable};
        match self {
            Self::Access(cause) => (cause.code(), cause.reason()),
            Self::Invalid(cause) => (cause.code(), cause.reason()),
            Self::Stale(cause) => (cause.code(), cause.reason()),
            Self::Request(cause) => (cause.code(), cause.reason()),
            Self::Stored(cause) => (cause.code(), cause.reason()),
            Self::NotTaken(NotTaken::CampaignNotOpen) => (FailedPrecondition, "CAMPAIGN_NOT_OPEN"),
            Self::NotTaken(NotTaken::CampaignOver) => (FailedPrecondition, "CAMPAIGN_OVER"),
            Self::NotTaken(NotTaken::OutsideWindow) => (FailedPrecondition, "OUTSIDE_WINDOW"),
            Self::NotTaken(NotTaken::ConsentMissing) => (FailedPrecondition, "CONSENT_MISSING"),
            Self::NotTaken(NotTaken::Excused) => (FailedPrecondition, "TARGET_EXCUSED"),
            Self::NotTaken(NotTaken::AlreadySubmitted) => (FailedPrecondition, "ALREADY_SUBMITTED"),
            Self::ClientKeyReused => (Aborted, "CLIENT_KEY_REUSED"),
            Self::Raced => (Aborted, "CONFLICT"),
            Self::PurposeNotAllowed => (PermissionDenied, "PURPOSE_NOT_ALLOWED"),
            Self::CampaignClosed => (FailedPrecondition, "CAMPAIGN_CLOSED"),
            Self::CampaignEmpty => (FailedPrecondition, "CAMPAIGN_EMPTY"),
            Self::NotForAge { .. } => (FailedPrecondition, "INSTRUMENT_NOT_FOR_AGE"),
            Self::CampaignRunning => (FailedPrecondition, "CAMPAIGN_RUNNING"),
            Self::SchoolClosed => (FailedPrecondition, "CAMPAIGN_SCHOOL_CLOSED"),
            Self::NotExcusable => (FailedPrecondition, "TARGET_NOT_EXCUSABLE"),
            Self::ReportNotOffered => (FailedPrecondition, "REPORT_NOT_OFFERED"),
            Self::ReportNotReady => (FailedPrecondition, "REPORT_NOT_READY"),
            Self::InterviewNotOpen => (FailedPrecondition, "INTERVIEW_NOT_OPEN"),
            Self::InterviewOpen => (FailedPrecondition, "INTERVIEW_OPEN"),
            Self::ObservationMatched => (FailedPrecondition, "OBSERVATION_MATCHED"),
            Self::AlreadyListed => (FailedPrecondition, "ALREADY_LISTED"),
            Self::NotListed => (FailedPrecondition, "NOT_LISTED"),
            Self::NoEntry(NoEntry::QuestionnaireOnly) => (FailedPrecondition, "QUESTIONNAIRE_ONLY"),
            Self::NoEntry(NoEntry::FindingUnknown) => (FailedPrecondition, "FINDING_NOT_OF_PUPIL"),
            Self::WordingRefused(_) => (InvalidArgument, "INVALID_ARGUMENT"),
            Self::BrokenInstrument { .. } => (Internal, "INTERNAL"),
            Self::Profiles(_) => (Unavailable, "UNAVAILABLE"),
        }
    }
}
