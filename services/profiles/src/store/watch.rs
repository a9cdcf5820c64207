//! Pupils about whom there may be an alarm.

use super::{
    Seen, Source, StoreError,
    records::RecordRow,
    students::{granted, seen},
};
use crate::domain::{
    alarm::Watched,
    ids::{ClassId, SchoolId},
};
use xinqiao_kit::time::Ts;

#[derive(sqlx::FromRow)]
struct Row {
    #[sqlx(flatten)]
    record: RecordRow,
    school_id: SchoolId,
    class_id: ClassId,
    vacant_since: Option<Ts>,
    sealed_at: Option<Ts>,
    answer_due_at: Option<Ts>,
}

/// Yellow and orange pupils, and those in transfer, whom the caller may see, at most `limit` of them.
pub async fn watched(
    source: &mut impl Source,
    seen: &Seen,
    school: Option<SchoolId>,
    limit: i64,
) -> Result<Vec<Watched>, StoreError> {
    let query = source.query(concat!(
        "SELECT r.student_id, r.colour, r.since, r.second_due_at, r.followed_up_at, r.parents_reached_at, r.planned_at, \
         r.version, s.school_id, s.class_id, t.vacant_since, m.created_at AS sealed_at, m.due_at AS answer_due_at \
         FROM records r JOIN students s ON s.id = r.student_id LEFT JOIN teams t ON t.student_id = r.student_id \
         LEFT JOIN transfers m ON m.student_id = r.student_id AND m.state = 'open' \
         WHERE (r.colour <> 'green' OR s.state = 'transferring') \
         AND s.state IN ('enrolled', 'transferring', 'on_leave') AND ",
        seen!(),
        " AND ($6 IS NULL OR s.school_id = $6) ORDER BY r.student_id LIMIT $7"
    ));
    let grants = &seen.grants;
    let query = query.bind(grants.all).bind(grants.schools.clone()).bind(grants.classes.clone());
    let query = query.bind(grants.students.clone()).bind(seen.orange).bind(school).bind(limit);
    query
        .all::<Row>()
        .await?
        .into_iter()
        .map(|row| {
            Ok(Watched {
                school: row.school_id,
                class: row.class_id,
                record: row.record.try_into()?,
                team_vacant_since: row.vacant_since,
                transfer: row.sealed_at.zip(row.answer_due_at),
            })
        })
        .collect()
}
