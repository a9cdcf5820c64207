//! Teaching plans.

use super::{Read as _, Server, about, pb, school_name, words};
use crate::{
    app::{
        Error,
        plans::{CreatePlan, UpdatePlan},
    },
    domain::teaching_plan::{PlanForm, TeachingPlan, UNITS_MAX, Unit},
};
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, etag, names, rpc, validate::Violations};

const PLAN: &str = "teachingPlans/{}";
const FIELDS: &[&str] = &["title", "units"];
const ALL_FIELDS: &[&str] = &["school_year", "grade", "kind", "title", "units"];

#[tonic::async_trait]
impl pb::teaching_plan_service_server::TeachingPlanService for Server {
    async fn create_teaching_plan(
        &self,
        request: Request<pb::CreateTeachingPlanRequest>,
    ) -> Result<Response<pb::TeachingPlan>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.create_plan(&ctx, create(&ctx, m)?).await?))
        })
        .await
    }

    async fn update_teaching_plan(
        &self,
        request: Request<pb::UpdateTeachingPlanRequest>,
    ) -> Result<Response<pb::TeachingPlan>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            Ok::<_, Error>(shown(app.update_plan(&ctx, update(m)?).await?))
        })
        .await
    }

    async fn get_teaching_plan(
        &self,
        request: Request<pb::GetTeachingPlanRequest>,
    ) -> Result<Response<pb::TeachingPlan>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let id = v.id("name", &m.name, PLAN);
            Ok::<_, Error>(shown(app.get_plan(&ctx, v.finish(id)?).await?))
        })
        .await
    }

    async fn list_teaching_plans(
        &self,
        request: Request<pb::ListTeachingPlansRequest>,
    ) -> Result<Response<pb::ListTeachingPlansResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let (school, year) = (v.school("parent", &m.parent), v.year(m.school_year));
            let list = format!("plans {} {}", m.parent, m.school_year);
            let page = v.page(m.page_size, &m.page_token, &list);
            let (school, page) = v.finish(school.zip(page))?;
            let (plans, next_page_token) = app.list_plans(&ctx, school, year, &page).await?;
            let teaching_plans = plans.into_iter().map(shown).collect();
            Ok::<_, Error>(pb::ListTeachingPlansResponse { teaching_plans, next_page_token })
        })
        .await
    }
}

fn create(ctx: &Ctx, m: pb::CreateTeachingPlanRequest) -> Result<CreatePlan, Error> {
    let mut v = Violations::new();
    let key = v.key(ctx, &m.request_id, &m);
    let school = v.school("parent", &m.parent);
    let plan = v.present("teaching_plan", m.teaching_plan);
    let form = plan.map(|plan| form(&mut v, plan, ALL_FIELDS)).unwrap_or_default();
    let (school, wrong) = about(v, school)?;
    Ok(CreatePlan { school, form, wrong, key })
}

fn update(m: pb::UpdateTeachingPlanRequest) -> Result<UpdatePlan, Error> {
    let mut v = Violations::new();
    let fields = v.mask(m.update_mask, FIELDS);
    let plan = v.present("teaching_plan", m.teaching_plan).unwrap_or_default();
    let id = v.id("teaching_plan.name", &plan.name, PLAN);
    let etag = plan.etag.clone();
    let form = form(&mut v, plan, &fields);
    let (id, wrong) = about(v, id)?;
    Ok(UpdatePlan { id, form, etag, wrong })
}

fn form(v: &mut Violations, m: pb::TeachingPlan, fields: &[&str]) -> PlanForm {
    let named = |field: &str| fields.contains(&field);
    PlanForm {
        year: named("school_year").then_some(m.school_year),
        grade: named("grade").then_some(m.grade),
        kind: named("kind")
            .then(|| v.enum_value("teaching_plan.kind", m.kind, words::lesson_kind_of))
            .flatten(),
        title: named("title").then(|| m.title.trim().to_owned()),
        units: named("units")
            .then(|| m.units.into_iter().enumerate().map(|(at, one)| unit(v, at, one)).collect()),
    }
}

fn unit(v: &mut Violations, at: usize, m: pb::TeachingUnit) -> Unit {
    let field = format!("teaching_plan.units[{at}].educations");
    // Beyond the limit the list is refused as a whole.
    let educations = if at < UNITS_MAX { m.educations } else { Vec::new() };
    let educations = v.set(&field, &educations, words::education_of);
    Unit { topic: m.topic.trim().to_owned(), lesson_hours: m.lesson_hours, educations }
}

fn shown(plan: TeachingPlan) -> pb::TeachingPlan {
    let stage = plan.grade.stage();
    pb::TeachingPlan {
        name: names::format(PLAN, plan.id),
        school: school_name(plan.school),
        school_year: plan.year.0,
        stage: words::stage(stage),
        grade: plan.grade.number(),
        kind: words::lesson_kind(plan.kind),
        planned_lesson_hours: plan.planned_hours(),
        target_lesson_hours: stage.target_lesson_hours(),
        title: plan.title,
        units: plan.units.into_iter().map(shown_unit).collect(),
        create_time: Some(plan.created_at.into()),
        update_time: Some(plan.updated_at.into()),
        etag: etag::of(plan.version),
    }
}

fn shown_unit(unit: Unit) -> pb::TeachingUnit {
    pb::TeachingUnit {
        topic: unit.topic,
        lesson_hours: unit.lesson_hours,
        educations: unit.educations.into_iter().map(words::education).collect(),
    }
}
