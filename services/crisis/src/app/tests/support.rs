//! A school in which everybody is there, and the hands to play with it.

use super::profiles::Profiles;
use crate::{
    MIGRATIONS,
    app::{App, channel::Channel, escalate::Turn, hub::Hub},
    rpc,
    store::alerts::Lane,
};
use chrono::Duration;
use std::{
    future::Future,
    sync::{Arc, Mutex},
};
use tonic::{Code, Response, Status};
use uuid::Uuid;
use xinqiao_kit::{
    ctx::{Principal, Scope},
    db::Db,
    deps::Deps,
    role::Role,
    service::Built,
    status,
    testing::{Harness, ManualClock, TestDb, stand_in, user},
    time::Clock as _,
};
use xinqiao_proto::{
    crisis::v1::{
        self as pb, alert_service_client::AlertServiceClient,
        crisis_health_service_client::CrisisHealthServiceClient, grid_service_client::GridServiceClient,
        notification_service_client::NotificationServiceClient, plan_service_client::PlanServiceClient,
        report_service_client::ReportServiceClient,
    },
    internal::v1::{
        ClassChanged, DeliverRequest, Event, SchoolChanged, SignalRaised, StaffChanged, event::Payload,
        event_receiver_service_client::EventReceiverServiceClient,
    },
    profiles::v1::placement_service_server::PlacementServiceServer,
    transport::Transport,
};

pub(super) const HOMEROOM: u128 = 1;
pub(super) const GRADE_LEADER: u128 = 2;
pub(super) const PSYCHOLOGIST: u128 = 3;
pub(super) const PRINCIPAL: u128 = 4;
pub(super) const DEPUTY: u128 = 5;
pub(super) const LEADING_GROUP: u128 = 6;
pub(super) const COUNTY_DUTY: u128 = 7;
pub(super) const SCHOOL: u128 = 100;
pub(super) const OTHER_SCHOOL: u128 = 101;
pub(super) const CLASS: u128 = 200;
pub(super) const OTHER_CLASS: u128 = 201;
pub(super) const PUPIL: u128 = 300;

pub(super) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

pub(super) fn school_scope() -> Scope {
    Scope::School(id(SCHOOL))
}

pub(super) fn class_scope() -> Scope {
    Scope::Class { school: id(SCHOOL), class: id(CLASS) }
}

/// The people of the school and the county, with the roles that identity would give them.
pub(super) fn person(n: u128) -> Principal {
    let grants: &[(&str, Scope)] = match n {
        HOMEROOM => &[("homeroom", class_scope()), ("subject", school_scope())],
        GRADE_LEADER => &[("grade_leader", school_scope()), ("subject", school_scope())],
        PSYCHOLOGIST => &[("psychologist", school_scope())],
        PRINCIPAL => &[("principal", school_scope())],
        DEPUTY => &[("deputy", school_scope())],
        LEADING_GROUP => &[("subject", school_scope())],
        COUNTY_DUTY => &[("county_duty", Scope::County)],
        _ => &[],
    };
    user(id(n), grants)
}

/// The harness, to be shared between tasks of a test.
pub(super) struct Hands {
    pub(super) deps: Deps,
    pub(super) clock: Arc<ManualClock>,
    harness: Mutex<Harness>,
}

impl Hands {
    pub(super) fn as_user(&self, who: &Principal) -> Transport {
        self.harness.lock().unwrap().as_user(who)
    }

    pub(super) fn as_service(&self, role: Role) -> Transport {
        self.harness.lock().unwrap().as_service(role)
    }

    pub(super) fn as_nobody(&self) -> Transport {
        self.harness.lock().unwrap().as_nobody()
    }
}

pub(super) struct World {
    pub(super) h: Hands,
    pub(super) app: Arc<App>,
    pub(super) profiles: Profiles,
}

/// Runs a test in a school that is fully staffed, on both engines.
pub(super) async fn each<F, Fut>(test: F)
where
    F: Fn(World) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    TestDb::each(move |db| {
        let test = test.clone();
        async move {
            let world = World::empty(db, None).await;
            world.staff().await;
            test(world).await;
        }
    })
    .await;
}

impl World {
    /// Nobody is there yet. With `channel`, notifications go there instead of the app.
    pub(super) async fn empty(db: Db, channel: Option<Arc<dyn Channel>>) -> Self {
        let profiles = Profiles::default();
        profiles.put(PUPIL, SCHOOL, CLASS);
        let routes = tonic::service::Routes::new(PlacementServiceServer::new(profiles.clone()));
        let slot: Arc<Mutex<Option<Arc<App>>>> = Arc::default();
        let fill = slot.clone();
        let h = Harness::of(Role::Crisis, db)
            .peer(Role::Profiles, stand_in(routes))
            .start(MIGRATIONS, move |deps| async move {
                let app = match channel {
                    Some(channel) => App::with_channels(deps, Hub::default(), vec![channel])?,
                    None => App::new(deps)?,
                };
                let app = Arc::new(app);
                *fill.lock().unwrap() = Some(app.clone());
                Ok(Built { routes: rpc::routes(&app), tasks: Vec::new() })
            })
            .await;
        let app = slot.lock().unwrap().take().unwrap();
        let h = Hands { deps: h.deps.clone(), clock: h.clock.clone(), harness: Mutex::new(h) };
        Self { h, app, profiles }
    }

    /// The school with its class and one person for every post, and somebody on the county's roster.
    pub(super) async fn staff(&self) {
        for (school, class) in [(SCHOOL, CLASS), (SCHOOL, OTHER_CLASS)] {
            self.tell(Payload::SchoolChanged(SchoolChanged {
                school_id: id(school).to_string(),
                code: "3100000001".to_owned(),
                display_name: "心桥中学".to_owned(),
                stages: vec!["junior".to_owned()],
                active: true,
            }))
            .await;
            self.tell(Payload::ClassChanged(ClassChanged {
                class_id: id(class).to_string(),
                school_id: id(school).to_string(),
                stage: "junior".to_owned(),
                entry_year: 2025,
                number: 1,
                active: true,
            }))
            .await;
        }
        for n in [HOMEROOM, GRADE_LEADER, PSYCHOLOGIST, PRINCIPAL, DEPUTY, LEADING_GROUP, COUNTY_DUTY] {
            self.tell(Payload::StaffChanged(staff(n))).await;
        }
    }

    /// Delivers an event as the services do.
    pub(super) async fn tell(&self, payload: Payload) {
        self.deliver(self.h.deps.ids.new_id(), payload).await.unwrap();
    }

    pub(super) async fn deliver(&self, event: Uuid, payload: Payload) -> Result<(), Status> {
        let event = Event {
            event_id: event.to_string(),
            source: "profiles".to_owned(),
            occur_time: Some(self.h.clock.now().into()),
            key: event.to_string(),
            payload: Some(payload),
        };
        let mut client = EventReceiverServiceClient::new(self.h.as_service(Role::Profiles));
        client.deliver(DeliverRequest { event: Some(event) }).await.map(drop)
    }

    /// A signal about a pupil of the class, as screening raises it.
    pub(super) async fn signal(&self, student: u128, severity: &str) -> pb::Alert {
        let mut signal = signal(student, severity);
        signal.signal_id = self.h.deps.ids.new_id().to_string();
        self.tell(Payload::SignalRaised(signal)).await;
        self.alert_of(student).await
    }

    /// The pupil's newest alert, as the principal sees it.
    pub(super) async fn alert_of(&self, student: u128) -> pb::Alert {
        let request =
            pb::ListAlertsRequest { student: format!("students/{}", id(student)), ..Default::default() };
        let found = self.alerts(PRINCIPAL).list_alerts(request).await.unwrap().into_inner();
        found.alerts.into_iter().next().unwrap()
    }

    /// The alert as it is now.
    pub(super) async fn now(&self, alert: &pb::Alert) -> pb::Alert {
        let mut found = self.alerts(PRINCIPAL);
        found.get_alert(pb::GetAlertRequest { name: alert.name.clone() }).await.unwrap().into_inner()
    }

    pub(super) fn advance(&self, by: Duration) {
        self.h.clock.advance(by);
    }

    /// Lets both lanes do all that is due, and both deliveries. Gives how often an alert was looked after.
    pub(super) async fn work(&self) -> usize {
        let mut done = 0;
        for lane in [Lane::Red, Lane::Other] {
            while self.app.escalate_one(lane).await.unwrap() == Turn::Done {
                done += 1;
            }
            while self.app.deliver_batch(lane).await.unwrap() > 0 {}
        }
        self.no_open_alert_without_a_due_time().await;
        done
    }

    /// R6, after everything that a test does.
    pub(super) async fn no_open_alert_without_a_due_time(&self) {
        let lost: i64 = self
            .h
            .deps
            .db
            .read("SELECT COUNT(*) FROM alerts WHERE state = 'open' AND (due_at IS NULL OR armed_at IS NULL)")
            .get()
            .await
            .unwrap();
        assert_eq!(lost, 0, "R6: an open alert without a due time");
    }

    /// (round, step) of every step that has started for an alert.
    pub(super) async fn steps(&self, alert: &pb::Alert) -> Vec<(i32, i32)> {
        self.h
            .deps
            .db
            .read("SELECT round, step FROM escalation_steps WHERE alert_id = $1 ORDER BY round, step")
            .bind(alert_id(alert))
            .all()
            .await
            .unwrap()
    }

    /// The notifications of a person, newest first.
    pub(super) async fn told(&self, n: u128) -> Vec<pb::Notification> {
        let mut client = NotificationServiceClient::new(self.as_person(n));
        let request = pb::ListNotificationsRequest { page_size: 500, ..Default::default() };
        client.list_notifications(request).await.unwrap().into_inner().notifications
    }

    /// Numbers of people who were told of an alert's escalation, those of `people` only.
    pub(super) async fn told_of(&self, alert: &pb::Alert, round: i32, step: i32) -> Vec<u128> {
        let mut found = Vec::new();
        for n in HOMEROOM..=COUNTY_DUTY {
            let is_it = |told: &pb::Notification| {
                told.alert == alert.name
                    && told.kind() == pb::NotificationKind::Escalation
                    && (told.round, told.step) == (round, step)
            };
            let times = self.told(n).await.iter().filter(|told| is_it(told)).count();
            assert!(times <= 1, "told {times} times");
            found.extend((times == 1).then_some(n));
        }
        found
    }

    pub(super) async fn acknowledge(&self, n: u128, alert: &pb::Alert) -> Result<pb::Alert, Status> {
        let request = pb::AcknowledgeAlertRequest { name: alert.name.clone() };
        self.alerts(n).acknowledge_alert(request).await.map(Response::into_inner)
    }

    pub(super) async fn act(&self, n: u128, alert: &pb::Alert) -> Result<pb::Alert, Status> {
        let request = pb::RecordActionRequest {
            name: alert.name.clone(),
            kind: pb::ActionKind::WithPupil.into(),
            text: "在操场陪伴".to_owned(),
            ..Default::default()
        };
        self.alerts(n).record_action(request).await.map(Response::into_inner)
    }

    /// What the timeline says, oldest first.
    pub(super) async fn timeline(&self, alert: &pb::Alert) -> Vec<pb::TimelineEntry> {
        let request =
            pb::ListAlertTimelineRequest { parent: alert.name.clone(), page_size: 500, ..Default::default() };
        self.alerts(PRINCIPAL).list_alert_timeline(request).await.unwrap().into_inner().entries
    }

    pub(super) async fn kinds(&self, alert: &pb::Alert) -> Vec<pb::TimelineKind> {
        self.timeline(alert).await.iter().map(pb::TimelineEntry::kind).collect()
    }

    pub(super) fn as_person(&self, n: u128) -> Transport {
        self.h.as_user(&person(n))
    }

    pub(super) fn alerts(&self, n: u128) -> AlertServiceClient<Transport> {
        AlertServiceClient::new(self.as_person(n))
    }

    pub(super) fn reports(&self, who: &Principal) -> ReportServiceClient<Transport> {
        ReportServiceClient::new(self.h.as_user(who))
    }

    pub(super) fn grids(&self, who: &Principal) -> GridServiceClient<Transport> {
        GridServiceClient::new(self.h.as_user(who))
    }

    pub(super) fn plans(&self, n: u128) -> PlanServiceClient<Transport> {
        PlanServiceClient::new(self.as_person(n))
    }

    pub(super) async fn health(&self) -> pb::CrisisHealth {
        let mut client = CrisisHealthServiceClient::new(self.as_person(COUNTY_DUTY));
        client.get_crisis_health(pb::GetCrisisHealthRequest {}).await.unwrap().into_inner()
    }

    /// One number from the database.
    pub(super) async fn count(&self, sql: &'static str) -> i64 {
        self.h.deps.db.read(sql).get().await.unwrap()
    }
}

pub(super) fn alert_id(alert: &pb::Alert) -> Uuid {
    alert.name.strip_prefix("alerts/").unwrap().parse().unwrap()
}

pub(super) fn staff(n: u128) -> StaffChanged {
    let posts: &[&str] = match n {
        HOMEROOM => &["homeroom"],
        GRADE_LEADER => &["grade_leader"],
        PSYCHOLOGIST => &["psychologist"],
        PRINCIPAL => &["principal"],
        DEPUTY => &["deputy"],
        LEADING_GROUP => &["leading_group"],
        COUNTY_DUTY => &["county_duty"],
        _ => &[],
    };
    let school = if n == COUNTY_DUTY { String::new() } else { id(SCHOOL).to_string() };
    StaffChanged {
        staff_id: id(1_000 + n).to_string(),
        school_id: school,
        user_id: id(n).to_string(),
        posts: posts.iter().map(|post| (*post).to_owned()).collect(),
        homeroom_class_ids: if n == HOMEROOM { vec![id(CLASS).to_string()] } else { vec![] },
        led_grades: if n == GRADE_LEADER { vec!["junior:2025".to_owned()] } else { vec![] },
        active: true,
        on_leave: false,
    }
}

pub(super) fn signal(student: u128, severity: &str) -> SignalRaised {
    SignalRaised {
        signal_id: String::new(),
        student_id: id(student).to_string(),
        school_id: id(SCHOOL).to_string(),
        class_id: id(CLASS).to_string(),
        severity: severity.to_owned(),
        source: "screening".to_owned(),
        evidence: format!("responses/{}", id(student)),
        drill: false,
    }
}

pub(super) fn report(student: u128, signs: &[pb::Sign], key: Uuid) -> pb::CreateReportRequest {
    pb::CreateReportRequest {
        report: Some(pb::Report {
            student: format!("students/{}", id(student)),
            signs: signs.iter().map(|sign| i32::from(*sign)).collect(),
            client_key: key.to_string(),
            ..Default::default()
        }),
    }
}

/// The reason of a refusal, with its code.
pub(super) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    (status.code(), status::details(&status).reason)
}

/// (field, reason) of everything that is wrong with a request.
pub(super) fn violations<T: std::fmt::Debug>(answer: Result<T, Status>) -> Vec<(String, String)> {
    let mut found = status::details(&answer.unwrap_err()).violations;
    found.sort();
    found
}
