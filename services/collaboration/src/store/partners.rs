//! Partners and what was done with them.

use super::{Source, StoreError, before, before_id, known};
use crate::domain::{
    evidence::EvidenceState,
    ids::{PartnerActivityId, PartnerId, SchoolId, UserId},
    partner::{Partner, PartnerActivity, PartnerKind, PartnershipForm},
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

const PARTNERS: &str = "partners";
const TABLE: &str = "partner_activities";

/// What of an activity is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    topic: String,
    attachment: String,
    void_reason: String,
}

#[derive(sqlx::FromRow)]
struct PartnerRow {
    id: Uuid,
    kind: String,
    display_name: String,
    active: bool,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
}

impl PartnerRow {
    fn partner(self, key: &SubjectKey) -> Result<Partner, StoreError> {
        Ok(Partner {
            id: PartnerId(self.id),
            kind: known(PartnerKind::of_word(&self.kind), (PARTNERS, "kind"))?,
            display_name: self.display_name,
            contact: key.open_text(PARTNERS, "content", self.id, &self.content)?,
            active: self.active,
            version: self.version,
            created_at: self.created_at,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ActivityRow {
    id: Uuid,
    school_id: Uuid,
    partner_id: Uuid,
    form: String,
    held_on: NaiveDate,
    participants: i32,
    state: String,
    author_id: Uuid,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
}

impl ActivityRow {
    fn activity(self, key: &SubjectKey) -> Result<PartnerActivity, StoreError> {
        let content: Content = key.open_json(TABLE, "content", self.id, &self.content)?;
        Ok(PartnerActivity {
            id: PartnerActivityId(self.id),
            school: SchoolId(self.school_id),
            partner: PartnerId(self.partner_id),
            form: known(PartnershipForm::of_word(&self.form), (TABLE, "form"))?,
            date: self.held_on,
            topic: content.topic,
            participants: self.participants,
            attachment: content.attachment,
            state: known(EvidenceState::of_word(&self.state), (TABLE, "state"))?,
            void_reason: content.void_reason,
            author: UserId(self.author_id),
            version: self.version,
            created_at: self.created_at,
        })
    }
}

fn sealed(keys: &Keys, activity: &PartnerActivity) -> Result<Vec<u8>, StoreError> {
    let content = Content {
        topic: activity.topic.clone(),
        attachment: activity.attachment.clone(),
        void_reason: activity.void_reason.clone(),
    };
    Ok(keys.service_subject().seal_json(TABLE, "content", activity.id, &content)?)
}

/// Adds a partner.
pub async fn insert_partner(tx: &mut Tx, keys: &Keys, partner: &Partner) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO partners (id, kind, display_name, active, content, version, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7)";
    let content = keys.service_subject().seal_text(PARTNERS, "content", partner.id, &partner.contact)?;
    let query = tx.q(INSERT).bind(partner.id).bind(partner.kind.word()).bind(&partner.display_name);
    let query = query.bind(partner.active).bind(content).bind(partner.version);
    query.bind(partner.created_at).exec().await?;
    Ok(())
}

/// Writes that a partnership has ended; false when another change came first.
pub async fn update_partner(tx: &mut Tx, partner: &Partner) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE partners SET active = $1, version = $2 WHERE id = $3 AND version = $2 - 1";
    Ok(tx.q(UPDATE).bind(partner.active).bind(partner.version).bind(partner.id).exec().await? == 1)
}

/// One partner.
pub async fn partner(
    mut from: impl Source,
    keys: &Keys,
    id: PartnerId,
) -> Result<Option<Partner>, StoreError> {
    const ONE: &str =
        "SELECT id, kind, display_name, active, content, version, created_at FROM partners WHERE id = $1";
    let row = from.q(ONE).bind(id).opt::<PartnerRow>().await?;
    row.map(|row| row.partner(&keys.service_subject())).transpose()
}

/// A page of the partners, newest first; one more than the page holds.
pub async fn list_partners(
    mut from: impl Source,
    keys: &Keys,
    ended: bool,
    page: &Page,
) -> Result<Vec<Partner>, StoreError> {
    const LIST: &str = "SELECT id, kind, display_name, active, content, version, created_at FROM partners \
        WHERE ($1 OR active) AND id < $2 ORDER BY id DESC LIMIT $3";
    let rows = from.q(LIST).bind(ended).bind(before_id(page)).bind(page.fetch()).all::<PartnerRow>().await?;
    let key = keys.service_subject();
    rows.into_iter().map(|row| row.partner(&key)).collect()
}

/// Adds an activity.
pub async fn insert(tx: &mut Tx, keys: &Keys, activity: &PartnerActivity) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO partner_activities (id, school_id, partner_id, form, held_on, school_year, \
        participants, state, author_id, content, version, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let query = tx.q(INSERT).bind(activity.id).bind(activity.school).bind(activity.partner);
    let query = query.bind(activity.form.word()).bind(activity.date).bind(SchoolYear::of(activity.date).0);
    let query = query.bind(activity.participants).bind(activity.state.word()).bind(activity.author);
    let query = query.bind(sealed(keys, activity)?).bind(activity.version);
    query.bind(activity.created_at).exec().await?;
    Ok(())
}

/// Writes that an activity was voided; false when another change came first.
pub async fn update(tx: &mut Tx, keys: &Keys, activity: &PartnerActivity) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE partner_activities SET state = $1, content = $2, version = $3 WHERE id = $4 AND version = $3 - 1";
    let query = tx.q(UPDATE).bind(activity.state.word()).bind(sealed(keys, activity)?).bind(activity.version);
    Ok(query.bind(activity.id).exec().await? == 1)
}

/// One activity.
pub async fn find(
    mut from: impl Source,
    keys: &Keys,
    id: PartnerActivityId,
) -> Result<Option<PartnerActivity>, StoreError> {
    const ONE: &str = "SELECT id, school_id, partner_id, form, held_on, participants, state, author_id, content, version, \
        created_at FROM partner_activities WHERE id = $1";
    let row = from.q(ONE).bind(id).opt::<ActivityRow>().await?;
    row.map(|row| row.activity(&keys.service_subject())).transpose()
}

/// A page of the activities of a school and year, newest first; one more than the page holds.
pub async fn list(
    mut from: impl Source,
    keys: &Keys,
    (school, year, voided): (SchoolId, SchoolYear, bool),
    page: &Page,
) -> Result<Vec<PartnerActivity>, StoreError> {
    const LIST: &str = "SELECT id, school_id, partner_id, form, held_on, participants, state, author_id, content, version, \
        created_at FROM partner_activities WHERE school_id = $1 AND school_year = $2 AND ($3 OR state = 'held') \
        AND (held_on, id) < ($4, $5) ORDER BY held_on DESC, id DESC LIMIT $6";
    let (day, id) = before(page);
    let query = from.q(LIST).bind(school).bind(year.0).bind(voided).bind(day).bind(id).bind(page.fetch());
    let key = keys.service_subject();
    query.all::<ActivityRow>().await?.into_iter().map(|row| row.activity(&key)).collect()
}
