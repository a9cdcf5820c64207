//! One contract on both engines.

use super::*;
use crate::domain::{
    facts::{Class, School},
    ids::{ClassId, LessonId, SchoolId, StaffId, UserId},
    lesson::{Lesson, LessonFacts, LessonState},
    stage::{Education, LessonKind, Stage},
    tests::{at, day},
};
use std::collections::BTreeSet;
use xinqiao_kit::{
    ids::Ids,
    keys::Keys,
    role::Role,
    testing::{self, TestDb},
    time::SchoolYear,
};

const SCHOOL: SchoolId = SchoolId(Uuid::from_u128(1));

struct Fixture {
    db: Db,
    keys: Keys,
    ids: Ids,
}

impl Fixture {
    async fn new(db: Db) -> Self {
        let deps = testing::deps(Role::Training, db.clone());
        db.migrate(crate::MIGRATIONS).await.unwrap();
        let fixture = Self { db, keys: deps.keys, ids: deps.ids };
        let mut tx = fixture.db.begin().await.unwrap();
        let stages = BTreeSet::from([Stage::Primary]);
        let school = School {
            id: SCHOOL,
            code: "3400000001".to_owned(),
            display_name: "实验小学".to_owned(),
            stages,
            active: true,
        };
        facts::put_school(&mut tx, &school).await.unwrap();
        for number in 1..=2 {
            facts::put_class(&mut tx, &class(number, None)).await.unwrap();
        }
        tx.commit().await.unwrap();
        fixture
    }

    fn lesson(&self, class: i32, date: &str, period: i32) -> Lesson {
        Lesson {
            id: LessonId(self.ids.new_id()),
            school: SCHOOL,
            class: class_id(class),
            stage: Stage::Primary,
            facts: LessonFacts {
                date: day(date),
                period,
                teacher: StaffId(Uuid::from_u128(9)),
                topic: "认识情绪".to_owned(),
                minutes: 40,
                kind: LessonKind::Universal,
                educations: BTreeSet::from([Education::Moral, Education::Labour]),
                attachment: "档案 3".to_owned(),
            },
            state: LessonState::Held,
            version: 1,
            created_at: at("2026-11-01"),
            updated_at: at("2026-11-01"),
            entries: Vec::new(),
        }
    }

    async fn insert(&self, lesson: &Lesson) -> bool {
        let mut tx = self.db.begin().await.unwrap();
        let inserted = lessons::insert(&mut tx, &self.keys, lesson).await.unwrap();
        tx.commit().await.unwrap();
        inserted
    }
}

fn class_id(number: i32) -> ClassId {
    ClassId(Uuid::from_u128(100 + u128::from(number.unsigned_abs())))
}

fn class(number: i32, closed_on: Option<NaiveDate>) -> Class {
    Class { id: class_id(number), school: SCHOOL, stage: Stage::Primary, entry_year: 2024, number, closed_on }
}

#[tokio::test]
async fn a_lesson_comes_back_as_it_went_with_its_entries_in_order() {
    TestDb::each(|db| async move {
        let fixture = Fixture::new(db).await;
        let mut lesson = fixture.lesson(1, "2026-11-02", 3);
        assert!(fixture.insert(&lesson).await);
        for minutes in [45, 50] {
            let facts = LessonFacts { minutes, ..lesson.facts.clone() };
            lesson.correct(facts, UserId(Uuid::from_u128(5)), format!("改为{minutes}"), at("2026-11-03"));
            let mut tx = fixture.db.begin().await.unwrap();
            assert!(lessons::update(&mut tx, &fixture.keys, &fixture.ids, &lesson).await.unwrap());
            tx.commit().await.unwrap();
        }
        let found = lessons::find(&fixture.db, &fixture.keys, lesson.id).await.unwrap().unwrap();
        assert_eq!(found, lesson);
    })
    .await;
}

#[tokio::test]
async fn a_class_has_one_lesson_a_period_unless_it_was_voided() {
    TestDb::each(|db| async move {
        let fixture = Fixture::new(db).await;
        let mut first = fixture.lesson(1, "2026-11-02", 3);
        assert!(fixture.insert(&first).await);
        assert!(!fixture.insert(&fixture.lesson(1, "2026-11-02", 3)).await);
        assert!(fixture.insert(&fixture.lesson(2, "2026-11-02", 3)).await);
        let mut tx = fixture.db.begin().await.unwrap();
        assert!(lessons::slot_taken(&mut tx, class_id(1), day("2026-11-02"), 3, None).await.unwrap());
        assert!(
            !lessons::slot_taken(&mut tx, class_id(1), day("2026-11-02"), 3, Some(first.id)).await.unwrap()
        );
        first.void(UserId(Uuid::from_u128(5)), "误登".to_owned(), at("2026-11-03"));
        assert!(lessons::update(&mut tx, &fixture.keys, &fixture.ids, &first).await.unwrap());
        tx.commit().await.unwrap();
        assert!(fixture.insert(&fixture.lesson(1, "2026-11-02", 3)).await);
    })
    .await;
}

#[tokio::test]
async fn a_change_on_top_of_another_is_seen() {
    TestDb::each(|db| async move {
        let fixture = Fixture::new(db).await;
        let mut lesson = fixture.lesson(1, "2026-11-02", 3);
        fixture.insert(&lesson).await;
        lesson.version = 5;
        let mut tx = fixture.db.begin().await.unwrap();
        assert!(!lessons::update(&mut tx, &fixture.keys, &fixture.ids, &lesson).await.unwrap());
    })
    .await;
}

#[tokio::test]
async fn sums_go_by_class_and_leave_out_what_was_voided_or_lies_in_another_year() {
    TestDb::each(|db| async move {
        let fixture = Fixture::new(db).await;
        for (date, period) in [("2026-11-02", 1), ("2026-11-02", 2), ("2026-08-31", 1)] {
            fixture.insert(&fixture.lesson(1, date, period)).await;
        }
        let mut voided = fixture.lesson(1, "2026-11-02", 4);
        voided.state = LessonState::Voided;
        fixture.insert(&voided).await;
        for school in [Some(SCHOOL), None] {
            let held = lessons::held(&fixture.db, SchoolYear(2026), school).await.unwrap();
            let mut sums: Vec<_> =
                held.iter().map(|(class, held)| (class.number, held.lessons, held.minutes)).collect();
            sums.sort_unstable();
            assert_eq!(sums, [(1, 2, 80), (2, 0, 0)], "{school:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_class_keeps_the_day_on_which_it_first_closed() {
    TestDb::each(|db| async move {
        let fixture = Fixture::new(db).await;
        let mut tx = fixture.db.begin().await.unwrap();
        for (told, kept) in [
            (Some("2026-11-02"), Some("2026-11-02")),
            (Some("2026-12-24"), Some("2026-11-02")),
            (None, None),
            (Some("2026-12-30"), Some("2026-12-30")),
        ] {
            facts::put_class(&mut tx, &class(1, told.map(day))).await.unwrap();
            let found = facts::class(&mut tx, class_id(1)).await.unwrap().unwrap();
            assert_eq!(found.closed_on, kept.map(day), "{told:?}");
        }
    })
    .await;
}
