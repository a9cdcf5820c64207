//! Emergency plans and tasks.

use super::{Source, StoreError, known, open_text};
use crate::domain::{
    AlertId, Level, PlanId, SchoolId, StudentId, TaskId, UserId,
    plan::{Item, Plan, PlanState, Task},
};
use uuid::Uuid;
use xinqiao_kit::{
    db::{DbError, Json, Sql, Tx},
    insert_rows,
    keys::Keys,
    sql,
    time::Ts,
};

#[derive(sqlx::FromRow)]
struct PlanRow {
    id: PlanId,
    school_id: SchoolId,
    number: i32,
    title: String,
    items: Json<Vec<Item>>,
    state: String,
    author: UserId,
    approver: Option<UserId>,
    approved_at: Option<Ts>,
    created_at: Ts,
    version: i64,
}

impl PlanRow {
    fn plan(self) -> Result<Plan, StoreError> {
        Ok(Plan {
            id: self.id,
            school: self.school_id,
            number: self.number,
            title: self.title,
            items: self.items.0,
            state: known("plans", "state", PlanState::from_code(&self.state))?,
            author: self.author,
            approved: self.approver.zip(self.approved_at),
            created_at: self.created_at,
            version: self.version,
        })
    }
}

macro_rules! select_plan {
    () => {
        "SELECT id, school_id, number, title, items, state, author, approver, approved_at, created_at, version FROM plans "
    };
}

/// The number of a school's next version.
pub async fn next_number(tx: &mut Tx, school: SchoolId) -> Result<i32, DbError> {
    let last: Option<i32> =
        tx.q("SELECT MAX(number) FROM plans WHERE school_id = $1").bind(school).get::<Option<i32>>().await?;
    Ok(last.unwrap_or_default() + 1)
}

/// Writes a draft. False if another draft took its number.
pub async fn insert(tx: &mut Tx, plan: &Plan) -> Result<bool, DbError> {
    let rows = tx
        .q("INSERT INTO plans (id, school_id, number, title, items, state, author, created_at, version) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (school_id, number) DO NOTHING")
        .bind(plan.id)
        .bind(plan.school)
        .bind(plan.number)
        .bind(plan.title.clone())
        .bind(Json(plan.items.clone()))
        .bind(plan.state.code())
        .bind(plan.author)
        .bind(plan.created_at)
        .bind(plan.version)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// A plan.
pub async fn get(source: &mut impl Source, id: PlanId) -> Result<Option<Plan>, StoreError> {
    let row = source.query(concat!(select_plan!(), "WHERE id = $1")).bind(id).opt::<PlanRow>().await?;
    row.map(PlanRow::plan).transpose()
}

/// A plan, held until commit.
pub async fn lock(tx: &mut Tx, id: PlanId) -> Result<Option<Plan>, StoreError> {
    const LOCK: Sql = sql!("SELECT id FROM plans WHERE id = $1" pg " FOR NO KEY UPDATE");
    tx.q(LOCK).bind(id).get_opt::<Uuid>().await?;
    get(tx, id).await
}

/// The plan that is in force in a school.
pub async fn in_force(tx: &mut Tx, school: SchoolId) -> Result<Option<Plan>, StoreError> {
    let row = tx
        .q(concat!(
            select_plan!(),
            "WHERE school_id = $1 AND state = 'approved' ORDER BY number DESC LIMIT 1"
        ))
        .bind(school)
        .opt::<PlanRow>()
        .await?;
    row.map(PlanRow::plan).transpose()
}

/// The versions of a school's plan with a number below `before`, newest first.
pub async fn list(
    source: &mut impl Source,
    school: SchoolId,
    before: i32,
    limit: i64,
) -> Result<Vec<Plan>, StoreError> {
    let rows = source
        .query(concat!(select_plan!(), "WHERE school_id = $1 AND number < $2 ORDER BY number DESC LIMIT $3"))
        .bind(school)
        .bind(before)
        .bind(limit)
        .all::<PlanRow>()
        .await?;
    rows.into_iter().map(PlanRow::plan).collect()
}

/// Puts a plan in force in place of the one before.
pub async fn approve(tx: &mut Tx, plan: &mut Plan) -> Result<(), DbError> {
    tx.q("UPDATE plans SET state = 'superseded', version = version + 1 WHERE school_id = $1 AND state = 'approved'")
        .bind(plan.school)
        .exec()
        .await?;
    tx.q("UPDATE plans SET state = $2, approver = $3, approved_at = $4, version = version + 1 WHERE id = $1")
        .bind(plan.id)
        .bind(plan.state.code())
        .bind(plan.approved.map(|(user, _)| user))
        .bind(plan.approved.map(|(_, at)| at))
        .exec()
        .await?;
    plan.version += 1;
    Ok(())
}

/// Writes the tasks of an activated plan; those that are there are left alone.
pub async fn insert_tasks(
    tx: &mut Tx,
    plan: PlanId,
    student: StudentId,
    tasks: &[Task],
) -> Result<u64, DbError> {
    let row = |task: &Task| {
        (
            task.id,
            task.alert,
            plan,
            student,
            task.position,
            task.title.clone(),
            task.owner_level.code(),
            task.owner,
            task.due_at,
            task.drill,
        )
    };
    let rows: Vec<_> = tasks.iter().map(row).collect();
    insert_rows!(
        tx,
        "tasks",
        [id, alert_id, plan_id, student_id, position, title, owner_level, owner, due_at, drill],
        rows,
        "ON CONFLICT (alert_id, plan_id, position) DO NOTHING"
    )
    .await
}

#[derive(sqlx::FromRow)]
struct TaskRow {
    id: TaskId,
    alert_id: AlertId,
    student_id: StudentId,
    position: i32,
    title: String,
    owner_level: String,
    owner: Option<UserId>,
    due_at: Ts,
    done_by: Option<UserId>,
    done_at: Option<Ts>,
    note: Option<Vec<u8>>,
    drill: bool,
}

macro_rules! select_task {
    () => {
        "SELECT id, alert_id, student_id, position, title, owner_level, owner, due_at, done_by, done_at, note, drill FROM tasks "
    };
}

async fn tasks(tx: &mut Tx, keys: &Keys, rows: Vec<TaskRow>) -> Result<Vec<Task>, StoreError> {
    let students: Vec<Uuid> = rows.iter().map(|row| row.student_id.uuid()).collect();
    let opened = keys.existing_tx(tx, &students).await?;
    let task = |row: TaskRow| {
        let key = opened.get(&row.student_id.uuid());
        Ok(Task {
            id: row.id,
            alert: row.alert_id,
            position: row.position,
            title: row.title,
            owner_level: known("tasks", "owner_level", Level::from_code(&row.owner_level))?,
            owner: row.owner,
            due_at: row.due_at,
            done: row.done_by.zip(row.done_at),
            note: open_text(key, ("tasks", "note"), row.id.uuid(), row.note.as_deref())?,
            drill: row.drill,
        })
    };
    rows.into_iter().map(task).collect()
}

/// The tasks that activating one plan on an alert gave, in the order of the plan.
pub async fn tasks_of(
    tx: &mut Tx,
    keys: &Keys,
    alert: AlertId,
    plan: PlanId,
) -> Result<Vec<Task>, StoreError> {
    let rows = tx
        .q(concat!(select_task!(), "WHERE alert_id = $1 AND plan_id = $2 ORDER BY position"))
        .bind(alert)
        .bind(plan)
        .all::<TaskRow>()
        .await?;
    tasks(tx, keys, rows).await
}

/// Whose tasks a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Whose {
    /// Those of one alert.
    Alert(AlertId),
    /// Those of one person.
    Owner(UserId),
}

/// Tasks after a position, by due time.
pub async fn list_tasks(
    tx: &mut Tx,
    keys: &Keys,
    whose: Whose,
    after: (Option<Ts>, Uuid),
    limit: i64,
) -> Result<Vec<Task>, StoreError> {
    const OF_ALERT: &str = concat!(
        select_task!(),
        "WHERE alert_id = $1 AND ($2 OR (due_at, id) > ($3, $4)) ORDER BY due_at, id LIMIT $5"
    );
    const OF_OWNER: &str = concat!(
        select_task!(),
        "WHERE owner = $1 AND ($2 OR (due_at, id) > ($3, $4)) ORDER BY due_at, id LIMIT $5"
    );
    let query = match whose {
        Whose::Alert(alert) => tx.q(OF_ALERT).bind(alert.uuid()),
        Whose::Owner(owner) => tx.q(OF_OWNER).bind(owner.uuid()),
    };
    let (due, id) = after;
    let rows = query
        .bind(due.is_none())
        .bind(due.unwrap_or(Ts::from_micros(0)))
        .bind(id)
        .bind(limit)
        .all::<TaskRow>()
        .await?;
    tasks(tx, keys, rows).await
}

/// A task, held until commit.
pub async fn lock_task(tx: &mut Tx, keys: &Keys, id: TaskId) -> Result<Option<Task>, StoreError> {
    const LOCK: Sql = sql!("SELECT id FROM tasks WHERE id = $1" pg " FOR NO KEY UPDATE");
    tx.q(LOCK).bind(id).get_opt::<Uuid>().await?;
    let rows = tx.q(concat!(select_task!(), "WHERE id = $1")).bind(id).all::<TaskRow>().await?;
    Ok(tasks(tx, keys, rows).await?.pop())
}

/// Notes that a task is done.
pub async fn complete(tx: &mut Tx, keys: &Keys, student: StudentId, task: &Task) -> Result<(), StoreError> {
    let key = keys.subject(tx, student.uuid()).await?;
    let note = match &task.note {
        Some(text) => Some(key.seal_text("tasks", "note", task.id, text)?),
        None => None,
    };
    tx.q("UPDATE tasks SET done_by = $2, done_at = $3, note = $4 WHERE id = $1 AND done_at IS NULL")
        .bind(task.id)
        .bind(task.done.map(|(user, _)| user))
        .bind(task.done.map(|(_, at)| at))
        .bind(note)
        .exec()
        .await?;
    Ok(())
}
