//! Running a unit of work again when another one was in the way.

use super::DbError;
use std::{future::Future, time::Duration};

/// How often a unit of work is run at most.
const ATTEMPTS: u32 = 3;
/// How long to wait before the second attempt; twice as long before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// Runs `work` again, at most three times in all, when it fails with something that goes away by itself. `name` is what the log
/// says. The work must begin its own transaction each time, and carry keys made outside so that a second run changes nothing
/// that the first one did.
pub async fn retry<T, E, F>(name: &'static str, mut work: impl FnMut() -> F) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
    E: Retryable + std::fmt::Display,
{
    let mut pause = FIRST_PAUSE;
    for attempt in 1..ATTEMPTS {
        match work().await {
            Err(error) if error.is_retryable() => {
                tracing::debug!(work = name, attempt, %error, "running it again");
                tokio::time::sleep(pause).await;
                pause *= 2;
            }
            result => return result,
        }
    }
    work().await
}

/// An error that says whether the whole unit of work may be run again.
pub trait Retryable {
    /// Whether it may succeed if it is run again from its start.
    fn is_retryable(&self) -> bool;
}

impl Retryable for DbError {
    fn is_retryable(&self) -> bool {
        Self::is_retryable(self)
    }
}
