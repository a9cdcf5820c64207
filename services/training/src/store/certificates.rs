//! Certificates.

use super::{Source, StoreError, known, split};
use crate::domain::{
    certificate::{Certificate, CertificateKind},
    ids::{CertificateId, SchoolId, StaffId, TrainingId},
    stage::Stage,
};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xinqiao_kit::{
    db::Tx,
    keys::{Keys, SubjectKey},
    page::Page,
    time::Ts,
};

const TABLE: &str = "certificates";

/// What of a certificate is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    title: String,
    issuer: String,
}

#[derive(sqlx::FromRow)]
struct CertificateRow {
    id: Uuid,
    staff_id: Uuid,
    school_id: Option<Uuid>,
    kind: String,
    stages: String,
    training_id: Option<Uuid>,
    issued_on: NaiveDate,
    expires_on: Option<NaiveDate>,
    within_establishment: bool,
    practice_since: Option<NaiveDate>,
    revoked: bool,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
}

impl CertificateRow {
    fn certificate(self, key: &SubjectKey) -> Result<Certificate, StoreError> {
        let content: Content = key.open_json(TABLE, "content", self.id, &self.content)?;
        Ok(Certificate {
            id: CertificateId(self.id),
            staff: StaffId(self.staff_id),
            school: self.school_id.map(SchoolId),
            kind: known(CertificateKind::of_word(&self.kind), (TABLE, "kind"))?,
            stages: split(&self.stages, Stage::of_word, (TABLE, "stages"))?,
            training: self.training_id.map(TrainingId),
            title: content.title,
            issuer: content.issuer,
            issued_on: self.issued_on,
            expires_on: self.expires_on,
            within_establishment: self.within_establishment,
            practice_since: self.practice_since,
            revoked: self.revoked,
            version: self.version,
            created_at: self.created_at,
        })
    }
}

/// Adds a certificate.
pub async fn insert(tx: &mut Tx, keys: &Keys, certificate: &Certificate) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO certificates (id, staff_id, kind, stages, training_id, issued_on, expires_on, \
        within_establishment, practice_since, revoked, content, version, created_at) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    let content = Content { title: certificate.title.clone(), issuer: certificate.issuer.clone() };
    let content = keys.service_subject().seal_json(TABLE, "content", certificate.id, &content)?;
    let stages = super::joined(certificate.stages.iter().map(|stage| stage.word()));
    let query =
        tx.q(INSERT).bind(certificate.id).bind(certificate.staff).bind(certificate.kind.word()).bind(stages);
    let query = query.bind(certificate.training).bind(certificate.issued_on).bind(certificate.expires_on);
    let query = query.bind(certificate.within_establishment).bind(certificate.practice_since);
    let query = query.bind(certificate.revoked).bind(content).bind(certificate.version);
    query.bind(certificate.created_at).exec().await?;
    Ok(())
}

/// Writes that a certificate was taken back; false when another change came first.
pub async fn update(tx: &mut Tx, certificate: &Certificate) -> Result<bool, StoreError> {
    const UPDATE: &str =
        "UPDATE certificates SET revoked = $1, version = $2 WHERE id = $3 AND version = $2 - 1";
    let query = tx.q(UPDATE).bind(certificate.revoked).bind(certificate.version).bind(certificate.id);
    Ok(query.exec().await? == 1)
}

/// One certificate.
pub async fn find(
    mut from: impl Source,
    keys: &Keys,
    id: CertificateId,
) -> Result<Option<Certificate>, StoreError> {
    const ONE: &str = "SELECT c.id, c.staff_id, s.school_id, c.kind, c.stages, c.training_id, c.issued_on, c.expires_on, \
        c.within_establishment, c.practice_since, c.revoked, c.content, c.version, c.created_at \
        FROM certificates c JOIN staff s ON s.id = c.staff_id WHERE c.id = $1";
    let row = from.q(ONE).bind(id).opt::<CertificateRow>().await?;
    row.map(|row| row.certificate(&keys.service_subject())).transpose()
}

/// A page of the certificates of a school's staff, newest first; one more than the page holds.
pub async fn list(
    mut from: impl Source,
    keys: &Keys,
    school: SchoolId,
    (staff, kind): (Option<StaffId>, Option<CertificateKind>),
    page: &Page,
) -> Result<Vec<Certificate>, StoreError> {
    const LIST: &str = "SELECT c.id, c.staff_id, s.school_id, c.kind, c.stages, c.training_id, c.issued_on, \
        c.expires_on, c.within_establishment, c.practice_since, c.revoked, c.content, c.version, c.created_at \
        FROM certificates c JOIN staff s ON s.id = c.staff_id WHERE s.school_id = $1 \
        AND ($2 IS NULL OR c.staff_id = $2) AND ($3 IS NULL OR c.kind = $3) AND c.id < $4 \
        ORDER BY c.id DESC LIMIT $5";
    let after = if page.after.is_some() { page.after_id(0) } else { Uuid::max() };
    let query = from.q(LIST).bind(school).bind(staff).bind(kind.map(CertificateKind::word)).bind(after);
    let key = keys.service_subject();
    let rows = query.bind(page.fetch()).all::<CertificateRow>().await?;
    rows.into_iter().map(|row| row.certificate(&key)).collect()
}

/// The teaching qualifications of a school's active staff, or of all schools together, that were not taken back.
pub async fn qualifications(
    mut from: impl Source,
    keys: &Keys,
    school: Option<SchoolId>,
) -> Result<Vec<Certificate>, StoreError> {
    macro_rules! qualifications_where {
        ($condition:literal) => {
            concat!(
                "SELECT c.id, c.staff_id, s.school_id, c.kind, c.stages, c.training_id, c.issued_on, c.expires_on, ",
                "c.within_establishment, c.practice_since, c.revoked, c.content, c.version, c.created_at ",
                "FROM staff s JOIN certificates c ON c.staff_id = s.id AND NOT c.revoked ",
                "AND c.kind = 'teaching_qualification' WHERE s.active ",
                $condition
            )
        };
    }
    let query = match school {
        Some(school) => from.q(qualifications_where!("AND s.school_id = $1")).bind(school),
        None => from.q(qualifications_where!("")),
    };
    let key = keys.service_subject();
    query.all::<CertificateRow>().await?.into_iter().map(|row| row.certificate(&key)).collect()
}
