//! The service behind its real front, on both engines, called through generated clients.

mod access;
mod care;
mod county;
mod guards;
mod life;
mod proposals;
mod schools;
mod secrecy;
mod staff;
mod stores;
mod students;
mod teams;

pub(super) use county::County;

use std::future::Future;
use tokio::runtime::Handle;
use tonic::{Code, Status};
use xinqiao_kit::{status::details, testing::TestDb};

/// Runs a test in a fresh county on SQLite and on PostgreSQL.
pub(super) async fn each<F, Fut>(test: F)
where
    F: Fn(County) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = ()>,
{
    TestDb::each(|db| {
        let test = test.clone();
        // A thread of its own: what a county holds may not be shared between threads.
        let run = move || Handle::current().block_on(async move { test(County::open(db).await).await });
        async move {
            if let Err(failure) = tokio::task::spawn_blocking(run).await {
                std::panic::resume_unwind(failure.into_panic());
            }
        }
    })
    .await;
}

/// Code and reason of a refusal.
pub(super) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.expect_err("a refusal");
    (status.code(), details(&status).reason)
}

/// The fields that a refusal names, each with its reason.
pub(super) fn fields<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<(String, String)> {
    details(&answer.expect_err("a refusal")).violations
}

/// Checks a refusal.
#[track_caller]
pub(super) fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, reason: &str) {
    assert_eq!(refusal(answer), (code, reason.to_owned()));
}
