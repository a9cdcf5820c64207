//! Activities and the occasions that a school has to prove.

use super::*;
use crate::domain::{
    activity::{
        Activity, ActivityFigure, ActivityForm, ActivityRefusal, ActivityState, Area, Channel, Occasion,
        Tally, check_proof,
    },
    ids::ActivityId,
};
use std::collections::BTreeSet;

fn activity() -> Activity {
    Activity {
        id: ActivityId(Uuid::from_u128(60)),
        school: school_id(),
        area: Area::Publicity,
        occasion: Occasion::PublicityMonth,
        title: "宣传月启动".to_owned(),
        date: day("2027-05-10"),
        channel: Channel::Display,
        actors: BTreeSet::new(),
        educations: BTreeSet::new(),
        participants: 0,
        attachment: String::new(),
        state: ActivityState::Planned,
        version: 1,
        created_at: at("2027-05-01"),
        updated_at: at("2027-05-01"),
    }
}

#[test]
fn an_activity_is_proven_on_its_day_or_later_and_once() {
    let mut activity = activity();
    assert_eq!(activity.prove(10, "a".to_owned(), at("2027-05-09")), Err(ActivityRefusal::NotYet));
    assert_eq!(activity.prove(10, "a".to_owned(), at("2027-05-10")), Ok(()));
    assert_eq!(activity.prove(10, "a".to_owned(), at("2027-05-10")), Err(ActivityRefusal::NotPlanned));
    assert_eq!(activity.change(ActivityForm::default(), at("2027-05-11")), Err(ActivityRefusal::NotPlanned));
    activity.cancel(at("2027-05-12"));
    assert_eq!((activity.state, activity.version), (ActivityState::Cancelled, 3));
}

#[test]
fn publicity_has_an_occasion_and_a_proof_has_people_and_a_place() {
    let mut v = Violations::new();
    let form = ActivityForm {
        area: Some(Area::Publicity),
        occasion: Some(Occasion::None),
        title: Some(String::new()),
        date: Some(day("2028-09-01")),
        ..ActivityForm::default()
    };
    form.check(&mut v, dates("2026-10-15"));
    check_proof(&mut v, 0, "");
    assert_eq!(
        noted(v),
        [
            "activity.occasion OCCASION_REQUIRED",
            "activity.title REQUIRED",
            "activity.date DATE_OUTSIDE_SCHOOL_YEAR",
            "participant_count OUT_OF_RANGE",
            "attachment REQUIRED"
        ]
    );
}

#[test]
fn a_school_proves_the_publicity_month_and_the_examinations_it_has() {
    let tally = |occasion, held| Tally { occasion, area: Area::Publicity, held, planned: 1 };
    let month = [tally(Occasion::PublicityMonth, 1)];
    let month_and_exam = [tally(Occasion::PublicityMonth, 1), tally(Occasion::JuniorExam, 2)];
    for (stages, tallies, reached) in [
        (vec![Stage::Primary], &month[..], true),
        (vec![Stage::Primary], &[][..], false),
        (vec![Stage::Junior], &month[..], false),
        (vec![Stage::Junior], &month_and_exam[..], true),
        (vec![Stage::Junior, Stage::Senior], &month_and_exam[..], false),
    ] {
        assert_eq!(
            ActivityFigure::of(&school(&stages), tallies).reached(),
            reached,
            "{stages:?} {}",
            tallies.len()
        );
    }
}

#[test]
fn an_activity_of_another_area_proves_no_occasion() {
    let culture =
        [Tally { occasion: Occasion::PublicityMonth, area: Area::CampusCulture, held: 3, planned: 0 }];
    let figure = ActivityFigure::of(&school(&[Stage::Primary]), &culture);
    assert!(!figure.reached());
    assert_eq!(figure.areas.iter().find(|(area, _)| *area == Area::CampusCulture).unwrap().1.held, 3);
}
