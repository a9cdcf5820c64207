//! What a use-case may fail with, and what the caller is told.

use crate::domain::{AlertState, escalation::Refused, plan::CannotApprove};
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

/// Every failure of the service.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
    /// A sealed value or a row does not make sense.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The request breaks rules of its own shape.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// A keyed request cannot be answered.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// The resource has changed.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// The alert's state does not allow it.
    #[error("the alert is {}", .0.code())]
    AlertState(AlertState),
    /// An alert is not resolved by words.
    #[error("no action is recorded since the last acknowledgement")]
    NeedsAction,
    /// The pupil has another open alert.
    #[error("the pupil has another open alert")]
    AnotherOpen,
    /// The plan is no draft.
    #[error("the plan is no draft")]
    PlanState,
    /// Nobody approves a draft of their own.
    #[error("nobody approves a draft of their own")]
    OwnDraft,
    /// The school has no approved plan.
    #[error("the school has no approved plan")]
    NoPlan,
}

impl Error {
    /// A refusal of the core, for an alert in this state.
    pub fn refused(refused: Refused, state: AlertState) -> Self {
        match refused {
            Refused::WrongState => Self::AlertState(state),
            Refused::NeedsAction => Self::NeedsAction,
        }
    }
}

impl From<CannotApprove> for Error {
    fn from(cause: CannotApprove) -> Self {
        match cause {
            CannotApprove::NoDraft => Self::PlanState,
            CannotApprove::OwnDraft => Self::OwnDraft,
        }
    }
}

impl ApiError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Db(cause) => cause.code(),
            Self::Key(cause) => cause.code(),
            Self::Access(cause) => cause.code(),
            Self::Invalid(cause) => cause.code(),
            Self::Request(cause) => cause.code(),
            Self::Stale(cause) => cause.code(),
            Self::AlertState(_)
            | Self::NeedsAction
            | Self::AnotherOpen
            | Self::PlanState
            | Self::OwnDraft
            | Self::NoPlan => Code::FailedPrecondition,
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Db(cause) => cause.reason(),
            Self::Key(cause) => cause.reason(),
            Self::Access(cause) => cause.reason(),
            Self::Invalid(cause) => cause.reason(),
            Self::Request(cause) => cause.reason(),
            Self::Stale(cause) => cause.reason(),
            Self::AlertState(_) => "ALERT_WRONG_STATE",
            Self::NeedsAction => "ALERT_NEEDS_ACTION",
            Self::AnotherOpen => "ANOTHER_ALERT_OPEN",
            Self::PlanState => "PLAN_WRONG_STATE",
            Self::OwnDraft => "PLAN_OWN_DRAFT",
            Self::NoPlan => "PLAN_MISSING",
        }
    }

    fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::AlertState(state) => vec![("state", state.code().to_owned())],
            _ => Vec::new(),
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
            Self::AlertState(_) | Self::NeedsAction | Self::AnotherOpen => Some("alert"),
            Self::PlanState | Self::OwnDraft | Self::NoPlan => Some("plan"),
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<std::time::Duration> {
        match self {
            Self::Db(cause) => cause.retry_after(),
            Self::Key(cause) => cause.retry_after(),
            Self::Request(cause) => cause.retry_after(),
            _ => None,
        }
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Db(cause) => cause.retryable(),
            Self::Key(cause) => cause.retryable(),
            Self::Request(cause) => cause.retryable(),
            _ => false,
        }
    }
}
