//! Interviews.

use super::{Stored, Window, evidence, place, unknown};
use crate::domain::{
    finding::{Held, Interview, InterviewReason, InterviewState},
    ids::{InterviewId, StudentId},
};
use uuid::Uuid;
use xinqiao_kit::{
    db::Tx,
    insert_rows,
    keys::{Keys, SubjectKey},
    time::Ts,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: InterviewId,
    version: i64,
    student_id: StudentId,
    school_id: Uuid,
    class_id: Uuid,
    state: String,
    reason: String,
    evidence_kind: Option<String>,
    evidence_id: Option<Uuid>,
    due_at: Ts,
    held: Option<Vec<u8>>,
    created_at: Ts,
}

impl Row {
    fn open(self, key: Option<&SubjectKey>) -> Stored<Interview> {
        let held: Option<Held> = match (key, &self.held) {
            (Some(key), Some(sealed)) => Some(key.open_json("interviews", "held", self.id, sealed)?),
            _ => None,
        };
        Ok(Interview {
            id: self.id,
            version: self.version,
            student: self.student_id,
            place: place(self.school_id, self.class_id),
            state: InterviewState::of_word(&self.state).ok_or_else(|| unknown("interviews", "state"))?,
            reason: InterviewReason::of_word(&self.reason).ok_or_else(|| unknown("interviews", "reason"))?,
            evidence: evidence("interviews", self.evidence_kind, self.evidence_id)?,
            due: self.due_at,
            held,
            create_time: self.created_at,
        })
    }
}

macro_rules! columns {
    () => {
        "id, version, student_id, school_id, class_id, state, reason, evidence_kind, evidence_id, due_at, held, created_at"
    };
}

/// Opens interview tasks. A pupil who has an open one keeps it: it becomes due earlier and takes the graver reason if the new one is
/// due earlier.
pub async fn open_many(tx: &mut Tx, interviews: Vec<Interview>) -> Stored<()> {
    let rows = interviews.into_iter().map(|interview| {
        (
            interview.id,
            interview.version,
            interview.student,
            interview.place.school,
            interview.place.class,
            interview.state.word(),
            interview.reason.word(),
            interview.evidence.map(|evidence| evidence.kind.word()),
            interview.evidence.map(|evidence| evidence.id),
            interview.due,
            interview.create_time,
        )
    });
    let insert = insert_rows!(
        tx,
        "interviews",
        [
            id,
            version,
            student_id,
            school_id,
            class_id,
            state,
            reason,
            evidence_kind,
            evidence_id,
            due_at,
            created_at
        ],
        rows,
        "ON CONFLICT (student_id) WHERE state = 'open' DO UPDATE SET version = interviews.version + 1, \
         due_at = excluded.due_at, reason = excluded.reason, evidence_kind = excluded.evidence_kind, evidence_id = excluded.evidence_id \
         WHERE excluded.due_at < interviews.due_at"
    );
    insert.await?;
    Ok(())
}

/// Adds a planned interview; false if the pupil has an open one.
pub async fn insert(tx: &mut Tx, interview: &Interview) -> Stored<bool> {
    let query = tx.q("INSERT INTO interviews (id, version, student_id, school_id, class_id, state, reason, due_at, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (student_id) WHERE state = 'open' DO NOTHING");
    let added = query
        .bind(interview.id)
        .bind(interview.version)
        .bind(interview.student)
        .bind(interview.place.school)
        .bind(interview.place.class)
        .bind(interview.state.word())
        .bind(interview.reason.word())
        .bind(interview.due)
        .bind(interview.create_time)
        .exec()
        .await?;
    Ok(added == 1)
}

/// One interview with what came out of it.
pub async fn get(tx: &mut Tx, id: InterviewId, keys: &Keys) -> Stored<Option<Interview>> {
    let row =
        tx.q(concat!("SELECT ", columns!(), " FROM interviews WHERE id = $1")).bind(id).opt::<Row>().await?;
    let Some(row) = row else {
        return Ok(None);
    };
    let student = row.student_id.uuid();
    let key = keys.existing_tx(tx, &[student]).await?.remove(&student);
    row.open(key.as_ref()).map(Some)
}

/// Interviews by due time and id, after a position, without what came out of them but the outcome.
pub async fn list(
    tx: &mut Tx,
    window: &Window,
    after_due: Ts,
    state: Option<InterviewState>,
    student: Option<StudentId>,
    keys: &Keys,
) -> Stored<Vec<Interview>> {
    let query = tx.q(concat!(
        "SELECT ",
        columns!(),
        " FROM interviews WHERE ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)))
          AND (due_at > $3 OR (due_at = $3 AND id > $4)) AND ($5 = '' OR state = $5) AND ($6 IS NULL OR student_id = $6)
          ORDER BY due_at, id LIMIT $7"
    ));
    let state = state.map_or("", InterviewState::word);
    let query = window
        .bind_schools(query)
        .bind(after_due)
        .bind(window.from)
        .bind(state)
        .bind(student)
        .bind(window.fetch);
    let rows = query.all::<Row>().await?;
    let students: Vec<Uuid> = rows.iter().map(|row| row.student_id.uuid()).collect();
    let found = keys.existing_tx(tx, &students).await?;
    rows.into_iter()
        .map(|row| {
            let key = found.get(&row.student_id.uuid()).cloned();
            row.open(key.as_ref())
        })
        .collect()
}

/// Records an interview as held. False if it has changed since `version`.
pub async fn complete(
    tx: &mut Tx,
    id: InterviewId,
    version: i64,
    held: &Held,
    key: &SubjectKey,
) -> Stored<bool> {
    let sealed = key.seal_json("interviews", "held", id, held)?;
    let query = tx.q("UPDATE interviews SET state = 'completed', held = $3, version = version + 1
        WHERE id = $1 AND version = $2 AND state = 'open'");
    Ok(query.bind(id).bind(version).bind(sealed).exec().await? == 1)
}
