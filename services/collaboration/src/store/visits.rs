//! Home visits. What was said is sealed under the pupil's key.

use super::{PupilKeys, Source, StoreError, before, known};
use crate::domain::{
    evidence::EvidenceState,
    home_visit::{HomeVisit, Said, VisitMode},
    ids::{ClassId, SchoolId, StudentId, UserId, VisitId},
};
use chrono::NaiveDate;
use uuid::Uuid;
use xinqiao_kit::{
    authz::Visibility,
    db::Tx,
    keys::Keys,
    page::Page,
    time::{SchoolYear, Ts},
};

const TABLE: &str = "home_visits";

#[derive(sqlx::FromRow)]
struct VisitRow {
    id: Uuid,
    student_id: Uuid,
    school_id: Uuid,
    class_id: Uuid,
    visitor_id: Uuid,
    held_on: NaiveDate,
    mode: String,
    state: String,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
}

impl VisitRow {
    /// The visit; none when the pupil has been erased.
    fn visit(self, keys: &PupilKeys) -> Result<Option<HomeVisit>, StoreError> {
        let Some(key) = keys.get(&self.student_id) else { return Ok(None) };
        let said: Said = key.open_json(TABLE, "content", self.id, &self.content)?;
        Ok(Some(HomeVisit {
            id: VisitId(self.id),
            student: StudentId(self.student_id),
            school: SchoolId(self.school_id),
            class: ClassId(self.class_id),
            visitor: UserId(self.visitor_id),
            date: self.held_on,
            mode: known(VisitMode::of_word(&self.mode), (TABLE, "mode"))?,
            said,
            state: known(EvidenceState::of_word(&self.state), (TABLE, "state"))?,
            version: self.version,
            created_at: self.created_at,
        }))
    }
}

async fn sealed(tx: &mut Tx, keys: &Keys, visit: &HomeVisit) -> Result<Vec<u8>, StoreError> {
    let key = keys.subject(tx, visit.student.uuid()).await?;
    Ok(key.seal_json(TABLE, "content", visit.id, &visit.said)?)
}

/// Adds a visit.
pub async fn insert(tx: &mut Tx, keys: &Keys, visit: &HomeVisit) -> Result<(), StoreError> {
    const INSERT: &str = "INSERT INTO home_visits (id, student_id, school_id, class_id, visitor_id, held_on, school_year, \
        mode, state, content, version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
    let content = sealed(tx, keys, visit).await?;
    let query = tx.q(INSERT).bind(visit.id).bind(visit.student).bind(visit.school).bind(visit.class);
    let query = query.bind(visit.visitor).bind(visit.date).bind(SchoolYear::of(visit.date).0);
    let query = query.bind(visit.mode.word()).bind(visit.state.word()).bind(content);
    query.bind(visit.version).bind(visit.created_at).exec().await?;
    Ok(())
}

/// Writes that a visit was voided; false when another change came first.
pub async fn update(tx: &mut Tx, keys: &Keys, visit: &HomeVisit) -> Result<bool, StoreError> {
    const UPDATE: &str =
        "UPDATE home_visits SET state = $1, content = $2, version = $3 WHERE id = $4 AND version = $3 - 1";
    let content = sealed(tx, keys, visit).await?;
    let query = tx.q(UPDATE).bind(visit.state.word()).bind(content).bind(visit.version).bind(visit.id);
    Ok(query.exec().await? == 1)
}

/// One visit; none when the pupil has been erased.
pub async fn find(tx: &mut Tx, keys: &Keys, id: VisitId) -> Result<Option<HomeVisit>, StoreError> {
    const ONE: &str = "SELECT id, student_id, school_id, class_id, visitor_id, held_on, mode, state, content, version, \
        created_at FROM home_visits WHERE id = $1";
    let Some(row) = tx.q(ONE).bind(id).opt::<VisitRow>().await? else { return Ok(None) };
    let keys = keys.existing_tx(tx, &[row.student_id]).await?;
    row.visit(&keys)
}

/// A page of the visits that may be seen, newest first, and the position after it if there are more. Visits of pupils who have
/// been erased take a place on the page and are not shown.
pub async fn list(
    tx: &mut Tx,
    keys: &Keys,
    see: Visibility,
    (student, voided): (Option<StudentId>, bool),
    page: &Page,
) -> Result<(Vec<HomeVisit>, String), StoreError> {
    const LIST: &str = "SELECT id, student_id, school_id, class_id, visitor_id, held_on, mode, state, content, version, \
        created_at FROM home_visits WHERE ($1 OR school_id IN (SELECT unhex(value) FROM json_each($2)) \
        OR class_id IN (SELECT unhex(value) FROM json_each($3)) \
        OR student_id IN (SELECT unhex(value) FROM json_each($4)) OR visitor_id = $5) \
        AND ($6 IS NULL OR student_id = $6) AND ($7 OR state = 'held') AND (held_on, id) < ($8, $9) \
        ORDER BY held_on DESC, id DESC LIMIT $10";
    let (day, id) = before(page);
    let query =
        tx.q(LIST).bind(see.all).bind(see.schools).bind(see.classes).bind(see.students).bind(see.owner);
    let query = query.bind(student).bind(voided).bind(day).bind(id).bind(page.fetch());
    let rows = query.all().await?;
    shown(tx, keys, rows, page).await
}

/// The same for one pupil, only visits that count.
pub async fn list_of_student(
    tx: &mut Tx,
    keys: &Keys,
    student: StudentId,
    page: &Page,
) -> Result<(Vec<HomeVisit>, String), StoreError> {
    const LIST: &str = "SELECT id, student_id, school_id, class_id, visitor_id, held_on, mode, state, content, version, \
        created_at FROM home_visits WHERE student_id = $1 AND state = 'held' AND (held_on, id) < ($2, $3) \
        ORDER BY held_on DESC, id DESC LIMIT $4";
    let (day, id) = before(page);
    let rows = tx.q(LIST).bind(student).bind(day).bind(id).bind(page.fetch()).all().await?;
    shown(tx, keys, rows, page).await
}

async fn shown(
    tx: &mut Tx,
    keys: &Keys,
    mut rows: Vec<VisitRow>,
    page: &Page,
) -> Result<(Vec<HomeVisit>, String), StoreError> {
    let token = page.cut(&mut rows, |last| vec![last.held_on.to_string(), last.id.to_string()]);
    let pupils: Vec<Uuid> = rows.iter().map(|row| row.student_id).collect();
    let keys = keys.existing_tx(tx, &pupils).await?;
    let visits: Result<Vec<_>, _> = rows.into_iter().filter_map(|row| row.visit(&keys).transpose()).collect();
    Ok((visits?, token))
}

/// That a visit took place, without whom it concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// The visit.
    pub id: VisitId,
    /// The school.
    pub school: SchoolId,
    /// The class.
    pub class: ClassId,
    /// Who visited.
    pub visitor: UserId,
    /// Day.
    pub date: NaiveDate,
    /// Where they met.
    pub mode: VisitMode,
}

/// A page of the visits of a school and year that count, newest first; one more than the page holds.
pub async fn evidence(
    mut from: impl Source,
    (school, year): (SchoolId, SchoolYear),
    page: &Page,
) -> Result<Vec<Proof>, StoreError> {
    const LIST: &str = "SELECT id, class_id, visitor_id, held_on, mode FROM home_visits \
        WHERE school_id = $1 AND school_year = $2 AND state = 'held' AND (held_on, id) < ($3, $4) \
        ORDER BY held_on DESC, id DESC LIMIT $5";
    let (day, id) = before(page);
    let query = from.q(LIST).bind(school).bind(year.0).bind(day).bind(id).bind(page.fetch());
    let rows: Vec<(Uuid, Uuid, Uuid, NaiveDate, String)> = query.all().await?;
    rows.into_iter()
        .map(|(id, class, visitor, date, mode)| {
            let mode = known(VisitMode::of_word(&mode), (TABLE, "mode"))?;
            Ok(Proof { id: VisitId(id), school, class: ClassId(class), visitor: UserId(visitor), date, mode })
        })
        .collect()
}
