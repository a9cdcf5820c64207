use super::{
    super::{columns::Column as C, entry::ClassKey, reason::Reason, repeats::Repeats, sheet::Kind},
    check_on, day, entry_of, row_with, said, sheet_of,
};
use crate::domain::{identifiers::Sex, stage::Stage};
use std::collections::HashSet;

/// Cells that are replaced in a good row.
type Cells<'a> = &'a [(C, &'a str)];
/// Addresses and codes of what is said of it.
type Said<'a> = &'a [&'a str];

#[test]
fn of_a_good_row_nothing_is_said_and_everything_is_kept() {
    assert_eq!(said(&[]), Vec::<String>::new());
    let entry = entry_of(&[]);
    assert_eq!((entry.name.as_str(), entry.sex, entry.birth_date), ("宋子佳", Sex::Female, day(2018, 1, 10)));
    assert_eq!(entry.id_number.unwrap().as_str(), "419901201801100863");
    assert_eq!(entry.student_number.unwrap().as_str(), "G419901201801100863");
    assert_eq!(entry.class, ClassKey { stage: Stage::Primary, entry_year: 2024, number: 2 });
    assert_eq!((entry.school, entry.entry_month), (0, Some(day(2024, 9, 1))));
    assert_eq!(entry.groups, [Some(true), Some(false), None, None, None]);
    let [guardian] = &entry.guardians[..] else { panic!("{:?}", entry.guardians) };
    assert_eq!((guardian.name.as_str(), guardian.relation.as_deref()), ("宋江", Some("父亲")));
    assert_eq!(guardian.phone.unwrap().as_str(), "19973038206");
}

#[test]
fn each_wrong_cell_has_its_reason_and_address() {
    let cases: &[(Cells<'_>, Said<'_>)] = &[
        (&[(C::Name, "")], &["A2 ROSTER_NAME_MISSING"]),
        (&[(C::Name, "=1+1")], &["A2 ROSTER_CELL_FORMULA"]),
        (&[(C::Name, "宋5")], &["A2 ROSTER_NAME_CHARACTER"]),
        (&[(C::Name, "宋")], &["A2 ROSTER_NAME_SHORT"]),
        (&[(C::Name, "宋\u{E863}")], &["A2 ROSTER_NAME_PRIVATE_CHARACTER"]),
        (&[(C::Sex, "不详")], &["B2 ROSTER_SEX_UNKNOWN"]),
        (&[(C::Sex, "男")], &["B2 ROSTER_SEX_MISMATCH"]),
        (&[(C::BirthDate, "2018-02-30")], &["C2 ROSTER_DATE_IMPOSSIBLE"]),
        (&[(C::BirthDate, "一月十日")], &["C2 ROSTER_DATE_FORMAT"]),
        (&[(C::BirthDate, "2018-01-11")], &["C2 ROSTER_BIRTH_DATE_MISMATCH"]),
        (&[(C::BirthDate, "2026-11-25")], &["C2 ROSTER_AGE_UNUSUAL", "C2 ROSTER_BIRTH_DATE_FUTURE"]),
        (&[(C::IdNumber, "41990120180110086")], &["D2 ROSTER_ID_FORMAT"]),
        (&[(C::IdNumber, "419901201802300863")], &["D2 ROSTER_ID_BIRTH_DATE"]),
        (&[(C::IdNumber, "419901201801100862")], &["D2 ROSTER_ID_CHECK_DIGIT"]),
        (&[(C::StudentNumber, "4199012018")], &["E2 ROSTER_STUDENT_NUMBER_FORMAT"]),
        (&[(C::StudentNumber, "G419901201801100862")], &["E2 ROSTER_STUDENT_NUMBER_INSIDE"]),
        (&[(C::StudentNumber, "G419901202007170156")], &["E2 ROSTER_NUMBERS_DIFFER"]),
        (&[(C::IdNumber, ""), (C::StudentNumber, "")], &["D2 ROSTER_NUMBER_MISSING"]),
        (&[(C::SchoolCode, "0000000000")], &["F2 ROSTER_SCHOOL_UNKNOWN"]),
        (&[(C::SchoolName, "示范县第3初级中学")], &["G2 ROSTER_SCHOOL_MISMATCH"]),
        (&[(C::SchoolCode, ""), (C::SchoolName, "")], &["F2 ROSTER_SCHOOL_MISSING"]),
        (&[(C::SchoolCode, ""), (C::SchoolName, "没有这所学校")], &["G2 ROSTER_SCHOOL_UNKNOWN"]),
        (&[(C::SchoolCode, ""), (C::SchoolName, "同名小学")], &["G2 ROSTER_SCHOOL_AMBIGUOUS"]),
        (&[(C::Grade, "大班")], &["H2 ROSTER_GRADE_UNKNOWN"]),
        (&[(C::Grade, "七年级")], &["H2 ROSTER_GRADE_NOT_TAUGHT"]),
        (&[(C::Grade, ""), (C::EntryMonth, "")], &["H2 ROSTER_GRADE_MISSING"]),
        (&[(C::Class, "")], &["I2 ROSTER_CLASS_MISSING"]),
        (&[(C::Class, "实验班")], &["I2 ROSTER_CLASS_UNKNOWN"]),
        (&[(C::Class, "四年级2班")], &["I2 ROSTER_CLASS_GRADE_MISMATCH"]),
        (&[(C::EntryMonth, "秋")], &["J2 ROSTER_ENTRY_MONTH_FORMAT"]),
        (&[(C::EntryMonth, "202309")], &["J2 ROSTER_ENTRY_MONTH_DIFFERS"]),
        (&[(C::LeftBehind, "不详")], &["K2 ROSTER_YES_NO"]),
        (&[(C::Guardian1Name, "")], &["P2 ROSTER_GUARDIAN_NAME_MISSING"]),
        (&[(C::Guardian1Name, "-宋江")], &["P2 ROSTER_CELL_FORMULA"]),
        (&[(C::Guardian1Relation, "1")], &["Q2 ROSTER_RELATION_FORMAT"]),
        (&[(C::Guardian1Phone, "1997303820")], &["R2 ROSTER_PHONE_FORMAT"]),
    ];
    for (changes, expected) in cases {
        assert_eq!(said(changes), *expected, "{changes:?}");
        let rejected = check_on(super::today(), changes).entry.is_none();
        let warned = expected.iter().all(|code| {
            let code = code.split(' ').nth(1);
            Reason::ALL.iter().any(|reason| reason.is_warning() && Some(reason.code()) == code)
        });
        assert_eq!(rejected, !warned, "{changes:?}");
    }
}

#[test]
fn all_reasons_of_a_row_are_told_at_once() {
    let changes =
        [(C::Name, ""), (C::IdNumber, "1"), (C::SchoolCode, "9"), (C::Class, "x"), (C::Guardian2Phone, "1")];
    let expected = [
        "A2 ROSTER_NAME_MISSING",
        "D2 ROSTER_ID_FORMAT",
        "F2 ROSTER_SCHOOL_UNKNOWN",
        "I2 ROSTER_CLASS_UNKNOWN",
        "U2 ROSTER_PHONE_FORMAT",
    ];
    assert_eq!(said(&changes), expected);
}

#[test]
fn a_number_tells_what_a_cell_does_not() {
    let entry = entry_of(&[(C::Sex, ""), (C::BirthDate, "")]);
    assert_eq!((entry.sex, entry.birth_date), (Sex::Female, day(2018, 1, 10)));
    let entry = entry_of(&[(C::Sex, ""), (C::BirthDate, ""), (C::IdNumber, "")]);
    assert_eq!((entry.sex, entry.birth_date, entry.id_number), (Sex::Female, day(2018, 1, 10), None));
    let issued =
        [(C::IdNumber, ""), (C::StudentNumber, "J419901202600000001"), (C::BirthDate, ""), (C::Sex, "")];
    assert_eq!(said(&issued), ["B2 ROSTER_SEX_MISSING", "C2 ROSTER_BIRTH_DATE_MISSING"]);
}

#[test]
fn a_school_is_known_by_code_or_by_name() {
    assert_eq!(entry_of(&[(C::SchoolCode, "")]).school, 0);
    assert_eq!(entry_of(&[(C::SchoolName, "")]).school, 0);
    assert_eq!(entry_of(&[(C::SchoolCode, ""), (C::SchoolName, "示范县 (西) 学校")]).school, 2);
}

#[test]
fn the_class_follows_from_grade_and_month_of_entry() {
    let key = |stage, entry_year, number| ClassKey { stage, entry_year, number };
    let west = (C::SchoolCode, "4199000103");
    let unnamed = (C::SchoolName, "");
    let cases: &[(Cells<'_>, ClassKey, Said<'_>)] = &[
        (&[(C::Grade, "")], key(Stage::Primary, 2024, 2), &[]),
        (&[(C::Grade, "2024级"), (C::EntryMonth, "")], key(Stage::Primary, 2024, 2), &[]),
        (&[(C::EntryMonth, "")], key(Stage::Primary, 2024, 2), &[]),
        (&[(C::EntryMonth, "202408")], key(Stage::Primary, 2024, 2), &[]),
        (&[(C::EntryMonth, "202502")], key(Stage::Primary, 2024, 2), &[]),
        (&[(C::Class, "三年级2班")], key(Stage::Primary, 2024, 2), &[]),
        (&[(C::Class, "2024级2班")], key(Stage::Primary, 2024, 2), &[]),
        (&[(C::EntryMonth, "202509")], key(Stage::Primary, 2024, 2), &["J2 ROSTER_ENTRY_MONTH_DIFFERS"]),
        // Who went through the primary stage of the same school entered it six years earlier.
        (
            &[west, unnamed, (C::Grade, "七年级"), (C::EntryMonth, "202009")],
            key(Stage::Junior, 2026, 2),
            &["C2 ROSTER_AGE_UNUSUAL"],
        ),
    ];
    for (changes, class, expected) in cases {
        assert_eq!(entry_of(changes).class, *class, "{changes:?}");
        assert_eq!(said(changes), *expected, "{changes:?}");
    }
    // Without a grade, a school of two stages leaves a choice only where both would fit.
    assert_eq!(
        entry_of(&[west, unnamed, (C::Grade, ""), (C::EntryMonth, "202109")]).class,
        key(Stage::Primary, 2021, 2)
    );
    assert_eq!(
        said(&[west, unnamed, (C::Grade, ""), (C::EntryMonth, "202509")]),
        ["H2 ROSTER_GRADE_MISSING"]
    );
    assert_eq!(said(&[(C::Grade, ""), (C::EntryMonth, "201009")]), ["H2 ROSTER_GRADE_NOT_TAUGHT"]);
}

#[test]
fn in_summer_a_roster_is_that_of_the_coming_year() {
    let coming = [
        (C::Grade, "一年级"),
        (C::EntryMonth, "202609"),
        (C::BirthDate, ""),
        (C::IdNumber, "419901202007170156"),
    ];
    let more = [(C::StudentNumber, ""), (C::Sex, ""), (C::Class, "一年级2班")];
    let changes: Vec<_> = coming.into_iter().chain(more).collect();
    for today in [day(2026, 7, 20), day(2026, 9, 1)] {
        let checked = check_on(today, &changes);
        assert_eq!(checked.findings, [], "{today}");
        assert_eq!(checked.entry.unwrap().class.entry_year, 2026, "{today}");
    }
    let late = check_on(day(2027, 3, 1), &[(C::Grade, "一年级"), (C::EntryMonth, "202709")]);
    assert!(late.findings.iter().any(|finding| finding.reason == Reason::EntryMonthDiffers));
}

#[test]
fn a_relation_alone_is_an_empty_guardian_and_the_same_guardian_twice_is_one() {
    assert!(entry_of(&[(C::Guardian1Name, ""), (C::Guardian1Phone, "")]).guardians.is_empty());
    let twice = [(C::Guardian2Name, "宋 江"), (C::Guardian2Phone, "199 7303 8206")];
    assert_eq!(entry_of(&twice).guardians.len(), 1);
}

#[test]
fn a_pupil_that_is_named_twice_is_found_by_either_number() {
    let rows = [
        vec![],
        vec![(C::StudentNumber, "")],
        vec![(C::IdNumber, "")],
        vec![(C::IdNumber, ""), (C::StudentNumber, "L419901201801100863")],
        vec![(C::StudentNumber, "J419901202600000001")],
        vec![(C::IdNumber, "419901202007170156"), (C::BirthDate, ""), (C::Sex, "")],
    ];
    let mut repeats = Repeats::default();
    assert_eq!(repeats.meet(&entry_of(&rows[0]), 0), Ok(()));
    for row in &rows[1..] {
        assert_eq!(repeats.meet(&entry_of(row), 1), Err(0), "{row:?}");
    }
    let other =
        [(C::IdNumber, "419901202007170156"), (C::StudentNumber, ""), (C::BirthDate, ""), (C::Sex, "")];
    assert_eq!(repeats.meet(&entry_of(&other), 6), Ok(()));
}

#[test]
fn an_id_number_stored_as_a_number_has_lost_its_last_digits() {
    use super::super::{
        cell::{Cell, Value},
        sheet::Collector,
    };
    let row = row_with(&[]);
    let mut collector = Collector::new("", false);
    let headings: Vec<Cell<'_>> = row
        .keys()
        .map(|column| Cell { column: column.index() as u32, value: Value::Text(column.heading()) })
        .collect();
    collector.row(1, &headings).unwrap();
    let cells: Vec<Cell<'_>> = row
        .iter()
        .map(|(column, text)| {
            let value = if *column == C::IdNumber {
                Value::Number(419_901_201_801_100_863.0)
            } else {
                Value::Text(text)
            };
            Cell { column: column.index() as u32, value }
        })
        .collect();
    collector.row(2, &cells).unwrap();
    let sheet = collector.finish().unwrap();
    assert_eq!(sheet.row(0).cell(C::IdNumber).0, Kind::Number);
    let register = super::register();
    let around = super::Surroundings { register: &register, today: super::today() };
    let findings = super::check(sheet.row(0), &around).findings;
    assert_eq!(findings.iter().map(|finding| finding.reason).collect::<Vec<_>>(), [Reason::IdAsNumber]);
}

#[test]
fn each_reason_has_a_code_of_its_own() {
    let codes: HashSet<&str> = Reason::ALL.iter().map(|reason| reason.code()).collect();
    assert_eq!(codes.len(), Reason::ALL.len());
    assert!(codes.iter().all(|code| code.starts_with("ROSTER_")));
    assert_eq!(sheet_of(&[row_with(&[])]).len(), 1);
}
