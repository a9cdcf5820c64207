//! Who may do what: every role against every method, what a list shows against what Cedar allows row by row.

use super::support::*;
use tonic::{Code, Status};
use uuid::Uuid;
use xinqiao_kit::{
    authz::Target,
    ctx::{Principal, Scope},
    role::Role,
    testing::user,
};
use xinqiao_proto::crisis::v1::{
    self as pb, alert_service_client::AlertServiceClient,
    crisis_health_service_client::CrisisHealthServiceClient,
    notification_service_client::NotificationServiceClient, plan_service_client::PlanServiceClient,
};

/// Everybody there is, with what they may do with an alert of the school that was not yet escalated to the county.
fn everybody() -> Vec<(&'static str, Principal)> {
    let other_school = Scope::School(id(OTHER_SCHOOL));
    let other_class = Scope::Class { school: id(SCHOOL), class: id(OTHER_CLASS) };
    vec![
        ("homeroom", person(HOMEROOM)),
        ("psychologist", person(PSYCHOLOGIST)),
        ("principal", person(PRINCIPAL)),
        ("deputy", person(DEPUTY)),
        ("leading group", person(LEADING_GROUP)),
        ("grade leader", person(GRADE_LEADER)),
        ("homeroom elsewhere", user(id(40), &[("homeroom", other_class)])),
        ("psychologist elsewhere", user(id(41), &[("psychologist", other_school)])),
        ("school admin", user(id(42), &[("school_admin", school_scope())])),
        ("support", user(id(43), &[("support", Scope::Student(id(PUPIL)))])),
        ("guardian", user(id(44), &[("guardian", Scope::Student(id(PUPIL)))])),
        ("pupil", user(id(45), &[("pupil", Scope::Student(id(PUPIL)))])),
        ("peer", user(id(46), &[("peer", class_scope())])),
        ("county duty", person(COUNTY_DUTY)),
        ("county centre", user(id(47), &[("county_centre", Scope::County)])),
        ("inspector", user(id(48), &[("inspector", Scope::County)])),
        ("county it", user(id(49), &[("county_it", Scope::County)])),
        ("auditor", user(id(50), &[("auditor", Scope::County)])),
        ("nobody in particular", user(id(51), &[])),
    ]
}

const SCHOOL_HEADS: [&str; 3] = ["psychologist", "principal", "deputy"];
const COUNTY: [&str; 2] = ["county duty", "county centre"];

fn is_permitted<T>(answer: &Result<T, Status>) -> bool {
    // A state that does not allow it is told only to those who may.
    match answer {
        Ok(_) => true,
        Err(status) => !matches!(status.code(), Code::NotFound | Code::PermissionDenied),
    }
}

/// Names of those who may call.
pub(super) async fn who_may<F, Fut, T>(w: &World, call: F) -> Vec<&'static str>
where
    F: Fn(xinqiao_proto::transport::Transport) -> Fut,
    Fut: Future<Output = Result<T, Status>>,
{
    let mut found = Vec::new();
    for (name, who) in everybody() {
        if is_permitted(&call(w.h.as_user(&who)).await) {
            found.push(name);
        }
    }
    found
}

pub(super) fn together(parts: &[&[&'static str]]) -> Vec<&'static str> {
    let all = parts.concat();
    everybody().into_iter().map(|(name, _)| name).filter(|name| all.contains(name)).collect()
}

async fn check_alert_methods(w: &World, alert: &pb::Alert, county: &[&'static str]) {
    let name = alert.name.clone();
    let full = together(&[&SCHOOL_HEADS, county]);
    // The leading group and the grade leader hold no role that would show alerts: they see this one once they are told of it.
    let told: &[&str] = if county.is_empty() { &[] } else { &["leading group"] };
    let basic = together(&[&SCHOOL_HEADS, county, &["homeroom"], told]);
    let get = |t| {
        let name = name.clone();
        async move { AlertServiceClient::new(t).get_alert(pb::GetAlertRequest { name }).await }
    };
    assert_eq!(who_may(w, get).await, basic, "getAlert");
    let signals = |t| {
        let parent = name.clone();
        async move {
            AlertServiceClient::new(t)
                .list_alert_signals(pb::ListAlertSignalsRequest { parent, ..Default::default() })
                .await
        }
    };
    assert_eq!(who_may(w, signals).await, full, "listAlertSignals");
    let timeline = |t| {
        let parent = name.clone();
        async move {
            AlertServiceClient::new(t)
                .list_alert_timeline(pb::ListAlertTimelineRequest { parent, ..Default::default() })
                .await
        }
    };
    assert_eq!(who_may(w, timeline).await, full, "listAlertTimeline");
    let resolve = |t| {
        let request =
            pb::ResolveAlertRequest { name: name.clone(), summary: "x".to_owned(), ..Default::default() };
        async move { AlertServiceClient::new(t).resolve_alert(request).await }
    };
    assert_eq!(who_may(w, resolve).await, full, "resolveAlert");
    let close = |t| {
        let request =
            pb::CloseUnfoundedRequest { name: name.clone(), reason: "x".to_owned(), ..Default::default() };
        async move { AlertServiceClient::new(t).close_unfounded(request).await }
    };
    assert_eq!(who_may(w, close).await, full, "closeUnfounded");
    let reopen = |t| {
        let request =
            pb::ReopenAlertRequest { name: name.clone(), reason: "x".to_owned(), ..Default::default() };
        async move { AlertServiceClient::new(t).reopen_alert(request).await }
    };
    assert_eq!(who_may(w, reopen).await, full, "reopenAlert");
    let activate = |t| {
        let request = pb::ActivatePlanRequest { name: name.clone(), ..Default::default() };
        async move { PlanServiceClient::new(t).activate_plan(request).await }
    };
    assert_eq!(who_may(w, activate).await, full, "activatePlan");
    let tasks = |t| {
        let request = pb::ListTasksRequest { parent: name.clone(), ..Default::default() };
        async move { PlanServiceClient::new(t).list_tasks(request).await }
    };
    assert_eq!(who_may(w, tasks).await, basic, "listTasks");
}

#[tokio::test]
async fn an_alert_is_seen_by_its_school_by_who_was_told_and_by_the_county_only_once_it_was_escalated() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        check_alert_methods(&w, &alert, &[]).await;
        for _ in 0..3 {
            w.work().await;
            w.advance(chrono::Duration::minutes(1));
        }
        assert!(w.now(&alert).await.escalated_to_county);
        check_alert_methods(&w, &alert, &COUNTY).await;
    })
    .await;
}

#[tokio::test]
async fn taking_care_is_for_those_who_see_the_alert() {
    each(|w| async move {
        // One alert a method: each call changes it.
        let basic = together(&[&SCHOOL_HEADS, &["homeroom"]]);
        let acknowledged = w.signal(PUPIL, "orange").await.name;
        let acknowledge = |t| {
            let request = pb::AcknowledgeAlertRequest { name: acknowledged.clone() };
            async move { AlertServiceClient::new(t).acknowledge_alert(request).await }
        };
        assert_eq!(who_may(&w, acknowledge).await, basic);
        let taken = w.signal(PUPIL + 1, "orange").await.name;
        let take = |t| {
            let request = pb::TakeInHandRequest { name: taken.clone(), ..Default::default() };
            async move { AlertServiceClient::new(t).take_in_hand(request).await }
        };
        assert_eq!(who_may(&w, take).await, basic);
        let acted = w.signal(PUPIL + 2, "orange").await.name;
        let act = |t| {
            let request = pb::RecordActionRequest { name: acted.clone(), kind: 1, ..Default::default() };
            async move { AlertServiceClient::new(t).record_action(request).await }
        };
        assert_eq!(who_may(&w, act).await, basic);
    })
    .await;
}

#[tokio::test]
async fn a_list_shows_exactly_what_cedar_allows_row_by_row() {
    each(|w| async move {
        w.signal(PUPIL, "red").await;
        w.signal(PUPIL + 1, "yellow").await;
        for _ in 0..3 {
            w.work().await;
            w.advance(chrono::Duration::minutes(1));
        }
        w.signal(PUPIL + 2, "orange").await;
        let mut all = w
            .alerts(PRINCIPAL)
            .list_alerts(pb::ListAlertsRequest::default())
            .await
            .unwrap()
            .into_inner()
            .alerts;
        all.sort_by(|a, b| b.name.cmp(&a.name));
        assert_eq!(all.len(), 3);
        for (name, who) in everybody() {
            let mut client = AlertServiceClient::new(w.h.as_user(&who));
            let listed =
                client.list_alerts(pb::ListAlertsRequest::default()).await.unwrap().into_inner().alerts;
            let mut allowed = Vec::new();
            for alert in &all {
                let told = told(&w, &who, alert).await;
                if w.app.deps.authz.permits(&who, "crisis.listAlerts", &target(alert, told)) {
                    allowed.push(alert.name.clone());
                }
            }
            assert_eq!(listed.into_iter().map(|alert| alert.name).collect::<Vec<_>>(), allowed, "{name}");
        }
    })
    .await;
}

async fn told(w: &World, who: &Principal, alert: &pb::Alert) -> Option<Uuid> {
    let xinqiao_kit::ctx::Actor::User(user) = who.actor else { return None };
    let times: i64 =
        w.h.deps
            .db
            .read("SELECT COUNT(*) FROM notifications WHERE recipient = $1 AND alert_id = $2")
            .bind(user)
            .bind(alert_id(alert))
            .get()
            .await
            .unwrap();
    (times > 0).then_some(user)
}

fn target(alert: &pb::Alert, told: Option<Uuid>) -> Target {
    let state = if alert.escalated_to_county { "escalated_to_county" } else { "open" };
    let student = alert.student.strip_prefix("students/").unwrap().parse::<Uuid>().unwrap();
    let target = Target::new("alert").school(id(SCHOOL)).class(id(CLASS)).student(student).state(state);
    Target { owner: told, ..target }
}

#[tokio::test]
async fn pages_and_filters_of_the_list_hold_together() {
    each(|w| async move {
        for n in 0..5 {
            w.signal(PUPIL + n, if n < 2 { "red" } else { "yellow" }).await;
        }
        let mut client = w.alerts(PSYCHOLOGIST);
        let mut request = pb::ListAlertsRequest { page_size: 2, ..Default::default() };
        let mut found = Vec::new();
        loop {
            let page = client.list_alerts(request.clone()).await.unwrap().into_inner();
            found.extend(page.alerts.into_iter().map(|alert| alert.number));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                break;
            }
        }
        let expected: Vec<_> = (1..=5).rev().map(|n| format!("A-2026-00000{n}")).collect();
        assert_eq!(found, expected);
        let red = pb::ListAlertsRequest { min_severity: pb::Severity::Orange.into(), ..Default::default() };
        assert_eq!(client.list_alerts(red).await.unwrap().into_inner().alerts.len(), 2);
        let elsewhere =
            pb::ListAlertsRequest { school: format!("schools/{}", id(OTHER_SCHOOL)), ..Default::default() };
        assert_eq!(client.list_alerts(elsewhere).await.unwrap().into_inner().alerts, []);
        let closed =
            pb::ListAlertsRequest { states: vec![pb::AlertState::Resolved.into()], ..Default::default() };
        assert_eq!(client.list_alerts(closed).await.unwrap().into_inner().alerts, []);
        let bad = pb::ListAlertsRequest {
            page_size: -1,
            school: "schools/1".to_owned(),
            states: vec![77],
            ..Default::default()
        };
        let found = violations(client.list_alerts(bad).await);
        let expected =
            [("page_size", "OUT_OF_RANGE"), ("school", "INVALID_NAME"), ("states[0]", "UNKNOWN_VALUE")];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
    })
    .await;
}

#[tokio::test]
async fn notifications_are_everybodys_own() {
    each(|w| async move {
        w.signal(PUPIL, "red").await;
        w.work().await;
        let name = w.told(PSYCHOLOGIST).await[0].name.clone();
        let mut other = NotificationServiceClient::new(w.as_person(PRINCIPAL));
        let refused = other.confirm_receipt(pb::ConfirmReceiptRequest { name: name.clone() }).await;
        assert_eq!(refusal(refused), (Code::NotFound, "NOT_FOUND".to_owned()));
        let mut own = NotificationServiceClient::new(w.as_person(PSYCHOLOGIST));
        for _ in 0..2 {
            let confirmed = own
                .confirm_receipt(pb::ConfirmReceiptRequest { name: name.clone() })
                .await
                .unwrap()
                .into_inner();
            assert_eq!(confirmed.state(), pb::NotificationState::Seen);
        }
        let text = format!("{:?}", w.told(PSYCHOLOGIST).await);
        assert!(!text.contains(&id(PUPIL).to_string()), "a notification names no pupil");
    })
    .await;
}

#[tokio::test]
async fn health_is_for_who_runs_the_platform_and_events_are_for_services() {
    each(|w| async move {
        let health = |t| async move {
            CrisisHealthServiceClient::new(t).get_crisis_health(pb::GetCrisisHealthRequest {}).await
        };
        assert_eq!(who_may(&w, health).await, ["county duty", "county centre", "county it"]);
        use xinqiao_proto::internal::v1::{
            DeliverRequest, event_receiver_service_client::EventReceiverServiceClient,
        };
        let deliver =
            |t| async move { EventReceiverServiceClient::new(t).deliver(DeliverRequest::default()).await };
        assert_eq!(who_may(&w, deliver).await, Vec::<&str>::new());
        assert!(!is_permitted(&health(w.h.as_service(Role::Screening)).await));
        let anonymous = health(w.h.as_nobody()).await.unwrap_err();
        assert_eq!(anonymous.code(), Code::Unauthenticated);
    })
    .await;
}
