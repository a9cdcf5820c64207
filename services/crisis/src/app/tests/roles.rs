//! Every role against the methods that concern no alert: reports, grid, plans.

use super::{
    permissions::{together, who_may},
    support::*,
};
use xinqiao_proto::crisis::v1::{
    self as pb, grid_service_client::GridServiceClient, plan_service_client::PlanServiceClient,
    report_service_client::ReportServiceClient,
};

const AT_THE_SCHOOL: [&str; 7] =
    ["homeroom", "psychologist", "principal", "deputy", "leading group", "grade leader", "school admin"];

fn school() -> String {
    format!("schools/{}", id(SCHOOL))
}

#[tokio::test]
async fn whoever_stands_near_a_pupil_may_report_and_nobody_else() {
    each(|w| async move {
        let create = |t| {
            let request = report(PUPIL, &[pb::Sign::SelfHarm], w.h.deps.ids.new_id());
            async move { ReportServiceClient::new(t).create_report(request).await }
        };
        let near: &[&str] = &["support", "guardian", "pupil", "peer", "county duty", "county centre"];
        assert_eq!(who_may(&w, create).await, together(&[&AT_THE_SCHOOL, near]));
    })
    .await;
}

#[tokio::test]
async fn the_grid_is_read_by_who_answers_for_it_and_written_by_who_runs_it() {
    each(|w| async move {
        let grid = |t| {
            let request = pb::GetGridRequest { name: format!("{}/classes/{}/grid", school(), id(CLASS)) };
            async move { GridServiceClient::new(t).get_grid(request).await }
        };
        let runs: &[&str] = &["psychologist", "principal", "deputy", "school admin", "county it"];
        let sees: &[&str] = &["grade leader", "county duty", "county centre", "inspector"];
        assert_eq!(who_may(&w, grid).await, together(&[runs, sees, &["homeroom"]]));
        let gaps = |t| {
            let request = pb::ListGapsRequest { parent: school(), ..Default::default() };
            async move { GridServiceClient::new(t).list_gaps(request).await }
        };
        assert_eq!(who_may(&w, gaps).await, together(&[runs, sees]));
        let assign = |t| {
            let seat = pb::Seat {
                level: pb::Level::Peer.into(),
                class: format!("{}/classes/{}", school(), id(CLASS)),
                user: format!("users/{}", id(20)),
                ..Default::default()
            };
            let request = pb::AssignSeatRequest { seat: Some(seat), ..Default::default() };
            async move { GridServiceClient::new(t).assign_seat(request).await }
        };
        assert_eq!(who_may(&w, assign).await, together(&[runs]));
        let request = pb::ListGapsRequest { parent: school(), page_size: 1, ..Default::default() };
        let page = w.grids(&person(PRINCIPAL)).list_gaps(request.clone()).await.unwrap().into_inner();
        assert_eq!((page.gaps.len(), page.total_size), (1, 2));
        let rest = pb::ListGapsRequest { page_token: page.next_page_token, ..request };
        let rest = w.grids(&person(PRINCIPAL)).list_gaps(rest).await.unwrap().into_inner();
        assert_eq!((rest.gaps.len(), rest.next_page_token.as_str()), (1, ""));
        let release = |t| {
            let request = pb::ReleaseSeatRequest { name: format!("seats/{}", id(77)) };
            async move { GridServiceClient::new(t).release_seat(request).await }
        };
        assert_eq!(
            who_may(&w, release).await,
            Vec::<&str>::new(),
            "of a seat that is not there nobody learns anything"
        );
    })
    .await;
}

#[tokio::test]
async fn plans_are_read_at_the_school_written_by_its_heads_and_psychologists_and_approved_by_its_heads() {
    each(|w| async move {
        let create = |t| {
            let item = pb::PlanItem {
                title: "陪伴".to_owned(),
                owner_level: pb::Level::Class.into(),
                due_minutes: 5,
            };
            let plan = pb::Plan { title: "预案".to_owned(), items: vec![item], ..Default::default() };
            let request = pb::CreatePlanRequest { parent: school(), plan: Some(plan), ..Default::default() };
            async move { PlanServiceClient::new(t).create_plan(request).await }
        };
        assert_eq!(who_may(&w, create).await, ["psychologist", "principal", "deputy"]);
        let list = pb::ListPlansRequest { parent: school(), ..Default::default() };
        let name =
            w.plans(PRINCIPAL).list_plans(list.clone()).await.unwrap().into_inner().plans[0].name.clone();
        let readers = together(&[&AT_THE_SCHOOL, &["county centre", "inspector"]]);
        let lists = |t| {
            let request = list.clone();
            async move { PlanServiceClient::new(t).list_plans(request).await }
        };
        assert_eq!(who_may(&w, lists).await, readers);
        let get = |t| {
            let request = pb::GetPlanRequest { name: name.clone() };
            async move { PlanServiceClient::new(t).get_plan(request).await }
        };
        assert_eq!(who_may(&w, get).await, readers);
        let approve = |t| {
            let request = pb::ApprovePlanRequest { name: name.clone(), ..Default::default() };
            async move { PlanServiceClient::new(t).approve_plan(request).await }
        };
        assert_eq!(who_may(&w, approve).await, ["principal", "deputy"]);
    })
    .await;
}
