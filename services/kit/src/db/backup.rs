//! A copy of a SQLite file while it is in use.

use super::{Db, DbError};
use sqlx::{ConnectOptions as _, Connection as _, sqlite::SqliteConnectOptions};
use std::path::Path;

impl Db {
    /// Writes a copy of a SQLite database as it is at one moment to `target`, which must not exist. Readers and the writer go
    /// on. PostgreSQL has its own tools (`pg_basebackup`, `pg_dump`), and answers with a fault.
    pub async fn backup_into(&self, target: &Path) -> Result<(), DbError> {
        let Some(file) = self.file() else {
            return Err(DbError::fault("PostgreSQL is backed up with its own tools"));
        };
        let target = target.to_str().ok_or_else(|| DbError::fault("the path is not UTF-8"))?;
        // A connection of its own: the copy may take long, and must hold up neither the writer nor a reader.
        let options =
            SqliteConnectOptions::new().filename(file).log_statements(tracing::log::LevelFilter::Off);
        let mut connection = options.connect().await?;
        let copied = sqlx::query("VACUUM INTO $1").bind(target).execute(&mut connection).await;
        let closed = connection.close().await;
        copied?;
        Ok(closed?)
    }
}
