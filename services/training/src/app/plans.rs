//! Keeping teaching plans (P1.1).

use super::{App, Error, school_year};
use crate::{
    domain::{
        ids::{PlanId, SchoolId},
        stage::Grade,
        teaching_plan::{PlanForm, TeachingPlan},
    },
    store,
};
use xinqiao_kit::{
    authz::Target,
    ctx::{Ctx, RequestKey},
    etag,
    page::Page,
    requests,
    time::SchoolYear,
    validate::Violations,
};

/// A plan to make.
pub struct CreatePlan {
    /// For which school.
    pub school: SchoolId,
    /// What is said of it.
    pub form: PlanForm,
    /// What could not be read.
    pub wrong: Violations,
    /// For the same request again.
    pub key: Option<RequestKey>,
}

/// A plan to change.
pub struct UpdatePlan {
    /// Which.
    pub id: PlanId,
    /// What is to be changed.
    pub form: PlanForm,
    /// What the caller read.
    pub etag: String,
    /// What could not be read.
    pub wrong: Violations,
}

impl App {
    /// Makes a plan.
    pub async fn create_plan(&self, ctx: &Ctx, command: CreatePlan) -> Result<TeachingPlan, Error> {
        let CreatePlan { school, form, mut wrong, key } = command;
        let known = self.school(ctx, school).await?;
        let mut tx = self.deps.db.begin().await?;
        if let Some(answer) = requests::begin(&mut tx, ctx, &key, &self.deps.keys).await? {
            return Ok(answer);
        }
        form.check(&mut wrong, school_year(ctx, None), &known);
        let now = ctx.now();
        let plan = || {
            Some(TeachingPlan {
                id: self.deps.ids.make(),
                school,
                year: SchoolYear(form.year?),
                grade: Grade::new(form.grade?)?,
                kind: form.kind?,
                title: form.title?,
                units: form.units?,
                version: 1,
                created_at: now,
                updated_at: now,
            })
        };
        let plan = wrong.finish(plan())?;
        if !store::plans::insert(&mut tx, &self.deps.keys, &plan).await? {
            return Err(Error::PlanThere);
        }
        self.commit(tx, ctx, (&key, &target(&plan)), plan).await
    }

    /// Changes title or units of a plan.
    pub async fn update_plan(&self, ctx: &Ctx, command: UpdatePlan) -> Result<TeachingPlan, Error> {
        let UpdatePlan { id, form, etag, mut wrong } = command;
        let mut tx = self.deps.db.begin().await?;
        let found = store::plans::find(&mut tx, &self.deps.keys, id).await?;
        let mut plan = self.deps.authz.require_found(ctx, found, target)?;
        if let Some(school) = store::facts::school(&mut tx, plan.school).await? {
            form.check(&mut wrong, school_year(ctx, None), &school);
        }
        wrong.into_result()?;
        etag::check(&etag, plan.version)?;
        plan.change(form, ctx.now());
        if !store::plans::update(&mut tx, &self.deps.keys, &plan).await? {
            return Err(etag::Stale.into());
        }
        self.commit(tx, ctx, (&None, &target(&plan)), plan).await
    }

    /// One plan.
    pub async fn get_plan(&self, ctx: &Ctx, id: PlanId) -> Result<TeachingPlan, Error> {
        let found = store::plans::find(&self.deps.db, &self.deps.keys, id).await?;
        Ok(self.deps.authz.require_found(ctx, found, target)?)
    }

    /// A page of a school's plans and the token of the next.
    pub async fn list_plans(
        &self,
        ctx: &Ctx,
        school: SchoolId,
        year: Option<SchoolYear>,
        page: &Page,
    ) -> Result<(Vec<TeachingPlan>, String), Error> {
        self.deps.authz.require(ctx, &Target::new("teaching_plan").school(school))?;
        let year = school_year(ctx, year);
        let mut plans = store::plans::list(&self.deps.db, &self.deps.keys, school, year, page).await?;
        let token = page.cut(&mut plans, |last| vec![last.id.to_string()]);
        Ok((plans, token))
    }
}

fn target(plan: &TeachingPlan) -> Target {
    Target::new("teaching_plan").id(plan.id).school(plan.school)
}
