//! Findings.

use super::{Stored, Window, evidence, place, unknown};
use crate::domain::{
    finding::{Finding, Source},
    ids::{FindingId, StudentId, UserId},
    level::Level,
};
use chrono::NaiveDate;
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    db::{IdList, TextList, Tx},
    insert_rows,
    keys::{KeyError, Keys, SubjectKey},
    time::Ts,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: FindingId,
    student_id: StudentId,
    school_id: Uuid,
    class_id: Uuid,
    source: String,
    level: String,
    day: NaiveDate,
    evidence_kind: Option<String>,
    evidence_id: Option<Uuid>,
    notes: Option<Vec<u8>>,
    creator: Option<UserId>,
    created_at: Ts,
}

impl Row {
    /// The finding; its notes only with a key.
    fn open(self, key: Option<&SubjectKey>) -> Stored<Finding> {
        let notes = match (key, &self.notes) {
            (Some(key), Some(sealed)) => Some(key.open_text("findings", "notes", self.id, sealed)?),
            _ => None,
        };
        Ok(Finding {
            id: self.id,
            student: self.student_id,
            place: place(self.school_id, self.class_id),
            source: Source::of_word(&self.source).ok_or_else(|| unknown("findings", "source"))?,
            level: Level::of_word(&self.level).ok_or_else(|| unknown("findings", "level"))?,
            day: self.day,
            evidence: evidence("findings", self.evidence_kind, self.evidence_id)?,
            notes,
            creator: self.creator,
            create_time: self.created_at,
        })
    }
}

macro_rules! columns {
    () => {
        "id, student_id, school_id, class_id, source, level, day, evidence_kind, evidence_id, notes, creator, created_at"
    };
}

/// Adds findings; `keys` holds the key of every pupil whose finding has notes.
pub async fn insert_many(
    tx: &mut Tx,
    findings: Vec<Finding>,
    keys: &HashMap<Uuid, SubjectKey>,
) -> Stored<()> {
    let mut rows = Vec::with_capacity(findings.len());
    for finding in findings {
        let sealed = match &finding.notes {
            Some(notes) => {
                let key = keys.get(&finding.student.uuid()).ok_or(KeyError::Wrapped)?;
                Some(key.seal_text("findings", "notes", finding.id, notes)?)
            }
            None => None,
        };
        rows.push((
            finding.id,
            finding.student,
            finding.place.school,
            finding.place.class,
            finding.source.word(),
            finding.level.word(),
            finding.day,
            finding.evidence.map(|evidence| evidence.kind.word()),
            finding.evidence.map(|evidence| evidence.id),
            sealed,
            finding.creator,
            finding.create_time,
        ));
    }
    let insert = insert_rows!(
        tx,
        "findings",
        [
            id,
            student_id,
            school_id,
            class_id,
            source,
            level,
            day,
            evidence_kind,
            evidence_id,
            notes,
            creator,
            created_at
        ],
        rows
    );
    insert.await?;
    Ok(())
}

/// One finding with its notes.
pub async fn get(tx: &mut Tx, id: FindingId, keys: &Keys) -> Stored<Option<Finding>> {
    let row =
        tx.q(concat!("SELECT ", columns!(), " FROM findings WHERE id = $1")).bind(id).opt::<Row>().await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let student = row.student_id.uuid();
    let key = keys.existing_tx(tx, &[student]).await?.remove(&student);
    row.open(key.as_ref()).map(Some)
}

/// Findings by their ids, without notes.
pub async fn by_ids(tx: &mut Tx, ids: &[FindingId]) -> Stored<Vec<Finding>> {
    let query = tx.q(concat!(
        "SELECT ",
        columns!(),
        " FROM findings WHERE id IN (SELECT unhex(value) FROM json_each($1))"
    ));
    query.bind(IdList::from(ids)).all::<Row>().await?.into_iter().map(|row| row.open(None)).collect()
}

/// Findings of a pupil or of all, newest first, without notes.
pub async fn list(
    tx: &mut Tx,
    window: &Window,
    student: Option<StudentId>,
    min_level: Level,
) -> Stored<Vec<Finding>> {
    let levels: Vec<&str> =
        Level::ALL.into_iter().filter(|level| *level >= min_level).map(Level::word).collect();
    let query = tx.q(concat!(
        "SELECT ",
        columns!(),
        " FROM findings WHERE ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)))
          AND id < $3 AND ($4 IS NULL OR student_id = $4) AND level IN (SELECT value FROM json_each($5)) ORDER BY id DESC LIMIT $6"
    ));
    let query = window
        .bind_schools(query)
        .bind(window.from)
        .bind(student)
        .bind(TextList::from(levels))
        .bind(window.fetch);
    query.all::<Row>().await?.into_iter().map(|row| row.open(None)).collect()
}
