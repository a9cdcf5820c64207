//! Promises that only show when many do something at once, or are cut off in the middle.

use super::support::*;
use crate::{
    app::{App, escalate::Turn},
    store::alerts::Lane,
};
use chrono::Duration;
use futures::future::join_all;
use std::{sync::Arc, time::Duration as StdDuration};
use tokio::time::timeout;
use uuid::Uuid;
use xinqiao_kit::lifecycle::Supervisor;
use xinqiao_proto::crisis::v1::{self as pb, AlertState, Sign};

const WORKERS: usize = 3;

/// Other replicas on the same database, the one of the harness among them.
fn replicas(w: &World) -> Vec<Arc<App>> {
    let more = (1..WORKERS).map(|_| Arc::new(App::new(w.h.deps.clone()).unwrap()));
    std::iter::once(w.app.clone()).chain(more).collect()
}

/// The real tasks, as the program runs them.
fn running(w: &World) -> Supervisor {
    let mut supervisor = Supervisor::new();
    w.app.tasks().into_iter().for_each(|task| supervisor.spawn(task));
    supervisor
}

/// Stops them by one signal; all of them must end in time.
async fn stop(tasks: Supervisor) {
    let mut signals = 0;
    let signal = move || {
        signals += 1;
        let first = signals == 1;
        async move {
            if !first {
                std::future::pending::<()>().await;
            }
        }
    };
    tasks.run(signal).await.unwrap();
}

async fn work_together(replicas: &[Arc<App>], lane: Lane) -> usize {
    let workers = replicas.iter().cloned().map(|app| {
        tokio::spawn(async move {
            let (mut done, mut idle) = (0, 0);
            // A worker that finds only rows that others hold is idle for a moment.
            while idle < 3 {
                match app.escalate_one(lane).await.unwrap() {
                    Turn::Done => (done, idle) = (done + 1, 0),
                    Turn::PutOff => panic!("nothing here is poisoned"),
                    Turn::Idle => idle += 1,
                }
            }
            done
        })
    });
    join_all(workers).await.into_iter().map(Result::unwrap).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r1_r2_a_report_whose_client_goes_away_at_any_moment_is_there_once_after_its_retry() {
    each(|w| async move {
        let teacher = person(HOMEROOM);
        let keys: Vec<Uuid> = (0..40).map(|_| w.h.deps.ids.new_id()).collect();
        let mut acknowledged = Vec::new();
        for (n, key) in keys.iter().enumerate() {
            let mut client = w.reports(&teacher);
            let request = report(PUPIL, &[Sign::TalkOfDeath], *key);
            let patience = StdDuration::from_micros(150 * n as u64);
            if let Ok(Ok(answer)) = timeout(patience, client.create_report(request)).await {
                // OK means committed: it is there for anybody who looks, at once.
                let name = answer.into_inner().name;
                let id: Uuid = name.strip_prefix("reports/").unwrap().parse().unwrap();
                let found =
                    w.h.deps
                        .db
                        .read("SELECT COUNT(*) FROM signals WHERE id = $1")
                        .bind(id)
                        .get::<i64>()
                        .await;
                assert_eq!(found.unwrap(), 1);
                acknowledged.push((*key, name));
            }
        }
        for key in &keys {
            let answer =
                w.reports(&teacher).create_report(report(PUPIL, &[Sign::TalkOfDeath], *key)).await.unwrap();
            let name = answer.into_inner().name;
            let before = acknowledged.iter().find(|(known, _)| known == key);
            assert!(before.is_none_or(|(_, known)| *known == name), "the same key gives the same report");
        }
        assert_eq!(w.count("SELECT COUNT(*) FROM signals").await, 40);
        assert_eq!(w.count("SELECT COUNT(*) FROM alerts").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r2_the_same_client_key_from_many_tries_at_once_is_one_report_and_one_alert() {
    each(|w| async move {
        let key = w.h.deps.ids.new_id();
        let tries = (0..16).map(|_| {
            let mut client = w.reports(&person(HOMEROOM));
            tokio::spawn(async move { client.create_report(report(PUPIL, &[Sign::SelfHarm], key)).await })
        });
        let answers: Vec<_> =
            join_all(tries).await.into_iter().map(|answer| answer.unwrap().unwrap().into_inner()).collect();
        assert!(answers.iter().all(|answer| answer == &answers[0]), "{answers:?}");
        assert_eq!(w.count("SELECT COUNT(*) FROM signals").await, 1);
        assert_eq!(w.count("SELECT COUNT(*) FROM alerts").await, 1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_signals_of_one_pupil_at_once_are_one_alert() {
    each(|w| async move {
        let tries = (0..12).map(|_| {
            let mut client = w.reports(&person(HOMEROOM));
            let request = report(PUPIL, &[Sign::SelfHarm], w.h.deps.ids.new_id());
            tokio::spawn(async move { client.create_report(request).await })
        });
        let answers: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
        assert!(answers.iter().all(Result::is_ok), "{answers:?}");
        assert_eq!(w.count("SELECT COUNT(*) FROM alerts").await, 1);
        assert_eq!(w.count("SELECT COUNT(*) FROM signals").await, 12);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r4_three_workers_on_one_database_start_each_step_exactly_once() {
    each(|w| async move {
        const ALERTS: u128 = 30;
        let mut alerts = Vec::new();
        for n in 0..ALERTS {
            alerts.push(w.signal(PUPIL + n, "red").await);
        }
        let replicas = replicas(&w);
        let mut done = 0;
        for _ in 0..3 {
            done += work_together(&replicas, Lane::Red).await;
            w.advance(Duration::seconds(60));
        }
        assert_eq!(done, 3 * alerts.len(), "each step was somebody's, and nobody else's");
        for alert in &alerts {
            assert_eq!(w.steps(alert).await, [(0, 0), (0, 1), (0, 2)]);
        }
        let twice = "SELECT COUNT(*) FROM (SELECT 1 FROM notifications WHERE kind = 'escalation' \
                     GROUP BY alert_id, round, step, recipient HAVING COUNT(*) > 1) AS twice";
        assert_eq!(w.count(twice).await, 0);
        assert_eq!(w.count("SELECT COUNT(*) FROM notifications").await, 6 * i64::try_from(ALERTS).unwrap());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r4_workers_that_die_at_any_moment_leave_nothing_out_and_nothing_twice() {
    each(|w| async move {
        let mut alerts = Vec::new();
        for n in 0..10 {
            alerts.push(w.signal(PUPIL + n, "red").await);
        }
        for round in 0..3 {
            for n in 0..60_u64 {
                // Cut off wherever it stands: before, in or after its transaction.
                let _ = timeout(StdDuration::from_micros(100 * n), w.app.escalate_one(Lane::Red)).await;
            }
            // Begun again elsewhere.
            let fresh = App::new(w.h.deps.clone()).unwrap();
            while fresh.escalate_one(Lane::Red).await.unwrap() != Turn::Idle {}
            for alert in &alerts {
                let expected: Vec<_> = (0..=round).map(|step| (0, step)).collect();
                assert_eq!(w.steps(alert).await, expected, "{}", alert.number);
            }
            w.advance(Duration::seconds(60));
        }
        w.no_open_alert_without_a_due_time().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r8_no_step_starts_after_an_acknowledgement_that_races_the_workers() {
    each(|w| async move {
        let mut alerts = Vec::new();
        for n in 0..12 {
            alerts.push(w.signal(PUPIL + n, "red").await);
        }
        let replicas = replicas(&w);
        work_together(&replicas, Lane::Red).await;
        w.advance(Duration::seconds(60));
        let acknowledging =
            alerts.iter().map(|alert| async { w.acknowledge(PSYCHOLOGIST, alert).await.unwrap() });
        let (acknowledged, _) = tokio::join!(join_all(acknowledging), work_together(&replicas, Lane::Red));
        assert!(acknowledged.iter().all(|alert| alert.state() == AlertState::Acknowledged));
        let mut before = Vec::new();
        for alert in &alerts {
            before.push(w.steps(alert).await);
        }
        w.advance(Duration::minutes(20));
        work_together(&replicas, Lane::Red).await;
        for (alert, before) in alerts.iter().zip(before) {
            assert_eq!(w.steps(alert).await, before, "R8: a step after the acknowledgement");
            assert_eq!(w.now(alert).await.state(), AlertState::Acknowledged);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn r9_a_red_alert_overtakes_a_thousand_yellow_ones() {
    each(|w| async move {
        let new = |n: u128, severity: &str| {
            let mut signal = signal(PUPIL + n, severity);
            signal.signal_id = w.h.deps.ids.new_id().to_string();
            xinqiao_proto::internal::v1::event::Payload::SignalRaised(signal)
        };
        for n in 0..1_000 {
            w.tell(new(n, "yellow")).await;
        }
        w.tell(new(5_000, "red")).await;
        let tasks = running(&w);
        let begin = tokio::time::Instant::now();
        let red = "SELECT COUNT(*) FROM notifications WHERE severity = 'red' AND state = 'sent'";
        while w.count(red).await < 3 {
            assert!(begin.elapsed() < StdDuration::from_secs(15), "R9: red waited for yellow");
            tokio::time::sleep(StdDuration::from_millis(5)).await;
        }
        stop(tasks).await;
        let yellow = w.count("SELECT COUNT(*) FROM escalation_steps").await - 1;
        assert!(yellow < 1_000, "the yellow ones were still being worked through: {yellow}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_tasks_carry_a_real_alert_to_the_county_by_themselves_in_shortened_time() {
    use xinqiao_kit::time::Clock as _;
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        let tasks = running(&w);
        let begin = tokio::time::Instant::now();
        while w.steps(&alert).await.len() < 3 {
            assert!(begin.elapsed() < StdDuration::from_secs(30), "{:?}", w.steps(&alert).await);
            w.advance(Duration::seconds(20));
            tokio::time::sleep(StdDuration::from_millis(50)).await;
        }
        stop(tasks).await;
        assert!(w.health().await.red_canary_time.is_some());
        assert!(w.h.clock.now() > xinqiao_kit::testing::start());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_signal_that_races_the_closing_of_an_alert_is_in_the_old_one_or_in_a_new_one() {
    each(|w| async move {
        for n in 0..10 {
            let alert = w.signal(PUPIL + n, "orange").await;
            w.act(PSYCHOLOGIST, &alert).await.unwrap();
            let request = pb::ResolveAlertRequest {
                name: alert.name.clone(),
                summary: "已安全".to_owned(),
                ..Default::default()
            };
            let mut client = w.alerts(PSYCHOLOGIST);
            let (closed, _) = tokio::join!(client.resolve_alert(request), w.signal(PUPIL + n, "red"));
            let open = w.alert_of(PUPIL + n).await;
            // Whichever came first: the red signal is in an alert that escalates.
            assert_eq!((open.severity(), open.state()), (pb::Severity::Red, AlertState::Open), "{closed:?}");
        }
    })
    .await;
}
