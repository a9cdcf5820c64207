//! Activities.

use super::{Source, StoreError, before, joined, known, split};
use crate::domain::{
    activity::{Activity, ActivityState, Actor, Area, Channel, Occasion, Tally},
    ids::{ActivityId, SchoolId},
    stage::Education,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use uuid::Uuid;
use xinqiao_kit::{
    db::Tx,
    keys::{Keys, SubjectKey},
    page::Page,
    time::{SchoolYear, Ts},
};

const TABLE: &str = "activities";

/// What of an activity is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    title: String,
    attachment: String,
}

#[derive(sqlx::FromRow)]
struct ActivityRow {
    id: Uuid,
    school_id: Uuid,
    area: String,
    occasion: String,
    held_on: NaiveDate,
    channel: String,
    actors: String,
    educations: String,
    participants: i32,
    state: String,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
    updated_at: Ts,
}

impl ActivityRow {
    fn activity(self, key: &SubjectKey) -> Result<Activity, StoreError> {
        let content: Content = key.open_json(TABLE, "content", self.id, &self.content)?;
        Ok(Activity {
            id: ActivityId(self.id),
            school: SchoolId(self.school_id),
            area: known(Area::of_word(&self.area), (TABLE, "area"))?,
            occasion: known(Occasion::of_word(&self.occasion), (TABLE, "occasion"))?,
            title: content.title,
            date: self.held_on,
            channel: known(Channel::of_word(&self.channel), (TABLE, "channel"))?,
            actors: split(&self.actors, Actor::of_word, (TABLE, "actors"))?,
            educations: split(&self.educations, Education::of_word, (TABLE, "educations"))?,
            participants: self.participants,
            attachment: content.attachment,
            state: known(ActivityState::of_word(&self.state), (TABLE, "state"))?,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Adds an activity.
pub async fn insert(tx: &mut Tx, keys: &Keys, activity: &Activity) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO activities (id, school_id, area, occasion, held_on, school_year, channel, actors, \
        educations, participants, state, content, version, created_at, updated_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";
    let query = tx.q(INSERT).bind(activity.id).bind(activity.school).bind(activity.area.word());
    let query =
        query.bind(activity.occasion.word()).bind(activity.date).bind(SchoolYear::of(activity.date).0);
    let query = query.bind(activity.channel.word()).bind(actors(activity)).bind(educations(activity));
    let query = query.bind(activity.participants).bind(activity.state.word()).bind(sealed(keys, activity)?);
    query.bind(activity.version).bind(activity.created_at).bind(activity.updated_at).exec().await?;
    Ok(())
}

/// Writes an activity's new state; false when another change came first.
pub async fn update(tx: &mut Tx, keys: &Keys, activity: &Activity) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE activities SET occasion = $1, held_on = $2, school_year = $3, channel = $4, actors = $5, \
        educations = $6, participants = $7, state = $8, content = $9, version = $10, updated_at = $11 \
        WHERE id = $12 AND version = $10 - 1";
    let query =
        tx.q(UPDATE).bind(activity.occasion.word()).bind(activity.date).bind(SchoolYear::of(activity.date).0);
    let query = query.bind(activity.channel.word()).bind(actors(activity)).bind(educations(activity));
    let query = query.bind(activity.participants).bind(activity.state.word()).bind(sealed(keys, activity)?);
    let query = query.bind(activity.version).bind(activity.updated_at).bind(activity.id);
    Ok(query.exec().await? == 1)
}

fn actors(activity: &Activity) -> String {
    joined(activity.actors.iter().map(|actor| actor.word()))
}

fn educations(activity: &Activity) -> String {
    joined(activity.educations.iter().map(|education| education.word()))
}

fn sealed(keys: &Keys, activity: &Activity) -> Result<Vec<u8>, StoreError> {
    let content = Content { title: activity.title.clone(), attachment: activity.attachment.clone() };
    Ok(keys.service_subject().seal_json(TABLE, "content", activity.id, &content)?)
}

/// One activity.
pub async fn find(
    mut from: impl Source,
    keys: &Keys,
    id: ActivityId,
) -> Result<Option<Activity>, StoreError> {
    const ONE: &str = "SELECT id, school_id, area, occasion, held_on, channel, actors, educations, participants, state, \
        content, version, created_at, updated_at FROM activities WHERE id = $1";
    let row = from.q(ONE).bind(id).opt::<ActivityRow>().await?;
    row.map(|row| row.activity(&keys.service_subject())).transpose()
}

/// A page of the activities of a school and year, newest first; one more than the page holds.
pub async fn list(
    mut from: impl Source,
    keys: &Keys,
    (school, year): (SchoolId, SchoolYear),
    area: Option<Area>,
    page: &Page,
) -> Result<Vec<Activity>, StoreError> {
    const LIST: &str = "SELECT id, school_id, area, occasion, held_on, channel, actors, educations, participants, state, \
        content, version, created_at, updated_at FROM activities WHERE school_id = $1 AND school_year = $2 \
        AND ($3 IS NULL OR area = $3) AND (held_on, id) < ($4, $5) ORDER BY held_on DESC, id DESC LIMIT $6";
    let (day, id) = before(page);
    let query = from.q(LIST).bind(school).bind(year.0).bind(area.map(Area::word)).bind(day).bind(id);
    let key = keys.service_subject();
    let rows = query.bind(page.fetch()).all::<ActivityRow>().await?;
    rows.into_iter().map(|row| row.activity(&key)).collect()
}

/// How many activities each school has in a school year, by occasion and area; of one school or of all.
pub async fn tallies(
    mut from: impl Source,
    year: SchoolYear,
    school: Option<SchoolId>,
) -> Result<HashMap<SchoolId, Vec<Tally>>, StoreError> {
    macro_rules! tallies_where {
        ($condition:literal) => {
            concat!(
                "SELECT school_id, occasion, area, ",
                "CAST(SUM(CASE WHEN state = 'held' THEN 1 ELSE 0 END) AS BIGINT), ",
                "CAST(SUM(CASE WHEN state = 'planned' THEN 1 ELSE 0 END) AS BIGINT) ",
                "FROM activities WHERE school_year = $1 AND state <> 'cancelled' ",
                $condition,
                " GROUP BY school_id, occasion, area"
            )
        };
    }
    let query = match school {
        Some(school) => from.q(tallies_where!("AND school_id = $2")).bind(year.0).bind(school),
        None => from.q(tallies_where!("")).bind(year.0),
    };
    let rows: Vec<(Uuid, String, String, i64, i64)> = query.all().await?;
    let mut all: HashMap<SchoolId, Vec<Tally>> = HashMap::new();
    for (school, occasion, area, held, planned) in rows {
        let occasion = known(Occasion::of_word(&occasion), (TABLE, "occasion"))?;
        let area = known(Area::of_word(&area), (TABLE, "area"))?;
        all.entry(SchoolId(school)).or_default().push(Tally { occasion, area, held, planned });
    }
    Ok(all)
}
