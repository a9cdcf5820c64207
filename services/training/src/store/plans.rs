//! Teaching plans.

use super::{Source, StoreError, known};
use crate::domain::{
    ids::{PlanId, SchoolId},
    stage::{Grade, LessonKind},
    teaching_plan::{TeachingPlan, Unit},
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;
use xinqiao_kit::{
    db::Tx,
    keys::{Keys, SubjectKey},
    page::Page,
    time::{SchoolYear, Ts},
};

const TABLE: &str = "teaching_plans";

/// What of a plan is sealed.
#[derive(Serialize, Deserialize)]
struct Content {
    title: String,
    units: Vec<Unit>,
}

#[derive(sqlx::FromRow)]
struct PlanRow {
    id: Uuid,
    school_id: Uuid,
    school_year: i32,
    grade: i32,
    kind: String,
    content: Vec<u8>,
    version: i64,
    created_at: Ts,
    updated_at: Ts,
}

impl PlanRow {
    fn plan(self, key: &SubjectKey) -> Result<TeachingPlan, StoreError> {
        let content: Content = key.open_json(TABLE, "content", self.id, &self.content)?;
        Ok(TeachingPlan {
            id: PlanId(self.id),
            school: SchoolId(self.school_id),
            year: SchoolYear(self.school_year),
            grade: known(Grade::new(self.grade), (TABLE, "grade"))?,
            kind: known(LessonKind::of_word(&self.kind), (TABLE, "kind"))?,
            title: content.title,
            units: content.units,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        })
    }
}

/// Adds a plan; false when the grade already has one of that year and kind.
pub async fn insert(tx: &mut Tx, keys: &Keys, plan: &TeachingPlan) -> Result<bool, StoreError> {
    const INSERT: &str = "INSERT INTO teaching_plans (id, school_id, school_year, grade, kind, content, version, \
        created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    let query = tx.q(INSERT).bind(plan.id).bind(plan.school).bind(plan.year.0).bind(plan.grade.number());
    let query =
        query.bind(plan.kind.word()).bind(sealed(keys, plan)?).bind(plan.version).bind(plan.created_at);
    Ok(query.bind(plan.updated_at).exec().await? == 1)
}

/// Writes a plan's new state; false when another change came first.
pub async fn update(tx: &mut Tx, keys: &Keys, plan: &TeachingPlan) -> Result<bool, StoreError> {
    const UPDATE: &str = "UPDATE teaching_plans SET content = $1, version = $2, updated_at = $3 \
        WHERE id = $4 AND version = $2 - 1";
    let query = tx.q(UPDATE).bind(sealed(keys, plan)?).bind(plan.version).bind(plan.updated_at).bind(plan.id);
    Ok(query.exec().await? == 1)
}

fn sealed(keys: &Keys, plan: &TeachingPlan) -> Result<Vec<u8>, StoreError> {
    let content = Content { title: plan.title.clone(), units: plan.units.clone() };
    Ok(keys.service_subject().seal_json(TABLE, "content", plan.id, &content)?)
}

/// One plan.
pub async fn find(
    mut from: impl Source,
    keys: &Keys,
    id: PlanId,
) -> Result<Option<TeachingPlan>, StoreError> {
    const ONE: &str = "SELECT id, school_id, school_year, grade, kind, content, version, created_at, updated_at \
        FROM teaching_plans WHERE id = $1";
    let row = from.q(ONE).bind(id).opt::<PlanRow>().await?;
    row.map(|row| row.plan(&keys.service_subject())).transpose()
}

/// A page of the plans of a school and year, newest first; one more than the page holds.
pub async fn list(
    mut from: impl Source,
    keys: &Keys,
    school: SchoolId,
    year: SchoolYear,
    page: &Page,
) -> Result<Vec<TeachingPlan>, StoreError> {
    const LIST: &str = "SELECT id, school_id, school_year, grade, kind, content, version, created_at, updated_at \
        FROM teaching_plans WHERE school_id = $1 AND school_year = $2 AND id < $3 ORDER BY id DESC LIMIT $4";
    let after = if page.after.is_some() { page.after_id(0) } else { Uuid::max() };
    let query = from.q(LIST).bind(school).bind(year.0).bind(after).bind(page.fetch());
    let key = keys.service_subject();
    query.all::<PlanRow>().await?.into_iter().map(|row| row.plan(&key)).collect()
}
