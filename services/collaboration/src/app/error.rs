//! What can go wrong, and how it leaves the service.

use crate::store::StoreError;
use tonic::Code;
use xinqiao_kit::{
    authz::AccessError,
    db::DbError,
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
}

impl ApiError for Error {
    fn code(&self) -> Code {
        match self {
            Self::Db(cause) | Self::Store(StoreError::Db(cause)) => cause.code(),
            Self::Store(StoreError::Key(cause)) => cause.code(),
            Self::Store(StoreError::Word { .. }) => Code::Internal,
            Self::Access(cause) => cause.code(),
            Self::Invalid(cause) => cause.code(),
        }
    }

    fn reason(&self) -> &'static str {
        match self {
            Self::Db(cause) | Self::Store(StoreError::Db(cause)) => cause.reason(),
            Self::Store(StoreError::Key(cause)) => cause.reason(),
            Self::Store(StoreError::Word { .. }) => "INTERNAL",
            Self::Access(cause) => cause.reason(),
            Self::Invalid(cause) => cause.reason(),
        }
    }

    fn violations(&self) -> &[Violation] {
        match self {
            Self::Invalid(cause) => cause.violations(),
            _ => &[],
        }
    }

    fn retryable(&self) -> bool {
        match self {
            Self::Db(cause) | Self::Store(StoreError::Db(cause)) => cause.retryable(),
            Self::Store(StoreError::Key(cause)) => cause.retryable(),
            _ => false,
        }
    }
}
