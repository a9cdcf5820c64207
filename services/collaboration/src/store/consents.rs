//! Consent forms and what guardians decided.

use super::{Source, StoreError, before_id, known};
use crate::domain::{
    consent::{Consent, ConsentForm, ConsentState, Purpose},
    ids::{ClassId, ConsentId, FormId, SchoolId, StudentId, UserId},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xinqiao_kit::{
    db::{DbError, Tx},
    keys::{Keys, SubjectKey},
    page::Page,
    time::Ts,
};

const FORMS: &str = "consent_forms";
const TABLE: &str = "consents";

/// What of a form is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    title: String,
    text: String,
}

#[derive(sqlx::FromRow)]
struct FormRow {
    id: Uuid,
    body_id: Uuid,
    purpose: String,
    version: i32,
    is_current: bool,
    content: Vec<u8>,
    created_at: Ts,
}

impl FormRow {
    fn form(self, key: &SubjectKey) -> Result<ConsentForm, StoreError> {
        let content: Content = key.open_json(FORMS, "content", self.id, &self.content)?;
        Ok(ConsentForm {
            id: FormId(self.id),
            school: (!self.body_id.is_nil()).then_some(SchoolId(self.body_id)),
            purpose: known(Purpose::of_word(&self.purpose), (FORMS, "purpose"))?,
            version: self.version,
            title: content.title,
            text: content.text,
            current: self.is_current,
            created_at: self.created_at,
        })
    }
}

#[derive(sqlx::FromRow)]
struct ConsentRow {
    id: Uuid,
    student_id: Uuid,
    school_id: Uuid,
    class_id: Uuid,
    form_id: Uuid,
    purpose: String,
    form_version: i32,
    guardian_id: Uuid,
    state: String,
    decided_at: Ts,
    ended_at: Option<Ts>,
    version: i64,
}

impl ConsentRow {
    fn consent(self) -> Result<Consent, StoreError> {
        Ok(Consent {
            id: ConsentId(self.id),
            student: StudentId(self.student_id),
            school: SchoolId(self.school_id),
            class: ClassId(self.class_id),
            form: FormId(self.form_id),
            purpose: known(Purpose::of_word(&self.purpose), (TABLE, "purpose"))?,
            form_version: self.form_version,
            guardian: UserId(self.guardian_id),
            state: known(ConsentState::of_word(&self.state), (TABLE, "state"))?,
            decided_at: self.decided_at,
            ended_at: self.ended_at,
            version: self.version,
        })
    }
}

/// The county has no id of its own.
fn body(school: Option<SchoolId>) -> Uuid {
    school.map(SchoolId::uuid).unwrap_or_default()
}

/// Publishes a form as the next version of its school and purpose, and gives that version.
///
/// # Errors
/// A conflict that goes away when it is tried again, when another version is being published at the same time.
pub async fn publish(tx: &mut Tx, keys: &Keys, form: &ConsentForm) -> Result<i32, StoreError> {
    const LATEST: &str = "SELECT CAST(COALESCE(MAX(version), 0) AS BIGINT) FROM consent_forms WHERE body_id = $1 AND purpose = $2";
    const RETIRE: &str =
        "UPDATE consent_forms SET is_current = false WHERE body_id = $1 AND purpose = $2 AND is_current";
    const INSERT: &str = "INSERT INTO consent_forms (id, body_id, purpose, version, is_current, content, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    let (body, purpose) = (body(form.school), form.purpose.word());
    let latest: i64 = tx.q(LATEST).bind(body).bind(purpose).get().await?;
    let version = i32::try_from(latest + 1).unwrap_or(i32::MAX);
    tx.q(RETIRE).bind(body).bind(purpose).exec().await?;
    let content = Content { title: form.title.clone(), text: form.text.clone() };
    let content = keys.service_subject().seal_json(FORMS, "content", form.id, &content)?;
    let query = tx.q(INSERT).bind(form.id).bind(body).bind(purpose).bind(version).bind(true).bind(content);
    if query.bind(form.created_at).exec().await? != 1 {
        return Err(DbError::Conflict("another version of the form was published".into()).into());
    }
    Ok(version)
}

/// One form.
pub async fn form(mut from: impl Source, keys: &Keys, id: FormId) -> Result<Option<ConsentForm>, StoreError> {
    const ONE: &str = "SELECT id, body_id, purpose, version, is_current, content, created_at FROM consent_forms WHERE id = $1";
    let row = from.q(ONE).bind(id).opt::<FormRow>().await?;
    row.map(|row| row.form(&keys.service_subject())).transpose()
}

/// The current forms of a school and of the county, by purpose.
pub async fn current_forms(
    mut from: impl Source,
    keys: &Keys,
    school: SchoolId,
) -> Result<Vec<ConsentForm>, StoreError> {
    const ALL: &str = "SELECT id, body_id, purpose, version, is_current, content, created_at FROM consent_forms \
        WHERE is_current AND body_id IN ($1, $2) ORDER BY purpose, id";
    let rows = from.q(ALL).bind(body(None)).bind(school).all::<FormRow>().await?;
    let key = keys.service_subject();
    rows.into_iter().map(|row| row.form(&key)).collect()
}

/// Adds a decision; an older one of the same guardian, pupil and purpose that still stands ends with it.
pub async fn decide(tx: &mut Tx, consent: &Consent) -> Result<(), StoreError> {
    const SUPERSEDE: &str = "UPDATE consents SET state = 'superseded', ended_at = $1, version = version + 1 \
        WHERE student_id = $2 AND guardian_id = $3 AND purpose = $4 AND state IN ('given', 'refused')";
    const INSERT: &str = "INSERT INTO consents (id, student_id, school_id, class_id, form_id, purpose, form_version, \
        guardian_id, state, decided_at, ended_at, version) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let query = tx.q(SUPERSEDE).bind(consent.decided_at).bind(consent.student).bind(consent.guardian);
    query.bind(consent.purpose.word()).exec().await?;
    let query = tx.q(INSERT).bind(consent.id).bind(consent.student).bind(consent.school).bind(consent.class);
    let query = query.bind(consent.form).bind(consent.purpose.word()).bind(consent.form_version);
    let query = query.bind(consent.guardian).bind(consent.state.word()).bind(consent.decided_at);
    query.bind(consent.ended_at).bind(consent.version).exec().await?;
    Ok(())
}

/// Writes that a consent was withdrawn; false when another change came first.
pub async fn update(tx: &mut Tx, consent: &Consent) -> Result<bool, StoreError> {
    const UPDATE: &str =
        "UPDATE consents SET state = $1, ended_at = $2, version = $3 WHERE id = $4 AND version = $3 - 1";
    let query = tx.q(UPDATE).bind(consent.state.word()).bind(consent.ended_at).bind(consent.version);
    Ok(query.bind(consent.id).exec().await? == 1)
}

/// One decision.
pub async fn find(mut from: impl Source, id: ConsentId) -> Result<Option<Consent>, StoreError> {
    const ONE: &str = "SELECT id, student_id, school_id, class_id, form_id, purpose, form_version, guardian_id, state, \
        decided_at, ended_at, version FROM consents WHERE id = $1";
    from.q(ONE).bind(id).opt::<ConsentRow>().await?.map(ConsentRow::consent).transpose()
}

/// A page of what was decided for a pupil, newest first; one more than the page holds.
pub async fn list(
    mut from: impl Source,
    student: StudentId,
    page: &Page,
) -> Result<Vec<Consent>, StoreError> {
    const LIST: &str = "SELECT id, student_id, school_id, class_id, form_id, purpose, form_version, guardian_id, state, \
        decided_at, ended_at, version FROM consents WHERE student_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
    let query = from.q(LIST).bind(student).bind(before_id(page)).bind(page.fetch());
    query.all::<ConsentRow>().await?.into_iter().map(ConsentRow::consent).collect()
}
