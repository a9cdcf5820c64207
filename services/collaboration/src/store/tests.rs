//! One contract on both engines, where the service's own tests do not reach.

use super::*;
use crate::domain::{
    consent::{ConsentForm, Purpose},
    facts::Class,
    home_visit::{HomeVisit, Said, VisitMode},
    ids::{ClassId, FormId, SchoolId, StudentId, UserId, VisitId},
    tests::{at, day},
};
use crate::domain::{evidence::EvidenceState, ids::CommitteeId};
use xinqiao_kit::{
    authz::Visibility,
    db::IdList,
    deps::Deps,
    role::Role,
    testing::{self, TestDb},
    time::SchoolYear,
};

const SCHOOL: SchoolId = SchoolId(Uuid::from_u128(1));
const CLASS: ClassId = ClassId(Uuid::from_u128(2));

async fn fresh(db: Db) -> Deps {
    db.migrate(crate::MIGRATIONS).await.unwrap();
    testing::deps(Role::Collaboration, db)
}

fn visit(number: u128, student: u128, date: &str) -> HomeVisit {
    HomeVisit {
        id: VisitId(Uuid::from_u128(number)),
        student: StudentId(Uuid::from_u128(student)),
        school: SCHOOL,
        class: CLASS,
        visitor: UserId(Uuid::from_u128(5)),
        date: day(date),
        mode: VisitMode::Home,
        said: Said { met: "母亲".to_owned(), ..Said::default() },
        state: EvidenceState::Held,
        version: 1,
        created_at: at(date),
    }
}

fn nothing() -> Visibility {
    let none = || IdList::from(Vec::<Uuid>::new());
    Visibility { all: false, schools: none(), classes: none(), students: none(), owner: None }
}

#[tokio::test]
async fn a_list_of_visits_goes_by_school_class_pupil_or_owner() {
    TestDb::each(|db| async move {
        let deps = fresh(db).await;
        let mut tx = deps.db.begin().await.unwrap();
        for (number, student) in [(11, 71), (12, 72)] {
            visits::insert(&mut tx, &deps.keys, &visit(number, student, "2026-11-02")).await.unwrap();
        }
        let page = Page::of(10, "", "visits").unwrap();
        let one = |id: Uuid| IdList::from(vec![id]);
        for (see, count) in [
            (nothing(), 0),
            (Visibility { all: true, ..nothing() }, 2),
            (Visibility { schools: one(SCHOOL.uuid()), ..nothing() }, 2),
            (Visibility { classes: one(CLASS.uuid()), ..nothing() }, 2),
            (Visibility { students: one(Uuid::from_u128(71)), ..nothing() }, 1),
            (Visibility { owner: Some(Uuid::from_u128(5)), ..nothing() }, 2),
            (Visibility { owner: Some(Uuid::from_u128(6)), ..nothing() }, 0),
        ] {
            let filter = (None, false);
            let (rows, _) = visits::list(&mut tx, &deps.keys, see.clone(), filter, &page).await.unwrap();
            assert_eq!(rows.len(), count, "{see:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn classes_that_closed_before_the_end_of_the_lessons_are_not_counted() {
    TestDb::each(|db| async move {
        let deps = fresh(db).await;
        let mut tx = deps.db.begin().await.unwrap();
        for (number, entry_year, closed) in [
            (2, 2024, None),
            (3, 2021, Some("2027-07-10")),
            (4, 2024, Some("2027-03-01")),
            (5, 2027, None),
            (6, 2020, None),
        ] {
            let class = Class {
                id: ClassId(Uuid::from_u128(number)),
                school: SCHOOL,
                entry_year,
                closed_on: closed.map(day),
            };
            facts::put_class(&mut tx, class).await.unwrap();
        }
        visits::insert(&mut tx, &deps.keys, &visit(11, 71, "2026-11-02")).await.unwrap();
        tx.commit().await.unwrap();
        for school in [Some(SCHOOL), None] {
            let of = (SchoolYear(2026), day("2027-03-01"));
            let found = figures::evidence(&deps.db, of, school).await.unwrap();
            let found = found.get(&SCHOOL).copied().unwrap();
            assert_eq!((found.classes, found.visited_classes), (2, 1), "{school:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn versions_of_a_form_go_up_by_school_and_purpose_and_one_is_current() {
    TestDb::each(|db| async move {
        let deps = fresh(db).await;
        let mut tx = deps.db.begin().await.unwrap();
        let mut versions = Vec::new();
        for (school, purpose) in [
            (None, Purpose::Screening),
            (Some(SCHOOL), Purpose::Screening),
            (None, Purpose::Screening),
            (None, Purpose::Referral),
        ] {
            let form = ConsentForm {
                id: FormId(deps.ids.new_id()),
                school,
                purpose,
                version: 0,
                title: "知情同意书".to_owned(),
                text: "……".to_owned(),
                current: true,
                created_at: at("2026-11-02"),
            };
            versions.push(consents::publish(&mut tx, &deps.keys, &form).await.unwrap());
        }
        assert_eq!(versions, [1, 1, 2, 1]);
        let current = consents::current_forms(&mut tx, &deps.keys, SCHOOL).await.unwrap();
        let mut shown: Vec<_> =
            current.iter().map(|form| (form.school, form.purpose, form.version)).collect();
        shown.sort();
        assert_eq!(
            shown,
            [
                (None, Purpose::Screening, 2),
                (None, Purpose::Referral, 1),
                (Some(SCHOOL), Purpose::Screening, 1)
            ]
        );
    })
    .await;
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    TestDb::each(|db| async move {
        let deps = fresh(db).await;
        let nowhere = Uuid::from_u128(99);
        assert!(facts::school(&deps.db, SchoolId(nowhere)).await.unwrap().is_none());
        assert!(committees::find(&deps.db, &deps.keys, CommitteeId(nowhere)).await.unwrap().is_none());
        assert!(parent_schools::find(&deps.db, &deps.keys, SchoolId(nowhere)).await.unwrap().is_none());
        let of = (SchoolYear(2026), day("2026-11-02"));
        assert!(figures::evidence(&deps.db, of, Some(SchoolId(nowhere))).await.unwrap().is_empty());
    })
    .await;
}
