//! Lessons and their corrections.

use super::{Source, StoreError, before, facts::ClassRow, joined, known, split};
use crate::domain::{
    facts::Class,
    ids::{ClassId, LessonId, SchoolId, StaffId, UserId},
    lesson::{Change, Entry, Lesson, LessonFacts, LessonState},
    lesson_figure::Held,
    stage::{Education, LessonKind, Stage},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xinqiao_kit::{
    db::Tx,
    ids::Ids,
    keys::{Keys, SubjectKey},
    page::Page,
    time::{SchoolYear, Ts},
};

const TABLE: &str = "lessons";
const ENTRIES: &str = "lesson_entries";

/// What of a lesson is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    topic: String,
    attachment: String,
}

/// What of a correction is sealed.
#[derive(Serialize, Deserialize)]
struct EntryContent {
    reason: String,
    changes: Vec<Change>,
}

#[derive(sqlx::FromRow)]
struct LessonRow {
    id: Uuid,
    school_id: Uuid,
    class_id: Uuid,
    stage: String,
    held_on: NaiveDate,
    period: i32,
    teacher_id: Uuid,
    minutes: i32,
    kind: String,
    educations: String,
    state: String,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
    updated_at: Ts,
}

impl LessonRow {
    fn lesson(self, key: &SubjectKey) -> Result<Lesson, StoreError> {
        let content: Content = key.open_json(TABLE, "content", self.id, &self.content)?;
        Ok(Lesson {
            id: LessonId(self.id),
            school: SchoolId(self.school_id),
            class: ClassId(self.class_id),
            stage: known(Stage::of_word(&self.stage), (TABLE, "stage"))?,
            facts: LessonFacts {
                date: self.held_on,
                period: self.period,
                teacher: StaffId(self.teacher_id),
                topic: content.topic,
                minutes: self.minutes,
                kind: known(LessonKind::of_word(&self.kind), (TABLE, "kind"))?,
                educations: split(&self.educations, Education::of_word, (TABLE, "educations"))?,
                attachment: content.attachment,
            },
            state: known(LessonState::of_word(&self.state), (TABLE, "state"))?,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
            entries: Vec::new(),
        })
    }
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    id: Uuid,
    author_id: Uuid,
    entered_at: Ts,
    content: Vec<u8>,
}

impl EntryRow {
    fn entry(self, key: &SubjectKey) -> Result<Entry, StoreError> {
        let content: EntryContent = key.open_json(ENTRIES, "content", self.id, &self.content)?;
        let author = UserId(self.author_id);
        Ok(Entry { at: self.entered_at, author, reason: content.reason, changes: content.changes })
    }
}

/// Adds a lesson; false when its class already has one at that date and period.
pub async fn insert(tx: &mut Tx, keys: &Keys, lesson: &Lesson) -> Result<bool, StoreError> {
    const INSERT: &str = "INSERT INTO lessons (id, school_id, class_id, stage, held_on, school_year, period, teacher_id, \
        minutes, kind, educations, state, content, version, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) ON CONFLICT DO NOTHING";
    let facts = &lesson.facts;
    let query = tx.q(INSERT).bind(lesson.id).bind(lesson.school).bind(lesson.class).bind(lesson.stage.word());
    let query = query
        .bind(facts.date)
        .bind(facts.year().0)
        .bind(facts.period)
        .bind(facts.teacher)
        .bind(facts.minutes);
    let query = query.bind(facts.kind.word()).bind(educations(facts)).bind(lesson.state.word());
    let query = query.bind(sealed(keys, lesson)?).bind(lesson.version).bind(lesson.created_at);
    Ok(query.bind(lesson.updated_at).exec().await? == 1)
}

/// Writes a lesson's new state and its newest entry; false when another change came first.
pub async fn update(tx: &mut Tx, keys: &Keys, ids: &Ids, lesson: &Lesson) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE lessons SET held_on = $1, school_year = $2, period = $3, teacher_id = $4, minutes = $5, \
        kind = $6, educations = $7, state = $8, content = $9, version = $10, updated_at = $11 \
        WHERE id = $12 AND version = $10 - 1";
    let facts = &lesson.facts;
    let query = tx.q(UPDATE).bind(facts.date).bind(facts.year().0).bind(facts.period).bind(facts.teacher);
    let query =
        query.bind(facts.minutes).bind(facts.kind.word()).bind(educations(facts)).bind(lesson.state.word());
    let query =
        query.bind(sealed(keys, lesson)?).bind(lesson.version).bind(lesson.updated_at).bind(lesson.id);
    if query.exec().await? != 1 {
        return Ok(false);
    }
    if let Some(entry) = lesson.entries.last() {
        insert_entry(tx, keys, ids, lesson, entry).await?;
    }
    Ok(true)
}

async fn insert_entry(
    tx: &mut Tx,
    keys: &Keys,
    ids: &Ids,
    lesson: &Lesson,
    entry: &Entry,
) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO lesson_entries (id, lesson_id, number, author_id, entered_at, content) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    let id = ids.new_id();
    let number = i32::try_from(lesson.entries.len()).unwrap_or(i32::MAX);
    let content = EntryContent { reason: entry.reason.clone(), changes: entry.changes.clone() };
    let content = keys.service_subject().seal_json(ENTRIES, "content", id, &content)?;
    let query = tx.q(INSERT).bind(id).bind(lesson.id).bind(number).bind(entry.author).bind(entry.at);
    query.bind(content).exec().await?;
    Ok(())
}

fn educations(facts: &LessonFacts) -> String {
    joined(facts.educations.iter().map(|education| education.word()))
}

fn sealed(keys: &Keys, lesson: &Lesson) -> Result<Vec<u8>, StoreError> {
    let content = Content { topic: lesson.facts.topic.clone(), attachment: lesson.facts.attachment.clone() };
    Ok(keys.service_subject().seal_json(TABLE, "content", lesson.id, &content)?)
}

/// One lesson with its entries.
pub async fn find(mut from: impl Source, keys: &Keys, id: LessonId) -> Result<Option<Lesson>, StoreError> {
    const ONE: &str = "SELECT id, school_id, class_id, stage, held_on, period, teacher_id, minutes, kind, educations, \
        state, content, version, created_at, updated_at FROM lessons WHERE id = $1";
    const ITS_ENTRIES: &str =
        "SELECT id, author_id, entered_at, content FROM lesson_entries WHERE lesson_id = $1 ORDER BY number";
    let key = keys.service_subject();
    let Some(row) = from.q(ONE).bind(id).opt::<LessonRow>().await? else { return Ok(None) };
    let mut lesson = row.lesson(&key)?;
    let entries = from.q(ITS_ENTRIES).bind(id).all::<EntryRow>().await?;
    lesson.entries = entries.into_iter().map(|row| row.entry(&key)).collect::<Result<_, _>>()?;
    Ok(Some(lesson))
}

/// Whether the class has a lesson that counts at that date and period, other than `but`.
pub async fn slot_taken(
    tx: &mut Tx,
    class: ClassId,
    date: NaiveDate,
    period: i32,
    but: Option<LessonId>,
) -> Result<bool, StoreError> {
    const TAKEN: &str =
        "SELECT id FROM lessons WHERE class_id = $1 AND held_on = $2 AND period = $3 AND state = 'held'";
    let there: Option<Uuid> = tx.q(TAKEN).bind(class).bind(date).bind(period).get_opt().await?;
    Ok(there.is_some_and(|id| Some(LessonId(id)) != but))
}

/// Which lessons a list shows.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Of this school.
    pub school: SchoolId,
    /// In this school year.
    pub year: SchoolYear,
    /// Only of this class.
    pub class: Option<ClassId>,
    /// Only of this kind.
    pub kind: Option<LessonKind>,
    /// Also those that were voided.
    pub voided: bool,
}

/// A page of lessons, newest first, without their entries; one more than the page holds.
pub async fn list(
    mut from: impl Source,
    keys: &Keys,
    filter: Filter,
    page: &Page,
) -> Result<Vec<Lesson>, StoreError> {
    const LIST: &str = "SELECT id, school_id, class_id, stage, held_on, period, teacher_id, minutes, kind, educations, \
        state, content, version, created_at, updated_at FROM lessons \
        WHERE school_id = $1 AND school_year = $2 AND ($3 IS NULL OR class_id = $3) AND ($4 IS NULL OR kind = $4) \
        AND ($5 OR state = 'held') AND (held_on, id) < ($6, $7) ORDER BY held_on DESC, id DESC LIMIT $8";
    let (day, id) = before(page);
    let query = from.q(LIST).bind(filter.school).bind(filter.year.0).bind(filter.class);
    let query = query.bind(filter.kind.map(LessonKind::word)).bind(filter.voided).bind(day).bind(id);
    let rows = query.bind(page.fetch()).all::<LessonRow>().await?;
    let key = keys.service_subject();
    rows.into_iter().map(|row| row.lesson(&key)).collect()
}

#[derive(sqlx::FromRow)]
struct HeldRow {
    #[sqlx(flatten)]
    class: ClassRow,
    lessons: i64,
    minutes: i64,
    universal_minutes: i64,
}

/// The classes of a school, or of all schools together, that may be in a grade in `year`, with what was held in each.
pub async fn held(
    mut from: impl Source,
    year: SchoolYear,
    school: Option<SchoolId>,
) -> Result<Vec<(Class, Held)>, StoreError> {
    macro_rules! held_where {
        ($condition:literal) => {
            concat!(
                "SELECT c.id, c.school_id, c.stage, c.entry_year, c.number, c.closed_on, COUNT(l.id) AS lessons, ",
                "CAST(COALESCE(SUM(l.minutes), 0) AS BIGINT) AS minutes, ",
                "CAST(COALESCE(SUM(CASE WHEN l.kind = 'universal' THEN l.minutes ELSE 0 END), 0) AS BIGINT) ",
                "AS universal_minutes FROM classes c LEFT JOIN lessons l ",
                "ON l.class_id = c.id AND l.school_year = $1 AND l.state = 'held' ",
                "WHERE c.entry_year BETWEEN $1 - 5 AND $1 ",
                $condition,
                " GROUP BY c.id"
            )
        };
    }
    let query = match school {
        Some(school) => from.q(held_where!("AND c.school_id = $2")).bind(year.0).bind(school),
        None => from.q(held_where!("")).bind(year.0),
    };
    let rows = query.all::<HeldRow>().await?;
    rows.into_iter()
        .map(|row| {
            let held =
                Held { lessons: row.lessons, minutes: row.minutes, universal_minutes: row.universal_minutes };
            Ok((row.class.class()?, held))
        })
        .collect()
}
