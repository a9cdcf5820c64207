//! Instruments: every version that was ever offered.

use super::Stored;
use xinqiao_kit::{
    db::{Db, Tx},
    insert_rows,
    time::Ts,
};

/// An instrument's version as stored.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct InstrumentRow {
    /// Id.
    pub id: String,
    /// Version.
    pub version: i32,
    /// The file's text.
    pub body: String,
}

/// Adds versions; one that is there stays as it is.
pub async fn add(tx: &mut Tx, versions: Vec<InstrumentRow>, now: Ts) -> Stored<u64> {
    let rows = versions.into_iter().map(|row| (row.id, row.version, row.body, now));
    let added = insert_rows!(
        tx,
        "instruments",
        [id, version, body, created_at],
        rows,
        "ON CONFLICT (id, version) DO NOTHING"
    );
    Ok(added.await?)
}

/// One version.
pub async fn get(db: &Db, id: &str, version: i32) -> Stored<Option<InstrumentRow>> {
    let query = db.read("SELECT id, version, body FROM instruments WHERE id = $1 AND version = $2");
    Ok(query.bind(id).bind(version).opt().await?)
}

/// The newest version of an instrument.
pub async fn newest(db: &Db, id: &str) -> Stored<Option<i32>> {
    let query = db.read("SELECT version FROM instruments WHERE id = $1 ORDER BY version DESC LIMIT 1");
    Ok(query.bind(id).get_opt().await?)
}

/// The newest version of an instrument, in the transaction that adds the next.
pub async fn newest_tx(tx: &mut Tx, id: &str) -> Stored<Option<InstrumentRow>> {
    let query = tx.q("SELECT id, version, body FROM instruments WHERE id = $1 ORDER BY version DESC LIMIT 1");
    Ok(query.bind(id).opt().await?)
}

/// Id and newest version of each instrument, in the order of their ids, after `after`.
pub async fn list(db: &Db, after: &str, fetch: i64) -> Stored<Vec<(String, i32)>> {
    let query =
        db.read("SELECT id, max(version) FROM instruments WHERE id > $1 GROUP BY id ORDER BY id LIMIT $2");
    Ok(query.bind(after).bind(fetch).all().await?)
}
