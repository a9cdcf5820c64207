//! The list.

use super::{Stored, Window, place};
use crate::domain::{
    entry::{Entry, EntryContent},
    ids::{EntryId, StudentId},
};
use chrono::NaiveDate;
use uuid::Uuid;
use xinqiao_kit::{
    db::Tx,
    keys::{Keys, SubjectKey},
    time::Ts,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: EntryId,
    version: i64,
    student_id: StudentId,
    school_id: Uuid,
    class_id: Uuid,
    enter_day: NaiveDate,
    exit_day: Option<NaiveDate>,
    content: Vec<u8>,
    created_at: Ts,
}

impl Row {
    fn open(self, key: &SubjectKey) -> Stored<Entry> {
        let content: EntryContent = key.open_json("entries", "content", self.id, &self.content)?;
        Ok(Entry {
            id: self.id,
            version: self.version,
            student: self.student_id,
            place: place(self.school_id, self.class_id),
            enter_day: self.enter_day,
            exit_day: self.exit_day,
            content,
            create_time: self.created_at,
        })
    }
}

macro_rules! columns {
    () => {
        "id, version, student_id, school_id, class_id, enter_day, exit_day, content, created_at"
    };
}

/// Puts a pupil on the list; false if the pupil is on it.
pub async fn insert(tx: &mut Tx, entry: &Entry, key: &SubjectKey) -> Stored<bool> {
    let content = key.seal_json("entries", "content", entry.id, &entry.content)?;
    let query = tx.q(
        "INSERT INTO entries (id, version, student_id, school_id, class_id, enter_day, content, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (student_id) WHERE exit_day IS NULL DO NOTHING",
    );
    let added = query
        .bind(entry.id)
        .bind(entry.version)
        .bind(entry.student)
        .bind(entry.place.school)
        .bind(entry.place.class)
        .bind(entry.enter_day)
        .bind(content)
        .bind(entry.create_time)
        .exec()
        .await?;
    Ok(added == 1)
}

/// One entry; none if its pupil was erased.
pub async fn get(tx: &mut Tx, id: EntryId, keys: &Keys) -> Stored<Option<Entry>> {
    let row =
        tx.q(concat!("SELECT ", columns!(), " FROM entries WHERE id = $1")).bind(id).opt::<Row>().await?;
    Ok(open_all(tx, row.into_iter().collect(), keys).await?.pop())
}

/// The stay of a pupil who is on the list.
pub async fn current(tx: &mut Tx, student: StudentId, keys: &Keys) -> Stored<Option<Entry>> {
    let query =
        tx.q(concat!("SELECT ", columns!(), " FROM entries WHERE student_id = $1 AND exit_day IS NULL"));
    let row = query.bind(student).opt::<Row>().await?;
    Ok(open_all(tx, row.into_iter().collect(), keys).await?.pop())
}

/// Entries, newest first.
pub async fn list(
    tx: &mut Tx,
    window: &Window,
    student: Option<StudentId>,
    exited: bool,
    keys: &Keys,
) -> Stored<Vec<Entry>> {
    let query = tx.q(concat!(
        "SELECT ",
        columns!(),
        " FROM entries WHERE ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)))
          AND id < $3 AND ($4 IS NULL OR student_id = $4) AND ($5 OR exit_day IS NULL) ORDER BY id DESC LIMIT $6"
    ));
    let rows = window
        .bind_schools(query)
        .bind(window.from)
        .bind(student)
        .bind(exited)
        .bind(window.fetch)
        .all::<Row>()
        .await?;
    open_all(tx, rows, keys).await
}

async fn open_all(tx: &mut Tx, rows: Vec<Row>, keys: &Keys) -> Stored<Vec<Entry>> {
    let students: Vec<Uuid> = rows.iter().map(|row| row.student_id.uuid()).collect();
    let found = keys.existing_tx(tx, &students).await?;
    rows.into_iter().filter_map(|row| found.get(&row.student_id.uuid()).map(|key| row.open(key))).collect()
}

/// Takes a pupil off the list; false if the row has changed since it was read.
pub async fn exit(tx: &mut Tx, entry: &Entry, day: NaiveDate, key: &SubjectKey) -> Stored<bool> {
    let content = key.seal_json("entries", "content", entry.id, &entry.content)?;
    let query = tx.q("UPDATE entries SET exit_day = $3, content = $4, version = version + 1
        WHERE id = $1 AND version = $2 AND exit_day IS NULL");
    Ok(query.bind(entry.id).bind(entry.version).bind(day).bind(content).exec().await? == 1)
}
