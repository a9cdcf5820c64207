//! Pupils on their way from one school to another.

use super::{Part, Source, StoreError, known};
use crate::domain::{
    ids::{SchoolId, StudentId, TransferId},
    student::{Transfer, TransferState},
};
use xinqiao_kit::{authz::Visibility, db::Tx, time::Ts};

#[derive(sqlx::FromRow)]
struct Row {
    id: TransferId,
    student_id: StudentId,
    from_school: SchoolId,
    to_school: SchoolId,
    state: String,
    created_at: Ts,
    due_at: Ts,
    ended_at: Option<Ts>,
}

fn transfer(row: Row) -> Result<Transfer, StoreError> {
    Ok(Transfer {
        id: row.id,
        student: row.student_id,
        from_school: row.from_school,
        to_school: row.to_school,
        state: known("transfers", "state", TransferState::of_word(&row.state))?,
        created_at: row.created_at,
        due_at: row.due_at,
        ended_at: row.ended_at,
    })
}

/// Opens a transfer.
pub async fn insert(tx: &mut Tx, transfer: &Transfer) -> Result<(), StoreError> {
    tx.q(
        "INSERT INTO transfers (id, student_id, from_school, to_school, state, created_at, due_at, ended_at) \
          VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(transfer.id)
    .bind(transfer.student)
    .bind(transfer.from_school)
    .bind(transfer.to_school)
    .bind(transfer.state.word())
    .bind(transfer.created_at)
    .bind(transfer.due_at)
    .bind(transfer.ended_at)
    .exec()
    .await?;
    Ok(())
}

/// The open transfer of a pupil.
pub async fn open_of(source: &mut impl Source, student: StudentId) -> Result<Option<Transfer>, StoreError> {
    let query = source.query("SELECT * FROM transfers WHERE student_id = $1 AND state = 'open'");
    query.bind(student).opt().await?.map(transfer).transpose()
}

/// Ends a transfer.
pub async fn end(tx: &mut Tx, id: TransferId, state: TransferState, now: Ts) -> Result<(), StoreError> {
    let query = tx.q("UPDATE transfers SET state = $2, ended_at = $3 WHERE id = $1 AND state = 'open'");
    query.bind(id).bind(state.word()).bind(now).exec().await?;
    Ok(())
}

/// Open transfers from and to schools that the caller may see.
pub async fn list_open(
    source: &mut impl Source,
    seen: &Visibility,
    school: Option<SchoolId>,
    part: Part,
) -> Result<Vec<Transfer>, StoreError> {
    let query = source.query(
        "SELECT * FROM transfers WHERE state = 'open' \
         AND ($1 OR from_school IN (SELECT unhex(value) FROM json_each($2)) \
         OR to_school IN (SELECT unhex(value) FROM json_each($2))) \
         AND ($3 IS NULL OR from_school = $3 OR to_school = $3) AND id > $4 ORDER BY id LIMIT $5",
    );
    let query = query.bind(seen.all).bind(seen.schools.clone()).bind(school);
    query.bind(part.after).bind(part.limit).all().await?.into_iter().map(transfer).collect()
}

/// Open transfers that should have been answered by now, at most `limit` of them.
pub async fn overdue(
    source: &mut impl Source,
    school: Option<SchoolId>,
    now: Ts,
    limit: i64,
) -> Result<Vec<Transfer>, StoreError> {
    let query = source.query(
        "SELECT * FROM transfers WHERE state = 'open' AND due_at < $1 AND ($2 IS NULL OR from_school = $2) \
         ORDER BY id LIMIT $3",
    );
    query.bind(now).bind(school).bind(limit).all().await?.into_iter().map(transfer).collect()
}
