//! Pupils. All of what makes up a [`Student`] is read and written here, many at once, so that an import of a whole county and one pupil
//! go the same way.

use super::{Part, Seen, Source, StoreError, guardians, known, lookup_id};
use crate::domain::{
    identifiers::{IdNumber, StudentNumber},
    ids::{ClassId, SchoolId, StudentId},
    student::{GroupKind, Person, SpecialGroup, Student, StudentState},
};
use chrono::NaiveDate;
use std::collections::{HashMap, HashSet};
use uuid::Uuid;
use xinqiao_kit::{
    db::{IdList, Tx},
    insert_rows,
    keys::Keys,
    sql,
    time::Ts,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: StudentId,
    school_id: SchoolId,
    class_id: ClassId,
    state: String,
    person: Vec<u8>,
    created_at: Ts,
    updated_at: Ts,
    version: i64,
    to_school: Option<SchoolId>,
}

/// The columns and tables of a [`Row`].
macro_rules! select {
    ($($rest:expr),+ $(,)?) => {
        concat!(
            "SELECT s.id, s.school_id, s.class_id, s.state, s.person, s.created_at, s.updated_at, s.version, t.to_school \
             FROM students s LEFT JOIN transfers t ON t.student_id = s.id AND t.state = 'open' ",
            $($rest),+
        )
    };
}

/// Pupils `s` whom the caller may see by grants at their school, their class or themselves: binds $1 to $4.
macro_rules! granted {
    () => {
        "($1 OR s.school_id IN (SELECT unhex(value) FROM json_each($2)) \
         OR s.class_id IN (SELECT unhex(value) FROM json_each($3)) \
         OR s.id IN (SELECT unhex(value) FROM json_each($4)))"
    };
}

/// The same, and to the county centre the orange ones: binds $1 to $5.
macro_rules! seen {
    () => {
        concat!(
            "(",
            granted!(),
            " OR ($5 AND s.id IN (SELECT student_id FROM records WHERE colour = 'orange')))"
        )
    };
}
pub(super) use {granted, seen};

/// A pupil's place in the keyed look-up of ID numbers.
pub fn id_lookup(keys: &Keys, number: &IdNumber) -> Uuid {
    lookup_id(keys, "students.id_number", number.as_str())
}

/// A pupil's place in the keyed look-up of student numbers.
pub fn number_lookup(keys: &Keys, number: &StudentNumber) -> Uuid {
    lookup_id(keys, "students.student_number", number.as_str())
}

async fn complete(source: &mut impl Source, keys: &Keys, rows: Vec<Row>) -> Result<Vec<Student>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id.uuid()).collect();
    let list = IdList::from(ids.as_slice());
    let opened = source.keys(keys, &ids).await?;
    let mut guardians = guardians::of_students(source, keys, &list).await?;
    let mut groups = groups(source, list).await?;
    let mut students = Vec::with_capacity(rows.len());
    for row in rows {
        // A destroyed key is an erased pupil: there is nothing left to show.
        let Some(key) = opened.get(&row.id.uuid()) else { continue };
        let person: Person = key.open_json("students", "person", row.id, &row.person)?;
        students.push(Student {
            id: row.id,
            school: row.school_id,
            class: row.class_id,
            state: known("students", "state", StudentState::of_word(&row.state))?,
            person,
            groups: groups.remove(&row.id).unwrap_or_default(),
            guardians: guardians.remove(&row.id).unwrap_or_default(),
            transfer_to: row.to_school,
            created_at: row.created_at,
            updated_at: row.updated_at,
            version: row.version,
        });
    }
    Ok(students)
}

async fn groups(
    source: &mut impl Source,
    students: IdList,
) -> Result<HashMap<StudentId, Vec<SpecialGroup>>, StoreError> {
    let query = source.query(
        "SELECT student_id, kind, since, until, source FROM special_groups \
         WHERE student_id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY student_id, since, kind",
    );
    let rows =
        query.bind(students).all::<(StudentId, String, NaiveDate, Option<NaiveDate>, String)>().await?;
    let mut found: HashMap<StudentId, Vec<SpecialGroup>> = HashMap::new();
    for (student, kind, since, until, source) in rows {
        let kind = known("special_groups", "kind", GroupKind::of_word(&kind))?;
        found.entry(student).or_default().push(SpecialGroup { kind, since, until, source });
    }
    Ok(found)
}

/// A pupil.
pub async fn get(
    source: &mut impl Source,
    keys: &Keys,
    id: StudentId,
) -> Result<Option<Student>, StoreError> {
    let rows = source.query(select!("WHERE s.id = $1")).bind(id).all().await?;
    Ok(complete(source, keys, rows).await?.pop())
}

/// A pupil whom nobody else changes until the transaction ends.
pub async fn lock(tx: &mut Tx, keys: &Keys, id: StudentId) -> Result<Option<Student>, StoreError> {
    let locked = tx.q(sql!("SELECT id FROM students WHERE id = $1" pg " FOR UPDATE")).bind(id);
    if locked.get_opt::<Uuid>().await?.is_none() {
        return Ok(None);
    }
    get(tx, keys, id).await
}

/// The pupils with these ids, in the order of their ids.
pub async fn by_ids(
    source: &mut impl Source,
    keys: &Keys,
    ids: &[StudentId],
) -> Result<Vec<Student>, StoreError> {
    let query = source.query(select!("WHERE s.id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY s.id"));
    let rows = query.bind(IdList::from(ids)).all().await?;
    complete(source, keys, rows).await
}

/// The pupils with any of these numbers, made by [`id_lookup`] and [`number_lookup`].
pub async fn by_lookups(
    source: &mut impl Source,
    keys: &Keys,
    id_numbers: Vec<Uuid>,
    student_numbers: Vec<Uuid>,
) -> Result<Vec<Student>, StoreError> {
    let query = source.query(select!(
        "WHERE s.id IN (SELECT id FROM students WHERE id_lookup IN (SELECT unhex(value) FROM json_each($1)) \
         UNION SELECT id FROM students WHERE number_lookup IN (SELECT unhex(value) FROM json_each($2))) ORDER BY s.id"
    ));
    let rows = query.bind(IdList::from(id_numbers)).bind(IdList::from(student_numbers)).all().await?;
    complete(source, keys, rows).await
}

/// What a list of pupils is narrowed by.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only this school.
    pub school: Option<SchoolId>,
    /// Only this class.
    pub class: Option<ClassId>,
    /// Only this state.
    pub state: Option<StudentState>,
    /// Only who belongs to this group on that day.
    pub group: Option<(GroupKind, NaiveDate)>,
}

/// What every list of pupils is narrowed by, after where it begins: binds $6 to $10.
macro_rules! narrowed {
    () => {
        " AND ($6 = '' OR s.state = $6) AND ($7 = '' OR EXISTS (SELECT 1 FROM special_groups g \
         WHERE g.student_id = s.id AND g.kind = $7 AND g.since <= $8 AND (g.until IS NULL OR g.until >= $8))) \
         AND s.id > $9 ORDER BY s.id LIMIT $10"
    };
}

/// Pupils whom the caller may see. Three texts, so that each begins with an index: of the class, of the school, of the ids.
pub async fn list(
    source: &mut impl Source,
    keys: &Keys,
    seen: &Seen,
    filter: &Filter,
    part: Part,
) -> Result<Vec<Student>, StoreError> {
    let text = match (filter.class, filter.school) {
        (Some(_), Some(_)) => {
            select!("WHERE s.class_id = $11 AND s.school_id = $12 AND ", seen!(), narrowed!())
        }
        (Some(_), None) => select!("WHERE s.class_id = $11 AND ", seen!(), narrowed!()),
        (None, Some(_)) => select!("WHERE s.school_id = $11 AND ", seen!(), narrowed!()),
        (None, None) => select!("WHERE ", seen!(), narrowed!()),
    };
    let grants = &seen.grants;
    let (kind, day) = filter.group.map_or(("", NaiveDate::default()), |(kind, day)| (kind.word(), day));
    let query = source.query(text).bind(grants.all).bind(grants.schools.clone()).bind(grants.classes.clone());
    let query = query.bind(grants.students.clone()).bind(seen.orange);
    let query = query.bind(filter.state.map_or("", StudentState::word)).bind(kind).bind(day);
    let mut query = query.bind(part.after).bind(part.limit);
    if let Some(class) = filter.class {
        query = query.bind(class);
    }
    if let Some(school) = filter.school {
        query = query.bind(school);
    }
    let rows = query.all().await?;
    complete(source, keys, rows).await
}

/// Enters pupils with their groups and guardians. The ids of guardians who are known already are put right.
///
/// Gives the pupils whose ID number or student number somebody else has: they were not entered, and nothing of theirs was.
pub async fn insert(
    tx: &mut Tx,
    keys: &Keys,
    students: &mut [Student],
) -> Result<Vec<StudentId>, StoreError> {
    let ids: Vec<Uuid> = students.iter().map(|student| student.id.uuid()).collect();
    let opened = keys.subjects(tx, &ids).await?;
    let mut rows = Vec::with_capacity(students.len());
    for s in students.iter() {
        let key = known("students", "person", opened.get(&s.id.uuid()))?;
        let person = key.seal_json("students", "person", s.id, &s.person)?;
        let (id, number) = lookups(keys, &s.person);
        let state = s.state.word();
        rows.push((
            s.id,
            s.school,
            s.class,
            state,
            person,
            id,
            number,
            s.created_at,
            s.updated_at,
            s.version,
        ));
    }
    let entered = insert_rows!(
        tx,
        "students",
        [id, school_id, class_id, state, person, id_lookup, number_lookup, created_at, updated_at, version],
        rows,
        "ON CONFLICT DO NOTHING"
    )
    .await?;
    let refused = if entered == ids.len() as u64 { HashSet::new() } else { missing(tx, &ids).await? };
    let mut taken: Vec<&mut Student> = students.iter_mut().filter(|s| !refused.contains(&s.id)).collect();
    insert_groups(tx, &taken).await?;
    let mut of: Vec<_> = taken.iter_mut().map(|student| (student.id, &mut student.guardians)).collect();
    guardians::replace(tx, keys, &mut of).await?;
    Ok(refused.into_iter().collect())
}

fn lookups(keys: &Keys, person: &Person) -> (Option<Uuid>, Option<Uuid>) {
    let id = person.id_number.as_ref().map(|number| id_lookup(keys, number));
    let number = person.student_number.as_ref().map(|number| number_lookup(keys, number));
    (id, number)
}

async fn missing(tx: &mut Tx, ids: &[Uuid]) -> Result<HashSet<StudentId>, StoreError> {
    let query = tx.q("SELECT id FROM students WHERE id IN (SELECT unhex(value) FROM json_each($1))");
    let there: HashSet<StudentId> =
        query.bind(IdList::from(ids)).all::<(StudentId,)>().await?.into_iter().map(|(id,)| id).collect();
    Ok(ids.iter().map(|id| StudentId(*id)).filter(|id| !there.contains(id)).collect())
}

async fn insert_groups(tx: &mut Tx, students: &[&mut Student]) -> Result<(), StoreError> {
    let mut rows = Vec::new();
    for student in students {
        for group in &student.groups {
            rows.push((student.id, group.kind.word(), group.since, group.until, group.source.clone()));
        }
    }
    insert_rows!(
        tx,
        "special_groups",
        [student_id, kind, since, until, source],
        rows,
        "ON CONFLICT (student_id, kind, since) DO NOTHING"
    )
    .await?;
    Ok(())
}

/// Writes pupils who were locked, each as the next version: school, class, state, person, groups, guardians.
///
/// Gives the pupils whose new ID number or student number somebody else has: nothing of theirs was written.
pub async fn update(
    tx: &mut Tx,
    keys: &Keys,
    students: &mut [Student],
    now: Ts,
) -> Result<Vec<StudentId>, StoreError> {
    let ids: Vec<Uuid> = students.iter().map(|student| student.id.uuid()).collect();
    let opened = keys.subjects(tx, &ids).await?;
    let mut refused = Vec::new();
    for student in students.iter_mut() {
        let key = known("students", "person", opened.get(&student.id.uuid()))?;
        let person = key.seal_json("students", "person", student.id, &student.person)?;
        let (id, number) = lookups(keys, &student.person);
        let written = tx
            .q("UPDATE students SET school_id = $2, class_id = $3, state = $4, person = $5, id_lookup = $6, \
                number_lookup = $7, updated_at = $8, version = $9 WHERE id = $1 AND NOT EXISTS (SELECT 1 FROM students o \
                WHERE o.id <> $1 AND (o.id_lookup = $6 OR o.number_lookup = $7))")
            .bind(student.id)
            .bind(student.school)
            .bind(student.class)
            .bind(student.state.word())
            .bind(person)
            .bind(id)
            .bind(number)
            .bind(now)
            .bind(student.version + 1)
            .exec()
            .await?;
        if written == 0 {
            refused.push(student.id);
            continue;
        }
        student.updated_at = now;
        student.version += 1;
    }
    let mut taken: Vec<&mut Student> = students.iter_mut().filter(|s| !refused.contains(&s.id)).collect();
    let ids: IdList = taken.iter().map(|student| student.id).collect();
    tx.q("DELETE FROM special_groups WHERE student_id IN (SELECT unhex(value) FROM json_each($1))")
        .bind(ids)
        .exec()
        .await?;
    insert_groups(tx, &taken).await?;
    let mut of: Vec<_> = taken.iter_mut().map(|student| (student.id, &mut student.guardians)).collect();
    guardians::replace(tx, keys, &mut of).await?;
    Ok(refused)
}

/// Writes only where pupils are in school life, for many at once: graduation.
pub async fn set_state(
    tx: &mut Tx,
    students: &[StudentId],
    state: StudentState,
    now: Ts,
) -> Result<(), StoreError> {
    tx.q("UPDATE students SET state = $2, updated_at = $3, version = version + 1 \
          WHERE id IN (SELECT unhex(value) FROM json_each($1))")
        .bind(IdList::from(students))
        .bind(state.word())
        .bind(now)
        .exec()
        .await?;
    Ok(())
}
