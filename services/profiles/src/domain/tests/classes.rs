use crate::domain::{
    class::{Class, entry_year_of, grade_at},
    ids::{ClassId, SchoolId},
    school::{SchoolCode, Stages},
    stage::Stage,
};
use chrono::NaiveDate;
use uuid::Uuid;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

#[test]
fn a_grade_follows_from_entry_year_and_date() {
    for (stage, entry, date, grade) in [
        (Stage::Primary, 2024, "2024-08-31", None),
        (Stage::Primary, 2024, "2024-09-01", Some(1)),
        (Stage::Primary, 2024, "2026-11-24", Some(3)),
        (Stage::Primary, 2024, "2030-08-31", Some(6)),
        (Stage::Primary, 2024, "2030-09-01", None),
        (Stage::Junior, 2026, "2026-11-24", Some(7)),
        (Stage::Junior, 2024, "2027-02-01", Some(9)),
        (Stage::Senior, 2024, "2027-08-31", Some(12)),
        (Stage::Senior, 2024, "2027-09-01", None),
    ] {
        assert_eq!(grade_at(stage, entry, day(date)), grade, "{stage:?} {entry} {date}");
        if let Some(grade) = grade {
            assert_eq!(entry_year_of(grade, day(date)), Some(entry));
        }
    }
}

#[test]
fn a_class_is_over_when_its_last_school_year_is() {
    let class = |stage, year| {
        let id = ClassId(Uuid::nil());
        Class::open(id, SchoolId(Uuid::nil()), stage, year, 2, super::noon())
    };
    assert!(!class(Stage::Primary, 2021).is_over(day("2027-08-31")));
    assert!(class(Stage::Primary, 2021).is_over(day("2027-09-01")));
    assert!(!class(Stage::Junior, 2027).is_over(day("2026-11-24")));
    assert_eq!(class(Stage::Primary, 2024).display_name_at(day("2026-11-24")), "三年级2班");
    assert_eq!(class(Stage::Junior, 2026).display_name_at(day("2026-11-24")), "初一2班");
    assert_eq!(class(Stage::Primary, 2010).display_name_at(day("2026-11-24")), "2010级2班");
}

#[test]
fn the_kinds_of_school_are_understood() {
    for (text, words) in [
        ("小学", Some("primary")),
        ("初中", Some("junior")),
        ("高中", Some("senior")),
        ("九年一贯", Some("primary,junior")),
        ("九年一贯制", Some("primary,junior")),
        ("完全中学", Some("junior,senior")),
        ("十二年一贯制", Some("primary,junior,senior")),
        ("小学、初中", Some("primary,junior")),
        ("初中/小学", Some("primary,junior")),
        ("大学", None),
        ("小学、大学", None),
        ("", None),
    ] {
        let stages = Stages::of_chinese(text);
        assert_eq!(stages.as_ref().map(Stages::words).as_deref(), words, "{text}");
        if let Some(stages) = stages {
            assert_eq!(Stages::of_words(&stages.words()), Some(stages));
        }
    }
}

#[test]
fn a_school_code_is_ten_digits() {
    assert_eq!(SchoolCode::parse("4199000100").unwrap().as_str(), "4199000100");
    for text in ["", "419900010", "41990001000", "419900010a", "４１９９０００１００"] {
        assert_eq!(SchoolCode::parse(text), None, "{text}");
    }
}
