//! What may be logged, and corrections.

use super::*;
use crate::domain::{
    ids::LessonId,
    lesson::{Lesson, LessonForm, LessonRefusal, LessonState},
    stage::{Education, Grade, LessonKind},
};
use std::collections::BTreeSet;
use xinqiao_kit::time::SchoolYear;

fn form() -> LessonForm {
    LessonForm {
        date: Some(day("2026-10-12")),
        period: Some(3),
        teacher: Some(StaffId(Uuid::from_u128(7))),
        topic: Some("认识情绪".to_owned()),
        minutes: Some(40),
        kind: Some(LessonKind::Universal),
        educations: Some(BTreeSet::from([Education::Moral])),
        attachment: Some(String::new()),
    }
}

fn wrong(form: &LessonForm) -> Vec<String> {
    let mut v = Violations::new();
    let teacher = staff(7, &[Post::Subject]);
    form.check(&mut v, dates("2026-10-15"), Some(&class(1, Stage::Primary, 2024)), Some(&teacher));
    noted(v)
}

fn lesson() -> Lesson {
    Lesson {
        id: LessonId(Uuid::from_u128(9)),
        school: school_id(),
        class: ClassId(Uuid::from_u128(1001)),
        stage: Stage::Primary,
        facts: form().facts().unwrap(),
        state: LessonState::Held,
        version: 1,
        created_at: at("2026-10-12"),
        updated_at: at("2026-10-12"),
        entries: Vec::new(),
    }
}

#[test]
fn a_proper_lesson_is_accepted() {
    assert_eq!(wrong(&form()), Vec::<String>::new());
}

#[test]
fn each_rule_has_its_own_reason() {
    let table: Vec<(LessonForm, &str)> = vec![
        (LessonForm { date: Some(day("2026-10-16")), ..form() }, "lesson.date DATE_IN_FUTURE"),
        (LessonForm { date: Some(day("2026-08-31")), ..form() }, "lesson.date DATE_OUTSIDE_SCHOOL_YEAR"),
        (LessonForm { period: Some(0), ..form() }, "lesson.period OUT_OF_RANGE"),
        (LessonForm { period: Some(13), ..form() }, "lesson.period OUT_OF_RANGE"),
        (LessonForm { minutes: Some(9), ..form() }, "lesson.minutes OUT_OF_RANGE"),
        (LessonForm { minutes: Some(181), ..form() }, "lesson.minutes OUT_OF_RANGE"),
        (LessonForm { topic: Some(String::new()), ..form() }, "lesson.topic REQUIRED"),
        (LessonForm { topic: Some("字".repeat(121)), ..form() }, "lesson.topic TOO_LONG"),
        (LessonForm { attachment: Some("x".repeat(301)), ..form() }, "lesson.attachment TOO_LONG"),
    ];
    for (form, reason) in table {
        assert_eq!(wrong(&form), [reason], "{form:?}");
    }
}

#[test]
fn everything_wrong_is_noted_at_once() {
    let all = LessonForm {
        date: Some(day("2027-01-01")),
        period: Some(99),
        minutes: Some(1),
        topic: Some(String::new()),
        ..form()
    };
    assert_eq!(wrong(&all).len(), 4, "{:?}", wrong(&all));
}

#[test]
fn a_class_is_taught_only_in_its_stage_and_before_it_closes() {
    let teacher = staff(7, &[Post::Subject]);
    for (stage, entry, closed, reason) in [
        (Stage::Primary, 2020, None, Some("lesson.date CLASS_NOT_IN_STAGE")),
        (Stage::Junior, 2027, None, Some("lesson.date CLASS_NOT_IN_STAGE")),
        (Stage::Primary, 2024, Some("2026-10-01"), Some("lesson.date CLASS_ENDED")),
        (Stage::Primary, 2024, Some("2026-10-13"), None),
    ] {
        let class = Class { closed_on: closed.map(day), ..class(1, stage, entry) };
        let mut v = Violations::new();
        form().check(&mut v, dates("2026-10-15"), Some(&class), Some(&teacher));
        assert_eq!(noted(v).first().map(String::as_str), reason, "{stage:?} {entry} {closed:?}");
    }
}

#[test]
fn the_teacher_works_at_the_school() {
    let gone = Staff { active: false, ..staff(7, &[Post::Subject]) };
    let elsewhere = Staff { school: Some(SchoolId(Uuid::from_u128(2))), ..staff(7, &[Post::Subject]) };
    for teacher in [None, Some(&gone), Some(&elsewhere)] {
        let mut v = Violations::new();
        form().check(&mut v, dates("2026-10-15"), Some(&class(1, Stage::Primary, 2024)), teacher);
        assert_eq!(noted(v), ["lesson.teacher STAFF_UNKNOWN"], "{teacher:?}");
    }
}

#[test]
fn the_last_year_may_be_completed_for_some_days() {
    for (today, earliest) in [
        ("2026-09-01", "2025-09-01"),
        ("2026-09-30", "2025-09-01"),
        ("2026-10-01", "2026-09-01"),
        ("2027-08-31", "2026-09-01"),
    ] {
        assert_eq!(dates(today).earliest(), day(earliest), "{today}");
    }
}

#[test]
fn a_correction_says_what_changed_and_keeps_the_rest() {
    let mut lesson = lesson();
    let given =
        LessonForm {
            minutes: Some(45), topic: Some("认识情绪（二）".to_owned()), ..LessonForm::default()
        };
    let facts = given.over(&lesson.facts);
    assert!(lesson.correct(facts, UserId(Uuid::nil()), "记错了".to_owned(), at("2026-10-14")));
    assert_eq!((lesson.facts.minutes, lesson.facts.period, lesson.version), (45, 3, 2));
    let changes: Vec<_> = lesson.entries[0]
        .changes
        .iter()
        .map(|c| (c.field.as_str(), c.before.as_str(), c.after.as_str()))
        .collect();
    assert_eq!(changes, [("topic", "认识情绪", "认识情绪（二）"), ("minutes", "40", "45")]);
}

#[test]
fn a_correction_that_changes_nothing_leaves_no_entry() {
    let mut lesson = lesson();
    assert!(!lesson.correct(lesson.facts.clone(), UserId(Uuid::nil()), "再看".to_owned(), at("2026-10-14")));
    assert_eq!((lesson.version, lesson.entries.len()), (1, 0));
}

#[test]
fn what_was_voided_or_lies_in_a_closed_year_stays_as_it_is() {
    let mut lesson = lesson();
    assert_eq!(lesson.open(dates("2026-10-14")), Ok(()));
    assert_eq!(lesson.open(dates("2027-10-14")), Err(LessonRefusal::YearClosed));
    lesson.void(UserId(Uuid::nil()), "重复".to_owned(), at("2026-10-14"));
    assert_eq!((lesson.state, lesson.entries.len()), (LessonState::Voided, 1));
    assert_eq!(lesson.open(dates("2026-10-14")), Err(LessonRefusal::Voided));
}

#[test]
fn a_grade_follows_from_stage_entry_year_and_school_year() {
    for (stage, entry, year, grade) in [
        (Stage::Primary, 2026, 2026, Some(1)),
        (Stage::Primary, 2021, 2026, Some(6)),
        (Stage::Primary, 2020, 2026, None),
        (Stage::Junior, 2024, 2026, Some(9)),
        (Stage::Senior, 2026, 2026, Some(10)),
        (Stage::Senior, 2027, 2026, None),
    ] {
        let found = Grade::of(stage, entry, SchoolYear(year));
        assert_eq!(found.map(Grade::number), grade, "{stage:?} {entry}");
        assert!(found.is_none_or(|grade| grade.stage() == stage));
    }
}
