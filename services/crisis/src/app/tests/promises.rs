//! What the platform promises about alerts (docs/operations/promises.md), one by one.

use super::support::*;
use crate::{
    app::{
        channel::{Channel, Delivery},
        escalate::Turn,
    },
    domain::notification::Notification,
    store::{alerts::Lane, notifications},
};
use chrono::Duration;
use futures::StreamExt as _;
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};
use xinqiao_kit::{testing::TestDb, time::Clock as _};
use xinqiao_proto::{
    crisis::v1::{self as pb, AlertState, TimelineKind},
    internal::v1::event::Payload,
};

fn minutes(minutes: i64) -> Duration {
    Duration::minutes(minutes)
}

#[tokio::test]
async fn red_reaches_class_psychologist_and_principal_then_the_leading_group_then_the_county() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        assert_eq!(alert.number, "A-2026-000001");
        w.work().await;
        assert_eq!(w.told_of(&alert, 0, 0).await, [HOMEROOM, PSYCHOLOGIST, PRINCIPAL]);
        confirm_all(&w, HOMEROOM).await;
        w.advance(minutes(1));
        w.work().await;
        assert_eq!(w.steps(&alert).await, [(0, 0)], "somebody's device has it: the next step waits");
        w.advance(minutes(4));
        w.work().await;
        assert_eq!(w.told_of(&alert, 0, 1).await, [DEPUTY, LEADING_GROUP]);
        confirm_all(&w, DEPUTY).await;
        assert!(!w.now(&alert).await.escalated_to_county);
        for _ in 0..2 {
            w.advance(minutes(5));
            w.work().await;
        }
        assert_eq!(w.told_of(&alert, 0, 2).await, [COUNTY_DUTY]);
        assert!(w.now(&alert).await.escalated_to_county);
        assert_eq!(w.steps(&alert).await, [(0, 0), (0, 1), (0, 2)]);
    })
    .await;
}

pub(super) async fn confirm_all(w: &World, n: u128) {
    use xinqiao_proto::crisis::v1::notification_service_client::NotificationServiceClient;
    let mut client = NotificationServiceClient::new(w.as_person(n));
    for told in w.told(n).await {
        client.confirm_receipt(pb::ConfirmReceiptRequest { name: told.name }).await.unwrap();
    }
}

#[tokio::test]
async fn r3_a_step_that_is_due_is_told_in_the_same_round_of_work() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        let sent = w.told(PSYCHOLOGIST).await;
        assert_eq!(sent[0].state(), pb::NotificationState::Sent);
        assert_eq!(
            sent[0].create_time, alert.create_time,
            "the clock has not moved between alert and notification"
        );
    })
    .await;
}

#[tokio::test]
async fn r5_a_claim_whose_worker_died_ends_by_itself_and_the_same_notification_is_sent() {
    each(|w| async move {
        w.signal(PUPIL, "red").await;
        assert_eq!(w.app.escalate_one(Lane::Red).await.unwrap(), Turn::Done);
        let now = w.h.clock.now();
        let mut tx = w.h.deps.db.begin().await.unwrap();
        let claimed =
            notifications::claim(&mut tx, Lane::Red, now, now + Duration::seconds(30), 10).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(claimed.len(), 3);
        assert_eq!(w.app.deliver_batch(Lane::Red).await.unwrap(), 0, "the claim still counts");
        w.advance(Duration::seconds(30));
        assert_eq!(w.app.deliver_batch(Lane::Red).await.unwrap(), 3, "it has ended");
        let sent = w.told(PSYCHOLOGIST).await;
        assert_eq!((sent.len(), sent[0].state()), (1, pb::NotificationState::Sent));
    })
    .await;
}

#[tokio::test]
async fn r6_an_unanswered_red_alert_goes_round_and_then_to_the_county_without_end() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        for _ in 0..40 {
            w.work().await;
            w.advance(minutes(5));
        }
        let steps = w.steps(&alert).await;
        assert!(steps.len() > 12, "{steps:?}");
        assert!(steps.contains(&(2, 2)) && steps.contains(&(3, 0)) && !steps.contains(&(3, 1)), "{steps:?}");
        assert!(w.now(&alert).await.due_time.is_some());
    })
    .await;
}

#[tokio::test]
async fn r7_a_step_that_no_device_takes_moves_on_after_a_minute() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        w.advance(minutes(1));
        w.work().await;
        assert_eq!(w.steps(&alert).await, [(0, 0), (0, 1)]);
        assert!(w.kinds(&alert).await.contains(&TimelineKind::NoReceipt));
    })
    .await;
}

#[tokio::test]
async fn r7_a_school_without_people_goes_to_the_county_at_once_with_every_gap_recorded() {
    TestDb::each(|db| async move {
        let w = World::empty(db, None).await;
        w.tell(Payload::StaffChanged(staff(COUNTY_DUTY))).await;
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        assert_eq!(w.told_of(&alert, 0, 2).await, [COUNTY_DUTY]);
        let gaps: Vec<_> = w
            .timeline(&alert)
            .await
            .into_iter()
            .filter(|entry| entry.kind() == TimelineKind::Gap)
            .map(|entry| (entry.step(), entry.level()))
            .collect();
        use pb::Level::{Class, Deputy, LeadingGroup, Principal, Psychologist};
        assert_eq!(gaps, [(0, Class), (0, Psychologist), (0, Principal), (1, LeadingGroup), (1, Deputy)]);
    })
    .await;
}

#[tokio::test]
async fn when_nobody_whom_the_policy_names_can_be_told_whoever_else_is_there_gets_an_alarm() {
    TestDb::each(|db| async move {
        let w = World::empty(db, None).await;
        w.tell(Payload::StaffChanged(staff(PRINCIPAL))).await;
        assert_eq!(w.health().await.county_duty_people, 0);
        let alert = w.signal(PUPIL, "yellow").await;
        for _ in 0..3 {
            w.work().await;
            w.advance(minutes(1));
        }
        let told = w.told(PRINCIPAL).await;
        assert_eq!(told.len(), 1, "once an hour");
        assert_eq!((told[0].kind(), &told[0].alert), (pb::NotificationKind::Alarm, &alert.name));
        assert!(w.kinds(&alert).await.contains(&TimelineKind::NobodyReachable));
        w.tell(Payload::StaffChanged(staff(PSYCHOLOGIST))).await;
        w.work().await;
        assert!(!w.told(PSYCHOLOGIST).await.is_empty(), "who comes later is told within a minute");
    })
    .await;
}

struct Broken {
    attempts: AtomicUsize,
    delivery: Delivery,
}

#[async_trait::async_trait]
impl Channel for Broken {
    fn name(&self) -> &'static str {
        "broken"
    }

    async fn deliver(&self, _: &Notification) -> Delivery {
        self.attempts.fetch_add(1, Ordering::SeqCst);
        self.delivery
    }
}

#[tokio::test]
async fn r7_a_step_of_which_nothing_can_be_delivered_moves_on_at_once() {
    TestDb::each(|db| async move {
        let broken = Arc::new(Broken { attempts: AtomicUsize::new(0), delivery: Delivery::Impossible });
        let w = World::empty(db, Some(broken)).await;
        w.staff().await;
        let alert = w.signal(PUPIL, "red").await;
        for _ in 0..4 {
            w.work().await;
        }
        assert_eq!(w.steps(&alert).await, [(0, 0), (0, 1), (0, 2)], "without the clock having moved");
        assert!(w.kinds(&alert).await.contains(&TimelineKind::DeliveryFailed));
    })
    .await;
}

#[tokio::test]
async fn a_channel_that_is_down_is_tried_again_with_growing_pauses() {
    TestDb::each(|db| async move {
        let broken = Arc::new(Broken { attempts: AtomicUsize::new(0), delivery: Delivery::Later });
        let w = World::empty(db, Some(broken.clone())).await;
        w.staff().await;
        w.signal(PUPIL, "red").await;
        w.work().await;
        assert_eq!(broken.attempts.load(Ordering::SeqCst), 3);
        assert_eq!(w.app.deliver_batch(Lane::Red).await.unwrap(), 0, "not before a second has passed");
        w.advance(Duration::seconds(1));
        assert_eq!(w.app.deliver_batch(Lane::Red).await.unwrap(), 3);
        assert_eq!(w.told(PSYCHOLOGIST).await[0].state(), pb::NotificationState::Queued);
    })
    .await;
}

#[tokio::test]
async fn r8_acknowledging_ends_the_steps_and_works_however_often_and_by_whomever() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        let first = w.acknowledge(HOMEROOM, &alert).await.unwrap();
        assert_eq!(first.state(), AlertState::Acknowledged);
        for n in [HOMEROOM, PSYCHOLOGIST, PRINCIPAL] {
            let again = w.acknowledge(n, &alert).await.unwrap();
            assert_eq!(
                (again.acknowledger.clone(), again.etag),
                (first.acknowledger.clone(), first.etag.clone())
            );
        }
        w.advance(minutes(29));
        w.work().await;
        assert_eq!(w.steps(&alert).await, [(0, 0)]);
        let told = w.told(PSYCHOLOGIST).await;
        assert_eq!(
            told[0].kind(),
            pb::NotificationKind::Acknowledged,
            "the others hear that somebody takes care"
        );
    })
    .await;
}

#[tokio::test]
async fn r10_a_poisoned_alert_is_set_aside_people_are_told_and_the_others_go_on() {
    each(|w| async move {
        let poisoned = w.signal(PUPIL, "red").await;
        let break_it = "UPDATE alerts SET next_step = -1 WHERE id = $1";
        w.h.deps.db.write(break_it).bind(alert_id(&poisoned)).exec().await.unwrap();
        let other = w.signal_elsewhere(PUPIL + 1).await;
        for _ in 0..6 {
            assert_ne!(w.app.escalate_one(Lane::Red).await.unwrap(), Turn::Idle);
            while w.app.escalate_one(Lane::Red).await.unwrap() != Turn::Idle {}
            w.advance(Duration::seconds(20));
        }
        let alarms: Vec<_> =
            w.told(COUNTY_DUTY).await.into_iter().filter(|told| !told.text.is_empty()).collect();
        assert_eq!((alarms.len(), alarms[0].alert.clone()), (1, poisoned.name.clone()));
        assert!(w.told(PSYCHOLOGIST).await.iter().any(|told| told.alert == other));
        assert_eq!(w.health().await.set_aside_alerts, 1);
        let repair = "UPDATE alerts SET next_step = 0 WHERE id = $1";
        w.h.deps.db.write(repair).bind(alert_id(&poisoned)).exec().await.unwrap();
        w.advance(minutes(1));
        w.work().await;
        assert_eq!(w.steps(&poisoned).await.first(), Some(&(0, 0)), "it was tried again all the time");
        assert_eq!(w.health().await.set_aside_alerts, 0);
    })
    .await;
}

#[tokio::test]
async fn r11_a_clock_set_back_a_day_neither_loses_nor_repeats_a_step() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        confirm_all(&w, HOMEROOM).await;
        w.advance(-Duration::days(1));
        w.work().await;
        assert_eq!(w.steps(&alert).await, [(0, 0)]);
        w.advance(minutes(1));
        w.work().await;
        w.advance(minutes(4));
        w.work().await;
        assert_eq!(w.steps(&alert).await, [(0, 0), (0, 1)], "five minutes later, not a day later");
        w.advance(Duration::days(2));
        w.work().await;
        assert_eq!(w.steps(&alert).await, [(0, 0), (0, 1), (0, 2)], "each step once");
    })
    .await;
}

#[tokio::test]
async fn r11_a_claim_from_a_clock_that_was_set_back_counts_for_nothing() {
    each(|w| async move {
        w.signal(PUPIL, "red").await;
        w.app.escalate_one(Lane::Red).await.unwrap();
        let now = w.h.clock.now();
        let mut tx = w.h.deps.db.begin().await.unwrap();
        notifications::claim(&mut tx, Lane::Red, now, now + Duration::seconds(30), 10).await.unwrap();
        tx.commit().await.unwrap();
        w.advance(-Duration::days(1));
        assert_eq!(w.app.deliver_batch(Lane::Red).await.unwrap(), 3);
    })
    .await;
}

#[tokio::test]
async fn r12_a_lane_that_stands_still_is_seen_on_streams_in_health_and_told_to_the_county() {
    each(|w| async move {
        let beat = |w: &World| w.app.deps.clock.now();
        for lane in [Lane::Red, Lane::Other] {
            crate::store::health::beat(&w.h.deps.db, lane, beat(&w)).await.unwrap();
        }
        assert!(w.health().await.healthy);
        assert!(w.app.look_for_standstill().await.unwrap());
        w.signal(PUPIL, "red").await;
        w.advance(minutes(6));
        let health = w.health().await;
        assert!(!health.healthy);
        assert_eq!((health.open_red_alerts, health.oldest_overdue_seconds), (1, 360));
        assert!(!w.app.look_for_standstill().await.unwrap());
        assert!(!w.app.look_for_standstill().await.unwrap());
        let alarms = w.told(COUNTY_DUTY).await;
        assert_eq!(alarms.len(), 1, "once an hour");
        assert_eq!(alarms[0].kind(), pb::NotificationKind::Alarm);
        let mut stream = w
            .alerts(GRADE_LEADER)
            .watch_alerts(pb::WatchAlertsRequest::default())
            .await
            .unwrap()
            .into_inner();
        let first = stream.next().await.unwrap().unwrap();
        let Some(pb::watch_alerts_response::Event::Heartbeat(heartbeat)) = first.event else {
            panic!("{first:?}")
        };
        assert!(!heartbeat.escalation_alive);
    })
    .await;
}

#[tokio::test]
async fn r14_an_acknowledgement_without_an_action_opens_the_alert_again() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        w.acknowledge(HOMEROOM, &alert).await.unwrap();
        w.advance(minutes(30));
        w.work().await;
        assert_eq!(w.now(&alert).await.state(), AlertState::Open);
        assert_eq!(w.told_of(&alert, 1, 0).await, [HOMEROOM, PSYCHOLOGIST, PRINCIPAL]);
        assert!(w.kinds(&alert).await.contains(&TimelineKind::Lapsed));
    })
    .await;
}

#[tokio::test]
async fn r14_a_recorded_action_keeps_it_acknowledged() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        w.acknowledge(HOMEROOM, &alert).await.unwrap();
        let acted = w.act(HOMEROOM, &alert).await.unwrap();
        assert!(acted.action_time.is_some() && acted.due_time.is_none());
        w.advance(Duration::days(2));
        assert_eq!(w.work().await, 0);
        assert_eq!(w.now(&alert).await.state(), AlertState::Acknowledged);
        let action =
            w.timeline(&alert).await.into_iter().find(|entry| entry.kind() == TimelineKind::Action).unwrap();
        assert_eq!((action.action_kind(), action.text.as_str()), (pb::ActionKind::WithPupil, "在操场陪伴"));
    })
    .await;
}

#[tokio::test]
async fn r15_opening_listing_watching_and_confirming_acknowledge_nothing() {
    each(|w| async move {
        let alert = w.signal(PUPIL, "red").await;
        w.work().await;
        for n in [HOMEROOM, PSYCHOLOGIST, PRINCIPAL] {
            let mut client = w.alerts(n);
            client.get_alert(pb::GetAlertRequest { name: alert.name.clone() }).await.unwrap();
            client.list_alerts(pb::ListAlertsRequest::default()).await.unwrap();
            let mut stream =
                client.watch_alerts(pb::WatchAlertsRequest::default()).await.unwrap().into_inner();
            stream.next().await.unwrap().unwrap();
            stream.next().await.unwrap().unwrap();
            confirm_all(&w, n).await;
        }
        assert_eq!(w.now(&alert).await.state(), AlertState::Open);
        w.advance(minutes(1));
        w.work().await;
        w.advance(minutes(4));
        w.work().await;
        assert_eq!(w.steps(&alert).await, [(0, 0), (0, 1)], "the escalation goes on");
        let viewed = w.kinds(&alert).await.into_iter().filter(|kind| *kind == TimelineKind::Viewed).count();
        assert_eq!(viewed, 3, "each person once");
    })
    .await;
}

impl World {
    /// A red signal of another pupil of the class; gives the alert's name.
    pub(super) async fn signal_elsewhere(&self, student: u128) -> String {
        self.signal(student, "red").await.name
    }
}
