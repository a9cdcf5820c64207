use crate::{
    db::{Constraint, Db, DbError, IdList, Json, Sql, TextList},
    ids::Ids,
    insert_rows, sql,
    testing::TestDb,
    time::{SchoolYear, Ts},
    typed_id,
};
use chrono::NaiveDate;
use std::collections::BTreeMap;
use uuid::Uuid;

typed_id!(
    /// A thing of these tests.
    ThingId
);

const DDL: &str = include_str!("things.sql");

pub(super) async fn things(db: Db) -> Db {
    db.migrate(crate::db::Migrations::new("things", &[("0001", DDL)])).await.unwrap();
    db
}

#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
struct Thing {
    id: ThingId,
    parent: Option<Uuid>,
    at: Ts,
    day: Option<NaiveDate>,
    year: SchoolYear,
    name: String,
    big: i64,
    small: i32,
    ok: bool,
    ratio: f64,
    raw: Vec<u8>,
    data: Json<BTreeMap<String, i64>>,
    seen: Option<Ts>,
}

fn thing(name: &str) -> Thing {
    Thing {
        id: Ids::system().make(),
        parent: None,
        at: "2026-09-01T00:00:00.123456Z".parse().unwrap(),
        day: NaiveDate::from_ymd_opt(2013, 9, 1),
        year: SchoolYear(2026),
        name: name.to_owned(),
        big: i64::MAX,
        small: -1,
        ok: true,
        ratio: 0.1,
        raw: vec![0, 255, 39],
        data: Json(BTreeMap::from([("a\"'".to_owned(), 1)])),
        seen: None,
    }
}

const INSERT: &str =
    "INSERT INTO things (id, parent, at, day, year, name, big, small, ok, ratio, raw, data, seen)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";

async fn insert(db: &Db, t: &Thing) {
    let t = t.clone();
    let query = db.write(INSERT).bind(t.id).bind(t.parent).bind(t.at).bind(t.day).bind(t.year).bind(t.name);
    let query =
        query.bind(t.big).bind(t.small).bind(t.ok).bind(t.ratio).bind(t.raw).bind(t.data).bind(t.seen);
    assert_eq!(query.exec().await.unwrap(), 1);
}

#[tokio::test]
async fn every_type_comes_back_as_it_went_in() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let plain = thing("张三 'quoted' \"double\" $1 ?");
        let full = Thing {
            parent: Some(plain.id.uuid()),
            seen: Some(Ts::from_micros(i64::MAX)),
            day: None,
            ok: false,
            ..thing("")
        };
        for t in [&plain, &full] {
            insert(&db, t).await;
            let back: Thing = db.read("SELECT * FROM things WHERE id = $1").bind(t.id).one().await.unwrap();
            assert_eq!(&back, t);
        }
    })
    .await;
}

#[tokio::test]
async fn rows_are_read_one_by_one_or_all() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        for name in ["b", "a", "c"] {
            insert(&db, &thing(name)).await;
        }
        let names: Vec<(String, i64)> =
            db.read("SELECT name, big FROM things ORDER BY name").all().await.unwrap();
        assert_eq!(names.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>(), ["a", "b", "c"]);
        assert_eq!(db.read("SELECT COUNT(*) FROM things").get::<i64>().await.unwrap(), 3);
        let highest = db.read("SELECT MAX(at) FROM things WHERE name = $1");
        assert_eq!(highest.bind("z").get::<Option<Ts>>().await.unwrap(), None);
        let none = db.read("SELECT name FROM things WHERE name = $1").bind("z");
        assert_eq!(none.get_opt::<String>().await.unwrap(), None);
        let missing = db.read("SELECT name FROM things WHERE name = $1").bind("z").one::<(String,)>().await;
        assert!(matches!(missing, Err(DbError::NotFound)));
    })
    .await;
}

#[tokio::test]
async fn lists_are_one_argument() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let all: Vec<Thing> = ["a", "b", "it's \"c\""].iter().map(|name| thing(name)).collect();
        for t in &all {
            insert(&db, t).await;
        }
        let by_ids =
            "SELECT name FROM things WHERE id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY name";
        let ids: IdList = all.iter().skip(1).map(|t| t.id).collect();
        let names: Vec<(String,)> = db.read(by_ids).bind(&ids).all().await.unwrap();
        assert_eq!(names, [("b".to_owned(),), ("it's \"c\"".to_owned(),)]);
        let names: Vec<(String,)> = db.read(by_ids).bind(IdList::default()).all().await.unwrap();
        assert_eq!(names, []);

        let by_names = "SELECT COUNT(*) FROM things WHERE name IN (SELECT value FROM json_each($1))";
        let texts = TextList::from(vec!["a", "it's \"c\"", "nobody"]);
        assert_eq!(db.read(by_names).bind(texts).get::<i64>().await.unwrap(), 2);
        let zero = TextList::from(vec!["a\0b"]);
        assert!(matches!(db.read(by_names).bind(zero).get::<i64>().await, Err(DbError::Fault(_))));
    })
    .await;
}

/// The predicate that lists use for who may see what.
#[tokio::test]
async fn a_visibility_predicate_works_on_nullable_columns() {
    const VISIBLE: &str = "SELECT name FROM things WHERE ($1 OR parent IN (SELECT unhex(value) FROM json_each($2))
         OR id IN (SELECT unhex(value) FROM json_each($3))) AND ($4 IS NULL OR name = $4) ORDER BY name LIMIT $5";
    TestDb::each(|db| async move {
        let db = things(db).await;
        let (a, b, c) = (thing("a"), thing("b"), thing("c"));
        let c = Thing { parent: Some(a.id.uuid()), ..c };
        for t in [&a, &b, &c] {
            insert(&db, t).await;
        }
        let visible = async |all: bool, parents: Vec<Uuid>, ids: Vec<ThingId>, name: Option<&str>| {
            let query = db.read(VISIBLE).bind(all).bind(IdList::from(parents)).bind(IdList::from(ids));
            let rows: Vec<(String,)> = query.bind(name).bind(10_i64).all().await.unwrap();
            rows.into_iter().map(|(name,)| name).collect::<String>()
        };
        assert_eq!(visible(true, vec![], vec![], None).await, "abc");
        assert_eq!(visible(false, vec![], vec![], None).await, "");
        assert_eq!(visible(false, vec![a.id.uuid()], vec![b.id], None).await, "bc");
        assert_eq!(visible(false, vec![a.id.uuid()], vec![b.id], Some("c")).await, "c");
    })
    .await;
}

type ManyRow = (Uuid, Option<Ts>, String, i64, bool, Vec<u8>, Json<Vec<i64>>);

#[tokio::test]
async fn many_rows_go_in_with_one_call() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let ids = Ids::system();
        let count = 12_001_i64;
        let made: Vec<ManyRow> = (0..count)
            .map(|n| {
                let seen = (n % 2 == 0).then(|| Ts::from_micros(n));
                (ids.new_id(), seen, format!("n{n}"), n, n % 3 == 0, n.to_be_bytes().to_vec(), Json(vec![n]))
            })
            .collect();
        let rows = || made.iter().cloned();
        let mut tx = db.begin().await.unwrap();
        assert_eq!(
            insert_rows!(tx, "many", [id, seen, name, big, ok, raw, data], rows()).await.unwrap(),
            12_001
        );
        let again = insert_rows!(
            tx,
            "many",
            [id, seen, name, big, ok, raw, data],
            rows(),
            "ON CONFLICT (id) DO NOTHING"
        );
        assert_eq!(again.await.unwrap(), 0);
        let none = insert_rows!(tx, "many", [id, name], Vec::<(Uuid, String)>::new());
        assert_eq!(none.await.unwrap(), 0);
        tx.commit().await.unwrap();

        let sums =
            "SELECT COUNT(*), CAST(SUM(big) AS bigint), COUNT(seen), COUNT(*) FILTER (WHERE ok) FROM many";
        let sums: (i64, i64, i64, i64) = db.read(sums).one().await.unwrap();
        assert_eq!(sums, (count, count * (count - 1) / 2, 6_001, 4_001));
        let one: (String, Json<Vec<i64>>, Vec<u8>) =
            db.read("SELECT name, data, raw FROM many WHERE big = $1").bind(7_i64).one().await.unwrap();
        assert_eq!(one, ("n7".to_owned(), Json(vec![7]), 7_i64.to_be_bytes().to_vec()));
    })
    .await;
}

#[tokio::test]
async fn rows_that_borrow_go_in_as_well() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let names =
            [(Ids::system().new_id(), String::from("a")), (Ids::system().new_id(), String::from("b"))];
        let mut tx = db.begin().await.unwrap();
        let rows = names.iter().map(|(id, name)| (*id, name.as_str()));
        assert_eq!(insert_rows!(tx, "many", [id, name], rows).await.unwrap(), 2);
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_is_dropped_leaves_nothing() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let mut tx = db.begin().await.unwrap();
        tx.q("INSERT INTO many (id, name) VALUES ($1, $2)")
            .bind(Ids::system().new_id())
            .bind("x")
            .exec()
            .await
            .unwrap();
        drop(tx);
        assert_eq!(db.read("SELECT COUNT(*) FROM many").get::<i64>().await.unwrap(), 0);
    })
    .await;
}

#[tokio::test]
async fn what_is_to_follow_a_commit_follows_only_a_commit() {
    use std::sync::{Arc, atomic::AtomicU32, atomic::Ordering::SeqCst};
    TestDb::each(|db| async move {
        let told = Arc::new(AtomicU32::new(0));
        for commit in [false, true] {
            let mut tx = db.begin().await.unwrap();
            let tell = told.clone();
            tx.after_commit(move || {
                tell.fetch_add(1, SeqCst);
            });
            assert_eq!(told.load(SeqCst), 0);
            if commit {
                tx.commit().await.unwrap();
            }
        }
        assert_eq!(told.load(SeqCst), 1);
    })
    .await;
}

#[tokio::test]
async fn a_snapshot_sees_one_state_and_changes_nothing() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let count = "SELECT COUNT(*) FROM things";
        let mut snapshot = db.snapshot().await.unwrap();
        assert_eq!(snapshot.q(count).get::<i64>().await.unwrap(), 0);
        insert(&db, &thing("a")).await;
        assert_eq!(snapshot.q(count).get::<i64>().await.unwrap(), 0);
        assert!(snapshot.q("DELETE FROM things").exec().await.is_err());
        assert_eq!(db.read(count).get::<i64>().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn constraints_are_told_apart_on_both_engines() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let a = thing("a");
        insert(&db, &a).await;
        let many = "INSERT INTO many (id, name, big) VALUES ($1, $2, $3)";
        let add = async |id: Uuid, name: Option<&str>, big: i64| {
            db.write(many).bind(id).bind(name).bind(big).exec().await
        };
        let id = Ids::system().new_id();
        assert_eq!(add(id, Some("x"), 0).await.unwrap(), 1);
        let kind = |result: Result<u64, DbError>| match result {
            Err(DbError::Constraint(kind)) => kind,
            other => panic!("{other:?}"),
        };
        assert_eq!(kind(add(id, Some("x"), 0).await), Constraint::Unique);
        assert_eq!(kind(add(Ids::system().new_id(), None, 0).await), Constraint::NotNull);
        assert_eq!(kind(add(Ids::system().new_id(), Some("x"), -1).await), Constraint::Check);
        let orphan = db.write("UPDATE things SET parent = $1").bind(id).exec().await;
        assert_eq!(kind(orphan), Constraint::ForeignKey);
    })
    .await;
}

/// What storage.md lists as giving the same answer on both engines.
#[tokio::test]
async fn the_common_subset_answers_alike() {
    TestDb::each(|db| async move {
        let db = things(db).await;
        let mut tx = db.begin().await.unwrap();
        let rows = (0..6_i64).map(|n| (Ids::system().new_id(), ["x", "y"][n as usize % 2], n));
        insert_rows!(tx, "many", [id, name, big], rows).await.unwrap();
        let (id, _): (Uuid, i64) = tx.q("SELECT id, big FROM many WHERE big = 3").one().await.unwrap();
        let upsert = "INSERT INTO many (id, name, big) VALUES ($1, 'z', 9)
             ON CONFLICT (id) DO UPDATE SET name = excluded.name, big = excluded.big WHERE many.big < excluded.big RETURNING big";
        assert_eq!(tx.q(upsert).bind(id).get_opt::<i64>().await.unwrap(), Some(9));
        assert_eq!(tx.q(upsert).bind(id).get_opt::<i64>().await.unwrap(), None);
        let from = "UPDATE many SET big = s.top FROM (SELECT name, MAX(big) AS top FROM many GROUP BY name) s
             WHERE s.name = many.name AND many.name = 'x'";
        assert_eq!(tx.q(from).exec().await.unwrap(), 3);
        let window = "WITH ranked AS (SELECT name, big, ROW_NUMBER() OVER (PARTITION BY name ORDER BY big DESC, id) AS place FROM many)
             SELECT name, big, place FROM ranked WHERE (name, place) > ($1, $2) AND name IS NOT DISTINCT FROM $1 ORDER BY place";
        let rows: Vec<(String, i64, i64)> = tx.q(window).bind("y").bind(1_i64).all().await.unwrap();
        assert_eq!(rows, [("y".to_owned(), 1, 2)]);
        let nulls = "SELECT big FROM many ORDER BY seen DESC NULLS LAST, big LIMIT 1";
        assert_eq!(tx.q(nulls).get::<i64>().await.unwrap(), 1);
    })
    .await;
}

#[tokio::test]
async fn a_text_may_differ_by_engine() {
    const ENGINE: Sql = sql!("SELECT " pg "'pg'" lite "'lite'" " || '!'");
    let (lite, pg) = (TestDb::sqlite().await, TestDb::postgres().await);
    assert_eq!(lite.db().read(ENGINE).get::<String>().await.unwrap(), "lite!");
    assert_eq!(pg.db().read(ENGINE).get::<String>().await.unwrap(), "pg!");
}
