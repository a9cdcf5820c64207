//! Plans through their service: two people bring one into force, activating it puts tasks on people.

use super::support::*;
use tonic::Code;
use xinqiao_proto::crisis::v1::{self as pb, Level, PlanState, TaskState, TimelineKind};

fn new_plan(school: u128) -> pb::CreatePlanRequest {
    let item = |title: &str, level: Level, due_minutes| pb::PlanItem {
        title: title.to_owned(),
        owner_level: level.into(),
        due_minutes,
    };
    let plan = pb::Plan {
        title: "心理危机应急预案".to_owned(),
        items: vec![
            item("陪伴学生，不离开", Level::Class, 5),
            item("评估风险", Level::Psychologist, 30),
            item("联系家长", Level::Principal, 15),
        ],
        ..Default::default()
    };
    pb::CreatePlanRequest {
        parent: format!("schools/{}", id(school)),
        plan: Some(plan),
        ..Default::default()
    }
}

async fn approved(w: &World) -> pb::Plan {
    let draft = w.plans(PSYCHOLOGIST).create_plan(new_plan(SCHOOL)).await.unwrap().into_inner();
    let request = pb::ApprovePlanRequest { name: draft.name, etag: draft.etag, ..Default::default() };
    w.plans(PRINCIPAL).approve_plan(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_plan_takes_force_by_a_second_person_and_replaces_the_one_before() {
    each(|w| async move {
        let draft = w.plans(PRINCIPAL).create_plan(new_plan(SCHOOL)).await.unwrap().into_inner();
        assert_eq!((draft.version, draft.state()), (1, PlanState::Draft));
        let approve = pb::ApprovePlanRequest { name: draft.name.clone(), ..Default::default() };
        let own = w.plans(PRINCIPAL).approve_plan(approve.clone()).await;
        assert_eq!(refusal(own), (Code::FailedPrecondition, "PLAN_OWN_DRAFT".to_owned()));
        let stale = pb::ApprovePlanRequest { etag: "\"9\"".to_owned(), ..approve.clone() };
        let stale = w.plans(DEPUTY).approve_plan(stale).await;
        assert_eq!(refusal(stale), (Code::Aborted, "STALE_ETAG".to_owned()));
        let first = w.plans(DEPUTY).approve_plan(approve.clone()).await.unwrap().into_inner();
        assert_eq!((first.state(), first.approver), (PlanState::Approved, format!("users/{}", id(DEPUTY))));
        let twice = w.plans(DEPUTY).approve_plan(approve).await;
        assert_eq!(refusal(twice), (Code::FailedPrecondition, "PLAN_WRONG_STATE".to_owned()));
        approved(&w).await;
        let request =
            pb::ListPlansRequest { parent: format!("schools/{}", id(SCHOOL)), ..Default::default() };
        let plans = w.plans(HOMEROOM).list_plans(request).await.unwrap().into_inner().plans;
        let states: Vec<_> = plans.iter().map(|plan| (plan.version, plan.state())).collect();
        assert_eq!(states, [(2, PlanState::Approved), (1, PlanState::Superseded)]);
    })
    .await;
}

#[tokio::test]
async fn activating_a_plan_gives_tasks_with_owners_and_due_times_once() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        let activate = pb::ActivatePlanRequest { name: alert.name.clone(), ..Default::default() };
        let missing = w.plans(PSYCHOLOGIST).activate_plan(activate.clone()).await;
        assert_eq!(refusal(missing), (Code::FailedPrecondition, "PLAN_MISSING".to_owned()));
        let plan = approved(&w).await;
        let first = w.plans(PSYCHOLOGIST).activate_plan(activate.clone()).await.unwrap().into_inner();
        let again = w.plans(PRINCIPAL).activate_plan(activate).await.unwrap().into_inner();
        assert_eq!(first, again);
        assert_eq!(first.plan, plan.name);
        let owners: Vec<_> = first.tasks.iter().map(|task| task.owner.clone()).collect();
        assert_eq!(owners, [HOMEROOM, PSYCHOLOGIST, PRINCIPAL].map(|n| format!("users/{}", id(n))));
        let own = pb::ListTasksRequest { parent: "alerts/-".to_owned(), ..Default::default() };
        let own = w.plans(HOMEROOM).list_tasks(own).await.unwrap().into_inner().tasks;
        assert_eq!(own, first.tasks[..1]);
        assert!(w.told(HOMEROOM).await.iter().any(|told| told.kind() == pb::NotificationKind::Task));
        let kinds = w.kinds(&alert).await;
        assert_eq!(kinds.iter().filter(|kind| **kind == TimelineKind::PlanActivated).count(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_task_is_completed_once_by_who_sees_the_alert_and_its_note_is_kept() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        approved(&w).await;
        let activate = pb::ActivatePlanRequest { name: alert.name.clone(), ..Default::default() };
        let tasks = w.plans(PSYCHOLOGIST).activate_plan(activate).await.unwrap().into_inner().tasks;
        let complete = pb::CompleteTaskRequest {
            name: tasks[0].name.clone(),
            note: "一直在一起".to_owned(),
            ..Default::default()
        };
        let done = w.plans(HOMEROOM).complete_task(complete.clone()).await.unwrap().into_inner();
        assert_eq!((done.state(), done.note.as_str()), (TaskState::Done, "一直在一起"));
        let again = w.plans(PSYCHOLOGIST).complete_task(complete.clone()).await.unwrap().into_inner();
        assert_eq!(again, done, "the first completion stands");
        let refused = w.plans(GRADE_LEADER).complete_task(complete).await;
        assert_eq!(refusal(refused), (Code::NotFound, "NOT_FOUND".to_owned()));
        let request = pb::ListTasksRequest { parent: alert.name.clone(), page_size: 2, ..Default::default() };
        let page = w.plans(PSYCHOLOGIST).list_tasks(request.clone()).await.unwrap().into_inner();
        let rest = pb::ListTasksRequest { page_token: page.next_page_token, ..request };
        let rest = w.plans(PSYCHOLOGIST).list_tasks(rest).await.unwrap().into_inner();
        let titles: Vec<_> = page.tasks.iter().chain(&rest.tasks).map(|task| task.title.as_str()).collect();
        assert_eq!(titles, ["陪伴学生，不离开", "联系家长", "评估风险"], "by due time, over two pages");
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_a_plan_is_said_at_once() {
    each(|w| async move {
        let mut request = new_plan(SCHOOL);
        let plan = request.plan.as_mut().unwrap();
        plan.title = String::new();
        plan.items[0].owner_level = Level::Peer.into();
        plan.items[1].due_minutes = 0;
        plan.items[2].title = "长".repeat(201);
        let found = violations(w.plans(PRINCIPAL).create_plan(request).await);
        let expected = [
            ("plan.items[0].owner_level", "UNKNOWN_VALUE"),
            ("plan.items[1].due_minutes", "OUT_OF_RANGE"),
            ("plan.items[2].title", "TOO_LONG"),
            ("plan.title", "REQUIRED"),
        ];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
        let elsewhere = w.plans(PRINCIPAL).create_plan(new_plan(OTHER_SCHOOL)).await;
        assert_eq!(refusal(elsewhere), (Code::NotFound, "NOT_FOUND".to_owned()));
        let teacher = w.plans(HOMEROOM).create_plan(new_plan(SCHOOL)).await;
        assert_eq!(refusal(teacher), (Code::PermissionDenied, "PERMISSION_DENIED".to_owned()));
    })
    .await;
}
