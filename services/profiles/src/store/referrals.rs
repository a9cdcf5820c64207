//! Referrals to institutions.

use super::{Part, Seen, Source, StoreError, known, students::granted};
use crate::domain::{
    ids::{ReferralId, StudentId, UserId},
    referral::{Referral, ReferralState, Story},
};
use uuid::Uuid;
use xinqiao_kit::{db::Tx, keys::Keys, time::Ts};

#[derive(sqlx::FromRow)]
struct Row {
    id: ReferralId,
    student_id: StudentId,
    state: String,
    body: Vec<u8>,
    author: UserId,
    created_at: Ts,
    closed_at: Option<Ts>,
    version: i64,
}

async fn complete(
    source: &mut impl Source,
    keys: &Keys,
    rows: Vec<Row>,
) -> Result<Vec<Referral>, StoreError> {
    let pupils: Vec<Uuid> = rows.iter().map(|row| row.student_id.uuid()).collect();
    let opened = source.keys(keys, &pupils).await?;
    let mut referrals = Vec::with_capacity(rows.len());
    for row in rows {
        // A destroyed key is an erased pupil: there is nothing left to show.
        let Some(key) = opened.get(&row.student_id.uuid()) else { continue };
        let story: Story = key.open_json("referrals", "body", row.id, &row.body)?;
        referrals.push(Referral {
            id: row.id,
            student: row.student_id,
            state: known("referrals", "state", ReferralState::of_word(&row.state))?,
            story,
            author: row.author,
            created_at: row.created_at,
            closed_at: row.closed_at,
            version: row.version,
        });
    }
    Ok(referrals)
}

/// A referral of a pupil.
pub async fn get(
    source: &mut impl Source,
    keys: &Keys,
    student: StudentId,
    id: ReferralId,
) -> Result<Option<Referral>, StoreError> {
    let query = source.query("SELECT * FROM referrals WHERE id = $1 AND student_id = $2");
    let rows = query.bind(id).bind(student).all().await?;
    Ok(complete(source, keys, rows).await?.pop())
}

/// Whether a pupil has an open referral.
pub async fn any_open(source: &mut impl Source, student: StudentId) -> Result<bool, StoreError> {
    let query = source.query("SELECT COUNT(*) FROM referrals WHERE student_id = $1 AND state <> 'closed'");
    Ok(query.bind(student).get::<i64>().await? > 0)
}

/// Referrals that the caller may see, of one pupil or of all.
pub async fn list(
    source: &mut impl Source,
    keys: &Keys,
    seen: &Seen,
    student: Option<StudentId>,
    state: Option<ReferralState>,
    part: Part,
) -> Result<Vec<Referral>, StoreError> {
    let query = source.query(concat!(
        "SELECT f.* FROM referrals f JOIN students s ON s.id = f.student_id WHERE ",
        granted!(),
        " AND ($5 IS NULL OR f.student_id = $5) AND ($6 = '' OR f.state = $6) AND f.id > $7 ORDER BY f.id LIMIT $8"
    ));
    let grants = &seen.grants;
    let query = query.bind(grants.all).bind(grants.schools.clone()).bind(grants.classes.clone());
    let query = query.bind(grants.students.clone()).bind(student).bind(state.map_or("", ReferralState::word));
    let rows = query.bind(part.after).bind(part.limit).all().await?;
    complete(source, keys, rows).await
}

/// Opens a referral; `false` if the pupil has an open one.
pub async fn insert(tx: &mut Tx, keys: &Keys, referral: &Referral) -> Result<bool, StoreError> {
    let key = keys.subject(tx, referral.student.uuid()).await?;
    let rows = tx
        .q("INSERT INTO referrals (id, student_id, state, body, author, created_at, version) \
            VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING")
        .bind(referral.id)
        .bind(referral.student)
        .bind(referral.state.word())
        .bind(key.seal_json("referrals", "body", referral.id, &referral.story)?)
        .bind(referral.author)
        .bind(referral.created_at)
        .bind(referral.version)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// Writes a referral whose pupil was locked, as its next version.
pub async fn update(tx: &mut Tx, keys: &Keys, referral: Referral) -> Result<Referral, StoreError> {
    let next = Referral { version: referral.version + 1, ..referral };
    let key = keys.subject(tx, next.student.uuid()).await?;
    tx.q("UPDATE referrals SET state = $2, body = $3, closed_at = $4, version = $5 WHERE id = $1")
        .bind(next.id)
        .bind(next.state.word())
        .bind(key.seal_json("referrals", "body", next.id, &next.story)?)
        .bind(next.closed_at)
        .bind(next.version)
        .exec()
        .await?;
    Ok(next)
}
