use super::*;
use crate::{
    db::Db,
    inbox,
    testing::{self, ManualClock, TestDb, stand_in},
    time::Ts,
    token::TokenKeys,
};
use chrono::Duration;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex},
};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};
use xinqiao_proto::internal::v1::{
    DeliverRequest, DeliverResponse, SchoolChanged,
    event_receiver_service_server::{EventReceiverService, EventReceiverServiceServer},
};

/// A receiver that notes what it takes, and refuses or stays away as it is told.
#[derive(Clone, Default)]
struct Receiver(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    taken: Vec<String>,
    attempts: usize,
    refused: HashSet<String>,
    answer: Option<tonic::Code>,
    hangs: bool,
}

impl Receiver {
    fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.0.lock().unwrap())
    }

    fn taken(&self) -> Vec<String> {
        self.with(|inner| inner.taken.clone())
    }
}

#[tonic::async_trait]
impl EventReceiverService for Receiver {
    async fn deliver(&self, request: Request<DeliverRequest>) -> Result<Response<DeliverResponse>, Status> {
        let event = request.into_inner().event.unwrap();
        let Some(Payload::SchoolChanged(school)) = event.payload else { panic!("a school") };
        let (answer, hangs) = self.with(|inner| {
            inner.attempts += 1;
            let refused = inner.refused.contains(&school.code).then_some(tonic::Code::Internal);
            (inner.answer.or(refused), inner.hangs)
        });
        if hangs {
            std::future::pending::<()>().await;
        }
        match answer {
            Some(code) => Err(Status::new(code, "as told")),
            None => {
                self.with(|inner| inner.taken.push(school.code));
                Ok(Response::new(DeliverResponse {}))
            }
        }
    }
}

struct Town {
    deps: Deps,
    clock: Arc<ManualClock>,
    crisis: Receiver,
    identity: Receiver,
}

/// Profiles with two listeners.
fn town(db: Db) -> Town {
    let (crisis, identity) = (Receiver::default(), Receiver::default());
    let transport = |receiver: &Receiver| {
        stand_in(tonic::service::Routes::new(EventReceiverServiceServer::new(receiver.clone())))
    };
    let peers = HashMap::from([(Role::Crisis, transport(&crisis)), (Role::Identity, transport(&identity))]);
    let clock = testing::clock();
    let deps = testing::deps_with(Role::Profiles, db, clock.clone(), &TokenKeys::ephemeral().unwrap(), peers);
    Town { deps, clock, crisis, identity }
}

impl Town {
    async fn publish(&self, receiver: Role, key: u128, code: &str) {
        let mut tx = self.deps.db.begin().await.unwrap();
        self.publish_in(&mut tx, receiver, key, code).await;
        tx.commit().await.unwrap();
    }

    async fn publish_in(&self, tx: &mut Tx, receiver: Role, key: u128, code: &str) {
        let school = SchoolChanged { code: code.to_owned(), ..SchoolChanged::default() };
        publish(tx, &self.deps, receiver, Uuid::from_u128(key), Payload::SchoolChanged(school))
            .await
            .unwrap();
    }

    async fn deliver(&self) -> usize {
        deliver_due(&self.deps).await.unwrap()
    }

    /// Moves the clock on by `step` and delivers, `times` times.
    async fn deliver_over(&self, step: Duration, times: usize) {
        for _ in 0..times {
            self.clock.advance(step);
            self.deliver().await;
        }
    }

    async fn count(&self, rows: &'static str) -> i64 {
        self.deps.db.read(rows).get().await.unwrap()
    }
}

const UNDONE: &str = "SELECT COUNT(*) FROM kit_outbox WHERE done_at IS NULL";
const POISONED: &str = "SELECT COUNT(*) FROM kit_outbox WHERE poisoned_at IS NOT NULL";

#[tokio::test]
async fn an_event_is_delivered_once_and_only_if_it_was_committed() {
    TestDb::each(|db| async move {
        let town = town(db);
        town.publish(Role::Crisis, 1, "a").await;
        let mut tx = town.deps.db.begin().await.unwrap();
        town.publish_in(&mut tx, Role::Crisis, 1, "never").await;
        drop(tx);
        assert_eq!(town.deliver().await, 1);
        assert_eq!(town.deliver().await, 0);
        assert_eq!(town.crisis.taken(), ["a"]);
        assert_eq!(town.count(UNDONE).await, 0);
    })
    .await;
}

#[tokio::test]
async fn nothing_readable_is_stored() {
    TestDb::each(|db| async move {
        let town = town(db);
        town.publish(Role::Crisis, 1, "seeded-name").await;
        let payload: Vec<u8> = town.deps.db.read("SELECT payload FROM kit_outbox").get().await.unwrap();
        assert!(!payload.windows(6).any(|part| part == b"seeded"));
    })
    .await;
}

#[tokio::test]
async fn events_of_one_key_arrive_in_order_also_when_the_first_fails_at_first() {
    TestDb::each(|db| async move {
        let town = town(db);
        for code in ["a1", "a2", "a3"] {
            town.publish(Role::Crisis, 1, code).await;
        }
        town.publish(Role::Crisis, 2, "b1").await;
        town.crisis.with(|inner| inner.refused.insert("a1".to_owned()));
        town.deliver().await;
        assert_eq!(town.crisis.taken(), ["b1"], "others do not wait");
        town.crisis.with(|inner| inner.refused.clear());
        town.deliver_over(Duration::seconds(2), 1).await;
        assert_eq!(town.crisis.taken(), ["b1", "a1", "a2", "a3"]);
    })
    .await;
}

#[tokio::test]
async fn a_receiver_that_is_away_is_tried_for_ever_and_holds_up_no_other() {
    TestDb::each(|db| async move {
        let town = town(db);
        town.crisis.with(|inner| inner.answer = Some(tonic::Code::Unavailable));
        town.publish(Role::Crisis, 1, "a").await;
        town.publish(Role::Identity, 1, "b").await;
        town.deliver().await;
        assert_eq!(town.identity.taken(), ["b"]);
        town.deliver_over(Duration::minutes(10), 40).await;
        assert_eq!((town.count(UNDONE).await, town.count(POISONED).await), (1, 0));
        town.crisis.with(|inner| inner.answer = None);
        // Back within the longest pause.
        town.deliver_over(Duration::seconds(15), 1).await;
        assert_eq!(town.crisis.taken(), ["a"]);
    })
    .await;
}

/// R10.
#[tokio::test]
async fn a_poisoned_event_is_set_aside_and_those_behind_it_go_on() {
    TestDb::each(|db| async move {
        let town = town(db);
        town.crisis.with(|inner| inner.refused.insert("bad".to_owned()));
        town.publish(Role::Crisis, 1, "bad").await;
        town.publish(Role::Crisis, 1, "good").await;
        town.deliver().await;
        town.deliver_over(Duration::seconds(1), 1).await;
        assert_eq!(town.crisis.taken(), [""; 0], "refused twice, it still holds up the next of its key");
        town.deliver_over(Duration::seconds(2), 1).await;
        assert_eq!(town.crisis.taken(), ["good"], "refused three times, it does not any more");
        town.deliver_over(Duration::minutes(5), 12).await;
        assert_eq!(town.count(POISONED).await, 1);
        assert_eq!(town.crisis.with(|inner| inner.attempts), 1 + 12);

        town.crisis.with(|inner| inner.refused.clear());
        assert_eq!(release_poisoned(&town.deps).await.unwrap(), 1);
        town.deliver().await;
        assert_eq!(town.crisis.taken(), ["good", "bad"]);
        assert_eq!((town.count(UNDONE).await, town.count(POISONED).await), (0, 0));
    })
    .await;
}

#[tokio::test]
async fn an_event_that_does_not_open_is_set_aside_at_once() {
    TestDb::each(|db| async move {
        let town = town(db);
        town.publish(Role::Crisis, 1, "a").await;
        town.deps.db.write("UPDATE kit_outbox SET payload = $1").bind(vec![1_u8; 40]).exec().await.unwrap();
        town.publish(Role::Crisis, 1, "b").await;
        town.deliver().await;
        town.deliver().await;
        assert_eq!(town.crisis.taken(), ["b"]);
        assert_eq!(town.count(POISONED).await, 1);
    })
    .await;
}

/// A pump that died with events in its hands.
#[tokio::test]
async fn a_claim_runs_out_by_itself() {
    TestDb::each(|db| async move {
        let town = town(db);
        town.publish(Role::Crisis, 1, "a").await;
        let now = town.clock_now();
        assert_eq!(store::claim(&town.deps.db, Role::Crisis, now).await.unwrap().len(), 1);
        assert_eq!(store::claim(&town.deps.db, Role::Crisis, now).await.unwrap().len(), 0);
        town.deliver().await;
        assert_eq!(town.crisis.taken(), [""; 0]);
        town.deliver_over(Duration::seconds(31), 1).await;
        assert_eq!(town.crisis.taken(), ["a"]);
    })
    .await;
}

/// R11.
#[tokio::test]
async fn a_clock_that_jumps_a_day_either_way_stops_nothing() {
    TestDb::each(|db| async move {
        let town = town(db);
        town.crisis.with(|inner| inner.answer = Some(tonic::Code::Unavailable));
        town.publish(Role::Crisis, 1, "a").await;
        town.deliver().await;
        town.crisis.with(|inner| inner.answer = None);
        town.deliver_over(-Duration::days(1), 1).await;
        town.publish(Role::Crisis, 1, "b").await;
        town.deliver_over(Duration::days(2), 1).await;
        assert_eq!(town.crisis.taken(), ["a", "b"]);
    })
    .await;
}

/// Replicas pump the same table.
#[tokio::test(flavor = "multi_thread")]
async fn pumps_beside_each_other_deliver_all_once_and_in_order() {
    for test in [TestDb::sqlite().await, TestDb::postgres().await] {
        test.db().migrate(crate::db::Migrations::new("none", &[])).await.unwrap();
        let town = Arc::new(town(test.db()));
        for n in 0..60 {
            town.publish(Role::Crisis, n % 7, &format!("{:03}", n)).await;
        }
        let pumps = (0..4).map(|_| {
            let town = town.clone();
            tokio::spawn(async move { while town.deliver().await > 0 {} })
        });
        for pump in pumps.collect::<Vec<_>>() {
            pump.await.unwrap();
        }
        while town.deliver().await > 0 {}
        let taken = town.crisis.taken();
        assert_eq!(taken.len(), 60, "{}", test.engine());
        for key in 0..7 {
            let of_key: Vec<&String> =
                taken.iter().filter(|n| n.parse::<u32>().unwrap() % 7 == key).collect();
            assert!(of_key.is_sorted(), "{}: {of_key:?}", test.engine());
        }
    }
}

/// Sequence numbers are given at the write; what counts is the commit.
#[tokio::test(flavor = "multi_thread")]
async fn two_transactions_on_one_key_take_their_turns() {
    let test = TestDb::postgres().await;
    test.db().migrate(crate::db::Migrations::new("none", &[])).await.unwrap();
    let town = Arc::new(town(test.db()));
    let mut first = town.deps.db.begin().await.unwrap();
    town.publish_in(&mut first, Role::Crisis, 1, "first").await;
    let second = {
        let town = town.clone();
        tokio::spawn(async move { town.publish(Role::Crisis, 1, "second").await })
    };
    town.publish(Role::Crisis, 2, "elsewhere").await;
    assert!(!second.is_finished());
    town.deliver().await;
    first.commit().await.unwrap();
    second.await.unwrap();
    town.deliver().await;
    assert_eq!(town.crisis.taken(), ["elsewhere", "first", "second"]);
}

/// The task itself, woken by the commit: no waiting for a poll.
#[tokio::test(flavor = "multi_thread")]
async fn the_pump_delivers_what_is_committed_while_it_runs_and_stops_when_told() {
    TestDb::each(|db| async move {
        let town = town(db);
        town.identity.with(|inner| inner.hangs = true);
        let stop = CancellationToken::new();
        let running = tokio::spawn(pump::run(town.deps.clone(), stop.clone()));
        town.publish(Role::Identity, 1, "into the void").await;
        let began = std::time::Instant::now();
        for n in 0..20 {
            town.publish(Role::Crisis, 1, &n.to_string()).await;
        }
        while town.crisis.taken().len() < 20 {
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
        assert!(began.elapsed() < std::time::Duration::from_secs(5), "{:?}", began.elapsed());
        town.identity.with(|inner| inner.hangs = false);
        stop.cancel();
        running.await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test]
async fn a_receiver_takes_an_event_once() {
    TestDb::each(|db| async move {
        let (id, now) = (Uuid::from_u128(7), Ts::from_micros(0));
        for (commit, first) in [(false, true), (true, true), (true, false)] {
            let mut tx = db.begin().await.unwrap();
            assert_eq!(inbox::first_time(&mut tx, id, now).await.unwrap(), first);
            if commit {
                tx.commit().await.unwrap();
            }
        }
    })
    .await;
}

impl Town {
    fn clock_now(&self) -> Ts {
        self.deps.clock.now()
    }
}
