//! Follow-ups, parent contacts and care notes: one table, sealed bodies.

use super::{Source, StoreError};
use crate::domain::{
    care::{Care, Deed, DeedKind},
    ids::{CareId, StudentId, UserId},
};
use xinqiao_kit::{db::Tx, keys::Keys, time::Ts};

#[derive(sqlx::FromRow)]
struct Row {
    id: CareId,
    student_id: StudentId,
    author: UserId,
    happened_at: Ts,
    created_at: Ts,
    body: Vec<u8>,
}

/// Adds what was done.
pub async fn insert(tx: &mut Tx, keys: &Keys, care: &Care) -> Result<(), StoreError> {
    let key = keys.subject(tx, care.student.uuid()).await?;
    tx.q("INSERT INTO care (id, student_id, kind, author, happened_at, created_at, body) \
          VALUES ($1, $2, $3, $4, $5, $6, $7)")
        .bind(care.id)
        .bind(care.student)
        .bind(care.deed.kind().word())
        .bind(care.author)
        .bind(care.happened_at)
        .bind(care.created_at)
        .bind(key.seal_json("care", "body", care.id, &care.deed)?)
        .exec()
        .await?;
    Ok(())
}

/// What was done for a pupil, newest first, before `before`; only what `author` wrote, if one is given.
pub async fn list(
    source: &mut impl Source,
    keys: &Keys,
    student: StudentId,
    kind: DeedKind,
    author: Option<UserId>,
    before: Option<(Ts, CareId)>,
    limit: i64,
) -> Result<Vec<Care>, StoreError> {
    let query = source.query(
        "SELECT id, student_id, author, happened_at, created_at, body FROM care WHERE student_id = $1 AND kind = $2 \
         AND ($3 IS NULL OR author = $3) AND ($4 IS NULL OR (happened_at, id) < ($4, $5)) \
         ORDER BY happened_at DESC, id DESC LIMIT $6",
    );
    let query = query.bind(student).bind(kind.word()).bind(author);
    let query = query.bind(before.map(|(at, _)| at)).bind(before.map(|(_, id)| id)).bind(limit);
    let rows: Vec<Row> = query.all().await?;
    let opened = source.keys(keys, &[student.uuid()]).await?;
    let Some(key) = opened.get(&student.uuid()) else { return Ok(Vec::new()) };
    rows.into_iter()
        .map(|row| {
            let deed: Deed = key.open_json("care", "body", row.id, &row.body)?;
            Ok(Care {
                id: row.id,
                student: row.student_id,
                author: row.author,
                happened_at: row.happened_at,
                created_at: row.created_at,
                deed,
            })
        })
        .collect()
}

/// Whether a pupil has this follow-up, parent contact or care note.
pub async fn exists(
    source: &mut impl Source,
    student: StudentId,
    kind: DeedKind,
    id: CareId,
) -> Result<bool, StoreError> {
    let query = source.query("SELECT COUNT(*) FROM care WHERE id = $1 AND student_id = $2 AND kind = $3");
    Ok(query.bind(id).bind(student).bind(kind.word()).get::<i64>().await? > 0)
}
