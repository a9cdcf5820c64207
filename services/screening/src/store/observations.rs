//! Observations and class meetings.

use super::{Stored, Window, place, unknown};
use crate::domain::{
    finding::{Meeting, Observation, ObservationContent, ObservationState},
    ids::{ObservationId, StudentId, UserId},
    level::Level,
};
use uuid::Uuid;
use xinqiao_kit::{
    db::Tx,
    keys::{KeyError, Keys, SubjectKey},
    time::Ts,
};

#[derive(sqlx::FromRow)]
struct Row {
    id: ObservationId,
    school_id: Uuid,
    class_id: Uuid,
    student_id: Option<StudentId>,
    instrument_id: String,
    instrument_version: i32,
    level: Option<String>,
    by_peer: bool,
    observed_at: Ts,
    created_at: Ts,
    content: Vec<u8>,
}

impl Row {
    fn open(self, key: &SubjectKey) -> Stored<Observation> {
        let content = key.open_json("observations", "content", self.id, &self.content)?;
        let level =
            self.level.map(|word| Level::of_word(&word).ok_or_else(|| unknown("observations", "level")));
        Ok(Observation {
            id: self.id,
            place: place(self.school_id, self.class_id),
            student: self.student_id,
            instrument: (self.instrument_id, self.instrument_version),
            observe_time: self.observed_at,
            create_time: self.created_at,
            by_peer: self.by_peer,
            level: level.transpose()?,
            content,
        })
    }
}

macro_rules! columns {
    () => {
        "id, school_id, class_id, student_id, instrument_id, instrument_version, level, by_peer, observed_at, created_at, content"
    };
}

/// The state that follows from whether the pupil is known.
pub fn state(observation: &Observation) -> ObservationState {
    if observation.student.is_some() { ObservationState::Matched } else { ObservationState::Unmatched }
}

/// The key that an observation is sealed with: the pupil's, or the service's while there is no pupil.
async fn key_of(tx: &mut Tx, student: Option<StudentId>, keys: &Keys) -> Stored<SubjectKey> {
    match student {
        Some(student) => keys.subject(tx, student.uuid()).await,
        None => Ok(keys.service_subject()),
    }
}

fn sealed(id: ObservationId, content: &ObservationContent, key: &SubjectKey) -> Stored<Vec<u8>> {
    key.seal_json("observations", "content", id, content)
}

/// Adds an observation.
pub async fn insert(tx: &mut Tx, observation: &Observation, keys: &Keys) -> Stored<()> {
    let key = key_of(tx, observation.student, keys).await?;
    let content = sealed(observation.id, &observation.content, &key)?;
    let query = tx.q("INSERT INTO observations (id, school_id, class_id, student_id, instrument_id, instrument_version, state, level, by_peer,
            observed_at, created_at, content)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)");
    query
        .bind(observation.id)
        .bind(observation.place.school)
        .bind(observation.place.class)
        .bind(observation.student)
        .bind(observation.instrument.0.clone())
        .bind(observation.instrument.1)
        .bind(state(observation).word())
        .bind(observation.level.map(Level::word))
        .bind(observation.by_peer)
        .bind(observation.observe_time)
        .bind(observation.create_time)
        .bind(content)
        .exec()
        .await?;
    Ok(())
}

/// Says whom an observation is about: it is sealed anew with the pupil's key. False if somebody was faster.
pub async fn set_student(tx: &mut Tx, observation: &Observation, keys: &Keys) -> Stored<bool> {
    let key = key_of(tx, observation.student, keys).await?;
    let content = sealed(observation.id, &observation.content, &key)?;
    let query = tx.q("UPDATE observations SET student_id = $2, state = 'matched', level = $3, content = $4
        WHERE id = $1 AND state = 'unmatched'");
    let query = query
        .bind(observation.id)
        .bind(observation.student)
        .bind(observation.level.map(Level::word))
        .bind(content);
    Ok(query.exec().await? == 1)
}

/// One observation; none if its pupil was erased.
pub async fn get(tx: &mut Tx, id: ObservationId, keys: &Keys) -> Stored<Option<Observation>> {
    let row = tx
        .q(concat!("SELECT ", columns!(), " FROM observations WHERE id = $1"))
        .bind(id)
        .opt::<Row>()
        .await?;
    Ok(open_all(tx, row.into_iter().collect(), keys).await?.pop())
}

/// Observations, newest first.
pub async fn list(
    tx: &mut Tx,
    window: &Window,
    state: Option<ObservationState>,
    student: Option<StudentId>,
    keys: &Keys,
) -> Stored<Vec<Observation>> {
    let query = tx.q(concat!(
        "SELECT ",
        columns!(),
        " FROM observations WHERE ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)))
          AND id < $3 AND ($4 = '' OR state = $4) AND ($5 IS NULL OR student_id = $5) ORDER BY id DESC LIMIT $6"
    ));
    let state = state.map_or("", ObservationState::word);
    let rows = window
        .bind_schools(query)
        .bind(window.from)
        .bind(state)
        .bind(student)
        .bind(window.fetch)
        .all::<Row>()
        .await?;
    open_all(tx, rows, keys).await
}

async fn open_all(tx: &mut Tx, rows: Vec<Row>, keys: &Keys) -> Stored<Vec<Observation>> {
    let students: Vec<Uuid> = rows.iter().filter_map(|row| row.student_id).map(StudentId::uuid).collect();
    let found = keys.existing_tx(tx, &students).await?;
    let service = keys.service_subject();
    let opened = rows.into_iter().filter_map(|row| {
        let key = match row.student_id {
            Some(student) => found.get(&student.uuid())?.clone(),
            None => service.clone(),
        };
        Some(row.open(&key))
    });
    opened.collect::<Result<Vec<_>, KeyError>>()
}

/// Adds a class meeting; what was noticed stands in the findings of the pupils.
pub async fn insert_meeting(tx: &mut Tx, meeting: &Meeting, creator: UserId, keys: &Keys) -> Stored<()> {
    let topic = keys.service_subject().seal_text("class_meetings", "topic", meeting.id, &meeting.topic)?;
    let query = tx
        .q("INSERT INTO class_meetings (id, school_id, class_id, day, covered, topic, creator, created_at)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8)");
    query
        .bind(meeting.id)
        .bind(meeting.place.school)
        .bind(meeting.place.class)
        .bind(meeting.day)
        .bind(meeting.covered)
        .bind(topic)
        .bind(creator)
        .bind(meeting.create_time)
        .exec()
        .await?;
    Ok(())
}
