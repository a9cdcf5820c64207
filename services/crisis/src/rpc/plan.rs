//! PlanService.

use super::{convert, parse};
use crate::{
    app::{App, Error},
    domain::{
        PlanId, SchoolId,
        plan::{Item, Plan, PlanState, Task},
    },
};
use std::sync::Arc;
use tonic::{Request, Response, Status};
use xinqiao_kit::{
    ctx::{Ctx, RequestKey},
    etag, names, rpc,
    status::Violation,
    validate::{Invalid, Violations},
};
use xinqiao_proto::crisis::v1::{self as pb, plan_service_server::PlanService};

const PLAN: &str = "schools/{}/plans/{}";
const TITLE_MAX: usize = 100;
const ITEMS_MAX: usize = 100;
const ITEM_TITLE_MAX: usize = 200;
const DUE_MINUTES_MAX: i32 = 43_200;

pub(super) struct Service(pub(super) Arc<App>);

type NewPlan = (SchoolId, (String, Vec<Item>), Option<RequestKey>);

fn new_plan(ctx: &Ctx, request: &pb::CreatePlanRequest) -> Result<NewPlan, Invalid> {
    let mut v = Violations::new();
    let school = v.id("parent", &request.parent, "schools/{}");
    let key = parse::key(&mut v, ctx, &request.request_id, request);
    let Some(plan) = v.present("plan", request.plan.as_ref()) else {
        return v.finish(None);
    };
    let title = parse::required(&mut v, "plan.title", &plan.title, TITLE_MAX);
    if plan.items.is_empty() {
        v.push(Violation::new("plan.items", "REQUIRED"));
    }
    v.count("plan.items", plan.items.len(), ITEMS_MAX);
    let mut items = Vec::new();
    for (index, given) in plan.items.iter().take(ITEMS_MAX).enumerate() {
        items.extend(item(&mut v, &format!("plan.items[{index}]"), given));
    }
    let parsed = school.zip(title).zip(key);
    v.finish(parsed.map(|((school, title), key)| (school, (title, items), key)))
}

fn item(v: &mut Violations, field: &str, item: &pb::PlanItem) -> Option<Item> {
    let title = parse::required(v, &format!("{field}.title"), &item.title, ITEM_TITLE_MAX);
    let told = |number| convert::from_level(number).filter(|level| level.is_told());
    let owner_level = v.enum_value(&format!("{field}.owner_level"), item.owner_level, told);
    let in_range = v.range(&format!("{field}.due_minutes"), item.due_minutes, 1, DUE_MINUTES_MAX);
    let (title, owner_level) = title.zip(owner_level)?;
    in_range.then_some(Item { title, owner_level, due_minutes: item.due_minutes })
}

fn plan_name(name: &str) -> Result<(SchoolId, PlanId), Invalid> {
    let mut v = Violations::new();
    let ids = v.id2("name", name, PLAN);
    v.finish(ids)
}

fn plan_state(state: PlanState) -> pb::PlanState {
    match state {
        PlanState::Draft => pb::PlanState::Draft,
        PlanState::Approved => pb::PlanState::Approved,
        PlanState::Superseded => pb::PlanState::Superseded,
    }
}

fn plan(plan: &Plan) -> pb::Plan {
    let item = |item: &Item| pb::PlanItem {
        title: item.title.clone(),
        owner_level: convert::to_level(item.owner_level).into(),
        due_minutes: item.due_minutes,
    };
    pb::Plan {
        name: names::format2(PLAN, plan.school, plan.id),
        version: plan.number,
        title: plan.title.clone(),
        items: plan.items.iter().map(item).collect(),
        state: plan_state(plan.state).into(),
        author: convert::user(Some(plan.author)),
        approver: convert::user(plan.approved.map(|(user, _)| user)),
        approve_time: plan.approved.and_then(|(_, at)| convert::time(at)),
        create_time: convert::time(plan.created_at),
        etag: etag::of(plan.version),
    }
}

fn task(task: &Task) -> pb::Task {
    let state = if task.done.is_some() { pb::TaskState::Done } else { pb::TaskState::Open };
    pb::Task {
        name: names::format2("alerts/{}/tasks/{}", task.alert, task.id),
        title: task.title.clone(),
        owner_level: convert::to_level(task.owner_level).into(),
        owner: convert::user(task.owner),
        due_time: convert::time(task.due_at),
        state: state.into(),
        completer: convert::user(task.done.map(|(user, _)| user)),
        complete_time: task.done.and_then(|(_, at)| convert::time(at)),
        note: task.note.clone().unwrap_or_default(),
        drill: task.drill,
    }
}

#[tonic::async_trait]
impl PlanService for Service {
    async fn create_plan(
        &self,
        request: Request<pb::CreatePlanRequest>,
    ) -> Result<Response<pb::Plan>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let (school, new, key) = new_plan(&ctx, &m)?;
            let draft = app.create_plan(&ctx, school, new, &key).await?;
            Ok::<_, Error>(plan(&draft))
        })
        .await
    }

    async fn get_plan(&self, request: Request<pb::GetPlanRequest>) -> Result<Response<pb::Plan>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let (school, id) = plan_name(&m.name)?;
            let found = app.get_plan(&ctx, school, id).await?;
            Ok::<_, Error>(plan(&found))
        })
        .await
    }

    async fn list_plans(
        &self,
        request: Request<pb::ListPlansRequest>,
    ) -> Result<Response<pb::ListPlansResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let school = v.id("parent", &m.parent, "schools/{}");
            let page = parse::page(&mut v, m.page_size, &m.page_token, &format!("plans {}", m.parent));
            let (school, page) = v.finish(school.zip(page))?;
            let (found, next_page_token) = app.list_plans(&ctx, school, &page).await?;
            Ok::<_, Error>(pb::ListPlansResponse { plans: found.iter().map(plan).collect(), next_page_token })
        })
        .await
    }

    async fn approve_plan(
        &self,
        request: Request<pb::ApprovePlanRequest>,
    ) -> Result<Response<pb::Plan>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let ids = v.id2("name", &m.name, PLAN);
            let key = parse::key(&mut v, &ctx, &m.request_id, &m);
            let (ids, key) = v.finish(ids.zip(key))?;
            let approved = app.approve_plan(&ctx, ids, &m.etag, &key).await?;
            Ok::<_, Error>(plan(&approved))
        })
        .await
    }

    async fn activate_plan(
        &self,
        request: Request<pb::ActivatePlanRequest>,
    ) -> Result<Response<pb::ActivatePlanResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let alert = v.id("name", &m.name, "alerts/{}");
            let key = parse::key(&mut v, &ctx, &m.request_id, &m);
            let (alert, key) = v.finish(alert.zip(key))?;
            let (activated, tasks) = app.activate_plan(&ctx, alert, &key).await?;
            Ok::<_, Error>(pb::ActivatePlanResponse {
                plan: names::format2(PLAN, activated.school, activated.id),
                tasks: tasks.iter().map(task).collect(),
            })
        })
        .await
    }

    async fn list_tasks(
        &self,
        request: Request<pb::ListTasksRequest>,
    ) -> Result<Response<pb::ListTasksResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let page = parse::page(&mut v, m.page_size, &m.page_token, &format!("tasks {}", m.parent));
            let (found, next_page_token) = if m.parent == "alerts/-" {
                app.list_own_tasks(&ctx, &v.finish(page)?).await?
            } else {
                let alert = v.id("parent", &m.parent, "alerts/{}");
                let (alert, page) = v.finish(alert.zip(page))?;
                app.list_tasks(&ctx, alert, &page).await?
            };
            Ok::<_, Error>(pb::ListTasksResponse { tasks: found.iter().map(task).collect(), next_page_token })
        })
        .await
    }

    async fn complete_task(
        &self,
        request: Request<pb::CompleteTaskRequest>,
    ) -> Result<Response<pb::Task>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let ids = v.id2("name", &m.name, "alerts/{}/tasks/{}");
            let note = parse::optional(&mut v, "note", &m.note, parse::TEXT_MAX);
            let key = parse::key(&mut v, &ctx, &m.request_id, &m);
            let (ids, key) = v.finish(ids.zip(key))?;
            let done = app.complete_task(&ctx, ids, note, &key).await?;
            Ok::<_, Error>(task(&done))
        })
        .await
    }
}
