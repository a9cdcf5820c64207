//! Opening a database, and its pools.

use super::{DbError, Query, Sql, Tx, lease::Lease};
use secrecy::{ExposeSecret as _, SecretString};
use sqlx::{
    ConnectOptions as _, Connection as _,
    postgres::{PgConnectOptions, PgPool, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous},
};
use std::{path::PathBuf, sync::Arc, time::Duration};

/// How long a connection may lie unused before it is asked for a sign of life.
const TRUSTED_IDLE: Duration = Duration::from_secs(1);
/// How long that sign of life may take.
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// Statements that take longer are logged, by their text, which holds no values.
const SLOW_STATEMENT: Duration = Duration::from_secs(1);
/// Prepared statements kept on each connection.
const STATEMENT_CACHE: usize = 256;

/// Where the data is.
#[derive(Debug, Clone)]
pub enum DbConfig {
    /// One schema of a PostgreSQL database.
    Postgres(PgConfig),
    /// One SQLite file; made if it does not exist.
    Sqlite(PathBuf),
}

/// One schema of a PostgreSQL database.
#[derive(Debug, Clone)]
pub struct PgConfig {
    /// `postgres://user:password@host:port/database`; a socket folder as `?host=/run/postgresql`.
    pub url: SecretString,
    /// The service's own schema: lower-case letters, digits and `_`. Made by the first migration.
    pub schema: String,
}

/// The limits of a database's pools and statements.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections to PostgreSQL.
    pub connections: u32,
    /// Connections that read a SQLite file; there is always one that writes.
    pub readers: u32,
    /// How long to wait for a free connection.
    pub acquire: Duration,
    /// How long one statement may run on the server, and how long SQLite waits for its lock.
    pub statement: Duration,
    /// How long a statement waits for a lock of PostgreSQL.
    pub lock: Duration,
    /// How long a transaction may sit without a statement before PostgreSQL ends it.
    pub idle_in_transaction: Duration,
    /// How long to wait for any answer; above `statement`, so that the server speaks first if it can.
    pub answer: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16,
            readers: 4,
            acquire: Duration::from_secs(5),
            statement: Duration::from_secs(10),
            lock: Duration::from_secs(5),
            idle_in_transaction: Duration::from_secs(30),
            answer: Duration::from_secs(12),
        }
    }
}

/// A database. Cheap to clone.
#[derive(Clone)]
pub struct Db {
    pools: Arc<Pools>,
}

struct Pools {
    kind: Kind,
    limits: Limits,
}

enum Kind {
    Pg { pool: PgPool, schema: String },
    Lite { writer: SqlitePool, reader: SqlitePool, file: PathBuf },
}

/// Which engine runs; nobody outside `db` asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Engine {
    Postgres,
    Sqlite,
}

/// Whether a statement only reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Read,
    Write,
}

impl Db {
    /// Opens a database. SQLite is opened at once; PostgreSQL when it is first used, so that it may come up later.
    pub async fn open(config: &DbConfig, limits: Limits) -> Result<Self, DbError> {
        let kind = match config {
            DbConfig::Postgres(config) => open_postgres(config, &limits)?,
            DbConfig::Sqlite(file) => open_sqlite(file, &limits).await?,
        };
        Ok(Self { pools: Arc::new(Pools { kind, limits }) })
    }

    /// A statement that only reads. On SQLite it runs beside the writer and cannot change anything.
    pub fn read(&self, sql: impl Into<Sql>) -> Query<'static> {
        Query::on_pool(self, Side::Read, sql.into())
    }

    /// A single statement that changes something and is committed by itself.
    pub fn write(&self, sql: impl Into<Sql>) -> Query<'static> {
        Query::on_pool(self, Side::Write, sql.into())
    }

    /// Begins a transaction that may write.
    pub async fn begin(&self) -> Result<Tx, DbError> {
        let mut lease = self.lease(Side::Write).await?;
        // IMMEDIATE: a transaction that reads first and writes later would fail with BUSY, without any waiting.
        lease
            .begin(match self.engine() {
                Engine::Postgres => "BEGIN",
                Engine::Sqlite => "BEGIN IMMEDIATE",
            })
            .await?;
        Ok(Tx::new(lease, self.engine()))
    }

    /// Begins a transaction that sees one state of the data and changes nothing. Keep it short: it holds back tidying.
    pub async fn snapshot(&self) -> Result<Tx, DbError> {
        let mut lease = self.lease(Side::Read).await?;
        lease
            .begin(match self.engine() {
                Engine::Postgres => "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                Engine::Sqlite => "BEGIN DEFERRED",
            })
            .await?;
        Ok(Tx::new(lease, self.engine()))
    }

    /// Whether the database answers, through the same pools as everything else: a probe beside them would not see that they
    /// are exhausted.
    pub async fn ping(&self) -> Result<(), DbError> {
        self.lease(Side::Write).await?.ping().await
    }

    /// Closes all connections, once those in use are back.
    pub async fn close(&self) {
        match &self.pools.kind {
            Kind::Pg { pool, .. } => pool.close().await,
            Kind::Lite { writer, reader, .. } => {
                reader.close().await;
                // Last, so that it folds the log into the file.
                writer.close().await;
            }
        }
    }

    pub(crate) fn engine(&self) -> Engine {
        match self.pools.kind {
            Kind::Pg { .. } => Engine::Postgres,
            Kind::Lite { .. } => Engine::Sqlite,
        }
    }

    /// The schema, on PostgreSQL.
    pub(super) fn schema(&self) -> Option<&str> {
        match &self.pools.kind {
            Kind::Pg { schema, .. } => Some(schema),
            Kind::Lite { .. } => None,
        }
    }

    /// The file, on SQLite.
    pub(super) fn file(&self) -> Option<&PathBuf> {
        match &self.pools.kind {
            Kind::Pg { .. } => None,
            Kind::Lite { file, .. } => Some(file),
        }
    }

    pub(super) async fn lease(&self, side: Side) -> Result<Lease, DbError> {
        let limit = self.pools.limits.answer;
        match (&self.pools.kind, side) {
            (Kind::Pg { pool, .. }, _) => Ok(Lease::pg(pool.acquire().await?, limit)),
            (Kind::Lite { writer, .. }, Side::Write) => Ok(Lease::lite(writer.acquire().await?, limit)),
            (Kind::Lite { reader, .. }, Side::Read) => Ok(Lease::lite(reader.acquire().await?, limit)),
        }
    }
}

fn open_postgres(config: &PgConfig, limits: &Limits) -> Result<Kind, DbError> {
    let schema = &config.schema;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if schema.is_empty() || !schema.chars().all(plain) || schema.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(DbError::fault("a schema's name has only lower-case letters, digits and _"));
    }
    let millis = |limit: Duration| limit.as_millis().to_string();
    let options: PgConnectOptions =
        config.url.expose_secret().parse().map_err(|_| DbError::fault("not a PostgreSQL URL"))?;
    let options = options
        .application_name("xinqiao")
        .options([
            ("search_path", schema.clone()),
            ("statement_timeout", millis(limits.statement)),
            ("lock_timeout", millis(limits.lock)),
            ("idle_in_transaction_session_timeout", millis(limits.idle_in_transaction)),
        ])
        .statement_cache_capacity(STATEMENT_CACHE)
        .log_statements(tracing::log::LevelFilter::Off)
        .log_slow_statements(tracing::log::LevelFilter::Warn, SLOW_STATEMENT);
    let pool = PgPoolOptions::new()
        .max_connections(limits.connections)
        .acquire_timeout(limits.acquire)
        .test_before_acquire(false)
        .before_acquire(|connection, meta| {
            Box::pin(async move {
                if meta.idle_for < TRUSTED_IDLE {
                    return Ok(true);
                }
                Ok(matches!(tokio::time::timeout(PROBE_LIMIT, connection.ping()).await, Ok(Ok(()))))
            })
        })
        .connect_lazy_with(options);
    Ok(Kind::Pg { pool, schema: schema.clone() })
}

async fn open_sqlite(file: &PathBuf, limits: &Limits) -> Result<Kind, DbError> {
    let options = SqliteConnectOptions::new()
        .filename(file)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(limits.statement)
        .foreign_keys(true)
        .pragma("trusted_schema", "OFF")
        .statement_cache_capacity(STATEMENT_CACHE)
        .log_statements(tracing::log::LevelFilter::Off)
        .log_slow_statements(tracing::log::LevelFilter::Warn, SLOW_STATEMENT);
    let pool = |connections| {
        SqlitePoolOptions::new()
            .max_connections(connections)
            .acquire_timeout(limits.acquire)
            .test_before_acquire(false)
            .idle_timeout(None)
            .max_lifetime(None)
    };
    // The writer first: it makes the file and switches it to WAL, which a reader could not.
    let writer = pool(1).connect_with(options.clone()).await?;
    let reader = pool(limits.readers.max(1)).connect_lazy_with(options.pragma("query_only", "ON"));
    Ok(Kind::Lite { writer, reader, file: file.clone() })
}
