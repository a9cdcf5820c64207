//! A transaction.

use super::{
    DbError, Query, Sql,
    lease::Lease,
    open::Engine,
    value::{Arguments, Rows},
};

/// A transaction. Dropped without [`Tx::commit`] it is rolled back.
pub struct Tx {
    lease: Lease,
    engine: Engine,
    failed: bool,
    after_commit: Vec<Box<dyn FnOnce() + Send>>,
}

impl Tx {
    pub(super) fn new(lease: Lease, engine: Engine) -> Self {
        Self { lease, engine, failed: false, after_commit: Vec::new() }
    }

    /// A statement in this transaction.
    pub fn q(&mut self, sql: impl Into<Sql>) -> Query<'_> {
        Query::on_tx(self, sql.into())
    }

    /// Takes the lock `number` of the kind `what` until the end of the transaction: whoever asks for the same waits. On SQLite
    /// there is one writer at a time anyway.
    pub async fn lock(&mut self, what: &'static str, number: u64) -> Result<(), DbError> {
        if self.engine == Engine::Sqlite {
            return Ok(());
        }
        let key = super::migrate::lock_number(&format!("{what} {number}"));
        self.q("SELECT pg_advisory_xact_lock($1)").bind(key).exec().await?;
        Ok(())
    }

    /// Runs `then` right after the commit; never if there is none. For wake-up hints: it must not fail and not wait.
    pub fn after_commit(&mut self, then: impl FnOnce() + Send + 'static) {
        self.after_commit.push(Box::new(then));
    }

    /// Commits. Only after OK is anything true.
    ///
    /// If a statement of the transaction had failed, nothing is committed and the answer is [`DbError::Aborted`], on both
    /// engines: PostgreSQL answers such a COMMIT with a quiet ROLLBACK, SQLite would keep the other statements.
    pub async fn commit(mut self) -> Result<(), DbError> {
        if self.failed {
            return Err(DbError::Aborted);
        }
        self.lease.commit().await?;
        for then in std::mem::take(&mut self.after_commit) {
            then();
        }
        Ok(())
    }

    pub(super) fn engine(&self) -> Engine {
        self.engine
    }

    pub(super) async fn fetch(&mut self, sql: &'static str, arguments: Arguments) -> Result<Rows, DbError> {
        let result = self.lease.fetch(sql, arguments).await;
        self.failed |= result.is_err();
        result
    }

    pub(super) async fn execute(&mut self, sql: sqlx::SqlStr, arguments: Arguments) -> Result<u64, DbError> {
        let result = self.lease.execute(sql, arguments).await;
        self.failed |= result.is_err();
        result
    }

    pub(super) async fn script(&mut self, sql: String) -> Result<(), DbError> {
        let result = self.lease.script(sql).await;
        self.failed |= result.is_err();
        result
    }
}
