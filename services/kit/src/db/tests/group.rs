use super::{contract::things, guards::drop_after};
use crate::{
    db::{Db, DbError, Group, GroupLimits, Limits, Tx},
    ids::Ids,
    insert_rows,
    testing::TestDb,
};
use futures::future::{BoxFuture, join_all};
use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

const COUNT: &str = "SELECT COUNT(*) FROM many";

/// Inserts names; `bad` violates a constraint, `panic` panics, `short` gives no answer.
fn insert<'a>(tx: &'a mut Tx, names: &'a [String]) -> BoxFuture<'a, Result<Vec<String>, DbError>> {
    Box::pin(async move {
        let ids = Ids::system();
        let rows =
            names.iter().map(|name| (ids.new_id(), name.as_str(), if name == "bad" { -1_i64 } else { 0 }));
        insert_rows!(tx, "many", [id, name, big], rows).await?;
        assert!(!names.iter().any(|name| name == "panic"), "as told");
        Ok(names.iter().filter(|name| *name != "short").cloned().collect())
    })
}

fn counting(db: &Db, limits: GroupLimits) -> (Group<String, String>, Arc<AtomicUsize>) {
    let transactions = Arc::new(AtomicUsize::new(0));
    let count = transactions.clone();
    let group = Group::new("test", db.clone(), limits, move |tx, names| {
        count.fetch_add(1, SeqCst);
        insert(tx, names)
    });
    (group, transactions)
}

fn names(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("n{n}")).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn many_callers_share_few_transactions_and_each_gets_its_own_answer() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let (group, transactions) = counting(&db, GroupLimits { batch: 100, queue: 1_000 });
        let answers = join_all(names(500).into_iter().map(|name| {
            let (group, db) = (group.clone(), db.clone());
            async move {
                let answer = group.submit(name.clone()).await.unwrap();
                // Committed by now: another connection sees it.
                let rows = db
                    .read("SELECT COUNT(*) FROM many WHERE name = $1")
                    .bind(&name)
                    .get::<i64>()
                    .await
                    .unwrap();
                (name, answer, rows)
            }
        }))
        .await;
        for (name, answer, rows) in answers {
            assert_eq!((&name, rows), (&answer, 1));
        }
        assert!(transactions.load(SeqCst) < 100, "{transactions:?}");
        assert_eq!(db.read(COUNT).get::<i64>().await.unwrap(), 500);
    })
    .await;
}

#[tokio::test]
async fn a_bad_item_fails_alone() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let (group, _) = counting(&db, GroupLimits::default());
        let all = ["a", "bad", "b", "short", "c"].map(str::to_owned);
        let answers = join_all(all.map(|name| group.submit(name))).await;
        assert!(matches!(answers[1], Err(DbError::Constraint(_))), "{answers:?}");
        assert!(matches!(answers[3], Err(DbError::Fault(_))), "{answers:?}");
        for good in [0, 2, 4] {
            assert!(answers[good].is_ok(), "{answers:?}");
        }
        assert_eq!(db.read(COUNT).get::<i64>().await.unwrap(), 3);
    })
    .await;
}

#[tokio::test]
async fn a_panic_breaks_off_its_group_and_no_later_one() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let (group, _) = counting(&db, GroupLimits::default());
        assert!(matches!(group.submit("panic".to_owned()).await, Err(DbError::Unavailable(_))));
        assert_eq!(group.submit("a".to_owned()).await.unwrap(), "a");
        assert_eq!(db.read(COUNT).get::<i64>().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn more_than_may_wait_are_refused_at_once() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let (group, _) = counting(&db, GroupLimits { batch: 1, queue: 3 });
        let answers = join_all(names(10).into_iter().map(|name| group.submit(name))).await;
        let refused = answers.iter().filter(|a| matches!(a, Err(DbError::Unavailable(_)))).count();
        assert_eq!(refused, 7, "{answers:?}");
        assert_eq!(db.read(COUNT).get::<i64>().await.unwrap(), 3);
    })
    .await;
}

#[tokio::test]
async fn when_the_database_is_away_all_hear_it_after_one_limit() {
    let limits = Limits { connections: 1, acquire: Duration::from_millis(200), ..Limits::default() };
    let db = things(TestDb::postgres_with(limits).await.db()).await;
    let (group, _) = counting(&db, GroupLimits::default());
    let held = db.begin().await.unwrap();
    let began = std::time::Instant::now();
    let answers = join_all(names(100).into_iter().map(|name| group.submit(name))).await;
    assert!(answers.iter().all(|a| matches!(a, Err(DbError::Unavailable(_)))), "{answers:?}");
    assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
    drop(held);
    assert!(group.submit("a".to_owned()).await.is_ok());
}

#[tokio::test]
async fn a_caller_that_goes_away_takes_nobody_with_it() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let (group, _) = counting(&db, GroupLimits::default());
        assert!(drop_after(1, group.submit("gone".to_owned())).await.is_none());
        assert_eq!(group.submit("a".to_owned()).await.unwrap(), "a");
        assert_eq!(db.read(COUNT).get::<i64>().await.unwrap(), 2);
    })
    .await;
}
