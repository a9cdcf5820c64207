//! Emergency plans and the tasks that come of them (P3.1, P4.8).

use super::{App, Error, change::Change};
use crate::{
    domain::{
        Alert, AlertId, PlanId, SchoolId, TaskId, UserId,
        notification::NotificationKind,
        plan::{Item, Plan, PlanState, Task, assign},
        timeline::EntryKind,
    },
    store::{
        alerts,
        plans::{self, Whose},
    },
};
use uuid::Uuid;
use xinqiao_kit::{
    audit,
    authz::{AccessError, Target},
    ctx::{Ctx, RequestKey},
    db::{DbError, Tx},
    etag,
    page::Page,
    requests,
    time::Ts,
};

impl App {
    /// Writes a new version of a school's plan as a draft.
    ///
    /// # Errors
    /// Not the caller's school.
    pub async fn create_plan(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        (title, items): (String, Vec<Item>),
        key: &Option<RequestKey>,
    ) -> Result<Plan, Error> {
        let target = Target::new("plan").school(school);
        self.deps.authz.require(ctx, &target)?;
        let author = UserId::from(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        let plan = Plan {
            id: self.deps.ids.make::<PlanId>(),
            school,
            number: plans::next_number(&mut tx, school).await?,
            title,
            items,
            state: PlanState::Draft,
            author,
            approved: None,
            created_at: self.deps.clock.now(),
            version: 1,
        };
        if !plans::insert(&mut tx, &plan).await? {
            return Err(DbError::Conflict("two drafts took one number at once".into()).into());
        }
        audit::record(&mut tx, ctx, audit::Entry::write(&target.id(plan.id))).await?;
        requests::finish(&mut tx, ctx, key, &plan, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(plan)
    }

    /// A plan.
    ///
    /// # Errors
    /// Not there or not the caller's to see.
    pub async fn get_plan(&self, ctx: &Ctx, school: SchoolId, id: PlanId) -> Result<Plan, Error> {
        let plan = plans::get(&mut self.deps.db.clone(), id).await?.filter(|plan| plan.school == school);
        Ok(self.deps.authz.require_found(ctx, plan, plan_target)?)
    }

    /// The versions of a school's plan, newest first.
    ///
    /// # Errors
    /// Not the caller's to see.
    pub async fn list_plans(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        page: &Page,
    ) -> Result<(Vec<Plan>, String), Error> {
        self.deps.authz.require(ctx, &Target::new("plan").school(school))?;
        let after = page.after.as_ref().and_then(|parts| parts.first()?.parse().ok());
        let mut db = self.deps.db.clone();
        let mut found = plans::list(&mut db, school, after.unwrap_or(i32::MAX), page.fetch()).await?;
        let next = page.cut(&mut found, |plan| vec![plan.number.to_string()]);
        Ok((found, next))
    }

    /// Puts a draft in force.
    ///
    /// # Errors
    /// Not the caller's; no draft; the caller's own draft; a stale etag.
    pub async fn approve_plan(
        &self,
        ctx: &Ctx,
        (school, id): (SchoolId, PlanId),
        given_etag: &str,
        key: &Option<RequestKey>,
    ) -> Result<Plan, Error> {
        let approver = UserId::from(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let plan = plans::lock(&mut tx, id).await?.filter(|plan| plan.school == school);
        let plan = self.deps.authz.require_found(ctx, plan, plan_target)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        etag::check(given_etag, plan.version)?;
        let mut plan = plan.approved_by(approver, self.deps.clock.now())?;
        plans::approve(&mut tx, &mut plan).await?;
        audit::record(&mut tx, ctx, audit::Entry::write(&plan_target(&plan))).await?;
        requests::finish(&mut tx, ctx, key, &plan, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(plan)
    }

    /// Activates the plan in force on an alert: each item becomes a task, and its owner is told.
    ///
    /// # Errors
    /// Not the caller's; no plan in force; a closed alert.
    pub async fn activate_plan(
        &self,
        ctx: &Ctx,
        id: AlertId,
        key: &Option<RequestKey>,
    ) -> Result<(Plan, Vec<Task>), Error> {
        let user = UserId::from(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        let alert = alerts::lock(&mut tx, id).await?;
        let (alert, target) = self.permitted_alert(&mut tx, ctx, alert).await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if !alert.state().gathers() {
            return Err(Error::AlertState(alert.state()));
        }
        let plan = match alert.school {
            Some(school) => plans::in_force(&mut tx, school).await?.ok_or(Error::NoPlan)?,
            None => return Err(Error::NoPlan),
        };
        let known = plans::tasks_of(&mut tx, &self.deps.keys, id, plan.id).await?;
        let tasks = if known.is_empty() { self.put_tasks(&mut tx, alert, &plan, user).await? } else { known };
        audit::record(&mut tx, ctx, audit::Entry::write(&target)).await?;
        let answer = (plan, tasks);
        requests::finish(&mut tx, ctx, key, &answer, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(answer)
    }

    async fn put_tasks(
        &self,
        tx: &mut Tx,
        alert: Alert,
        plan: &Plan,
        user: UserId,
    ) -> Result<Vec<Task>, Error> {
        let now = self.deps.clock.now();
        let reach = self.reach(tx, &alert).await?;
        let task = |(position, (item, owner, due_at)): (i32, (Item, Option<UserId>, Ts))| Task {
            id: self.deps.ids.make::<TaskId>(),
            alert: alert.id,
            position,
            title: item.title,
            owner_level: item.owner_level,
            owner,
            due_at,
            done: None,
            note: None,
            drill: alert.drill,
        };
        let tasks: Vec<Task> = (0..).zip(assign(&plan.items, &reach, now)).map(task).collect();
        plans::insert_tasks(tx, plan.id, alert.student, &tasks).await?;
        let mut change = Change::of(alert, now);
        change.note_by(self, EntryKind::PlanActivated, user, None, None);
        for task in &tasks {
            if let Some(owner) = task.owner {
                change.tell(self, NotificationKind::Task, &format!("task:{}", task.id), owner);
            }
        }
        self.save(tx, change).await?;
        Ok(tasks)
    }

    /// The tasks of an alert by due time, and the token of the next page.
    ///
    /// # Errors
    /// Not there or not the caller's to see.
    pub async fn list_tasks(
        &self,
        ctx: &Ctx,
        id: AlertId,
        page: &Page,
    ) -> Result<(Vec<Task>, String), Error> {
        let mut tx = self.deps.db.begin().await?;
        let alert = alerts::get(&mut tx, id).await?;
        let (_, target) = self.permitted_alert(&mut tx, ctx, alert).await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target)).await?;
        self.tasks_page(tx, Whose::Alert(id), page).await
    }

    /// The caller's own tasks of all alerts.
    ///
    /// # Errors
    /// Nobody's: not a person.
    pub async fn list_own_tasks(&self, ctx: &Ctx, page: &Page) -> Result<(Vec<Task>, String), Error> {
        let user = ctx.user()?;
        let target = Target::new("task").owner(user);
        self.deps.authz.require(ctx, &target)?;
        let mut tx = self.deps.db.begin().await?;
        audit::record(&mut tx, ctx, audit::Entry::read(&target)).await?;
        self.tasks_page(tx, Whose::Owner(user.into()), page).await
    }

    async fn tasks_page(&self, mut tx: Tx, whose: Whose, page: &Page) -> Result<(Vec<Task>, String), Error> {
        let part = |index: usize| page.after.as_ref().and_then(|parts| parts.get(index));
        let due = part(0).and_then(|text| text.parse::<Ts>().ok());
        let after: Uuid = page.after_id(1);
        let mut found =
            plans::list_tasks(&mut tx, &self.deps.keys, whose, (due, after), page.fetch()).await?;
        tx.commit().await?;
        let next = page.cut(&mut found, |task| vec![task.due_at.to_string(), task.id.to_string()]);
        Ok((found, next))
    }

    /// Completes a task. Again changes nothing.
    ///
    /// # Errors
    /// Not there or not the caller's.
    pub async fn complete_task(
        &self,
        ctx: &Ctx,
        (alert, id): (AlertId, TaskId),
        note: Option<String>,
        key: &Option<RequestKey>,
    ) -> Result<Task, Error> {
        let user = UserId::from(ctx.user()?);
        let mut tx = self.deps.db.begin().await?;
        // The alert is held before the task, as everywhere.
        let alert = alerts::lock(&mut tx, alert).await?;
        let (alert, target) = self.permitted_alert(&mut tx, ctx, alert).await?;
        let task =
            plans::lock_task(&mut tx, &self.deps.keys, id).await?.filter(|task| task.alert == alert.id);
        let mut task = task.ok_or(AccessError::NotFound)?;
        if let Some(answer) = requests::begin(&mut tx, ctx, key, &self.deps.keys).await? {
            return Ok(answer);
        }
        if task.done.is_none() {
            let now = self.deps.clock.now();
            (task.done, task.note) = (Some((user, now)), note);
            plans::complete(&mut tx, &self.deps.keys, alert.student, &task).await?;
            let mut change = Change::of(alert, now);
            change.note_by(self, EntryKind::TaskCompleted, user, None, None);
            self.save(&mut tx, change).await?;
        }
        audit::record(&mut tx, ctx, audit::Entry::write(&target)).await?;
        requests::finish(&mut tx, ctx, key, &task, &self.deps.keys).await?;
        tx.commit().await?;
        Ok(task)
    }
}

fn plan_target(plan: &Plan) -> Target {
    Target::new("plan").id(plan.id).school(plan.school)
}
