//! What the evidence adds up to, of one school or of all.

use super::StoreError;
use crate::domain::{figure::Evidence, ids::SchoolId};
use chrono::NaiveDate;
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, Query},
    time::SchoolYear,
};

/// The same statement for all schools and for one: what comes before and after the condition on the school, which is the last
/// parameter.
macro_rules! scoped {
    ($from:expr, $school:expr, $head:literal, $condition:literal, $tail:literal, [$($bound:expr),*]) => {
        match $school {
            None => $from.read(concat!($head, $tail))$(.bind($bound))*,
            Some(school) => $from.read(concat!($head, $condition, $tail))$(.bind($bound))*.bind(school),
        }
    };
}

/// A class that closed before the lessons of a year were over was not a class of that year.
fn year_counts_from(year: SchoolYear) -> NaiveDate {
    NaiveDate::from_ymd_opt(year.0.saturating_add(1), 7, 1).unwrap_or_else(|| year.end())
}

/// The evidence of a school year, by school; committees are looked at on `day`. Schools without any are left out.
pub async fn evidence(
    db: &Db,
    (year, day): (SchoolYear, NaiveDate),
    school: Option<SchoolId>,
) -> Result<HashMap<SchoolId, Evidence>, StoreError> {
    let mut all: HashMap<SchoolId, Evidence> = HashMap::new();
    for (school, members, chairs) in counts2(committees(db, day, school)).await? {
        let of = all.entry(school).or_default();
        (of.committee_members, of.committee_chair) = (members, chairs > 0);
    }
    for (school, psychology) in syllabi(db, school).all::<(Uuid, bool)>().await? {
        all.entry(SchoolId(school)).or_default().syllabus = Some(psychology);
    }
    for (school, kind, held) in events(db, year, school).all::<(Uuid, String, i64)>().await? {
        let of = all.entry(SchoolId(school)).or_default();
        match kind.as_str() {
            "parent_lesson" => of.parent_lessons = held,
            "open_day" => of.open_days = held,
            "parent_session" => of.parent_sessions = held,
            _ => {}
        }
    }
    for (school, classes, visited) in counts2(classes(db, year, school)).await? {
        let of = all.entry(school).or_default();
        (of.classes, of.visited_classes) = (classes, visited);
    }
    for (school, sent) in guidance(db, year, school).all::<(Uuid, i64)>().await? {
        all.entry(SchoolId(school)).or_default().guidance = sent;
    }
    for (school, held) in partners(db, year, school).all::<(Uuid, i64)>().await? {
        all.entry(SchoolId(school)).or_default().partner_activities = held;
    }
    Ok(all)
}

async fn counts2(query: Query<'_>) -> Result<Vec<(SchoolId, i64, i64)>, StoreError> {
    let rows: Vec<(Uuid, i64, i64)> = query.all().await?;
    Ok(rows.into_iter().map(|(school, a, b)| (SchoolId(school), a, b)).collect())
}

fn committees(db: &Db, day: NaiveDate, school: Option<SchoolId>) -> Query<'static> {
    scoped!(
        db,
        school,
        "SELECT c.school_id, COUNT(m.id), CAST(SUM(CASE WHEN m.role = 'chair' THEN 1 ELSE 0 END) AS BIGINT) \
         FROM committees c JOIN committee_members m ON m.committee_id = c.id \
         WHERE c.level = 'school' AND m.starts_on <= $1 AND m.ends_on >= $1",
        " AND c.school_id = $2",
        " GROUP BY c.school_id",
        [day]
    )
}

fn syllabi(db: &Db, school: Option<SchoolId>) -> Query<'static> {
    scoped!(db, school, "SELECT school_id, psychology FROM parent_schools", " WHERE school_id = $1", "", [])
}

fn events(db: &Db, year: SchoolYear, school: Option<SchoolId>) -> Query<'static> {
    scoped!(
        db,
        school,
        "SELECT school_id, kind, COUNT(*) FROM family_events WHERE school_year = $1 AND state = 'held'",
        " AND school_id = $2",
        " GROUP BY school_id, kind",
        [year.0]
    )
}

fn classes(db: &Db, year: SchoolYear, school: Option<SchoolId>) -> Query<'static> {
    scoped!(
        db,
        school,
        "SELECT school_id, COUNT(*), CAST(SUM(visited) AS BIGINT) FROM (SELECT c.school_id, \
         CASE WHEN EXISTS (SELECT 1 FROM home_visits v WHERE v.school_year = $1 AND v.school_id = c.school_id \
         AND v.class_id = c.id AND v.state = 'held') THEN 1 ELSE 0 END AS visited FROM classes c \
         WHERE c.entry_year BETWEEN $1 - 5 AND $1 AND (c.closed_on IS NULL OR c.closed_on >= $2)",
        " AND c.school_id = $3",
        ") counted GROUP BY school_id",
        [year.0, year_counts_from(year)]
    )
}

fn guidance(db: &Db, year: SchoolYear, school: Option<SchoolId>) -> Query<'static> {
    scoped!(
        db,
        school,
        "SELECT school_id, COUNT(*) FROM messages WHERE school_year = $1 AND kind = 'guidance'",
        " AND school_id = $2",
        " GROUP BY school_id",
        [year.0]
    )
}

fn partners(db: &Db, year: SchoolYear, school: Option<SchoolId>) -> Query<'static> {
    scoped!(
        db,
        school,
        "SELECT school_id, COUNT(*) FROM partner_activities WHERE school_year = $1 AND state = 'held'",
        " AND school_id = $2",
        " GROUP BY school_id",
        [year.0]
    )
}
