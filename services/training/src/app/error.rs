//! What can go wrong, and how it leaves the service.

use crate::{
    domain::{activity::ActivityRefusal, lesson::LessonRefusal, staff_training::TrainingRefusal},
    store::StoreError,
};
use tonic::Code;
use xinqiao_kit::{
    authz::AccessError,
    db::DbError,
    etag::Stale,
    requests::RequestError,
    status::{ApiError, Violation},
    validate::Invalid,
};

/// Every failure of a use-case.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A row could not be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    /// A lesson in the wrong state.
    #[error(transparent)]
    Lesson(#[from] LessonRefusal),
    /// A training in the wrong state.
    #[error(transparent)]
    Training(#[from] TrainingRefusal),
    /// An activity in the wrong state.
    #[error(transparent)]
    Activity(#[from] ActivityRefusal),
    /// The grade has a plan of that year and kind.
    #[error("there is a plan for this grade, year and kind")]
    PlanThere,
}

impl ApiError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Db(cause) | Self::Store(StoreError::Db(cause)) => cause.code(),
            Self::Store(StoreError::Key(cause)) => cause.code(),
            Self::Store(StoreError::Word { .. }) => Code::Internal,
            Self::Access(cause) => cause.code(),
            Self::Invalid(cause) => cause.code(),
            Self::Request(cause) => cause.code(),
            Self::Stale(cause) => cause.code(),
            Self::Lesson(_) | Self::Training(_) | Self::Activity(_) => Code::FailedPrecondition,
            Self::PlanThere => Code::AlreadyExists,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Db(cause) | Self::Store(StoreError::Db(cause)) => cause.reason(),
            Self::Store(StoreError::Key(cause)) => cause.reason(),
            Self::Store(StoreError::Word { .. }) => "INTERNAL",
            Self::Access(cause) => cause.reason(),
            Self::Invalid(cause) => cause.reason(),
            Self::Request(cause) => cause.reason(),
            Self::Stale(cause) => cause.reason(),
            Self::Lesson(LessonRefusal::Voided) => "LESSON_VOIDED",
            Self::Lesson(LessonRefusal::YearClosed) => "SCHOOL_YEAR_CLOSED",
            Self::Training(TrainingRefusal::Cancelled) => "TRAINING_CANCELLED",
            Self::Training(TrainingRefusal::NotYet) => "TRAINING_NOT_YET",
            Self::Activity(ActivityRefusal::NotPlanned) => "ACTIVITY_NOT_PLANNED",
            Self::Activity(ActivityRefusal::NotYet) => "ACTIVITY_NOT_YET",
            Self::PlanThere => "PLAN_ALREADY_THERE",
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
            Self::Lesson(_) => Some("lesson"),
            Self::Training(_) => Some("training"),
            Self::Activity(_) => Some("activity"),
            _ => None,
        }
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Db(cause) | Self::Store(StoreError::Db(cause)) => cause.retryable(),
            Self::Store(StoreError::Key(cause)) => cause.retryable(),
            Self::Request(cause) => cause.retryable(),
            _ => false,
        }
    }
}
