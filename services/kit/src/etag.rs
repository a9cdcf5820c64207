//! Etags: the version of a row, opaque to clients.

use crate::status::ApiError;
use tonic::Code;

/// The resource has changed since the caller read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the resource has changed since it was read")]
pub struct Stale;

impl ApiError for Stale {
    fn code(&self) -> Code {
        Code::Aborted
    }
    fn reason(&self) -> &'static str {
        "STALE_ETAG"
    }
}

/// The etag of a row's version.
pub fn of(version: i64) -> String {
    format!("\"{version:x}\"")
}

/// Compares what a caller holds with the row. An empty etag is not compared.
///
/// # Errors
/// [`Stale`] when they differ.
pub fn check(given: &str, version: i64) -> Result<(), Stale> {
    if given.is_empty() || given == of(version) { Ok(()) } else { Err(Stale) }
}
