//! Migrations: written once, in PostgreSQL's words, applied to either engine in one transaction.

#[cfg(test)]
mod tests;
mod tokens;
mod translate;

use super::{
    Db, DbError, Sql, Tx,
    open::{Engine, Side},
};
use aws_lc_rs::digest;
use std::time::Duration;

/// How long the whole of a migration may take, waiting for another replica's included.
const LIMIT: Duration = Duration::from_secs(600);

/// The tables of this crate: outbox, inbox, requests, audit, keys. They come before a service's own.
const KIT: Migrations =
    Migrations::new("kit", &[("0001_kit", include_str!("../../../migrations/0001_kit.sql"))]);

/// The migrations of a service, oldest first. What is applied is never edited: a change is a new one at the end.
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    component: &'static str,
    steps: &'static [(&'static str, &'static str)],
}

impl Migrations {
    /// The migrations of `component`, as `(name, text)`:
    /// `Migrations::new("screening", &[("0001_init", include_str!("../migrations/0001_init.sql"))])`.
    pub const fn new(component: &'static str, steps: &'static [(&'static str, &'static str)]) -> Self {
        Self { component, steps }
    }
}

const BOOK: &str = "CREATE TABLE IF NOT EXISTS kit_migrations (component text NOT NULL, name text NOT NULL, checksum text NOT NULL, \
     applied_at text NOT NULL, PRIMARY KEY (component, name))";
const APPLIED: &str = "SELECT name, checksum FROM kit_migrations WHERE component = $1 ORDER BY name";
const RECORD: Sql = crate::sql!(
    "INSERT INTO kit_migrations (component, name, checksum, applied_at) VALUES ($1, $2, $3, "
    pg "to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'))"
    lite "strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))"
);

impl Db {
    /// Brings the schema up to date: this crate's tables, then the service's. All or nothing; replicas that start together wait for
    /// one another. A migration that was applied with another text is a fault. One that the database has and the program does not
    /// know is a newer program's: it is logged and left alone, since two versions run side by side in a rolling upgrade.
    pub async fn migrate(&self, migrations: Migrations) -> Result<(), DbError> {
        let mut tx = self.begin_migration().await?;
        tx.script(BOOK.to_owned()).await?;
        for component in [KIT, migrations] {
            apply(&mut tx, component).await?;
        }
        tx.commit().await
    }

    async fn begin_migration(&self) -> Result<Tx, DbError> {
        let mut lease = self.lease(Side::Write).await?;
        lease.set_limit(LIMIT);
        let Some(schema) = self.schema() else {
            lease.begin("BEGIN IMMEDIATE").await?;
            return Ok(Tx::new(lease, Engine::Sqlite));
        };
        lease.begin("BEGIN").await?;
        let mut tx = Tx::new(lease, Engine::Postgres);
        let millis = LIMIT.as_millis();
        tx.script(format!("SET LOCAL statement_timeout = {millis}; SET LOCAL lock_timeout = {millis}"))
            .await?;
        tx.q("SELECT pg_advisory_xact_lock($1)")
            .bind(lock_number(&format!("migrate {schema}")))
            .exec()
            .await?;
        // Asked first: a login that may not make schemas may still use one that an administrator made.
        let exists = tx.q("SELECT to_regnamespace($1) IS NOT NULL").bind(schema).get::<bool>().await?;
        if !exists {
            tx.script(format!("CREATE SCHEMA {schema}")).await?;
        }
        Ok(tx)
    }
}

async fn apply(tx: &mut Tx, migrations: Migrations) -> Result<(), DbError> {
    let component = migrations.component;
    let applied: Vec<(String, String)> = tx.q(APPLIED).bind(component).all().await?;
    for (name, _) in &applied {
        if !migrations.steps.iter().any(|(known, _)| known == name) {
            tracing::warn!(component, migration = %name, "the database has a migration of a newer program");
        }
    }
    for (name, sql) in migrations.steps {
        let statements = translate::for_engine(tx.engine(), sql)?;
        let checksum = checksum(&statements);
        match applied.iter().find(|(known, _)| known == name) {
            Some((_, before)) if *before == checksum => continue,
            Some(_) => {
                return Err(DbError::fault(format!(
                    "migration {component}/{name} was applied with another text"
                )));
            }
            None => {}
        }
        for statement in statements {
            tx.script(statement).await?;
        }
        tx.q(RECORD).bind(component).bind(*name).bind(checksum).exec().await?;
        tracing::info!(component, migration = name, "migration applied");
    }
    Ok(())
}

fn checksum(statements: &[String]) -> String {
    hex::encode(digest::digest(&digest::SHA256, statements.join(";\n").as_bytes()))
}

/// The number of the advisory lock with this name.
pub(super) fn lock_number(name: &str) -> i64 {
    let hash = digest::digest(&digest::SHA256, format!("xinqiao {name}").as_bytes());
    hash.as_ref().iter().take(8).fold(0, |number, byte| (number << 8) | i64::from(*byte))
}
