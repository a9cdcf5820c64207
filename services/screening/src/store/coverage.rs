//! Whom each form of screening has reached.

use super::{Stored, unknown};
use crate::domain::{finding::Source, ids::StudentId};
use chrono::NaiveDate;
use xinqiao_kit::{
    db::{IdList, Tx},
    time::Ts,
};

/// One form of one pupil.
#[derive(Debug, Clone, PartialEq)]
pub struct Reached {
    /// The pupil.
    pub student: StudentId,
    /// The form.
    pub source: Source,
    /// Last day.
    pub last: NaiveDate,
    /// How often since `since`.
    pub count: i64,
}

#[derive(sqlx::FromRow)]
struct FindingRow {
    student_id: StudentId,
    source: String,
    last_day: NaiveDate,
    times: i64,
}

#[derive(sqlx::FromRow)]
struct ResponseRow {
    student_id: StudentId,
    last_at: Ts,
    times: i64,
}

/// How pupils were reached: by questionnaires they answered, and by everything that left a finding. Counts start at `since`.
pub async fn of_students(tx: &mut Tx, students: &[StudentId], since: Ts) -> Stored<Vec<Reached>> {
    let query = tx.q("SELECT student_id, max(created_at) AS last_at, count(*) FILTER (WHERE created_at >= $2) AS times FROM responses
        WHERE student_id IN (SELECT unhex(value) FROM json_each($1)) GROUP BY student_id ORDER BY student_id");
    let answered = query.bind(IdList::from(students)).bind(since).all::<ResponseRow>().await?;
    let mut reached: Vec<Reached> = answered
        .into_iter()
        .map(|row| Reached {
            student: row.student_id,
            source: Source::Questionnaire,
            last: row.last_at.shanghai_date(),
            count: row.times,
        })
        .collect();
    let query = tx.q("SELECT student_id, source, max(day) AS last_day, count(*) FILTER (WHERE day >= $2) AS times FROM findings
        WHERE student_id IN (SELECT unhex(value) FROM json_each($1)) AND source <> 'questionnaire'
        GROUP BY student_id, source ORDER BY student_id, source");
    let found = query.bind(IdList::from(students)).bind(since.shanghai_date()).all::<FindingRow>().await?;
    for row in found {
        let source = Source::of_word(&row.source).ok_or_else(|| unknown("findings", "source"))?;
        reached.push(Reached { student: row.student_id, source, last: row.last_day, count: row.times });
    }
    Ok(reached)
}
