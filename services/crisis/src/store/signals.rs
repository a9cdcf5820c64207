//! Signals that alerts gathered. A report is the signal that a person handed in. Who reported, which signs and which words are
//! sealed with the pupil's key.

use super::{StoreError, known};
use crate::domain::{
    AlertId, Severity, SignalId, StudentId, UserId,
    report::{EntryLevel, Sign, Source},
};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    db::Tx,
    keys::{Keys, SubjectKey},
    time::Ts,
};

/// What was noticed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Body {
    /// Signs; empty for what the platform found.
    pub signs: Vec<Sign>,
    /// Words.
    pub text: Option<String>,
}

/// A signal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// Its id: made by whoever raised it, so that it counts once.
    pub id: SignalId,
    /// The alert that it opened or joined.
    pub alert: AlertId,
    /// The pupil.
    pub student: StudentId,
    /// Where it comes from.
    pub source: Source,
    /// How urgent.
    pub severity: Severity,
    /// Where it entered the grid.
    pub entry_level: EntryLevel,
    /// Name of the resource that says more; empty for reports.
    pub evidence: String,
    /// Whether the reporter's identity is sealed.
    pub sealed: bool,
    /// Who reported; none for what the platform found, or after erasure.
    pub reporter: Option<UserId>,
    /// What was noticed; empty after erasure.
    pub body: Body,
    /// When it came in.
    pub created_at: Ts,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: SignalId,
    alert_id: AlertId,
    student_id: StudentId,
    source: String,
    severity: String,
    entry_level: String,
    evidence: String,
    sealed: bool,
    reporter: Option<Vec<u8>>,
    body: Option<Vec<u8>>,
    created_at: Ts,
}

impl Row {
    fn signal(self, keys: &HashMap<Uuid, SubjectKey>) -> Result<Signal, StoreError> {
        let key = keys.get(&self.student_id.uuid());
        let reporter = match (key, &self.reporter) {
            (Some(key), Some(sealed)) => Some(key.open_json("signals", "reporter", self.id, sealed)?),
            _ => None,
        };
        let body = match (key, &self.body) {
            (Some(key), Some(sealed)) => key.open_json("signals", "body", self.id, sealed)?,
            _ => Body::default(),
        };
        Ok(Signal {
            id: self.id,
            alert: self.alert_id,
            student: self.student_id,
            source: known("signals", "source", Source::from_code(&self.source))?,
            severity: known("signals", "severity", Severity::from_code(&self.severity))?,
            entry_level: known("signals", "entry_level", EntryLevel::from_code(&self.entry_level))?,
            evidence: self.evidence,
            sealed: self.sealed,
            reporter,
            body,
            created_at: self.created_at,
        })
    }
}

macro_rules! select {
    () => {
        "SELECT id, alert_id, student_id, source, severity, entry_level, evidence, sealed, reporter, body, created_at \
         FROM signals "
    };
}

/// Writes a signal. False if it is there already, by its id or by `dedupe`.
pub async fn insert(
    tx: &mut Tx,
    keys: &Keys,
    signal: &Signal,
    dedupe: Option<&[u8]>,
) -> Result<bool, StoreError> {
    let key = keys.subject(tx, signal.student.uuid()).await?;
    let reporter = match &signal.reporter {
        Some(user) => Some(key.seal_json("signals", "reporter", signal.id, user)?),
        None => None,
    };
    let body = key.seal_json("signals", "body", signal.id, &signal.body)?;
    let rows = tx
        .q("INSERT INTO signals (id, dedupe, alert_id, student_id, source, severity, entry_level, evidence, sealed, reporter, \
            body, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) ON CONFLICT DO NOTHING")
        .bind(signal.id)
        .bind(dedupe.map(<[u8]>::to_vec))
        .bind(signal.alert)
        .bind(signal.student)
        .bind(signal.source.code())
        .bind(signal.severity.code())
        .bind(signal.entry_level.code())
        .bind(signal.evidence.clone())
        .bind(signal.sealed)
        .bind(reporter)
        .bind(body)
        .bind(signal.created_at)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// The alert of a signal that has come before, by its id.
pub async fn alert_of(tx: &mut Tx, id: SignalId) -> Result<Option<AlertId>, StoreError> {
    Ok(tx.q("SELECT alert_id FROM signals WHERE id = $1").bind(id).get_opt().await?)
}

/// A report that has come before, by its keyed hash.
pub async fn by_dedupe(tx: &mut Tx, keys: &Keys, dedupe: &[u8]) -> Result<Option<Signal>, StoreError> {
    let row = tx.q(concat!(select!(), "WHERE dedupe = $1")).bind(dedupe.to_vec()).opt::<Row>().await?;
    let Some(row) = row else { return Ok(None) };
    let opened = keys.existing_tx(tx, &[row.student_id.uuid()]).await?;
    row.signal(&opened).map(Some)
}

/// The signals of an alert after one of them, oldest first.
pub async fn list(
    tx: &mut Tx,
    keys: &Keys,
    (alert, student): (AlertId, StudentId),
    after: Uuid,
    limit: i64,
) -> Result<Vec<Signal>, StoreError> {
    let rows = tx
        .q(concat!(select!(), "WHERE alert_id = $1 AND id > $2 ORDER BY id LIMIT $3"))
        .bind(alert)
        .bind(after)
        .bind(limit)
        .all::<Row>()
        .await?;
    let opened = keys.existing_tx(tx, &[student.uuid()]).await?;
    rows.into_iter().map(|row| row.signal(&opened)).collect()
}
