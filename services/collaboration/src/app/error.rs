//! What can go wrong, and how it leaves the service.

use crate::{
    domain::{consent::NotGiven, evidence::EvidenceRefusal, guidance::GuidanceRefusal},
    store::StoreError,
};
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

/// When to ask again if profiles did not answer.
const PROFILES_RETRY: Duration = Duration::from_secs(1);

/// Every failure of a use-case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// The encryption, or an event that could not be written.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A row could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Profiles did not say where a pupil is.
    #[error("profiles did not answer: {0}")]
    Profiles(String),
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The request breaks rules of its own.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The request_id.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Somebody else changed it first.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// Evidence that cannot be voided.
    #[error(transparent)]
    Evidence(#[from] EvidenceRefusal),
    /// A request for help in the wrong state.
    #[error(transparent)]
    Guidance(#[from] GuidanceRefusal),
    /// A consent that does not hold.
    #[error(transparent)]
    Consent(#[from] NotGiven),
    /// The school or class has a committee.
    #[error("there is a committee for this school or class")]
    CommitteeThere,
    /// The pupil has left.
    #[error("the pupil is not enrolled")]
    NotEnrolled,
}

impl Error {
    /// The failure below that knows its own code and reason, if there is one.
    fn inner(&self) -> Option<&dyn ApiError> {
        match self {
            Self::Db(cause) | Self::Store(StoreError::Db(cause)) => Some(cause),
            Self::Key(cause) | Self::Store(StoreError::Key(cause)) => Some(cause),
            Self::Access(cause) => Some(cause),
            Self::Invalid(cause) => Some(cause),
            Self::Request(cause) => Some(cause),
            Self::Stale(cause) => Some(cause),
            Self::Store(StoreError::Word { .. })
            | Self::Profiles(_)
            | Self::Evidence(_)
            | Self::Guidance(_)
            | Self::Consent(_)
            | Self::CommitteeThere
            | Self::NotEnrolled => None,
        }
    }

    fn own(&self) -> (Code, &'static str) {
        match self {
            Self::Profiles(_) => (Code::Unavailable, "UNAVAILABLE"),
            Self::Evidence(EvidenceRefusal::Voided) => (Code::FailedPrecondition, "EVIDENCE_VOIDED"),
            Self::Evidence(EvidenceRefusal::YearClosed) => (Code::FailedPrecondition, "SCHOOL_YEAR_CLOSED"),
            Self::Guidance(GuidanceRefusal::Closed) => (Code::FailedPrecondition, "HELP_REQUEST_CLOSED"),
            Self::Guidance(GuidanceRefusal::Unanswered) => {
                (Code::FailedPrecondition, "HELP_REQUEST_UNANSWERED")
            }
            Self::Guidance(GuidanceRefusal::Full) => (Code::FailedPrecondition, "HELP_REQUEST_FULL"),
            Self::Consent(NotGiven) => (Code::FailedPrecondition, "CONSENT_NOT_GIVEN"),
            Self::CommitteeThere => (Code::AlreadyExists, "COMMITTEE_ALREADY_THERE"),
            Self::NotEnrolled => (Code::FailedPrecondition, "PUPIL_NOT_ENROLLED"),
            Self::Db(_)
            | Self::Key(_)
            | Self::Store(_)
            | Self::Access(_)
            | Self::Invalid(_)
            | Self::Request(_)
            | Self::Stale(_) => (Code::Internal, "INTERNAL"),
        }
    }
}

impl ApiError for Error {
    fn code(&self) -> Code {
        self.inner().map_or_else(|| self.own().0, ApiError::code)
    }

    fn reason(&self) -> &'static str {
        self.inner().map_or_else(|| self.own().1, ApiError::reason)
    }

    fn violations(&self) -> &[Violation] {
        self.inner().map_or(&[], ApiError::violations)
    }

    fn precondition(&self) -> Option<&'static str> {
        match self {
            Self::Evidence(_) => Some("evidence"),
            Self::Guidance(_) => Some("guidance_request"),
            Self::Consent(_) => Some("consent"),
            Self::NotEnrolled => Some("student"),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Profiles(_)).then_some(PROFILES_RETRY)
    }

    fn retryable(&self) -> bool {
        self.inner().is_some_and(ApiError::retryable)
    }
}
