//! Classes.

use super::{Part, Source, StoreError, known};
use crate::domain::{
    class::Class,
    ids::{ClassId, SchoolId},
    school::Running,
    stage::Stage,
};
use xinqiao_kit::{
    authz::Visibility,
    db::{IdList, Tx},
    insert_rows, sql,
    time::Ts,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: ClassId,
    school_id: SchoolId,
    stage: String,
    entry_year: i32,
    number: i32,
    state: String,
    created_at: Ts,
    updated_at: Ts,
    version: i64,
}

impl TryFrom<Row> for Class {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id,
            school: row.school_id,
            stage: known("classes", "stage", Stage::of_word(&row.stage))?,
            entry_year: row.entry_year,
            number: row.number,
            state: known("classes", "state", Running::of_word(&row.state))?,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        })
    }
}

fn classes(rows: Vec<Row>) -> Result<Vec<Class>, StoreError> {
    rows.into_iter().map(Class::try_from).collect()
}

/// A class.
pub async fn get(source: &mut impl Source, id: ClassId) -> Result<Option<Class>, StoreError> {
    source
        .query("SELECT * FROM classes WHERE id = $1")
        .bind(id)
        .opt::<Row>()
        .await?
        .map(Class::try_from)
        .transpose()
}

/// A class that nobody else changes until the transaction ends.
pub async fn lock(tx: &mut Tx, id: ClassId) -> Result<Option<Class>, StoreError> {
    let query = tx.q(sql!("SELECT * FROM classes WHERE id = $1" pg " FOR UPDATE"));
    query.bind(id).opt::<Row>().await?.map(Class::try_from).transpose()
}

/// The classes with these ids, in no order.
pub async fn by_ids(source: &mut impl Source, ids: &[ClassId]) -> Result<Vec<Class>, StoreError> {
    let query = source.query("SELECT * FROM classes WHERE id IN (SELECT unhex(value) FROM json_each($1))");
    classes(query.bind(IdList::from(ids)).all().await?)
}

/// All classes of these schools, closed ones too, in the order of their ids.
pub async fn by_schools(source: &mut impl Source, schools: &[SchoolId]) -> Result<Vec<Class>, StoreError> {
    let query = source.query(
        "SELECT * FROM classes WHERE school_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY id",
    );
    classes(query.bind(IdList::from(schools)).all().await?)
}

/// What a list of classes is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this school.
    pub school: Option<SchoolId>,
    /// Only this state.
    pub state: Option<Running>,
    /// Only this stage.
    pub stage: Option<Stage>,
    /// Only this entry year; 0 for all.
    pub entry_year: i32,
}

/// Classes that the caller has to do with.
pub async fn list(
    source: &mut impl Source,
    seen: &Visibility,
    filter: &Filter,
    part: Part,
) -> Result<Vec<Class>, StoreError> {
    let query = source.query(
        "SELECT * FROM classes WHERE ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)) \
         OR id IN (SELECT unhex(value) FROM json_each($3))) \
         AND ($4 IS NULL OR school_id = $4) AND ($5 = '' OR state = $5) AND ($6 = '' OR stage = $6) \
         AND ($7 = 0 OR entry_year = $7) AND id > $8 ORDER BY id LIMIT $9",
    );
    let query =
        query.bind(seen.all).bind(seen.schools.clone()).bind(seen.classes.clone()).bind(filter.school);
    let query = query.bind(filter.state.map_or("", Running::word));
    let query = query.bind(filter.stage.map_or("", Stage::word)).bind(filter.entry_year);
    classes(query.bind(part.after).bind(part.limit).all().await?)
}

/// Opens classes and gives the number that was new; one that is there already adds nothing.
pub async fn insert(tx: &mut Tx, classes: &[Class]) -> Result<u64, StoreError> {
    let rows: Vec<_> = classes
        .iter()
        .map(|c| {
            let (stage, state) = (c.stage.word(), c.state.word());
            (c.id, c.school, stage, c.entry_year, c.number, state, c.created_at, c.updated_at, c.version)
        })
        .collect();
    Ok(insert_rows!(
        tx,
        "classes",
        [id, school_id, stage, entry_year, number, state, created_at, updated_at, version],
        rows,
        "ON CONFLICT (school_id, stage, entry_year, number) DO NOTHING"
    )
    .await?)
}

/// Writes number and state of a class that was locked, as its next version. `None` if the number is taken.
pub async fn update(tx: &mut Tx, class: Class, now: Ts) -> Result<Option<Class>, StoreError> {
    let next = Class { updated_at: now, version: class.version + 1, ..class };
    let rows = tx
        .q("UPDATE classes SET number = $2, state = $3, updated_at = $4, version = $5 WHERE id = $1 \
            AND NOT EXISTS (SELECT 1 FROM classes other WHERE other.id <> $1 AND other.school_id = $6 \
            AND other.stage = $7 AND other.entry_year = $8 AND other.number = $2)")
        .bind(next.id)
        .bind(next.number)
        .bind(next.state.word())
        .bind(next.updated_at)
        .bind(next.version)
        .bind(next.school)
        .bind(next.stage.word())
        .bind(next.entry_year)
        .exec()
        .await?;
    Ok((rows == 1).then_some(next))
}

/// Pupils who still belong to a class.
pub async fn pupils_with_place(tx: &mut Tx, id: ClassId) -> Result<i64, StoreError> {
    let query = tx.q("SELECT COUNT(*) FROM students WHERE class_id = $1 \
                      AND state IN ('enrolled', 'transferring', 'on_leave')");
    Ok(query.bind(id).get().await?)
}
