//! What identity refuses, and why.

use crate::domain::grant::ConfirmError;
use std::time::Duration;
use tonic::Code;
use xinqiao_kit::{
    authz::AccessError,
    db::DbError,
    etag::Stale,
    keys::KeyError,
    requests::RequestError,
    status::{ApiError, Violation},
    token::TokenError,
    validate::Invalid,
};

/// What identity refuses, and why.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database.
    #[error(transparent)]
    Db(#[from] DbError),
    /// Keys and sealed values.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Who asks may not.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// The request is not right.
    #[error(transparent)]
    Invalid(#[from] Invalid),
    /// The request's id.
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Somebody else was first.
    #[error(transparent)]
    Stale(#[from] Stale),
    /// An internal token could not be made.
    #[error("an internal token could not be made")]
    Token(#[from] TokenError),
    /// Login name and password do not belong together.
    #[error("login name and password do not belong together")]
    LoginFailed,
    /// It is too early for another attempt.
    #[error("too many attempts")]
    LoginSlowed {
        /// How long to wait.
        wait: Duration,
    },
    /// The code is worth nothing.
    #[error("the activation code is worth nothing")]
    ActivationFailed,
    /// The session is over.
    #[error("the session is over")]
    SessionEnded,
    /// Nobody does this for themselves.
    #[error("nobody does this for themselves")]
    SelfNotAllowed,
    /// A role at the county needs two people.
    #[error("another person must confirm")]
    SecondPersonNeeded,
    /// There is nothing to confirm.
    #[error("the grant does not wait for anybody")]
    GrantNotPending,
    /// The grant would come back.
    #[error("the grant follows from {origin}")]
    GrantDerived {
        /// The fact.
        origin: String,
    },
    /// The grant is over.
    #[error("the grant is over")]
    GrantEnded,
    /// Nobody would be left to administer the county.
    #[error("nobody would be left to administer the county")]
    LastAdministrator,
    /// It is disabled already.
    #[error("the account is disabled already")]
    UserDisabled,
    /// It is active already.
    #[error("the account is active already")]
    UserActive,
    /// A row holds what the program never writes.
    #[error("a row of {table} does not make sense")]
    Row {
        /// Its table.
        table: &'static str,
    },
    /// A password could not be hashed.
    #[error("a password could not be hashed: {0}")]
    Hash(String),
    /// More people log in at once than are let wait.
    #[error("too many passwords wait to be hashed")]
    Busy,
    /// Profiles does not answer.
    #[error("profiles: {0}")]
    Profiles(Box<tonic::Status>),
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Self {
        Self::Invalid(violation.into())
    }
}

impl From<ConfirmError> for Error {
    fn from(cause: ConfirmError) -> Self {
        match cause {
            ConfirmError::NotPending => Self::GrantNotPending,
            ConfirmError::Own => Self::SelfNotAllowed,
            ConfirmError::SecondPersonNeeded => Self::SecondPersonNeeded,
        }
    }
}

impl Error {
    fn parts(&self) -> (Code, &'static str) {
        match self {
            Self::Db(cause) => (cause.code(), cause.reason()),
            Self::Key(cause) => (cause.code(), cause.reason()),
            Self::Access(cause) => (cause.code(), cause.reason()),
            Self::Invalid(cause) => (cause.code(), cause.reason()),
            Self::Request(cause) => (cause.code(), cause.reason()),
            Self::Stale(cause) => (cause.code(), cause.reason()),
            Self::LoginFailed => (Code::Unauthenticated, "LOGIN_FAILED"),
            Self::LoginSlowed { .. } => (Code::ResourceExhausted, "LOGIN_SLOWED"),
            Self::ActivationFailed => (Code::Unauthenticated, "ACTIVATION_FAILED"),
            Self::SessionEnded => (Code::Unauthenticated, "SESSION_ENDED"),
            Self::SelfNotAllowed => (Code::FailedPrecondition, "SELF_NOT_ALLOWED"),
            Self::SecondPersonNeeded => (Code::FailedPrecondition, "SECOND_PERSON_NEEDED"),
            Self::GrantNotPending => (Code::FailedPrecondition, "GRANT_NOT_PENDING"),
            Self::GrantDerived { .. } => (Code::FailedPrecondition, "GRANT_DERIVED"),
            Self::GrantEnded => (Code::FailedPrecondition, "GRANT_ENDED"),
            Self::LastAdministrator => (Code::FailedPrecondition, "LAST_ADMINISTRATOR"),
            Self::UserDisabled => (Code::FailedPrecondition, "USER_DISABLED"),
            Self::UserActive => (Code::FailedPrecondition, "USER_ACTIVE"),
            Self::Token(_) | Self::Row { .. } | Self::Hash(_) => (Code::Internal, "INTERNAL"),
            Self::Busy | Self::Profiles(_) => (Code::Unavailable, "UNAVAILABLE"),
        }
    }
}

impl ApiError for Error {
    fn code(&self) -> Code {
        self.parts().0
    }

    fn reason(&self) -> &'static str {
        self.parts().1
    }

    fn params(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::LoginSlowed { wait } => vec![("seconds", seconds_up(*wait).to_string())],
            Self::GrantDerived { origin } => vec![("source", origin.clone())],
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
            Self::SecondPersonNeeded
            | Self::GrantNotPending
            | Self::GrantDerived { .. }
            | Self::GrantEnded => Some("grant"),
            Self::SelfNotAllowed | Self::LastAdministrator | Self::UserDisabled | Self::UserActive => {
                Some("user")
            }
            _ => None,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::LoginSlowed { wait } => Some(Duration::from_secs(seconds_up(*wait))),
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

/// Whole seconds, never too few: who waits for so long may try again.
fn seconds_up(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}
