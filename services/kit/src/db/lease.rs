//! One connection in use: every statement under a time limit, and a connection whose state is not known never goes
//! back to the pool.
//!
//! Guard 1: in sqlx 0.9.0 a caller that goes away while BEGIN is in flight leaves the connection inside a transaction,
//! and the next caller's rows are lost (transact-rs/sqlx#4385). Guard 2: a socket that died silently keeps its permit
//! (transact-rs/sqlx#4349). Here a connection is marked busy before anything is sent and free after the answer is there.
//! Dropped while busy, it is closed and its place in the pool is free again; dropped within a transaction, it is rolled
//! back under a time limit first.

use super::{
    DbError,
    error::keeps_connection,
    value::{Arguments, Rows},
};
use sqlx::{
    AssertSqlSafe, Connection as _, Executor as _, Postgres, SqlSafeStr as _, Sqlite, pool::PoolConnection,
};
use std::{future::Future, time::Duration};
use tokio::{runtime::Handle, time::timeout};

/// How long rolling back, checking or closing a connection may take after its user has gone.
const TIDY_LIMIT: Duration = Duration::from_secs(5);

/// A connection that is out of its pool.
pub(super) struct Lease {
    raw: Option<Raw>,
    state: State,
    limit: Duration,
}

enum Raw {
    Pg(PoolConnection<Postgres>),
    Lite(PoolConnection<Sqlite>),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    InTransaction,
    /// Something was sent and its answer is not complete.
    Busy,
}

impl Lease {
    pub(super) fn pg(connection: PoolConnection<Postgres>, limit: Duration) -> Self {
        Self { raw: Some(Raw::Pg(connection)), state: State::Idle, limit }
    }

    pub(super) fn lite(connection: PoolConnection<Sqlite>, limit: Duration) -> Self {
        Self { raw: Some(Raw::Lite(connection)), state: State::Idle, limit }
    }

    /// Sets the time limit of each statement from here on.
    pub(super) fn set_limit(&mut self, limit: Duration) {
        self.limit = limit;
    }

    /// Runs a statement and gives all its rows.
    ///
    /// All, also where one is wanted: an error that comes after the first row (a deferred constraint, the commit of a single
    /// statement) must not be missed.
    pub(super) async fn fetch(&mut self, sql: &'static str, arguments: Arguments) -> Result<Rows, DbError> {
        self.guarded(async |raw| match (raw, arguments) {
            (Raw::Pg(connection), Arguments::Pg(arguments)) => {
                let query = sqlx::query_with(sql, arguments);
                connection.fetch_all(query).await.map(Rows::Pg)
            }
            (Raw::Lite(connection), Arguments::Lite(arguments)) => {
                let query = sqlx::query_with(sql, arguments);
                connection.fetch_all(query).await.map(Rows::Lite)
            }
            _ => Err(mismatch()),
        })
        .await
    }

    /// Runs a statement and gives the number of rows that it changed.
    pub(super) async fn execute(&mut self, sql: sqlx::SqlStr, arguments: Arguments) -> Result<u64, DbError> {
        self.guarded(async |raw| match (raw, arguments) {
            (Raw::Pg(connection), Arguments::Pg(arguments)) => {
                let query = sqlx::query_with(sql, arguments);
                connection.execute(query).await.map(|done| done.rows_affected())
            }
            (Raw::Lite(connection), Arguments::Lite(arguments)) => {
                let query = sqlx::query_with(sql, arguments);
                connection.execute(query).await.map(|done| done.rows_affected())
            }
            _ => Err(mismatch()),
        })
        .await
    }

    /// Runs any number of statements without arguments.
    pub(super) async fn script(&mut self, sql: String) -> Result<(), DbError> {
        self.guarded(async |raw| {
            let script = sqlx::raw_sql(AssertSqlSafe(sql));
            match raw {
                Raw::Pg(connection) => script.execute(&mut **connection).await.map(drop),
                Raw::Lite(connection) => script.execute(&mut **connection).await.map(drop),
            }
        })
        .await
    }

    /// Opens a transaction with `begin`, which must be a BEGIN of this engine.
    pub(super) async fn begin(&mut self, begin: &'static str) -> Result<(), DbError> {
        self.control(begin).await?;
        self.state = State::InTransaction;
        Ok(())
    }

    /// Ends the transaction with COMMIT. On an error it is rolled back when the lease is dropped.
    pub(super) async fn commit(&mut self) -> Result<(), DbError> {
        self.control("COMMIT").await?;
        self.state = State::Idle;
        Ok(())
    }

    /// Asks the server for an answer.
    pub(super) async fn ping(&mut self) -> Result<(), DbError> {
        self.guarded(async |raw| match raw {
            Raw::Pg(connection) => connection.ping().await,
            Raw::Lite(connection) => connection.ping().await,
        })
        .await
    }

    async fn control(&mut self, sql: &'static str) -> Result<(), DbError> {
        self.guarded(async |raw| match raw {
            // A plain text, not a prepared statement: one round trip.
            Raw::Pg(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
            Raw::Lite(connection) => connection.execute(sqlx::raw_sql(sql)).await.map(drop),
        })
        .await
    }

    /// Marks the connection busy while `work` runs under the time limit. If this future is dropped, or the time is over,
    /// or the connection failed, it stays busy, and so it is closed.
    async fn guarded<T>(
        &mut self,
        work: impl AsyncFnOnce(&mut Raw) -> Result<T, sqlx::Error>,
    ) -> Result<T, DbError> {
        let before = self.state;
        let (State::Idle | State::InTransaction, Some(raw)) = (before, self.raw.as_mut()) else {
            return Err(DbError::unavailable("the connection was given up"));
        };
        self.state = State::Busy;
        match timeout(self.limit, Box::pin(work(raw))).await {
            Ok(Ok(value)) => {
                self.state = before;
                Ok(value)
            }
            Ok(Err(error)) => {
                if keeps_connection(&error) {
                    self.state = before;
                }
                Err(error.into())
            }
            Err(_) => Err(DbError::unavailable("no answer in time")),
        }
    }
}

fn mismatch() -> sqlx::Error {
    sqlx::Error::InvalidArgument("arguments of another engine".to_owned())
}

impl Drop for Lease {
    fn drop(&mut self) {
        let Some(raw) = self.raw.take() else { return };
        let Ok(runtime) = Handle::try_current() else {
            raw.discard();
            return;
        };
        match (self.state, raw) {
            // Dropping the socket ends the session on the server, which rolls back.
            (State::Busy, Raw::Pg(connection)) => drop(connection.detach()),
            // Closing waits for the statement in flight, so that there is never a second writer.
            (State::Busy, Raw::Lite(connection)) => {
                runtime.spawn(tidy(connection.close()));
            }
            (State::InTransaction, raw) => {
                runtime.spawn(raw.roll_back());
            }
            (State::Idle, Raw::Pg(mut connection)) => {
                runtime.spawn(tidy(connection.return_to_pool()));
            }
            (State::Idle, Raw::Lite(mut connection)) => {
                runtime.spawn(tidy(connection.return_to_pool()));
            }
        }
    }
}

impl Raw {
    fn discard(self) {
        match self {
            Self::Pg(connection) => drop(connection.detach()),
            Self::Lite(connection) => drop(connection.detach()),
        }
    }

    async fn roll_back(mut self) {
        let done = match &mut self {
            Self::Pg(connection) => {
                tidy(connection.execute(sqlx::raw_sql("ROLLBACK"))).await.map(|r| r.is_ok())
            }
            Self::Lite(connection) => {
                tidy(connection.execute(sqlx::raw_sql("ROLLBACK"))).await.map(|r| r.is_ok())
            }
        };
        if done != Some(true) {
            tracing::warn!("a transaction could not be rolled back; its connection is closed");
            self.discard();
            return;
        }
        match &mut self {
            Self::Pg(connection) => tidy(connection.return_to_pool()).await,
            Self::Lite(connection) => tidy(connection.return_to_pool()).await,
        };
    }
}

/// Runs what is left to do with a connection, for a limited time. When the time is over the connection is dropped, which
/// closes it and frees its place.
async fn tidy<T>(work: impl Future<Output = T>) -> Option<T> {
    timeout(TIDY_LIMIT, work).await.ok()
}

#[doc(hidden)]
pub(super) fn dynamic(sql: String) -> sqlx::SqlStr {
    AssertSqlSafe(sql).into_sql_str()
}
