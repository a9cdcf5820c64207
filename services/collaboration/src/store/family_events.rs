//! Family events.

use super::{Source, StoreError, before, known};
use crate::domain::{
    evidence::EvidenceState,
    family_event::{ClassAttendance, FamilyEvent, FamilyEventKind},
    ids::{FamilyEventId, SchoolId, UserId},
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xinqiao_kit::{
    db::Tx,
    keys::{Keys, SubjectKey},
    page::Page,
    time::{SchoolYear, Ts},
};

const TABLE: &str = "family_events";

/// What of an event is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    topic: String,
    attachment: String,
    attendances: Vec<ClassAttendance>,
    void_reason: String,
}

#[derive(sqlx::FromRow)]
struct EventRow {
    id: Uuid,
    school_id: Uuid,
    kind: String,
    held_on: NaiveDate,
    minutes: i32,
    psychology: bool,
    state: String,
    author_id: Uuid,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
}

impl EventRow {
    fn event(self, key: &SubjectKey) -> Result<FamilyEvent, StoreError> {
        let content: Content = key.open_json(TABLE, "content", self.id, &self.content)?;
        Ok(FamilyEvent {
            id: FamilyEventId(self.id),
            school: SchoolId(self.school_id),
            kind: known(FamilyEventKind::of_word(&self.kind), (TABLE, "kind"))?,
            date: self.held_on,
            topic: content.topic,
            minutes: self.minutes,
            attendances: content.attendances,
            attachment: content.attachment,
            psychology: self.psychology,
            state: known(EvidenceState::of_word(&self.state), (TABLE, "state"))?,
            void_reason: content.void_reason,
            author: UserId(self.author_id),
            version: self.version,
            created_at: self.created_at,
        })
    }
}

fn sealed(keys: &Keys, event: &FamilyEvent) -> Result<Vec<u8>, StoreError> {
    let content = Content {
        topic: event.topic.clone(),
        attachment: event.attachment.clone(),
        attendances: event.attendances.clone(),
        void_reason: event.void_reason.clone(),
    };
    Ok(keys.service_subject().seal_json(TABLE, "content", event.id, &content)?)
}

/// Adds an event.
pub async fn insert(tx: &mut Tx, keys: &Keys, event: &FamilyEvent) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO family_events (id, school_id, kind, held_on, school_year, minutes, psychology, \
        invited, attended, state, author_id, content, version, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)";
    let query = tx.q(INSERT).bind(event.id).bind(event.school).bind(event.kind.word()).bind(event.date);
    let query = query.bind(SchoolYear::of(event.date).0).bind(event.minutes).bind(event.psychology);
    let query =
        query.bind(event.invited()).bind(event.attended()).bind(event.state.word()).bind(event.author);
    query.bind(sealed(keys, event)?).bind(event.version).bind(event.created_at).exec().await?;
    Ok(())
}

/// Writes that an event was voided; false when another change came first.
pub async fn update(tx: &mut Tx, keys: &Keys, event: &FamilyEvent) -> Result<bool, StoreError> {
    const UPDATE: &str =
        "UPDATE family_events SET state = $1, content = $2, version = $3 WHERE id = $4 AND version = $3 - 1";
    let query = tx.q(UPDATE).bind(event.state.word()).bind(sealed(keys, event)?).bind(event.version);
    Ok(query.bind(event.id).exec().await? == 1)
}

/// One event.
pub async fn find(
    mut from: impl Source,
    keys: &Keys,
    id: FamilyEventId,
) -> Result<Option<FamilyEvent>, StoreError> {
    const ONE: &str = "SELECT id, school_id, kind, held_on, minutes, psychology, state, author_id, content, version, \
        created_at FROM family_events WHERE id = $1";
    let row = from.q(ONE).bind(id).opt::<EventRow>().await?;
    row.map(|row| row.event(&keys.service_subject())).transpose()
}

/// Which events a list shows.
#[derive(Debug, Clone, Copy)]
pub struct Filter {
    /// Of this school.
    pub school: SchoolId,
    /// In this school year.
    pub year: SchoolYear,
    /// Only of this kind.
    pub kind: Option<FamilyEventKind>,
    /// Also those that were voided.
    pub voided: bool,
}

/// A page of events, newest first; one more than the page holds.
pub async fn list(
    mut from: impl Source,
    keys: &Keys,
    filter: Filter,
    page: &Page,
) -> Result<Vec<FamilyEvent>, StoreError> {
    const LIST: &str = "SELECT id, school_id, kind, held_on, minutes, psychology, state, author_id, content, version, \
        created_at FROM family_events WHERE school_id = $1 AND school_year = $2 AND ($3 IS NULL OR kind = $3) \
        AND ($4 OR state = 'held') AND (held_on, id) < ($5, $6) ORDER BY held_on DESC, id DESC LIMIT $7";
    let (day, id) = before(page);
    let query =
        from.q(LIST).bind(filter.school).bind(filter.year.0).bind(filter.kind.map(FamilyEventKind::word));
    let query = query.bind(filter.voided).bind(day).bind(id).bind(page.fetch());
    let key = keys.service_subject();
    query.all::<EventRow>().await?.into_iter().map(|row| row.event(&key)).collect()
}
