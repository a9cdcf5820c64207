//! Trainings and who attended them.

use super::{Source, StoreError, before, joined, known, split};
use crate::domain::{
    ids::{SchoolId, StaffId, TrainingId, UserId},
    staff_training::{Attendance, StaffGroup, Training, TrainingState},
    training_figure::Attended,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    authz::Visibility,
    db::{IdList, Tx},
    ids::Ids,
    insert_rows,
    keys::{Keys, SubjectKey},
    page::Page,
    time::{SchoolYear, Ts},
};

const TABLE: &str = "trainings";

/// What of a training is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    topic: String,
    trainer: String,
    attachment: String,
}

#[derive(sqlx::FromRow)]
struct TrainingRow {
    id: Uuid,
    organiser_id: Option<Uuid>,
    held_on: NaiveDate,
    minutes: i32,
    audience: String,
    state: String,
    attendees: i32,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
    updated_at: Ts,
}

impl TrainingRow {
    fn training(self, key: &SubjectKey) -> Result<Training, StoreError> {
        let content: Content = key.open_json(TABLE, "content", self.id, &self.content)?;
        Ok(Training {
            id: TrainingId(self.id),
            organiser: self.organiser_id.map(SchoolId),
            topic: content.topic,
            date: self.held_on,
            minutes: self.minutes,
            groups: split(&self.audience, StaffGroup::of_word, (TABLE, "audience"))?,
            trainer: content.trainer,
            attachment: content.attachment,
            state: known(TrainingState::of_word(&self.state), (TABLE, "state"))?,
            attendees: self.attendees,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Adds a training.
pub async fn insert(tx: &mut Tx, keys: &Keys, training: &Training) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO trainings (id, organiser_id, held_on, school_year, minutes, audience, state, \
        attendees, content, version, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let query = tx.q(INSERT).bind(training.id).bind(training.organiser).bind(training.date);
    let query = query.bind(SchoolYear::of(training.date).0).bind(training.minutes).bind(groups(training));
    let query = query.bind(training.state.word()).bind(training.attendees).bind(sealed(keys, training)?);
    query.bind(training.version).bind(training.created_at).bind(training.updated_at).exec().await?;
    Ok(())
}

/// Writes a training's new state; false when another change came first.
pub async fn update(tx: &mut Tx, keys: &Keys, training: &Training) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE trainings SET held_on = $1, school_year = $2, minutes = $3, audience = $4, state = $5, \
        attendees = $6, content = $7, version = $8, updated_at = $9 WHERE id = $10 AND version = $8 - 1";
    let query = tx.q(UPDATE).bind(training.date).bind(SchoolYear::of(training.date).0).bind(training.minutes);
    let query = query.bind(groups(training)).bind(training.state.word()).bind(training.attendees);
    let query = query.bind(sealed(keys, training)?).bind(training.version).bind(training.updated_at);
    Ok(query.bind(training.id).exec().await? == 1)
}

fn groups(training: &Training) -> String {
    joined(training.groups.iter().map(|group| group.word()))
}

fn sealed(keys: &Keys, training: &Training) -> Result<Vec<u8>, StoreError> {
    let content = Content {
        topic: training.topic.clone(),
        trainer: training.trainer.clone(),
        attachment: training.attachment.clone(),
    };
    Ok(keys.service_subject().seal_json(TABLE, "content", training.id, &content)?)
}

/// One training.
pub async fn find(
    mut from: impl Source,
    keys: &Keys,
    id: TrainingId,
) -> Result<Option<Training>, StoreError> {
    const ONE: &str = "SELECT id, organiser_id, held_on, minutes, audience, state, attendees, content, version, created_at, \
        updated_at FROM trainings WHERE id = $1";
    let row = from.q(ONE).bind(id).opt::<TrainingRow>().await?;
    row.map(|row| row.training(&keys.service_subject())).transpose()
}

/// A page of the trainings of a year that may be seen, newest first; those of the county are for everybody who sees any. One more
/// than the page holds.
pub async fn list(
    mut from: impl Source,
    keys: &Keys,
    see: Visibility,
    (organiser, year): (Option<SchoolId>, SchoolYear),
    page: &Page,
) -> Result<Vec<Training>, StoreError> {
    const LIST: &str = "SELECT id, organiser_id, held_on, minutes, audience, state, attendees, content, version, \
        created_at, updated_at FROM trainings WHERE school_year = $1 \
        AND ($2 OR organiser_id IS NULL OR organiser_id IN (SELECT unhex(value) FROM json_each($3))) \
        AND ($4 IS NULL OR organiser_id = $4) AND (held_on, id) < ($5, $6) \
        ORDER BY held_on DESC, id DESC LIMIT $7";
    let (day, id) = before(page);
    let query = from.q(LIST).bind(year.0).bind(see.all).bind(see.schools).bind(organiser).bind(day).bind(id);
    let key = keys.service_subject();
    let rows = query.bind(page.fetch()).all::<TrainingRow>().await?;
    rows.into_iter().map(|row| row.training(&key)).collect()
}

/// Records attendances: they take the place of what counted for those people before.
pub async fn record(
    tx: &mut Tx,
    ids: &Ids,
    training: TrainingId,
    given: &[Attendance],
) -> Result<(), StoreError> {
    const SUPERSEDE: &str = "UPDATE attendances SET counts = false WHERE training_id = $1 AND counts \
        AND staff_id IN (SELECT unhex(value) FROM json_each($2))";
    let people: IdList = given.iter().map(|one| one.staff).collect();
    tx.q(SUPERSEDE).bind(training).bind(people).exec().await?;
    let mut rows = Vec::with_capacity(given.len());
    for one in given {
        rows.push((ids.new_id(), training, one.staff, one.minutes, true, one.recorder, one.recorded_at));
    }
    insert_rows!(
        tx,
        "attendances",
        [id, training_id, staff_id, minutes, counts, recorder_id, recorded_at],
        rows
    )
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct AttendanceRow {
    staff_id: Uuid,
    minutes: i32,
    recorded_at: Ts,
    recorder_id: Uuid,
}

/// A page of the attendances of a training that count, by person; one more than the page holds.
pub async fn attendances(
    mut from: impl Source,
    training: TrainingId,
    page: &Page,
) -> Result<Vec<Attendance>, StoreError> {
    const LIST: &str = "SELECT staff_id, minutes, recorded_at, recorder_id FROM attendances \
        WHERE training_id = $1 AND counts AND staff_id > $2 ORDER BY staff_id LIMIT $3";
    let rows =
        from.q(LIST).bind(training).bind(page.after_id(0)).bind(page.fetch()).all::<AttendanceRow>().await?;
    let attendance = |row: AttendanceRow| Attendance {
        staff: StaffId(row.staff_id),
        minutes: row.minutes,
        recorded_at: row.recorded_at,
        recorder: UserId(row.recorder_id),
    };
    Ok(rows.into_iter().map(attendance).collect())
}

/// How many people attended a training, and the longest of their minutes.
pub async fn attended(tx: &mut Tx, training: TrainingId) -> Result<(i32, i32), StoreError> {
    const COUNT: &str = "SELECT COUNT(*), COALESCE(MAX(minutes), 0) FROM attendances \
        WHERE training_id = $1 AND counts AND minutes > 0";
    let (people, longest): (i64, i32) = tx.q(COUNT).bind(training).one().await?;
    Ok((i32::try_from(people).unwrap_or(i32::MAX), longest))
}

/// Whether somebody attended a training that counts.
pub async fn did_attend(tx: &mut Tx, training: TrainingId, staff: StaffId) -> Result<bool, StoreError> {
    const DID: &str = "SELECT a.minutes FROM attendances a JOIN trainings t ON t.id = a.training_id \
        WHERE a.training_id = $1 AND a.staff_id = $2 AND a.counts AND a.minutes > 0 AND t.state = 'held'";
    Ok(tx.q(DID).bind(training).bind(staff).get_opt::<i32>().await?.is_some())
}

/// What everybody attended in a school year.
pub async fn attended_by_staff(
    mut from: impl Source,
    year: SchoolYear,
    school: Option<SchoolId>,
) -> Result<HashMap<StaffId, Attended>, StoreError> {
    macro_rules! attended_where {
        ($condition:literal) => {
            concat!(
                "SELECT a.staff_id, COUNT(*), CAST(SUM(a.minutes) AS BIGINT) FROM trainings t ",
                "JOIN attendances a ON a.training_id = t.id AND a.counts AND a.minutes > 0 ",
                "WHERE t.school_year = $1 AND t.state = 'held' ",
                $condition,
                " GROUP BY a.staff_id"
            )
        };
    }
    let query = match school {
        Some(school) => from
            .q(attended_where!("AND a.staff_id IN (SELECT id FROM staff WHERE school_id = $2)"))
            .bind(year.0)
            .bind(school),
        None => from.q(attended_where!("")).bind(year.0),
    };
    let rows: Vec<(Uuid, i64, i64)> = query.all().await?;
    let attended = |(staff, trainings, minutes)| (StaffId(staff), Attended { trainings, minutes });
    Ok(rows.into_iter().map(attended).collect())
}

/// How many trainings of the county somebody of each school attended in a school year (P4.3).
pub async fn county_trainings(
    mut from: impl Source,
    year: SchoolYear,
) -> Result<HashMap<SchoolId, i64>, StoreError> {
    const COUNT: &str = "SELECT s.school_id, COUNT(DISTINCT t.id) FROM trainings t \
        JOIN attendances a ON a.training_id = t.id AND a.counts AND a.minutes > 0 \
        JOIN staff s ON s.id = a.staff_id AND s.active \
        WHERE t.school_year = $1 AND t.state = 'held' AND t.organiser_id IS NULL AND s.school_id IS NOT NULL \
        GROUP BY s.school_id";
    let rows: Vec<(Uuid, i64)> = from.q(COUNT).bind(year.0).all().await?;
    Ok(rows.into_iter().map(|(school, count)| (SchoolId(school), count)).collect())
}
