//! What the stores promise, on both engines.

use super::{
    alerts::{self, Lane},
    grid, health, known, notifications, plans, signals, timeline,
};
use crate::{
    MIGRATIONS,
    domain::{
        Alert, AlertState, Level, Severity, UserId,
        escalation::{Due, Escalation, MicroDuration, Phase, Waiting},
        grid::{Class, Gap, StaffFacts},
        notification::{Notification, NotificationKind, NotificationState},
        plan::{Item, Plan, PlanState},
        report::{EntryLevel, Sign, Source},
        timeline::{Entry, EntryKind},
    },
};
use chrono::Duration;
use std::future::Future;
use uuid::Uuid;
use xinqiao_kit::{
    db::Db,
    deps::Deps,
    keys::KeyError,
    role::Role,
    testing::{TestDb, deps, start},
};

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

async fn each<F, Fut>(test: F)
where
    F: Fn(Deps) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    TestDb::each_migrated(MIGRATIONS, move |db: Db| test(deps(Role::Crisis, db))).await;
}

fn alert(n: u128, student: u128) -> Alert {
    Alert {
        id: id(n).into(),
        number: format!("A-2026-{n:06}"),
        student: id(student).into(),
        school: Some(id(100).into()),
        class: None,
        placed: true,
        drill: false,
        escalation: Escalation::open(Severity::Red, start()),
        acknowledged: None,
        action_at: None,
        closed_at: None,
        created_at: start(),
        updated_at: start(),
        version: 1,
    }
}

#[tokio::test]
async fn an_alert_comes_back_as_it_went_in_in_every_phase() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        let mut kept = alert(1, 300);
        assert!(alerts::insert(&mut tx, &kept).await.unwrap());
        let due = Due { armed: start(), at: start() + Duration::seconds(60) };
        let phases = [
            Phase::Open { due, waiting: Waiting::Step },
            Phase::Open { due, waiting: Waiting::Receipt { rest: MicroDuration(240_000_001) } },
            Phase::Acknowledged { action_due: Some(due) },
            Phase::Acknowledged { action_due: None },
            Phase::InHand { action_due: Some(due) },
            Phase::InHand { action_due: None },
            Phase::Resolved,
            Phase::Unfounded,
        ];
        for phase in phases {
            kept.escalation.phase = phase;
            kept.escalation.county = true;
            kept.acknowledged = Some((id(3).into(), start()));
            kept.class = Some(id(200).into());
            assert!(alerts::update(&mut tx, &mut kept, start() + Duration::seconds(1)).await.unwrap());
            assert_eq!(alerts::get(&mut tx, kept.id).await.unwrap().unwrap(), kept);
        }
        assert_eq!(kept.version, 9);
    })
    .await;
}

#[tokio::test]
async fn a_pupil_has_one_open_alert_and_one_open_drill() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        let mut first = alert(1, 300);
        assert!(alerts::insert(&mut tx, &first).await.unwrap());
        assert!(!alerts::insert(&mut tx, &alert(2, 300)).await.unwrap());
        assert!(alerts::insert(&mut tx, &Alert { drill: true, ..alert(3, 300) }).await.unwrap());
        first.escalation.phase = Phase::Resolved;
        assert!(alerts::update(&mut tx, &mut first, start()).await.unwrap());
        assert!(alerts::insert(&mut tx, &alert(4, 300)).await.unwrap());
        first.escalation = Escalation::open(Severity::Red, start());
        assert!(!alerts::update(&mut tx, &mut first, start()).await.unwrap(), "the other one is open");
        assert_eq!(alerts::lock_all_open(&mut tx, id(300).into()).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn numbers_count_up_within_a_year_of_the_county() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        let new_year = "2026-12-31T23:59:59+08:00".parse().unwrap();
        let mut numbers = Vec::new();
        for at in [start(), new_year, new_year + Duration::seconds(1), start()] {
            numbers.push(alerts::next_number(&mut tx, at).await.unwrap());
        }
        assert_eq!(numbers, ["A-2026-000001", "A-2026-000002", "A-2027-000001", "A-2026-000003"]);
    })
    .await;
}

#[tokio::test]
async fn what_is_due_is_claimed_by_lane_and_a_clock_set_back_hides_nothing() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        let in_a_minute = Due { armed: start(), at: start() + Duration::seconds(60) };
        for (n, severity) in [(1, Severity::Yellow), (2, Severity::Red), (3, Severity::Orange)] {
            let mut new = alert(n, 300 + n);
            new.escalation.severity = severity;
            new.escalation.phase = Phase::Open { due: in_a_minute, waiting: Waiting::Step };
            alerts::insert(&mut tx, &new).await.unwrap();
        }
        for (seconds, red, other) in [(59, None, None), (60, Some(2), Some(3)), (-86_400, Some(2), Some(3))] {
            let now = start() + Duration::seconds(seconds);
            for (lane, expected) in [(Lane::Red, red), (Lane::Other, other)] {
                let claimed = alerts::claim_due(&mut tx, lane, now).await.unwrap();
                assert_eq!(claimed.map(|found| found.uuid()), expected.map(id), "{seconds} {lane:?}");
            }
        }
        let now = start() + Duration::seconds(60);
        alerts::note_failure(&mut tx, id(2).into(), now, now + Duration::seconds(8)).await.unwrap();
        assert_eq!(alerts::failures(&mut tx, id(2).into()).await.unwrap(), 1);
        assert_eq!(alerts::claim_due(&mut tx, Lane::Red, now).await.unwrap(), None, "put off");
        let later = now + Duration::seconds(8);
        assert!(alerts::claim_due(&mut tx, Lane::Red, later).await.unwrap().is_some());
        tx.commit().await.unwrap();
        assert!(alerts::is_anything_due(&deps.db, Lane::Red, later).await.unwrap());
        assert!(!alerts::is_anything_due(&deps.db, Lane::Other, start()).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_step_is_recorded_once() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        alerts::insert(&mut tx, &alert(1, 300)).await.unwrap();
        assert!(alerts::start_step(&mut tx, id(1).into(), 0, 0, start()).await.unwrap());
        assert!(!alerts::start_step(&mut tx, id(1).into(), 0, 0, start()).await.unwrap());
        assert!(alerts::start_step(&mut tx, id(1).into(), 1, 0, start()).await.unwrap());
    })
    .await;
}

fn notification(n: u128, recipient: u128) -> Notification {
    Notification {
        id: id(n).into(),
        recipient: id(recipient).into(),
        sequence: 0,
        kind: NotificationKind::Escalation,
        alert: Some(id(1).into()),
        number: "A-2026-000001".to_owned(),
        severity: Severity::Red,
        drill: false,
        level: Some(Level::Class),
        round: 0,
        step: 0,
        alarm: None,
        channel: "in_app".to_owned(),
        state: NotificationState::Queued,
        created_at: start(),
        receipt_at: None,
    }
}

#[tokio::test]
async fn notifications_have_positions_of_their_recipient_and_are_written_once_a_subject() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        let new = vec![
            ("a".to_owned(), notification(12, 2)),
            ("a".to_owned(), notification(11, 1)),
            ("b".to_owned(), notification(13, 1)),
            ("a".to_owned(), notification(14, 1)),
        ];
        let written = notifications::insert(&mut tx, new).await.unwrap();
        let positions: Vec<_> = written.iter().map(|n| (n.recipient.uuid().as_u128(), n.sequence)).collect();
        assert_eq!(positions, [(1, 1), (1, 2), (2, 1)]);
        tx.commit().await.unwrap();
        let one: UserId = id(1).into();
        assert_eq!(notifications::before_unseen(&deps.db, one).await.unwrap(), 0);
        let mut tx = deps.db.begin().await.unwrap();
        let now = start() + Duration::seconds(5);
        assert_eq!(notifications::receive(&mut tx, &[id(11).into()], now).await.unwrap().len(), 1);
        assert_eq!(notifications::receive(&mut tx, &[id(11).into()], now).await.unwrap(), []);
        assert!(notifications::any_receipt(&mut tx, id(1).into(), 0, 0).await.unwrap());
        assert!(!notifications::any_receipt(&mut tx, id(1).into(), 0, 1).await.unwrap());
        tx.commit().await.unwrap();
        assert_eq!(notifications::before_unseen(&deps.db, one).await.unwrap(), 1);
        let following = notifications::following(&deps.db, one, "in_app", 1, 10).await.unwrap();
        assert_eq!(following.iter().map(|n| n.id.uuid()).collect::<Vec<_>>(), [id(13)]);
        let newest = notifications::newest(&deps.db, one, i64::MAX, 1).await.unwrap();
        assert_eq!(newest[0].id.uuid(), id(13));
        assert_eq!(notifications::fresh_recipients(&deps.db, start()).await.unwrap().len(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_claim_counts_until_it_ends_and_what_is_settled_is_claimed_no_more() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        let new = (1..=3).map(|n| (n.to_string(), notification(n, n))).collect();
        notifications::insert(&mut tx, new).await.unwrap();
        let until = start() + Duration::seconds(30);
        let claim = async |tx: &mut _, now| {
            notifications::claim(tx, Lane::Red, now, now + Duration::seconds(30), 10).await.unwrap()
        };
        assert_eq!(claim(&mut tx, start()).await.len(), 3);
        assert_eq!(claim(&mut tx, start()).await, []);
        assert!(notifications::mark_sent(&mut tx, id(1).into(), start()).await.unwrap());
        assert!(!notifications::mark_sent(&mut tx, id(1).into(), start()).await.unwrap());
        notifications::mark_retry(&mut tx, id(2).into(), start(), until + Duration::seconds(60))
            .await
            .unwrap();
        let again = claim(&mut tx, until).await;
        assert_eq!(
            again.iter().map(|c| (c.notification.id.uuid(), c.attempts)).collect::<Vec<_>>(),
            [(id(3), 2)]
        );
        assert!(notifications::mark_failed(&mut tx, id(3).into(), until).await.unwrap());
        assert!(!notifications::all_failed(&mut tx, id(1).into(), 0, 0).await.unwrap(), "others were not");
        let other = notifications::claim(&mut tx, Lane::Other, until, until, 10).await.unwrap();
        assert_eq!(other, [], "red is not the other lane's");
        tx.commit().await.unwrap();
        assert!(!notifications::is_anything_sendable(&deps.db, Lane::Red, until).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_signal_counts_once_and_is_unreadable_after_erasure() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        alerts::insert(&mut tx, &alert(1, 300)).await.unwrap();
        let signal = signals::Signal {
            id: id(5).into(),
            alert: id(1).into(),
            student: id(300).into(),
            source: Source::Report,
            severity: Severity::Red,
            entry_level: EntryLevel::Peer,
            evidence: String::new(),
            sealed: true,
            reporter: Some(id(9).into()),
            body: signals::Body { signs: vec![Sign::SelfHarm], text: Some("话".to_owned()) },
            created_at: start(),
        };
        assert!(signals::insert(&mut tx, &deps.keys, &signal, Some(b"key")).await.unwrap());
        let other_id = signals::Signal { id: id(6).into(), ..signal.clone() };
        assert!(
            !signals::insert(&mut tx, &deps.keys, &other_id, Some(b"key")).await.unwrap(),
            "the same key"
        );
        assert!(!signals::insert(&mut tx, &deps.keys, &signal, None).await.unwrap(), "the same id");
        assert_eq!(signals::by_dedupe(&mut tx, &deps.keys, b"key").await.unwrap(), Some(signal.clone()));
        let entry = |n: u128, text: Option<&str>| Entry {
            id: id(n).into(),
            at: start(),
            kind: EntryKind::Action,
            user: None,
            round: 0,
            step: None,
            level: None,
            channel: None,
            action: None,
            text: text.map(str::to_owned),
        };
        let of = (id(1).into(), id(300).into());
        timeline::add(&mut tx, &deps.keys, of, vec![entry(2, Some("话")), entry(1, None)]).await.unwrap();
        let read = timeline::list(&mut tx, &deps.keys, of, Uuid::nil(), 10).await.unwrap();
        assert_eq!(read, [entry(1, None), entry(2, Some("话"))]);
        deps.keys.destroy(&mut tx, id(300)).await.unwrap();
        let erased = signals::list(&mut tx, &deps.keys, of, Uuid::nil(), 10).await.unwrap();
        assert_eq!((erased[0].reporter, erased[0].body.clone()), (None, signals::Body::default()));
        let erased = timeline::list(&mut tx, &deps.keys, of, Uuid::nil(), 10).await.unwrap();
        assert!(erased.iter().all(|entry| entry.text.is_none()));
    })
    .await;
}

#[tokio::test]
async fn staff_replace_where_they_stood_and_a_seat_of_who_left_is_empty() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        let class = Class { id: id(200).into(), school: id(100).into(), grade: "junior:2025".to_owned() };
        grid::put_class(&mut tx, &class, true).await.unwrap();
        let facts = |posts: &[&str]| StaffFacts {
            school: Some(id(100).into()),
            posts: posts.iter().map(|post| (*post).to_owned()).collect(),
            ..StaffFacts::default()
        };
        let staff = (id(1).into(), Some(id(11).into()));
        let put = async |tx: &mut _, facts: Option<&StaffFacts>, on_leave| {
            grid::put_staff(tx, &deps.ids, staff, facts, on_leave, start()).await.unwrap();
        };
        put(&mut tx, Some(&facts(&["principal", "leading_group"])), true).await;
        let seat = crate::domain::grid::Responder {
            seat: None,
            level: Level::School,
            school: Some(id(100).into()),
            class: Some(id(200).into()),
            grade: None,
            user: Some(id(11).into()),
            on_leave: false,
            since: start(),
        };
        let filled = grid::assign(&mut tx, id(70).into(), &seat).await.unwrap();
        assert!(filled.on_leave, "the person is");
        assert_eq!(grid::assign(&mut tx, id(71).into(), &seat).await.unwrap().seat, Some(id(70).into()));
        put(&mut tx, Some(&facts(&["principal"])), false).await;
        let found = grid::responders(&mut tx, Some(id(100).into())).await.unwrap();
        let levels: Vec<_> = found.iter().map(|r| (r.level, r.on_leave)).collect();
        assert_eq!(levels, [(Level::Principal, false), (Level::School, false)]);
        put(&mut tx, None, false).await;
        assert_eq!(grid::responders(&mut tx, Some(id(100).into())).await.unwrap(), []);
    })
    .await;
}

#[tokio::test]
async fn gaps_keep_their_beginning_and_go_when_filled() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        let school = id(100).into();
        let whole = Gap { class: None, level: Level::Deputy };
        let class = Gap { class: Some(id(200).into()), level: Level::Peer };
        grid::put_gaps(&mut tx, school, &[whole], start()).await.unwrap();
        let later = start() + Duration::days(1);
        grid::put_gaps(&mut tx, school, &[whole, class], later).await.unwrap();
        let found: Vec<_> = grid::gaps(&mut tx, school).await.unwrap().into_iter().collect();
        assert_eq!(found, [(whole, start()), (class, later)]);
        grid::put_gaps(&mut tx, school, &[class], later).await.unwrap();
        assert_eq!(grid::gaps(&mut tx, school).await.unwrap().len(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_plan_comes_back_as_it_went_in_and_numbers_are_taken_once() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        let school = id(100).into();
        assert_eq!(plans::next_number(&mut tx, school).await.unwrap(), 1);
        let plan = Plan {
            id: id(1).into(),
            school,
            number: 1,
            title: "预案".to_owned(),
            items: vec![Item { title: "陪伴".to_owned(), owner_level: Level::Class, due_minutes: 5 }],
            state: PlanState::Draft,
            author: id(4).into(),
            approved: None,
            created_at: start(),
            version: 1,
        };
        assert!(plans::insert(&mut tx, &plan).await.unwrap());
        assert!(!plans::insert(&mut tx, &Plan { id: id(2).into(), ..plan.clone() }).await.unwrap());
        assert_eq!(plans::get(&mut tx, plan.id).await.unwrap(), Some(plan.clone()));
        let mut approved = plan.approved_by(id(5).into(), start()).unwrap();
        plans::approve(&mut tx, &mut approved).await.unwrap();
        assert_eq!(plans::in_force(&mut tx, school).await.unwrap(), Some(approved));
        assert_eq!(plans::next_number(&mut tx, school).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn health_counts_what_is_there() {
    each(|deps| async move {
        let mut tx = deps.db.begin().await.unwrap();
        alerts::insert(&mut tx, &Alert { placed: false, ..alert(1, 300) }).await.unwrap();
        notifications::insert(&mut tx, vec![("a".to_owned(), notification(1, 1))]).await.unwrap();
        tx.commit().await.unwrap();
        let counts = health::counts(&deps.db, start() + Duration::seconds(9), start()).await.unwrap();
        assert_eq!(
            (counts.open_alerts, counts.open_red_alerts, counts.unplaced, counts.queued),
            (1, 1, 1, 1)
        );
        assert_eq!((counts.oldest_due_at, counts.oldest_queued_at), (Some(start()), Some(start())));
        assert_eq!((counts.failed, counts.set_aside), (0, 0));
        assert_eq!(health::beat_of(&deps.db, Lane::Red).await.unwrap(), None);
        health::beat(&deps.db, Lane::Red, start()).await.unwrap();
        health::beat(&deps.db, Lane::Red, start() + Duration::seconds(1)).await.unwrap();
        assert_eq!(health::beat_of(&deps.db, Lane::Red).await.unwrap(), Some(start() + Duration::seconds(1)));
    })
    .await;
}

#[test]
fn a_row_that_no_program_of_ours_wrote_is_a_complaint_and_no_guess() {
    let complaint = known("alerts", "state", AlertState::from_code("ajar")).unwrap_err();
    assert!(matches!(complaint, KeyError::Content { table: "alerts", column: "state" }));
}
