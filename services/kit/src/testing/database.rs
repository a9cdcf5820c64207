//! A database of its own for each test, on both engines.

use super::postgres::Server;
use crate::db::{Db, DbConfig, Limits, Migrations, PgConfig};
use std::{
    future::Future,
    sync::atomic::{AtomicU32, Ordering},
};
use tempfile::TempDir;

/// Connections of a test's pool: enough for what runs at once in a test, few enough for many tests on one server.
const CONNECTIONS: u32 = 8;

static NEXT: AtomicU32 = AtomicU32::new(1);

/// A fresh, empty database. It and what is in it are gone when this is dropped (SQLite) or the process ends (PostgreSQL).
pub struct TestDb {
    db: Db,
    config: DbConfig,
    engine: &'static str,
    _folder: Option<TempDir>,
}

impl TestDb {
    /// Runs the same test on SQLite and on PostgreSQL, each time with an empty database. This crate's tables are there.
    pub async fn each<F, Fut>(test: F)
    where
        F: Fn(Db) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        Self::each_migrated(Migrations::new("none", &[]), test).await;
    }

    /// As [`TestDb::each`], with the tables of a service.
    pub async fn each_migrated<F, Fut>(migrations: Migrations, test: F)
    where
        F: Fn(Db) -> Fut,
        Fut: Future<Output = ()> + Send + 'static,
    {
        for database in [Self::sqlite().await, Self::postgres().await] {
            let db = database.db();
            if let Err(error) = db.migrate(migrations).await {
                panic!("migrations on {}: {error}", database.engine);
            }
            // A task of its own, so that a failure can be told with the engine's name.
            if let Err(failure) = tokio::spawn(test(db.clone())).await {
                panic!("failed on {}: {failure}", database.engine);
            }
            db.close().await;
        }
    }

    /// An empty SQLite file, without any table.
    pub async fn sqlite() -> Self {
        let folder = tempfile::Builder::new().prefix("xq-lite-").tempdir().expect("a temporary folder");
        let config = DbConfig::Sqlite(folder.path().join("test.sqlite"));
        Self::open(config, "SQLite", Some(folder), limits()).await
    }

    /// An empty schema of a PostgreSQL server that is started for the tests of this process, without any table.
    pub async fn postgres() -> Self {
        Self::postgres_with(limits()).await
    }

    /// As [`TestDb::postgres`], with limits of one's own.
    pub async fn postgres_with(limits: Limits) -> Self {
        // Starting takes a second or two: not on a thread that drives other tests.
        let server = tokio::task::spawn_blocking(Server::shared).await.expect("PostgreSQL starts");
        let schema = format!("test_{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let config = DbConfig::Postgres(PgConfig { url: server.url().into(), schema });
        Self::open(config, "PostgreSQL", None, limits).await
    }

    async fn open(config: DbConfig, engine: &'static str, folder: Option<TempDir>, limits: Limits) -> Self {
        match Db::open(&config, limits).await {
            Ok(db) => Self { db, config, engine, _folder: folder },
            Err(error) => panic!("{engine} does not open: {error}"),
        }
    }

    /// The database.
    pub fn db(&self) -> Db {
        self.db.clone()
    }

    /// How to open it once more, as another replica would.
    pub fn config(&self) -> &DbConfig {
        &self.config
    }

    /// `SQLite` or `PostgreSQL`, for messages.
    pub fn engine(&self) -> &'static str {
        self.engine
    }
}

fn limits() -> Limits {
    Limits { connections: CONNECTIONS, ..Limits::default() }
}
