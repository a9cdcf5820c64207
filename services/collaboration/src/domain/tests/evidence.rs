//! What may be logged: events, visits, activities with partners.

use super::*;
use crate::domain::{
    evidence::{EvidenceRefusal, EvidenceState},
    family_event::{AttendanceForm, FamilyEventForm, FamilyEventKind},
    home_visit::{Said, VisitForm, VisitMode, VisitTopic},
    ids::PartnerId,
    parent_school::{ParentSchool, SyllabusUnit, check_units},
    partner::{Partner, PartnerActivityForm, PartnerKind, PartnershipForm},
};

fn unit(topic: &str, psychology: bool) -> SyllabusUnit {
    SyllabusUnit { topic: topic.to_owned(), psychology }
}

fn parents() -> ParentSchool {
    ParentSchool {
        school: school(),
        units: vec![unit("青春期心理", true), unit("家庭阅读", false)],
        version: 1,
        created_at: at("2026-09-10"),
        updated_at: at("2026-09-10"),
    }
}

fn event(kind: FamilyEventKind, topic: &str) -> FamilyEventForm {
    FamilyEventForm {
        kind: Some(kind),
        date: Some(day("2026-11-20")),
        topic: topic.to_owned(),
        minutes: 90,
        attendances: vec![AttendanceForm { class: Some(class(1)), invited: 40, attended: 35 }],
        attachment: String::new(),
    }
}

fn wrong(form: &FamilyEventForm, parents: Option<&ParentSchool>) -> Vec<String> {
    let mut v = Violations::new();
    form.check(&mut v, dates("2026-11-24"), &classes(2), parents);
    noted(v)
}

#[test]
fn a_parent_lesson_teaches_a_unit_of_the_syllabus() {
    let parents = parents();
    for (topic, syllabus, reasons) in [
        ("青春期心理", Some(&parents), vec![]),
        ("炒股", Some(&parents), vec!["family_event.topic TOPIC_NOT_IN_SYLLABUS"]),
        ("青春期心理", None, vec!["family_event.kind PARENT_SCHOOL_MISSING"]),
    ] {
        assert_eq!(wrong(&event(FamilyEventKind::ParentLesson, topic), syllabus), reasons, "{topic}");
    }
    assert!(wrong(&event(FamilyEventKind::OpenDay, "炒股"), None).is_empty());
}

#[test]
fn psychology_follows_from_the_unit_and_the_kind() {
    let parents = parents();
    for (kind, topic, psychology) in [
        (FamilyEventKind::ParentLesson, "青春期心理", true),
        (FamilyEventKind::ParentLesson, "家庭阅读", false),
        (FamilyEventKind::ParentSession, "怎么都行", true),
        (FamilyEventKind::OpenDay, "青春期心理", false),
    ] {
        assert_eq!(event(kind, topic).psychology(Some(&parents)), psychology, "{kind:?} {topic}");
    }
}

#[test]
fn attendance_is_of_the_schools_classes_once_each_and_no_more_than_invited() {
    let one = |number, invited, attended| AttendanceForm { class: Some(class(number)), invited, attended };
    let form = FamilyEventForm {
        attendances: vec![one(1, 40, 41), one(1, 0, 0), one(9, 10, 10)],
        ..event(FamilyEventKind::OpenDay, "开放日")
    };
    assert_eq!(
        wrong(&form, None),
        [
            "family_event.attendances[0].attended OUT_OF_RANGE",
            "family_event.attendances[1].invited OUT_OF_RANGE",
            "family_event.attendances[1].class DUPLICATE",
            "family_event.attendances[2].class CLASS_UNKNOWN"
        ]
    );
    let nobody = FamilyEventForm { attendances: vec![], ..form };
    assert_eq!(wrong(&nobody, None), ["family_event.attendances REQUIRED"]);
}

#[test]
fn everything_wrong_with_an_event_is_noted_at_once() {
    let form = FamilyEventForm {
        date: Some(day("2026-11-25")),
        topic: String::new(),
        minutes: 5,
        attachment: "x".repeat(301),
        ..event(FamilyEventKind::ParentLesson, "")
    };
    assert_eq!(
        wrong(&form, None),
        [
            "family_event.date DATE_IN_FUTURE",
            "family_event.topic REQUIRED",
            "family_event.minutes OUT_OF_RANGE",
            "family_event.attachment TOO_LONG",
            "family_event.kind PARENT_SCHOOL_MISSING"
        ]
    );
}

#[test]
fn a_syllabus_has_units_that_differ() {
    let mut v = Violations::new();
    check_units(&mut v, &[unit("甲", true), unit("", false), unit("甲", false)]);
    check_units(&mut v, &[]);
    assert_eq!(
        noted(v),
        [
            "parent_school.units[1].topic REQUIRED",
            "parent_school.units[2].topic DUPLICATE",
            "parent_school.units REQUIRED"
        ]
    );
    assert!(parents().teaches_psychology());
    assert!(!ParentSchool { units: vec![unit("家庭阅读", false)], ..parents() }.teaches_psychology());
}

#[test]
fn a_visit_says_when_where_whom_and_about_what() {
    let proper = VisitForm {
        date: Some(day("2026-11-20")),
        mode: Some(VisitMode::Home),
        said: Said {
            topics: BTreeSet::from([VisitTopic::Family]),
            met: "母亲".to_owned(),
            ..Said::default()
        },
    };
    let table = [
        (proper.clone(), vec![]),
        (
            VisitForm { date: Some(day("2026-08-31")), ..proper.clone() },
            vec!["home_visit.date DATE_OUTSIDE_SCHOOL_YEAR"],
        ),
        (
            VisitForm { said: Said { notes: "字".repeat(4001), ..Said::default() }, ..proper },
            vec!["home_visit.topics REQUIRED", "home_visit.met REQUIRED", "home_visit.notes TOO_LONG"],
        ),
    ];
    for (form, reasons) in table {
        let mut v = Violations::new();
        form.check(&mut v, dates("2026-11-24"));
        assert_eq!(noted(v), reasons);
    }
}

#[test]
fn activities_are_with_partners_that_are_there() {
    let partner = Partner {
        id: PartnerId(Uuid::from_u128(3)),
        kind: PartnerKind::CareCommittee,
        display_name: "县关工委".to_owned(),
        contact: String::new(),
        active: true,
        version: 1,
        created_at: at("2026-09-10"),
    };
    let mut ended = partner.clone();
    ended.end();
    ended.end();
    assert_eq!(ended.version, 2, "ended once");
    let form = PartnerActivityForm {
        partner: Some(partner.id),
        form: Some(PartnershipForm::Talk),
        date: Some(day("2026-11-20")),
        topic: "家庭教育讲座".to_owned(),
        participants: 80,
        attachment: String::new(),
    };
    for (partner, reasons) in [
        (Some(&partner), vec![]),
        (Some(&ended), vec!["partner_activity.partner PARTNER_UNKNOWN"]),
        (None, vec!["partner_activity.partner PARTNER_UNKNOWN"]),
    ] {
        let mut v = Violations::new();
        form.check(&mut v, dates("2026-11-24"), partner);
        assert_eq!(noted(v), reasons);
    }
}

#[test]
fn evidence_is_voided_once_and_while_its_year_is_open() {
    let october = day("2026-10-12");
    for (today, state, outcome) in [
        ("2026-11-24", EvidenceState::Held, Ok(())),
        ("2027-09-30", EvidenceState::Held, Ok(())),
        ("2027-10-01", EvidenceState::Held, Err(EvidenceRefusal::YearClosed)),
        ("2026-11-24", EvidenceState::Voided, Err(EvidenceRefusal::Voided)),
    ] {
        assert_eq!(dates(today).voidable(state, october), outcome, "{today} {state:?}");
    }
}
