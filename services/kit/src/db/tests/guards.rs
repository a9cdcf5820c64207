use super::contract::things;
use crate::{
    db::{Db, DbError, Limits},
    ids::Ids,
    testing::TestDb,
};
use std::{future::Future, task::Poll, time::Duration};
use uuid::Uuid;

const ADD: &str = "INSERT INTO many (id, name) VALUES ($1, 'x')";
const COUNT: &str = "SELECT COUNT(*) FROM many";

/// Polls `work` that often and then drops it, as a caller does whose client has gone away.
pub(super) async fn drop_after<F: Future>(polls: u32, work: F) -> Option<F::Output> {
    let mut work = Box::pin(work);
    let mut left = polls;
    std::future::poll_fn(|cx| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        work.as_mut().poll(cx).map(Some)
    })
    .await
}

/// Guard 1. With sqlx's own `begin` the rows of the callers after the dropped one were lost in its open transaction.
#[tokio::test]
async fn callers_that_go_away_anywhere_lose_nobody_elses_rows() {
    for test in
        [TestDb::sqlite().await, TestDb::postgres_with(Limits { connections: 1, ..Limits::default() }).await]
    {
        let db = things(test.db()).await;
        // Another connection sees only what is committed.
        let other = Db::open(test.config(), Limits::default()).await.unwrap();
        let mut ended = 0;
        for polls in 1..60 {
            let unit = async {
                let id = Ids::system().new_id();
                let mut tx = db.begin().await?;
                tx.q(ADD).bind(id).exec().await?;
                tx.q(COUNT).get::<i64>().await?;
                tx.commit().await?;
                Ok::<Uuid, DbError>(id)
            };
            let mut acknowledged = Vec::new();
            if let Some(done) = drop_after(polls, unit).await {
                acknowledged.push(done.unwrap());
                ended += 1;
            }
            // The next one, on the same and only connection.
            let id = Ids::system().new_id();
            db.write(ADD).bind(id).exec().await.unwrap();
            acknowledged.push(id);
            for id in acknowledged {
                let rows = other
                    .read("SELECT COUNT(*) FROM many WHERE id = $1")
                    .bind(id)
                    .get::<i64>()
                    .await
                    .unwrap();
                assert_eq!(
                    rows,
                    1,
                    "{}: an acknowledged row is gone, dropped after {polls} polls",
                    test.engine()
                );
            }
        }
        assert!(
            (1..59).contains(&ended),
            "{}: {ended} units ran to their end, others did not",
            test.engine()
        );
    }
}

/// Guard 1, for single statements.
#[tokio::test]
async fn a_dropped_statement_leaves_a_usable_pool() {
    for test in
        [TestDb::sqlite().await, TestDb::postgres_with(Limits { connections: 1, ..Limits::default() }).await]
    {
        let db = things(test.db()).await;
        for polls in 1..20 {
            drop_after(polls, db.write(ADD).bind(Ids::system().new_id()).exec()).await;
            drop_after(polls, db.read(COUNT).get::<i64>()).await;
        }
        assert!(db.read(COUNT).get::<i64>().await.unwrap() > 0);
    }
}

/// Guard 2: a server that stops answering in the middle costs one time limit, not a place in the pool.
#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_falls_silent_frees_its_place() {
    let limits = Limits { connections: 1, answer: Duration::from_millis(300), ..Limits::default() };
    let db = TestDb::postgres_with(limits).await.db();
    for _ in 0..3 {
        // The server would sleep on; the caller gets its answer in time.
        let silent = db.read("SELECT 1 FROM pg_sleep(30)").get::<i32>().await;
        assert!(matches!(silent, Err(DbError::Unavailable(_))), "{silent:?}");
        assert_eq!(db.read("SELECT 1").get::<i32>().await.unwrap(), 1);
        db.ping().await.unwrap();
    }
}

#[tokio::test]
async fn a_probe_finds_out_that_the_pool_is_exhausted() {
    let limits = Limits { connections: 1, acquire: Duration::from_millis(200), ..Limits::default() };
    let db = TestDb::postgres_with(limits).await.db();
    db.ping().await.unwrap();
    let held = db.begin().await.unwrap();
    assert!(matches!(db.ping().await, Err(DbError::Unavailable(_))));
    drop(held);
    db.ping().await.unwrap();
}

/// Guard 3.
#[tokio::test]
async fn sqlite_is_opened_as_it_must_be() {
    let test = TestDb::sqlite().await;
    let db = test.db();
    let mut writer = db.begin().await.unwrap();
    let mut reader = db.snapshot().await.unwrap();
    for (pragma, on_writer, on_reader) in [
        ("SELECT journal_mode FROM pragma_journal_mode", "wal", "wal"),
        ("SELECT CAST(synchronous AS text) FROM pragma_synchronous", "2", "2"),
        ("SELECT CAST(foreign_keys AS text) FROM pragma_foreign_keys", "1", "1"),
        ("SELECT CAST(trusted_schema AS text) FROM pragma_trusted_schema", "0", "0"),
        ("SELECT CAST(query_only AS text) FROM pragma_query_only", "0", "1"),
        ("SELECT CAST(timeout AS text) FROM pragma_busy_timeout", "10000", "10000"),
    ] {
        assert_eq!(writer.q(pragma).get::<String>().await.unwrap(), on_writer, "{pragma}");
        assert_eq!(reader.q(pragma).get::<String>().await.unwrap(), on_reader, "{pragma}");
    }
}

/// Guard 3: without IMMEDIATE the second of two transactions that read and then write fails at once, without waiting.
#[tokio::test(flavor = "multi_thread")]
async fn transactions_that_read_and_then_write_wait_for_each_other() {
    let test = TestDb::sqlite().await;
    things(test.db()).await;
    let mut writers = tokio::task::JoinSet::new();
    for _ in 0..4 {
        // A pool each, as processes would have.
        let db = Db::open(test.config(), Limits::default()).await.unwrap();
        writers.spawn(async move {
            for _ in 0..20 {
                let mut tx = db.begin().await.unwrap();
                let before = tx.q(COUNT).get::<i64>().await.unwrap();
                tx.q(ADD).bind(Ids::system().new_id()).exec().await.unwrap();
                assert_eq!(tx.q(COUNT).get::<i64>().await.unwrap(), before + 1);
                tx.commit().await.unwrap();
            }
        });
    }
    writers.join_all().await;
    assert_eq!(test.db().read(COUNT).get::<i64>().await.unwrap(), 80);
}

/// Guard 3.
#[tokio::test]
async fn a_reader_of_sqlite_cannot_write() {
    let db = things(TestDb::sqlite().await.db()).await;
    assert!(db.read("DELETE FROM many").exec().await.is_err());
}

/// Guard 4.
#[tokio::test]
async fn a_missing_or_surplus_argument_is_refused() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let id = Ids::system().new_id();
        let missing = db.write("INSERT INTO many (id, name) VALUES ($1, $2)").bind(id).exec().await;
        assert!(matches!(missing, Err(DbError::Fault(_))));
        let surplus = db.write(ADD).bind(id).bind("y").exec().await;
        assert!(matches!(surplus, Err(DbError::Fault(_))));
        assert_eq!(db.read(COUNT).get::<i64>().await.unwrap(), 0);
    })
    .await;
}

/// Guard 5: PostgreSQL answers COMMIT with a quiet ROLLBACK here, and SQLite would keep the first row.
#[tokio::test]
async fn after_a_failed_statement_nothing_commits() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let id = Ids::system().new_id();
        let mut tx = db.begin().await.unwrap();
        tx.q(ADD).bind(id).exec().await.unwrap();
        assert!(tx.q(ADD).bind(id).exec().await.unwrap_err().is_unique_violation());
        assert!(matches!(tx.commit().await, Err(DbError::Aborted)));
        assert_eq!(db.read(COUNT).get::<i64>().await.unwrap(), 0);
    })
    .await;
}

/// Guard 7: the loser of a deadlock is told to run again.
#[tokio::test(flavor = "multi_thread")]
async fn a_deadlock_is_a_conflict_that_goes_away() {
    let db = things(TestDb::postgres().await.db()).await;
    let ids = [Ids::system().new_id(), Ids::system().new_id()];
    for id in ids {
        db.write(ADD).bind(id).exec().await.unwrap();
    }
    let turn = async |first: Uuid, second: Uuid, db: Db| {
        let mut tx = db.begin().await?;
        tx.q("UPDATE many SET big = big + 1 WHERE id = $1").bind(first).exec().await?;
        tokio::time::sleep(Duration::from_millis(200)).await;
        tx.q("UPDATE many SET big = big + 1 WHERE id = $1").bind(second).exec().await?;
        tx.commit().await
    };
    let work = |first, second| {
        let db = db.clone();
        crate::db::retry("test", move || turn(first, second, db.clone()))
    };
    let (one, two) = tokio::join!(work(ids[0], ids[1]), work(ids[1], ids[0]));
    one.unwrap();
    two.unwrap();
}

#[tokio::test]
async fn a_statement_that_waits_too_long_for_a_lock_is_a_conflict() {
    let limits = Limits { lock: Duration::from_millis(100), connections: 2, ..Limits::default() };
    let db = things(TestDb::postgres_with(limits).await.db()).await;
    let id = Ids::system().new_id();
    let mut holder = db.begin().await.unwrap();
    holder.q(ADD).bind(id).exec().await.unwrap();
    let waited = db.write(ADD).bind(id).exec().await.unwrap_err();
    assert!(matches!(waited, DbError::Conflict(_)) && waited.is_retryable(), "{waited}");
}

#[tokio::test]
async fn a_backup_opens_and_holds_everything() {
    let test = TestDb::sqlite().await;
    let db = things(test.db()).await;
    db.write(ADD).bind(Ids::system().new_id()).exec().await.unwrap();
    let crate::db::DbConfig::Sqlite(file) = test.config() else { panic!("SQLite") };
    let target = file.with_extension("copy");
    db.backup_into(&target).await.unwrap();
    assert!(db.backup_into(&target).await.is_err(), "never over an existing file");
    let copy = Db::open(&crate::db::DbConfig::Sqlite(target), Limits::default()).await.unwrap();
    assert_eq!(copy.read(COUNT).get::<i64>().await.unwrap(), 1);
}
