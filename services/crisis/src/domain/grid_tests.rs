//! Claims about the grid.

use super::*;
use uuid::Uuid;

fn user(n: u128) -> UserId {
    Uuid::from_u128(n).into()
}

fn school() -> SchoolId {
    Uuid::from_u128(100).into()
}

fn class(n: u128) -> Class {
    Class { id: Uuid::from_u128(n).into(), school: school(), grade: "junior:2025".to_owned() }
}

fn responder(level: Level, n: u128) -> Responder {
    Responder {
        seat: None,
        level,
        school: Some(school()),
        class: None,
        grade: None,
        user: Some(user(n)),
        on_leave: false,
        since: Ts::from_micros(0),
    }
}

fn full_school() -> Vec<Responder> {
    vec![
        Responder { class: Some(class(1).id), ..responder(Level::Peer, 1) },
        Responder { class: Some(class(1).id), ..responder(Level::Class, 2) },
        Responder { grade: Some("junior:2025".to_owned()), ..responder(Level::Grade, 3) },
        responder(Level::Psychologist, 4),
        responder(Level::Principal, 5),
        responder(Level::Deputy, 6),
        responder(Level::LeadingGroup, 7),
    ]
}

#[test]
fn a_class_with_every_level_filled_has_no_gap() {
    assert_eq!(gaps(&[class(1)], &full_school(), school()), []);
}

#[test]
fn each_empty_level_is_a_gap_of_its_own() {
    for (index, level) in [Level::Peer, Level::Class, Level::Grade].into_iter().enumerate() {
        let mut people = full_school();
        people.remove(index);
        assert_eq!(gaps(&[class(1)], &people, school()), [Gap { class: Some(class(1).id), level }]);
    }
    for (index, level) in Level::OF_SCHOOL.into_iter().enumerate() {
        let mut people = full_school();
        people.remove(index + 3);
        assert_eq!(gaps(&[class(1)], &people, school()), [Gap { class: None, level }]);
    }
}

#[test]
fn who_is_on_leave_or_has_no_account_fills_nothing() {
    let away = |r: Responder| Responder { on_leave: true, ..r };
    let mute = |r: Responder| Responder { user: None, ..r };
    let all = [Level::OF_SCHOOL.as_slice(), Level::OF_CLASS.as_slice()].concat().len();
    let on_leave: Vec<_> = full_school().into_iter().map(away).collect();
    let unreachable: Vec<_> = full_school().into_iter().map(mute).collect();
    assert_eq!(gaps(&[class(1)], &on_leave, school()).len(), all);
    assert_eq!(gaps(&[class(1)], &unreachable, school()).len(), all);
}

#[test]
fn a_person_of_one_class_does_not_stand_over_another() {
    let reach = Reach::over(&class(2).place(), &full_school());
    assert!(reach.at(Level::Class).is_empty());
    assert_eq!(reach.at(Level::Grade), BTreeSet::from([user(3)]));
    let elsewhere = Place { school: Some(Uuid::from_u128(9).into()), ..Place::default() };
    assert!(Reach::over(&elsewhere, &full_school()).at(Level::Principal).is_empty());
}

#[test]
fn peers_are_never_told_and_the_school_level_falls_back_to_those_who_answer_for_it() {
    let reach = Reach::over(&class(1).place(), &full_school());
    assert!(reach.at(Level::Peer).is_empty());
    assert_eq!(reach.at(Level::School), BTreeSet::from([user(6), user(7)]));
    assert_eq!(reach.with(Level::School, user(8)).at(Level::School), BTreeSet::from([user(8)]));
}

#[test]
fn posts_put_people_where_they_stand() {
    let facts = StaffFacts {
        school: Some(school()),
        posts: ["homeroom", "psychologist", "psychologist_part_time", "leading_group", "county_duty"]
            .map(str::to_owned)
            .to_vec(),
        homeroom_classes: vec![class(1).id],
        led_grades: vec!["junior:2025".to_owned()],
    };
    assert_eq!(
        standing(&facts),
        [
            (Level::Class, Some(class(1).id), None),
            (Level::Grade, None, Some("junior:2025".to_owned())),
            (Level::Psychologist, None, None),
            (Level::LeadingGroup, None, None),
        ]
    );
    let county = StaffFacts { school: None, posts: vec!["county_duty".to_owned()], ..StaffFacts::default() };
    assert_eq!(standing(&county), [(Level::CountyDuty, None, None)]);
}
