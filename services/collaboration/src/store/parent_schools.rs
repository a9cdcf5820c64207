//! Parent schools.

use super::{Source, StoreError};
use crate::domain::{
    ids::SchoolId,
    parent_school::{ParentSchool, SyllabusUnit},
};
use uuid::Uuid;
use xinqiao_kit::{db::Tx, keys::Keys, time::Ts};

const TABLE: &str = "parent_schools";

#[derive(sqlx::FromRow)]
struct ParentSchoolRow {
    school_id: Uuid,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
    updated_at: Ts,
}

/// Founds a parent school or writes its new syllabus; false when another change came first.
pub async fn put(tx: &mut Tx, keys: &Keys, parents: &ParentSchool) -> Result<bool, StoreError> {
    const PUT: &str = "INSERT INTO parent_schools (school_id, psychology, content, version, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (school_id) DO UPDATE SET psychology = excluded.psychology, \
        content = excluded.content, version = excluded.version, updated_at = excluded.updated_at \
        WHERE parent_schools.version = excluded.version - 1";
    let content = keys.service_subject().seal_json(TABLE, "content", parents.school, &parents.units)?;
    let query = tx.q(PUT).bind(parents.school).bind(parents.teaches_psychology()).bind(content);
    Ok(query.bind(parents.version).bind(parents.created_at).bind(parents.updated_at).exec().await? == 1)
}

/// The parent school of a school, if there is one.
pub async fn find(
    mut from: impl Source,
    keys: &Keys,
    school: SchoolId,
) -> Result<Option<ParentSchool>, StoreError> {
    const ONE: &str =
        "SELECT school_id, content, version, created_at, updated_at FROM parent_schools WHERE school_id = $1";
    let Some(row) = from.q(ONE).bind(school).opt::<ParentSchoolRow>().await? else { return Ok(None) };
    let units: Vec<SyllabusUnit> =
        keys.service_subject().open_json(TABLE, "content", row.school_id, &row.content)?;
    Ok(Some(ParentSchool {
        school: SchoolId(row.school_id),
        units,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }))
}
