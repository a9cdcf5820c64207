//! Joint plans with the parents. A new version is a new row.

use super::{Source, StoreError};
use crate::domain::{
    care::{JointPlan, PlanStep},
    ids::{GuardianId, StudentId, UserId},
};
use serde::{Deserialize, Serialize};
use xinqiao_kit::{db::Tx, keys::Keys, time::Ts};

#[derive(Serialize, Deserialize)]
struct Body {
    goals: String,
    steps: Vec<PlanStep>,
    agreed_by: Option<GuardianId>,
}

#[derive(sqlx::FromRow)]
struct Row {
    version: i64,
    body: Vec<u8>,
    author: UserId,
    written_at: Ts,
}

/// The newest version of a pupil's joint plan.
pub async fn newest(
    source: &mut impl Source,
    keys: &Keys,
    student: StudentId,
) -> Result<Option<JointPlan>, StoreError> {
    let query = source.query(
        "SELECT version, body, author, written_at FROM joint_plans WHERE student_id = $1 ORDER BY version DESC LIMIT 1",
    );
    let Some(row) = query.bind(student).opt::<Row>().await? else { return Ok(None) };
    let opened = source.keys(keys, &[student.uuid()]).await?;
    let Some(key) = opened.get(&student.uuid()) else { return Ok(None) };
    let body: Body = key.open_json("joint_plans", "body", student, &row.body)?;
    Ok(Some(JointPlan {
        student,
        goals: body.goals,
        steps: body.steps,
        agreed_by: body.agreed_by,
        author: row.author,
        written_at: row.written_at,
        version: row.version,
    }))
}

/// Adds a version.
pub async fn insert(tx: &mut Tx, keys: &Keys, plan: &JointPlan) -> Result<(), StoreError> {
    let key = keys.subject(tx, plan.student.uuid()).await?;
    let body = Body { goals: plan.goals.clone(), steps: plan.steps.clone(), agreed_by: plan.agreed_by };
    tx.q(
        "INSERT INTO joint_plans (student_id, version, body, author, written_at) VALUES ($1, $2, $3, $4, $5)",
    )
    .bind(plan.student)
    .bind(plan.version)
    .bind(key.seal_json("joint_plans", "body", plan.student, &body)?)
    .bind(plan.author)
    .bind(plan.written_at)
    .exec()
    .await?;
    Ok(())
}
