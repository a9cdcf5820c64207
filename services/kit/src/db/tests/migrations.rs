use crate::{
    db::{Db, DbError, Limits, Migrations},
    testing::TestDb,
};

const ONE: (&str, &str) = ("0001", "CREATE TABLE a (id uuid PRIMARY KEY)");
const TWO: (&str, &str) = ("0002", "ALTER TABLE a ADD COLUMN name text; CREATE INDEX a_name ON a (name)");
const EDITED: (&str, &str) = ("0001", "CREATE TABLE a (id uuid PRIMARY KEY, n bigint)");
const BROKEN: (&str, &str) =
    ("0002", "CREATE TABLE b (id uuid PRIMARY KEY); INSERT INTO missing (id) VALUES (1)");

const FIRST: Migrations = Migrations::new("a", &[ONE]);
const BOTH: Migrations = Migrations::new("a", &[ONE, TWO]);
const CHANGED: Migrations = Migrations::new("a", &[EDITED]);
const HALF: Migrations = Migrations::new("a", &[ONE, BROKEN]);

async fn applied(db: &Db) -> i64 {
    db.read("SELECT COUNT(*) FROM kit_migrations WHERE component = 'a'").get().await.unwrap()
}

#[tokio::test]
async fn each_is_applied_once_and_new_ones_follow() {
    TestDb::each(|db| async move {
        for (migrations, count) in [(FIRST, 1), (FIRST, 1), (BOTH, 2), (BOTH, 2)] {
            db.migrate(migrations).await.unwrap();
            assert_eq!(applied(&db).await, count);
        }
        assert_eq!(db.read("SELECT COUNT(name) FROM a").get::<i64>().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn an_applied_one_that_was_edited_is_refused() {
    TestDb::each(|db| async move {
        db.migrate(FIRST).await.unwrap();
        let refusal = db.migrate(CHANGED).await.unwrap_err();
        assert!(refusal.to_string().contains("a/0001 was applied with another text"), "{refusal}");
    })
    .await;
}

#[tokio::test]
async fn one_that_fails_leaves_nothing_of_all_that_were_new() {
    TestDb::each(|db| async move {
        assert!(matches!(db.migrate(HALF).await, Err(DbError::Fault(_))));
        assert_eq!(applied(&db).await, 0);
        db.migrate(BOTH).await.unwrap();
    })
    .await;
}

/// In a rolling upgrade the old program starts again on the new schema.
#[tokio::test]
async fn a_newer_programs_migration_is_left_alone() {
    TestDb::each(|db| async move {
        db.migrate(BOTH).await.unwrap();
        db.migrate(FIRST).await.unwrap();
        assert_eq!(applied(&db).await, 2);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_that_start_together_migrate_once() {
    for first in [TestDb::sqlite().await, TestDb::postgres().await] {
        let mut replicas = tokio::task::JoinSet::new();
        for _ in 0..6 {
            let db = Db::open(first.config(), Limits { connections: 2, ..Limits::default() }).await.unwrap();
            replicas.spawn(async move { db.migrate(BOTH).await });
        }
        for outcome in replicas.join_all().await {
            assert!(outcome.is_ok(), "{}: {outcome:?}", first.engine());
        }
        assert_eq!(applied(&first.db()).await, 2);
    }
}
