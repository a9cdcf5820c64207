//! Schools and classes, as profiles has told.

use super::{Source, StoreError};
use crate::domain::{
    facts::{Class, School},
    ids::{ClassId, SchoolId},
};
use std::collections::BTreeSet;
use uuid::Uuid;
use xinqiao_kit::db::Tx;

#[derive(sqlx::FromRow)]
struct SchoolRow {
    id: Uuid,
    code: String,
    display_name: String,
    active: bool,
}

impl From<SchoolRow> for School {
    fn from(row: SchoolRow) -> Self {
        Self { id: SchoolId(row.id), code: row.code, display_name: row.display_name, active: row.active }
    }
}

/// Takes the state of a school.
pub async fn put_school(tx: &mut Tx, school: &School) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO schools (id, code, display_name, active) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (id) DO UPDATE SET code = excluded.code, display_name = excluded.display_name, \
        active = excluded.active";
    let query = tx.q(PUT).bind(school.id).bind(&school.code).bind(&school.display_name);
    query.bind(school.active).exec().await?;
    Ok(())
}

/// Takes the state of a class. The day on which it closed stays the first one that was told, unless it opens again.
pub async fn put_class(tx: &mut Tx, class: Class) -> Result<(), StoreError> {
    const PUT: &str = "INSERT INTO classes (id, school_id, entry_year, closed_on) VALUES ($1, $2, $3, $4) \
        ON CONFLICT (id) DO UPDATE SET school_id = excluded.school_id, entry_year = excluded.entry_year, \
        closed_on = CASE WHEN excluded.closed_on IS NULL THEN NULL \
        ELSE COALESCE(classes.closed_on, excluded.closed_on) END";
    let query = tx.q(PUT).bind(class.id).bind(class.school).bind(class.entry_year);
    query.bind(class.closed_on).exec().await?;
    Ok(())
}

/// One school.
pub async fn school(mut from: impl Source, id: SchoolId) -> Result<Option<School>, StoreError> {
    const ONE: &str = "SELECT id, code, display_name, active FROM schools WHERE id = $1";
    Ok(from.q(ONE).bind(id).opt::<SchoolRow>().await?.map(School::from))
}

/// All open schools, by code.
pub async fn open_schools(mut from: impl Source) -> Result<Vec<School>, StoreError> {
    const ALL: &str = "SELECT id, code, display_name, active FROM schools WHERE active ORDER BY code, id";
    Ok(from.q(ALL).all::<SchoolRow>().await?.into_iter().map(School::from).collect())
}

/// The open classes of a school.
pub async fn open_classes(mut from: impl Source, school: SchoolId) -> Result<BTreeSet<ClassId>, StoreError> {
    const ALL: &str = "SELECT id FROM classes WHERE school_id = $1 AND closed_on IS NULL";
    let ids: Vec<(Uuid,)> = from.q(ALL).bind(school).all().await?;
    Ok(ids.into_iter().map(|(id,)| ClassId(id)).collect())
}
