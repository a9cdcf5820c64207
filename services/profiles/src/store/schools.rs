//! Schools.

use super::{Part, Source, StoreError, known};
use crate::domain::{
    ids::SchoolId,
    school::{Running, School, SchoolCode, Stages},
};
use xinqiao_kit::{
    authz::Visibility,
    db::{IdList, TextList, Tx},
    insert_rows, sql,
    time::Ts,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: SchoolId,
    code: String,
    display_name: String,
    stages: String,
    state: String,
    created_at: Ts,
    updated_at: Ts,
    version: i64,
}

impl TryFrom<Row> for School {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            code: known("schools", "code", SchoolCode::parse(&row.code))?,
            display_name: row.display_name,
            stages: known("schools", "stages", Stages::of_words(&row.stages))?,
            state: known("schools", "state", Running::of_word(&row.state))?,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        })
    }
}

fn schools(rows: Vec<Row>) -> Result<Vec<School>, StoreError> {
    rows.into_iter().map(School::try_from).collect()
}

/// A school.
pub async fn get(source: &mut impl Source, id: SchoolId) -> Result<Option<School>, StoreError> {
    source
        .query("SELECT * FROM schools WHERE id = $1")
        .bind(id)
        .opt::<Row>()
        .await?
        .map(School::try_from)
        .transpose()
}

/// A school that nobody else changes until the transaction ends.
pub async fn lock(tx: &mut Tx, id: SchoolId) -> Result<Option<School>, StoreError> {
    let query = tx.q(sql!("SELECT * FROM schools WHERE id = $1" pg " FOR UPDATE"));
    query.bind(id).opt::<Row>().await?.map(School::try_from).transpose()
}

/// The schools with these codes.
pub async fn by_codes(source: &mut impl Source, codes: Vec<String>) -> Result<Vec<School>, StoreError> {
    let query = source.query("SELECT * FROM schools WHERE code IN (SELECT value FROM json_each($1))");
    schools(query.bind(TextList::from(codes)).all().await?)
}

/// The schools with these ids, in no order.
pub async fn by_ids(source: &mut impl Source, ids: &[SchoolId]) -> Result<Vec<School>, StoreError> {
    let query = source.query("SELECT * FROM schools WHERE id IN (SELECT unhex(value) FROM json_each($1))");
    schools(query.bind(IdList::from(ids)).all().await?)
}

/// Schools whom the caller has to do with: by a role at the school, or at a class or for a pupil of it.
pub async fn list(
    source: &mut impl Source,
    seen: &Visibility,
    code: &str,
    part: Part,
) -> Result<Vec<School>, StoreError> {
    let query = source.query(
        "SELECT * FROM schools WHERE ($1 OR id IN (SELECT unhex(value) FROM json_each($2)) \
         OR id IN (SELECT school_id FROM classes WHERE id IN (SELECT unhex(value) FROM json_each($3)))) \
         AND ($4 = '' OR code = $4) AND id > $5 ORDER BY id LIMIT $6",
    );
    let query = query.bind(seen.all).bind(seen.schools.clone()).bind(seen.classes.clone());
    schools(query.bind(code.to_owned()).bind(part.after).bind(part.limit).all().await?)
}

/// Registers schools and gives the number that was new; a code that is taken adds nothing.
pub async fn insert(tx: &mut Tx, schools: &[School]) -> Result<u64, StoreError> {
    let rows: Vec<_> = schools
        .iter()
        .map(|s| {
            let state = s.state.word();
            let names = (s.id, s.code.as_str().to_owned(), s.display_name.clone(), s.stages.words(), state);
            (names.0, names.1, names.2, names.3, names.4, s.created_at, s.updated_at, s.version)
        })
        .collect();
    Ok(insert_rows!(
        tx,
        "schools",
        [id, code, display_name, stages, state, created_at, updated_at, version],
        rows,
        "ON CONFLICT (code) DO NOTHING"
    )
    .await?)
}

/// Writes name, stages and state of a school that was locked, as its next version, and gives it back.
pub async fn update(tx: &mut Tx, school: School, now: Ts) -> Result<School, StoreError> {
    let next = School { updated_at: now, version: school.version + 1, ..school };
    tx.q("UPDATE schools SET display_name = $2, stages = $3, state = $4, updated_at = $5, version = $6 WHERE id = $1")
        .bind(next.id)
        .bind(next.display_name.clone())
        .bind(next.stages.words())
        .bind(next.state.word())
        .bind(next.updated_at)
        .bind(next.version)
        .exec()
        .await?;
    Ok(next)
}

/// The stages of which a school has running classes.
pub async fn running_stages(tx: &mut Tx, id: SchoolId) -> Result<Vec<String>, StoreError> {
    let query = tx.q("SELECT DISTINCT stage FROM classes WHERE school_id = $1 AND state = 'active'");
    Ok(query.bind(id).all::<(String,)>().await?.into_iter().map(|(stage,)| stage).collect())
}

/// All ids of schools, for what concerns the whole county.
pub async fn all_ids(source: &mut impl Source) -> Result<Vec<SchoolId>, StoreError> {
    let rows = source
        .query("SELECT id FROM schools WHERE state = 'active' ORDER BY id")
        .all::<(SchoolId,)>()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id).collect())
}
