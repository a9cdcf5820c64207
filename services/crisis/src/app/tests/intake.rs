//! How signals come in: through which door, into which alert, in whose name.

use super::support::*;
use chrono::Duration;
use tonic::Code;
use xinqiao_kit::{
    ctx::Scope,
    testing::{TestDb, user},
};
use xinqiao_proto::{
    crisis::v1::{self as pb, AlertState, EntryLevel, Severity, Sign, TimelineKind},
    internal::v1::{StudentMoved, event::Payload},
};

const PEER: u128 = 20;
const CHILD: u128 = 21;
const PARENT: u128 = 22;

fn peer() -> xinqiao_kit::ctx::Principal {
    user(id(PEER), &[("peer", class_scope()), ("pupil", Scope::Student(id(PUPIL + 50)))])
}

async fn signals(w: &World, n: u128, alert: &pb::Alert) -> Vec<pb::Signal> {
    let request = pb::ListAlertSignalsRequest { parent: alert.name.clone(), ..Default::default() };
    w.alerts(n).list_alert_signals(request).await.unwrap().into_inner().signals
}

#[tokio::test]
async fn a_teachers_report_opens_an_alert_at_the_class_level_with_the_severity_of_its_signs() {
    each(|w| async move {
        let mut request = report(PUPIL, &[Sign::PlanOrMeans, Sign::Withdrawal], w.h.deps.ids.new_id());
        request.report.as_mut().unwrap().text = "他说今晚就走".to_owned();
        let taken = w.reports(&person(HOMEROOM)).create_report(request).await.unwrap().into_inner();
        assert_eq!((taken.entry_level(), taken.sealed), (EntryLevel::Class, false));
        assert_eq!(taken.text, "", "words are not given back");
        let alert = w.alert_of(PUPIL).await;
        assert_eq!(taken.alert, alert.name);
        assert_eq!((alert.severity(), alert.state()), (Severity::Red, AlertState::Open));
        assert_eq!(alert.class, format!("schools/{}/classes/{}", id(SCHOOL), id(CLASS)));
        assert!(alert.guidance.contains("120"));
        let [signal] = &signals(&w, PSYCHOLOGIST, &alert).await[..] else { panic!("one signal") };
        assert_eq!((signal.source.as_str(), signal.text.as_str()), ("report", "他说今晚就走"));
        assert_eq!(signal.reporter, format!("users/{}", id(HOMEROOM)));
        assert_eq!(signal.signs, [i32::from(Sign::PlanOrMeans), i32::from(Sign::Withdrawal)]);
    })
    .await;
}

#[tokio::test]
async fn each_reporter_enters_the_grid_where_they_stand() {
    each(|w| async move {
        let pupil = Scope::Student(id(PUPIL));
        for (who, level) in [
            (person(HOMEROOM), EntryLevel::Class),
            (person(LEADING_GROUP), EntryLevel::Class),
            (person(GRADE_LEADER), EntryLevel::Grade),
            (person(PSYCHOLOGIST), EntryLevel::School),
            (person(COUNTY_DUTY), EntryLevel::County),
            (user(id(CHILD), &[("pupil", pupil)]), EntryLevel::Pupil),
            (user(id(PARENT), &[("guardian", pupil)]), EntryLevel::Family),
            (peer(), EntryLevel::Peer),
        ] {
            let request = report(PUPIL, &[Sign::AsksForHelp], w.h.deps.ids.new_id());
            let taken = w.reports(&who).create_report(request).await.unwrap().into_inner();
            assert_eq!(taken.entry_level(), level, "{who:?}");
            let learns = matches!(
                level,
                EntryLevel::Class | EntryLevel::Grade | EntryLevel::School | EntryLevel::County
            );
            assert_eq!(!taken.alert.is_empty(), learns, "{who:?}");
        }
        assert_eq!(w.count("SELECT COUNT(*) FROM alerts").await, 1);
    })
    .await;
}

#[tokio::test]
async fn a_peers_identity_is_sealed_and_nothing_tells_them_whether_a_pupil_exists() {
    each(|w| async move {
        let real = report(PUPIL, &[Sign::SelfHarm], w.h.deps.ids.new_id());
        let made_up = report(9_999, &[Sign::SelfHarm], w.h.deps.ids.new_id());
        let mut client = w.reports(&peer());
        let first = client.create_report(real).await.unwrap().into_inner();
        let second = client.create_report(made_up).await.unwrap().into_inner();
        for taken in [&first, &second] {
            assert!(taken.sealed && taken.alert.is_empty());
        }
        let alert = w.alert_of(PUPIL).await;
        let [signal] = &signals(&w, PRINCIPAL, &alert).await[..] else { panic!("one signal") };
        assert_eq!((signal.reporter.as_str(), signal.sealed), ("", true));
        // Nor does the audit log, nor the timeline, say whom the peer reported.
        let audited = "SELECT COUNT(*) FROM kit_audit WHERE action = 'crisis.createReport' AND \
                       (student_id IS NOT NULL OR target_id IS NOT NULL)";
        assert_eq!(w.count(audited).await, 0);
        assert_eq!(w.timeline(&alert).await[0].user, "");
        // A peer reads nothing.
        use pb::alert_service_client::AlertServiceClient;
        let mut reading = AlertServiceClient::new(w.h.as_user(&peer()));
        let get = reading.get_alert(pb::GetAlertRequest { name: alert.name }).await;
        assert_eq!(refusal(get), (Code::NotFound, "NOT_FOUND".to_owned()));
        assert!(
            reading
                .list_alerts(pb::ListAlertsRequest::default())
                .await
                .unwrap()
                .into_inner()
                .alerts
                .is_empty()
        );
    })
    .await;
}

#[tokio::test]
async fn a_peer_gives_signs_only() {
    each(|w| async move {
        let mut request = report(PUPIL, &[Sign::SelfHarm], w.h.deps.ids.new_id());
        request.report.as_mut().unwrap().text = "…".to_owned();
        let refused = w.reports(&peer()).create_report(request).await;
        assert_eq!(violations(refused), [("report.text".to_owned(), "NOT_ALLOWED".to_owned())]);
        assert_eq!(w.count("SELECT COUNT(*) FROM signals").await, 0);
    })
    .await;
}

#[tokio::test]
async fn who_has_nothing_to_do_with_a_pupil_gets_the_same_answer_as_for_one_who_does_not_exist() {
    each(|w| async move {
        w.profiles.put(PUPIL + 1, OTHER_SCHOOL, OTHER_CLASS);
        let elsewhere = report(PUPIL + 1, &[Sign::SelfHarm], w.h.deps.ids.new_id());
        let nobody = report(9_999, &[Sign::SelfHarm], w.h.deps.ids.new_id());
        let mut teacher = w.reports(&person(HOMEROOM));
        let not_found = (Code::NotFound, "NOT_FOUND".to_owned());
        assert_eq!(refusal(teacher.create_report(elsewhere.clone()).await), not_found);
        assert_eq!(refusal(teacher.create_report(nobody.clone()).await), not_found);
        let stranger = user(id(30), &[]);
        for request in [elsewhere, nobody] {
            let denied = w.reports(&stranger).create_report(request).await;
            assert_eq!(refusal(denied), (Code::PermissionDenied, "PERMISSION_DENIED".to_owned()));
        }
        assert_eq!(w.count("SELECT COUNT(*) FROM alerts").await, 0);
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_a_report_is_said_at_once() {
    each(|w| async move {
        let mut teacher = w.reports(&person(HOMEROOM));
        let bad = pb::CreateReportRequest {
            report: Some(pb::Report {
                student: "pupils/7".to_owned(),
                signs: vec![0, 99, Sign::Other.into(), Sign::Other.into()],
                client_key: "x".to_owned(),
                text: "长".repeat(4_001),
                ..Default::default()
            }),
        };
        let found = violations(teacher.create_report(bad).await);
        let expected = [
            ("report.client_key", "INVALID_UUID"),
            ("report.signs[0]", "REQUIRED"),
            ("report.signs[1]", "UNKNOWN_VALUE"),
            ("report.signs[3]", "DUPLICATE"),
            ("report.student", "INVALID_NAME"),
            ("report.text", "TOO_LONG"),
        ];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
        let empty = violations(teacher.create_report(pb::CreateReportRequest::default()).await);
        assert_eq!(empty, [("report".to_owned(), "REQUIRED".to_owned())]);
    })
    .await;
}

#[tokio::test]
async fn while_profiles_is_silent_a_report_goes_to_the_reporters_school_and_the_county_and_is_placed_later() {
    each(|w| async move {
        w.profiles.silence(true);
        let request = report(PUPIL, &[Sign::AttemptNow], w.h.deps.ids.new_id());
        w.reports(&person(PSYCHOLOGIST)).create_report(request).await.unwrap();
        let alert = w.alert_of(PUPIL).await;
        assert_eq!((alert.placement(), alert.class.as_str()), (pb::Placement::Unknown, ""));
        w.work().await;
        assert_eq!(w.told_of(&alert, 0, 0).await, [PSYCHOLOGIST, PRINCIPAL, COUNTY_DUTY]);
        assert_eq!(w.app.place_all().await.unwrap(), 1, "profiles is still silent");
        w.profiles.silence(false);
        assert_eq!(w.app.place_all().await.unwrap(), 0);
        let placed = w.now(&alert).await;
        assert_eq!(placed.placement(), pb::Placement::Known);
        assert_eq!(placed.class, format!("schools/{}/classes/{}", id(SCHOOL), id(CLASS)));
        w.work().await;
        assert_eq!(w.told_of(&alert, 1, 0).await, [HOMEROOM, PSYCHOLOGIST, PRINCIPAL]);
    })
    .await;
}

#[tokio::test]
async fn a_pupil_can_ask_for_help_while_profiles_is_silent() {
    each(|w| async move {
        w.profiles.silence(true);
        let child = user(id(CHILD), &[("pupil", Scope::Student(id(PUPIL)))]);
        let request = report(PUPIL, &[Sign::AsksForHelp], w.h.deps.ids.new_id());
        w.reports(&child).create_report(request).await.unwrap();
        w.work().await;
        let told: Vec<_> = w.told(COUNTY_DUTY).await.into_iter().map(|told| told.severity()).collect();
        assert_eq!(told, [Severity::Orange]);
    })
    .await;
}

#[tokio::test]
async fn the_same_signal_twice_and_the_same_event_twice_are_one() {
    each(|w| async move {
        let mut raised = signal(PUPIL, "orange");
        raised.signal_id = w.h.deps.ids.new_id().to_string();
        let event = w.h.deps.ids.new_id();
        for event in [event, event, w.h.deps.ids.new_id()] {
            w.deliver(event, Payload::SignalRaised(raised.clone())).await.unwrap();
        }
        assert_eq!(w.count("SELECT COUNT(*) FROM signals").await, 1);
        assert_eq!(w.count("SELECT COUNT(*) FROM alerts").await, 1);
        raised.severity = "purple".to_owned();
        raised.signal_id = "?".to_owned();
        let refused = w.deliver(w.h.deps.ids.new_id(), Payload::SignalRaised(raised)).await;
        assert_eq!(
            violations(refused),
            [("severity", "UNKNOWN_VALUE"), ("signal_id", "INVALID_UUID")]
                .map(|(f, r)| (f.to_owned(), r.to_owned()))
        );
    })
    .await;
}

#[tokio::test]
async fn a_graver_signal_raises_the_open_alert_and_tells_everybody_anew_even_after_an_acknowledgement() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "orange").await;
        w.work().await;
        w.act(PSYCHOLOGIST, &alert).await.unwrap();
        w.signal(PUPIL, "yellow").await;
        let told = w.told(PSYCHOLOGIST).await;
        assert_eq!(told[0].kind(), pb::NotificationKind::SignalJoined, "who takes care hears of it");
        assert_eq!(w.now(&alert).await.state(), AlertState::Acknowledged);
        w.signal(PUPIL, "red").await;
        let raised = w.now(&alert).await;
        assert_eq!((raised.state(), raised.severity()), (AlertState::Open, Severity::Red));
        w.work().await;
        assert_eq!(w.told_of(&alert, 1, 0).await, [HOMEROOM, PSYCHOLOGIST, PRINCIPAL]);
        assert_eq!(signals(&w, PSYCHOLOGIST, &alert).await.len(), 3);
        assert!(w.kinds(&alert).await.contains(&TimelineKind::SeverityRaised));
    })
    .await;
}

#[tokio::test]
async fn a_drill_runs_the_same_machinery_marked_and_never_swallows_a_real_signal() {
    each(|w| async move {
        let mut drill = signal(PUPIL, "red");
        (drill.signal_id, drill.drill) = (w.h.deps.ids.new_id().to_string(), true);
        w.tell(Payload::SignalRaised(drill)).await;
        let practice = w.alert_of(PUPIL).await;
        assert!(practice.drill);
        let real = w.signal(PUPIL, "orange").await;
        assert!(!real.drill && real.name != practice.name);
        w.work().await;
        assert!(w.told(PSYCHOLOGIST).await.iter().any(|told| told.drill && told.alert == practice.name));
        assert!(w.told(PSYCHOLOGIST).await.iter().any(|told| !told.drill && told.alert == real.name));
    })
    .await;
}

#[tokio::test]
async fn a_closed_alert_gathers_nothing_a_new_one_is_opened_and_the_old_one_stays_closed() {
    each(|w| async move {
        let first = w.signal(PUPIL, "orange").await;
        w.act(PSYCHOLOGIST, &first).await.unwrap();
        let close = pb::CloseUnfoundedRequest {
            name: first.name.clone(),
            reason: "玩笑".to_owned(),
            ..Default::default()
        };
        w.alerts(PSYCHOLOGIST).close_unfounded(close).await.unwrap();
        let second = w.signal(PUPIL, "orange").await;
        assert_ne!(first.name, second.name);
        assert_eq!(second.number, "A-2026-000002");
        let reopen = pb::ReopenAlertRequest {
            name: first.name.clone(),
            reason: "误关".to_owned(),
            ..Default::default()
        };
        let refused = w.alerts(PSYCHOLOGIST).reopen_alert(reopen.clone()).await;
        assert_eq!(refusal(refused), (Code::FailedPrecondition, "ANOTHER_ALERT_OPEN".to_owned()));
        w.act(PSYCHOLOGIST, &second).await.unwrap();
        let resolve =
            pb::ResolveAlertRequest {
                name: second.name, summary: "已安全".to_owned(), ..Default::default()
            };
        w.alerts(PSYCHOLOGIST).resolve_alert(resolve).await.unwrap();
        let reopened = w.alerts(PSYCHOLOGIST).reopen_alert(reopen).await.unwrap().into_inner();
        assert_eq!((reopened.state(), reopened.acknowledger.as_str()), (AlertState::Open, ""));
        w.work().await;
        assert_eq!(w.told_of(&first, 0, 0).await, [HOMEROOM, PSYCHOLOGIST]);
    })
    .await;
}

#[tokio::test]
async fn an_open_alert_goes_with_a_pupil_who_moves_and_stays_when_the_pupil_leaves() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        let moved = |school: &str, class: &str, enrolled| {
            Payload::StudentMoved(StudentMoved {
                student_id: id(PUPIL).to_string(),
                school_id: school.to_owned(),
                class_id: class.to_owned(),
                enrolled,
            })
        };
        w.tell(moved(&id(SCHOOL).to_string(), &id(OTHER_CLASS).to_string(), true)).await;
        w.work().await;
        assert_eq!(
            w.told_of(&alert, 1, 0).await,
            [PSYCHOLOGIST, PRINCIPAL],
            "the other class has no homeroom teacher"
        );
        w.tell(moved("", "", false)).await;
        let now = w.now(&alert).await;
        assert_eq!((now.school.clone(), now.state()), (format!("schools/{}", id(SCHOOL)), AlertState::Open));
    })
    .await;
}

#[tokio::test]
async fn a_yellow_alert_of_a_friday_night_waits_for_monday_morning() {
    each(|w| async move {
        w.advance(Duration::days(3) + Duration::hours(12));
        let alert = w.signal(PUPIL, "yellow").await;
        w.work().await;
        assert_eq!(w.steps(&alert).await, []);
        w.advance(Duration::hours(57));
        w.work().await;
        assert_eq!(w.steps(&alert).await, []);
        w.advance(Duration::hours(1));
        w.work().await;
        assert_eq!(w.told_of(&alert, 0, 0).await, [HOMEROOM, PSYCHOLOGIST]);
    })
    .await;
}

#[tokio::test]
async fn somebody_who_reads_the_tables_finds_no_words_and_no_reporter() {
    TestDb::each(|db| async move {
        let w = World::empty(db, None).await;
        w.staff().await;
        let mut request = report(PUPIL, &[Sign::TalkOfDeath], w.h.deps.ids.new_id());
        request.report.as_mut().unwrap().text = "绝密的话".to_owned();
        w.reports(&person(HOMEROOM)).create_report(request).await.unwrap();
        let alert = w.alert_of(PUPIL).await;
        w.act(HOMEROOM, &alert).await.unwrap();
        let sealed: Vec<(Vec<u8>, Vec<u8>)> =
            w.h.deps.db.read("SELECT reporter, body FROM signals").all().await.unwrap();
        let words: Vec<(Vec<u8>,)> =
            w.h.deps.db.read("SELECT body FROM timeline WHERE body IS NOT NULL").all().await.unwrap();
        let columns = sealed.into_iter().flat_map(|(reporter, body)| [reporter, body]);
        let all: Vec<Vec<u8>> = columns.chain(words.into_iter().map(|(body,)| body)).collect();
        assert_eq!(all.len(), 3);
        for secret in ["绝密的话", "talk_of_death", "在操场陪伴", &id(HOMEROOM).to_string()] {
            let found = |bytes: &Vec<u8>| bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            assert!(!all.iter().any(found), "{secret}");
        }
    })
    .await;
}
