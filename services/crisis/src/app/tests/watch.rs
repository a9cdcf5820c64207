//! The stream of a person's notifications: nothing lost, nothing twice, whatever happens to the connection.

use super::support::*;
use chrono::Duration;
use futures::StreamExt as _;
use std::time::Duration as StdDuration;
use tonic::{Code, Streaming};
use xinqiao_proto::crisis::v1::{self as pb, watch_alerts_response::Event};

async fn open(w: &World, n: u128, resume_token: &str) -> Streaming<pb::WatchAlertsResponse> {
    let request = pb::WatchAlertsRequest { resume_token: resume_token.to_owned() };
    w.alerts(n).watch_alerts(request).await.unwrap().into_inner()
}

async fn next(stream: &mut Streaming<pb::WatchAlertsResponse>) -> (String, Option<pb::Notification>) {
    let event =
        tokio::time::timeout(StdDuration::from_secs(20), stream.next()).await.unwrap().unwrap().unwrap();
    match event.event.unwrap() {
        Event::Notification(told) => (event.resume_token, Some(told)),
        Event::Heartbeat(_) => (event.resume_token, None),
    }
}

#[tokio::test]
async fn a_new_alert_reaches_an_open_stream_without_waiting_for_the_next_look() {
    each(|w| async move {
        let mut stream = open(&w, PSYCHOLOGIST, "").await;
        assert_eq!(next(&mut stream).await.1, None, "first a sign of life: nothing was waiting");
        let alert = w.signal(PUPIL, "red").await;
        let begin = tokio::time::Instant::now();
        w.work().await;
        let (_, told) = next(&mut stream).await;
        let told = told.unwrap();
        assert_eq!(
            (told.alert.clone(), told.severity(), told.level()),
            (alert.name, pb::Severity::Red, pb::Level::Psychologist)
        );
        assert_eq!(told.alert_number, "A-2026-000001");
        assert!(begin.elapsed() < StdDuration::from_secs(5));
    })
    .await;
}

#[tokio::test]
async fn a_stream_goes_on_where_the_last_one_broke_off_without_loss_and_without_repeat() {
    each(|w| async move {
        for n in 0..5 {
            w.signal(PUPIL + n, "red").await;
        }
        w.work().await;
        let mut numbers = Vec::new();
        let mut token = String::new();
        // A new connection for each notification, as on a bad line.
        for _ in 0..5 {
            let mut stream = open(&w, PSYCHOLOGIST, &token).await;
            let (resume, told) = next(&mut stream).await;
            numbers.push(told.unwrap().alert_number);
            token = resume;
        }
        assert_eq!(numbers, (1..=5).map(|n| format!("A-2026-00000{n}")).collect::<Vec<_>>());
        let mut stream = open(&w, PSYCHOLOGIST, &token).await;
        assert_eq!(next(&mut stream).await.1, None);
        w.signal(PUPIL + 9, "red").await;
        w.work().await;
        assert_eq!(next(&mut stream).await.1.unwrap().alert_number, "A-2026-000006");
    })
    .await;
}

#[tokio::test]
async fn without_a_token_a_stream_begins_with_what_no_device_has_taken() {
    each(|w| async move {
        w.signal(PUPIL, "red").await;
        w.work().await;
        super::promises::confirm_all(&w, PSYCHOLOGIST).await;
        w.signal(PUPIL + 1, "red").await;
        w.work().await;
        let mut stream = open(&w, PSYCHOLOGIST, "").await;
        assert_eq!(next(&mut stream).await.1.unwrap().alert_number, "A-2026-000002");
    })
    .await;
}

#[tokio::test]
async fn what_a_stream_took_is_a_receipt_once_it_was_asked_for_more() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        let mut stream = open(&w, PRINCIPAL, "").await;
        assert!(next(&mut stream).await.1.is_some());
        assert!(next(&mut stream).await.1.is_none());
        assert_eq!(w.told(PRINCIPAL).await[0].state(), pb::NotificationState::Seen);
        let received =
            w.timeline(&alert).await.into_iter().find(|e| e.kind() == pb::TimelineKind::Received).unwrap();
        assert_eq!(received.user, format!("users/{}", id(PRINCIPAL)));
        w.advance(Duration::minutes(1));
        w.work().await;
        assert_eq!(w.steps(&alert).await, [(0, 0)], "one device is enough for the step to keep its time");
    })
    .await;
}

#[tokio::test]
async fn a_token_of_somebody_else_or_of_nobody_is_refused() {
    each(|w| async move {
        let mut stream = open(&w, PSYCHOLOGIST, "").await;
        let (token, _) = next(&mut stream).await;
        for bad in [token.as_str(), "1", "x.y", "-1.00"] {
            let request = pb::WatchAlertsRequest { resume_token: bad.to_owned() };
            let refused = w.alerts(PRINCIPAL).watch_alerts(request).await;
            let refused = refused.map(|_| ());
            assert_eq!(
                violations(refused),
                [("resume_token".to_owned(), "INVALID_RESUME_TOKEN".to_owned())],
                "{bad}"
            );
        }
        let anonymous = pb::alert_service_client::AlertServiceClient::new(w.h.as_nobody())
            .watch_alerts(pb::WatchAlertsRequest::default())
            .await;
        assert_eq!(anonymous.unwrap_err().code(), Code::Unauthenticated);
    })
    .await;
}

#[tokio::test]
async fn two_devices_of_one_person_both_get_everything() {
    each(|w| async move {
        let mut phone = open(&w, DEPUTY, "").await;
        let mut desk = open(&w, DEPUTY, "").await;
        assert!(next(&mut phone).await.1.is_none() && next(&mut desk).await.1.is_none());
        w.signal(PUPIL, "red").await;
        w.work().await;
        w.advance(Duration::minutes(1));
        w.work().await;
        assert_eq!(next(&mut phone).await.1.unwrap().step, 1);
        assert_eq!(next(&mut desk).await.1.unwrap().step, 1);
    })
    .await;
}
