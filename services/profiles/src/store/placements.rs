//! Where pupils are: what access depends on, and what the other services ask for. Names no one.

use super::{Part, Source, StoreError, known};
use crate::domain::{
    colour::Colour,
    ids::{ClassId, SchoolId, StudentId},
    stage::Stage,
    student::StudentState,
};
use uuid::Uuid;
use xinqiao_kit::{
    db::{IdList, TextList, Tx},
    sql,
};

/// Where a pupil is, with the colour: what every decision about a pupil begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The pupil.
    pub student: StudentId,
    /// The school, or the last one.
    pub school: SchoolId,
    /// The class, or the last one.
    pub class: ClassId,
    /// Where the pupil is in school life.
    pub state: StudentState,
    /// Colour in force.
    pub colour: Colour,
    /// The school that has been asked to take the pupil.
    pub transfer_to: Option<SchoolId>,
}

type PlaceRow = (StudentId, SchoolId, ClassId, String, String, Option<SchoolId>);

fn place((student, school, class, state, colour, transfer_to): PlaceRow) -> Result<Place, StoreError> {
    let state = known("students", "state", StudentState::of_word(&state))?;
    let colour = known("records", "colour", Colour::of_word(&colour))?;
    Ok(Place { student, school, class, state, colour, transfer_to })
}

macro_rules! select_place {
    ($rest:literal) => {
        concat!(
            "SELECT s.id, s.school_id, s.class_id, s.state, r.colour, t.to_school \
             FROM students s JOIN records r ON r.student_id = s.id \
             LEFT JOIN transfers t ON t.student_id = s.id AND t.state = 'open' ",
            $rest
        )
    };
}

/// Where a pupil is.
pub async fn get(source: &mut impl Source, student: StudentId) -> Result<Option<Place>, StoreError> {
    let query = source.query(select_place!("WHERE s.id = $1"));
    query.bind(student).opt::<PlaceRow>().await?.map(place).transpose()
}

/// Where a pupil is; nobody else changes anything about the pupil until the transaction ends. Every write about a pupil begins here, so that
/// two of them never interleave.
pub async fn lock(tx: &mut Tx, student: StudentId) -> Result<Option<Place>, StoreError> {
    let locked = tx.q(sql!("SELECT id FROM students WHERE id = $1" pg " FOR UPDATE")).bind(student);
    if locked.get_opt::<Uuid>().await?.is_none() {
        return Ok(None);
    }
    get(tx, student).await
}

/// Where these pupils are, in no order.
pub async fn by_ids(source: &mut impl Source, students: &[StudentId]) -> Result<Vec<Place>, StoreError> {
    let query = source.query(select_place!("WHERE s.id IN (SELECT unhex(value) FROM json_each($1))"));
    query.bind(IdList::from(students)).all::<PlaceRow>().await?.into_iter().map(place).collect()
}

/// Whose placements are asked for: the union of all that is named.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Whole schools.
    pub schools: Vec<SchoolId>,
    /// Classes.
    pub classes: Vec<ClassId>,
    /// Year groups: of a school or, without one, of every school.
    pub grades: Vec<(Option<SchoolId>, Stage, i32)>,
}

/// Pupils with a place in the scope, in the order of their ids.
pub async fn in_scope(source: &mut impl Source, scope: &Scope, part: Part) -> Result<Vec<Place>, StoreError> {
    let year = |stage: Stage, entry_year: i32| format!("{}:{entry_year}", stage.word());
    let everywhere: TextList =
        scope.grades.iter().filter(|g| g.0.is_none()).map(|(_, stage, entry)| year(*stage, *entry)).collect();
    let at_schools: Vec<ClassId> = classes_of_grades(source, scope).await?;
    let classes: Vec<ClassId> = scope.classes.iter().copied().chain(at_schools).collect();
    let query = source.query(select_place!(
        "JOIN classes c ON c.id = s.class_id WHERE s.state IN ('enrolled', 'transferring', 'on_leave') \
         AND (s.school_id IN (SELECT unhex(value) FROM json_each($1)) \
         OR s.class_id IN (SELECT unhex(value) FROM json_each($2)) \
         OR (c.stage || ':' || CAST(c.entry_year AS text)) IN (SELECT value FROM json_each($3))) \
         AND s.id > $4 ORDER BY s.id LIMIT $5"
    ));
    let query =
        query.bind(IdList::from(scope.schools.as_slice())).bind(IdList::from(classes)).bind(everywhere);
    query.bind(part.after).bind(part.limit).all::<PlaceRow>().await?.into_iter().map(place).collect()
}

async fn classes_of_grades(source: &mut impl Source, scope: &Scope) -> Result<Vec<ClassId>, StoreError> {
    let schools: Vec<SchoolId> = scope.grades.iter().filter_map(|grade| grade.0).collect();
    if schools.is_empty() {
        return Ok(Vec::new());
    }
    let query = source.query(
        "SELECT id, school_id, stage, entry_year FROM classes WHERE school_id IN (SELECT unhex(value) FROM json_each($1))",
    );
    let rows = query.bind(IdList::from(schools)).all::<(ClassId, SchoolId, String, i32)>().await?;
    let named = |school: SchoolId, stage: &str, entry: i32| {
        scope
            .grades
            .iter()
            .any(|grade| grade.0 == Some(school) && grade.1.word() == stage && grade.2 == entry)
    };
    Ok(rows.into_iter().filter(|row| named(row.1, &row.2, row.3)).map(|row| row.0).collect())
}

/// Running classes with the pupils at school in each, in the order of their ids.
pub async fn class_sizes(
    source: &mut impl Source,
    school: Option<SchoolId>,
    part: Part,
) -> Result<Vec<(ClassId, SchoolId, Stage, i32, i32, i64)>, StoreError> {
    let query = source.query(
        "SELECT c.id, c.school_id, c.stage, c.entry_year, c.number, \
         (SELECT COUNT(*) FROM students s WHERE s.class_id = c.id AND s.state IN ('enrolled', 'transferring')) \
         FROM classes c WHERE c.state = 'active' AND ($1 IS NULL OR c.school_id = $1) AND c.id > $2 ORDER BY c.id LIMIT $3",
    );
    let rows = query.bind(school).bind(part.after).bind(part.limit);
    rows.all::<(ClassId, SchoolId, String, i32, i32, i64)>()
        .await?
        .into_iter()
        .map(|row| {
            let stage = known("classes", "stage", Stage::of_word(&row.2))?;
            Ok((row.0, row.1, stage, row.3, row.4, row.5))
        })
        .collect()
}

/// The pupils of these classes who graduate with them: at school or on leave.
pub async fn of_classes(source: &mut impl Source, classes: &[ClassId]) -> Result<Vec<Place>, StoreError> {
    let query = source.query(select_place!(
        "WHERE s.class_id IN (SELECT unhex(value) FROM json_each($1)) AND s.state IN ('enrolled', 'on_leave') ORDER BY s.id"
    ));
    query.bind(IdList::from(classes)).all::<PlaceRow>().await?.into_iter().map(place).collect()
}
