//! Staff training, certificates, staffing, teaching plans.

use super::*;
use crate::domain::{
    certificate::{Certificate, CertificateForm, CertificateKind, CertificateState},
    hours::Hours,
    ids::{CertificateId, TrainingId},
    staff_training::{AttendanceForm, StaffGroup, Training, TrainingForm, TrainingRefusal, TrainingState},
    staffing::{TeamTier, staffing},
    stage::LessonKind,
    teaching_plan::{PlanForm, Unit},
    training_figure::{Attended, figure},
};
use proptest::prelude::*;
use std::collections::{BTreeSet, HashMap};
use xinqiao_kit::time::SchoolYear;

fn training() -> Training {
    Training {
        id: TrainingId(Uuid::from_u128(30)),
        organiser: Some(school_id()),
        topic: "识别与干预".to_owned(),
        date: day("2026-10-10"),
        minutes: 180,
        groups: BTreeSet::from([StaffGroup::Homeroom]),
        trainer: String::new(),
        attachment: String::new(),
        state: TrainingState::Planned,
        attendees: 0,
        version: 1,
        created_at: at("2026-10-01"),
        updated_at: at("2026-10-01"),
    }
}

fn qualification(holder: u128, stages: &[Stage]) -> Certificate {
    Certificate {
        id: CertificateId(Uuid::from_u128(holder + 4000)),
        staff: StaffId(Uuid::from_u128(holder)),
        school: Some(school_id()),
        kind: CertificateKind::TeachingQualification,
        stages: stages.iter().copied().collect(),
        training: None,
        title: "心理健康教育教师资格".to_owned(),
        issuer: "市教育局".to_owned(),
        issued_on: day("2020-07-01"),
        expires_on: None,
        within_establishment: true,
        practice_since: None,
        revoked: false,
        version: 1,
        created_at: at("2026-10-01"),
    }
}

#[test]
fn groups_follow_from_posts() {
    for (posts, groups) in [
        (vec![Post::Principal], vec![StaffGroup::Leaders]),
        (vec![Post::Deputy, Post::Subject], vec![StaffGroup::Leaders, StaffGroup::Subject]),
        (vec![Post::Homeroom, Post::NewTeacher], vec![StaffGroup::Homeroom, StaffGroup::New]),
        (vec![Post::PsychologistPartTime], vec![StaffGroup::MentalHealth]),
        (vec![Post::Nurse], vec![]),
    ] {
        assert_eq!(staff(1, &posts).groups(), groups, "{posts:?}");
    }
}

#[test]
fn attendance_waits_for_the_day_and_ends_with_a_cancellation() {
    let mut training = training();
    assert_eq!(training.attendable(day("2026-10-09")), Err(TrainingRefusal::NotYet));
    assert_eq!(training.attendable(day("2026-10-10")), Ok(()));
    training.attended(3, at("2026-10-10"));
    assert_eq!((training.state, training.attendees), (TrainingState::Held, 3));
    training.cancel(at("2026-10-11"));
    training.cancel(at("2026-10-12"));
    assert_eq!((training.state, training.version), (TrainingState::Cancelled, 3));
    assert_eq!(training.attendable(day("2026-10-12")), Err(TrainingRefusal::Cancelled));
    assert_eq!(training.change(TrainingForm::default(), at("2026-10-12")), Err(TrainingRefusal::Cancelled));
}

#[test]
fn attendances_are_of_known_people_once_each_and_no_longer_than_the_training() {
    let known: HashMap<_, _> = [
        staff(1, &[Post::Subject]),
        Staff { active: false, ..staff(2, &[Post::Subject]) },
        Staff { school: Some(SchoolId(Uuid::from_u128(2))), ..staff(3, &[Post::Subject]) },
    ]
    .into_iter()
    .map(|staff| (staff.id, staff))
    .collect();
    let one =
        |number: u128, minutes| AttendanceForm { staff: Some(StaffId(Uuid::from_u128(number))), minutes };
    let given = [one(1, 180), one(1, 181), one(2, 10), one(3, 10), one(4, -1)];
    let mut v = Violations::new();
    training().check_attendances(&mut v, &given, &known);
    assert_eq!(
        noted(v),
        [
            "attendances[1].minutes OUT_OF_RANGE",
            "attendances[1].staff DUPLICATE",
            "attendances[2].staff STAFF_UNKNOWN",
            "attendances[3].staff STAFF_UNKNOWN",
            "attendances[4].minutes OUT_OF_RANGE",
            "attendances[4].staff STAFF_UNKNOWN"
        ]
    );
    let county = Training { organiser: None, ..training() };
    let mut v = Violations::new();
    county.check_attendances(&mut v, &[one(3, 10)], &known);
    assert!(v.is_empty(), "the county trains everybody");
}

#[test]
fn a_training_never_becomes_shorter_than_what_was_attended() {
    let mut v = Violations::new();
    let form = TrainingForm { minutes: Some(90), date: Some(day("2026-11-01")), ..TrainingForm::default() };
    form.check(&mut v, dates("2026-10-12"), 120);
    assert_eq!(noted(v), ["training.date DATE_IN_FUTURE", "training.minutes OUT_OF_RANGE"]);
}

#[test]
fn everybody_in_every_group_reaches_the_hours_or_the_school_does_not() {
    let team =
        [staff(1, &[Post::Principal]), staff(2, &[Post::Homeroom, Post::Subject]), staff(3, &[Post::Nurse])];
    let attended = |a: i64, b: i64| {
        HashMap::from([
            (team[0].id, Attended { trainings: 1, minutes: a }),
            (team[1].id, Attended { trainings: 1, minutes: b }),
        ])
    };
    let all = figure(&team, &attended(480, 480), 8);
    assert!(all.reached, "the nurse is in none of the five groups");
    let one_short = figure(&team, &attended(480, 479), 8);
    assert!(!one_short.reached);
    let subject = one_short.groups.iter().find(|g| g.group == StaffGroup::Subject).unwrap();
    assert_eq!(
        (subject.staff, subject.trained, subject.reached, subject.lowest),
        (1, 1, 0, Hours::of(479, 60))
    );
    assert!(!figure(&[], &HashMap::new(), 8).reached);
}

#[test]
fn a_certificate_is_good_until_its_last_day() {
    let certificate =
        Certificate { expires_on: Some(day("2026-12-31")), ..qualification(1, &[Stage::Primary]) };
    for (today, state) in [
        ("2026-11-01", CertificateState::Valid),
        ("2026-11-02", CertificateState::Expiring),
        ("2026-12-31", CertificateState::Expiring),
        ("2027-01-01", CertificateState::Expired),
    ] {
        assert_eq!(certificate.state(day(today)), state, "{today}");
    }
    let mut revoked = certificate;
    revoked.revoke();
    assert_eq!(revoked.state(day("2026-11-01")), CertificateState::Revoked);
    assert!(!revoked.qualifies(Stage::Primary, day("2026-11-01")));
}

#[test]
fn what_belongs_to_qualifications_stays_with_them() {
    let mut v = Violations::new();
    let form = CertificateForm {
        kind: Some(CertificateKind::Training),
        stages: BTreeSet::from([Stage::Primary]),
        training: Some(TrainingId(Uuid::from_u128(3))),
        title: "危机干预".to_owned(),
        issuer: String::new(),
        issued_on: Some(day("2026-10-20")),
        expires_on: Some(day("2026-10-19")),
        within_establishment: true,
        practice_since: None,
    };
    form.check(&mut v, day("2026-10-15"), &staff(1, &[Post::Subject]), false);
    assert_eq!(
        noted(v),
        [
            "certificate.issuer REQUIRED",
            "certificate.issue_date DATE_IN_FUTURE",
            "certificate.expire_date ENDS_BEFORE_START",
            "certificate.training TRAINING_NOT_ATTENDED",
            "certificate.stages NOT_ALLOWED",
            "certificate.within_establishment NOT_ALLOWED"
        ]
    );
}

#[test]
fn each_stage_needs_a_full_time_qualified_person_of_its_own() {
    let both = school(&[Stage::Primary, Stage::Junior]);
    let on = day("2026-10-15");
    let full = |number| staff(number, &[Post::Psychologist]);
    let filled = |staff: &[Staff], certificates: &[Certificate]| -> Vec<bool> {
        staffing(&both, staff, certificates, on).stages.iter().map(|stage| stage.filled).collect()
    };
    let wide = qualification(1, &[Stage::Primary, Stage::Junior]);
    assert_eq!(filled(&[full(1)], std::slice::from_ref(&wide)), [true, false], "one person fills one stage");
    assert_eq!(
        filled(&[full(1), full(2)], &[wide.clone(), qualification(2, &[Stage::Primary])]),
        [true, true],
        "the one who may do both leaves primary to the one who may not"
    );
    let away = Staff { on_leave: true, ..full(1) };
    assert_eq!(filled(&[away], std::slice::from_ref(&wide)), [false, false], "nobody on leave");
    let part_time = staff(1, &[Post::PsychologistPartTime]);
    assert_eq!(filled(&[part_time], &[wide]), [false, false], "nobody part time");
    assert!(!staffing(&school(&[]), &[], &[], on).filled());
}

#[test]
fn everybody_has_a_tier() {
    let team = [
        staff(1, &[Post::Psychologist, Post::Homeroom]),
        staff(2, &[Post::Homeroom]),
        staff(3, &[Post::Nurse]),
        Staff { active: false, ..staff(4, &[Post::Nurse]) },
    ];
    let found = staffing(&school(&[Stage::Primary]), &team, &[], day("2026-10-15"));
    let counts: Vec<_> = TeamTier::ALL.iter().map(|tier| found.count(*tier)).collect();
    assert_eq!(counts, [1, 1, 1]);
}

#[test]
fn a_plan_is_for_a_grade_that_the_school_teaches() {
    let unit = |hours| Unit { topic: "情绪".to_owned(), lesson_hours: hours, educations: BTreeSet::new() };
    for (year, grade, units, reasons) in [
        (2026, 3, vec![unit(2)], vec![]),
        (
            2028,
            13,
            vec![],
            vec![
                "teaching_plan.school_year OUT_OF_RANGE",
                "teaching_plan.grade OUT_OF_RANGE",
                "teaching_plan.units REQUIRED",
            ],
        ),
        (
            2027,
            7,
            vec![unit(0)],
            vec!["teaching_plan.grade STAGE_NOT_TAUGHT", "teaching_plan.units[0].lesson_hours OUT_OF_RANGE"],
        ),
    ] {
        let mut v = Violations::new();
        let form = PlanForm {
            year: Some(year),
            grade: Some(grade),
            kind: Some(LessonKind::Universal),
            title: Some("三年级".to_owned()),
            units: Some(units),
        };
        form.check(&mut v, SchoolYear(2026), &school(&[Stage::Primary]));
        assert_eq!(noted(v), reasons, "{year} {grade}");
    }
}

proptest! {
    #[test]
    fn more_attendance_never_lowers_a_group(minutes in prop::collection::vec(0_i64..900, 1..8), more in 1_i64..500) {
        let team: Vec<_> = (0..minutes.len()).map(|n| staff(n as u128 + 1, &[Post::Homeroom])).collect();
        let of = |minutes: &[i64]| {
            let attended = team.iter().zip(minutes).map(|(s, m)| (s.id, Attended { trainings: 1, minutes: *m })).collect();
            figure(&team, &attended, 8)
        };
        let before = of(&minutes);
        let mut richer = minutes.clone();
        richer[0] += more;
        let after = of(&richer);
        for (before, after) in before.groups.iter().zip(&after.groups) {
            prop_assert!(after.reached >= before.reached && after.hours >= before.hours && after.lowest >= before.lowest);
        }
        prop_assert!(after.reached >= before.reached);
    }

    #[test]
    fn another_qualification_never_empties_a_stage(bits in prop::collection::vec(0_u8..8, 1..5), more in 1_u8..8) {
        let all = school(&[Stage::Primary, Stage::Junior, Stage::Senior]);
        let of = |bits: u8| -> Vec<Stage> {
            Stage::ALL.iter().enumerate().filter(|(at, _)| bits & (1 << at) != 0).map(|(_, stage)| *stage).collect()
        };
        let team: Vec<_> = (0..bits.len()).map(|n| staff(n as u128 + 1, &[Post::Psychologist])).collect();
        let mut certificates: Vec<_> =
            bits.iter().enumerate().map(|(n, bits)| qualification(n as u128 + 1, &of(*bits))).collect();
        let count = |certificates: &[Certificate]| {
            staffing(&all, &team, certificates, day("2026-10-15")).stages.iter().filter(|s| s.filled).count()
        };
        let before = count(&certificates);
        certificates.push(qualification(1, &of(more)));
        prop_assert!(count(&certificates) >= before);
    }
}
