//! Committees and their members.

use super::*;
use crate::domain::{
    committee::{Committee, CommitteeForm, CommitteeLevel, CommitteeRole, Member, MemberForm},
    ids::{CommitteeId, MemberId},
};
use proptest::prelude::*;

fn committee(members: Vec<Member>) -> Committee {
    Committee {
        id: CommitteeId(Uuid::from_u128(7)),
        school: school(),
        class: None,
        founded_on: day("2025-09-10"),
        attachment: String::new(),
        members,
        version: 1,
        created_at: at("2025-09-10"),
    }
}

fn member(number: u128, role: CommitteeRole, from: &str, to: &str) -> Member {
    Member {
        id: MemberId(Uuid::from_u128(number)),
        display_name: format!("家长{number}"),
        role,
        starts_on: day(from),
        ends_on: day(to),
    }
}

fn trio() -> Vec<Member> {
    vec![
        member(1, CommitteeRole::Chair, "2025-09-10", "2027-09-09"),
        member(2, CommitteeRole::Member, "2025-09-10", "2026-12-31"),
        member(3, CommitteeRole::Member, "2025-09-10", "2027-09-09"),
    ]
}

#[test]
fn a_committee_works_with_enough_members_and_a_chair() {
    let committee = committee(trio());
    for (today, needed, works) in [
        ("2025-09-09", 3, false),
        ("2025-09-10", 3, true),
        ("2026-12-31", 3, true),
        ("2027-01-01", 3, false),
        ("2027-01-01", 2, true),
        ("2027-09-10", 0, false),
    ] {
        assert_eq!(committee.in_office(day(today), needed), works, "{today} {needed}");
    }
}

#[test]
fn two_chairs_never_serve_at_once() {
    let committee = committee(trio());
    for (from, to, reasons) in [
        ("2027-09-09", "2028-09-08", vec!["member.role CHAIR_ALREADY_THERE"]),
        ("2027-09-10", "2028-09-08", vec![]),
        ("2024-01-01", "2025-09-10", vec!["member.role CHAIR_ALREADY_THERE"]),
        ("2024-01-01", "2025-09-09", vec![]),
    ] {
        let form = MemberForm {
            display_name: "新主任".to_owned(),
            role: Some(CommitteeRole::Chair),
            starts_on: Some(day(from)),
            ends_on: Some(day(to)),
        };
        let mut v = Violations::new();
        committee.check_member(&mut v, &form);
        assert_eq!(noted(v), reasons, "{from} {to}");
    }
}

#[test]
fn a_term_has_an_end_within_five_years() {
    for (from, to, reasons) in [
        ("2026-09-01", "2031-09-01", vec![]),
        ("2026-09-01", "2031-09-02", vec!["member.end_date OUT_OF_RANGE"]),
        ("2026-09-01", "2026-08-31", vec!["member.end_date ENDS_BEFORE_START"]),
    ] {
        let form = MemberForm {
            display_name: "家长".to_owned(),
            role: Some(CommitteeRole::Member),
            starts_on: Some(day(from)),
            ends_on: Some(day(to)),
        };
        let mut v = Violations::new();
        committee(vec![]).check_member(&mut v, &form);
        assert_eq!(noted(v), reasons, "{from} {to}");
    }
}

#[test]
fn a_term_ends_early_within_itself() {
    let mut committee = committee(trio());
    let mut v = Violations::new();
    let id = MemberId(Uuid::from_u128(2));
    assert!(committee.end(&mut v, id, day("2027-01-01")).is_some());
    assert_eq!(noted(v), ["end_date OUT_OF_RANGE"]);
    let mut v = Violations::new();
    assert!(committee.end(&mut v, id, day("2026-03-01")).is_some());
    assert!(v.is_empty() && committee.version == 2 && !committee.in_office(day("2026-03-02"), 3));
    assert!(committee.end(&mut Violations::new(), MemberId(Uuid::from_u128(9)), day("2026-03-01")).is_none());
}

#[test]
fn a_committee_is_of_the_school_or_of_one_of_its_classes() {
    for (level, class, reasons) in [
        (CommitteeLevel::School, None, vec![]),
        (CommitteeLevel::School, Some(class(1)), vec!["committee.class NOT_ALLOWED"]),
        (CommitteeLevel::Class, Some(class(1)), vec![]),
        (CommitteeLevel::Class, Some(class(9)), vec!["committee.class CLASS_UNKNOWN"]),
        (CommitteeLevel::Class, None, vec!["committee.class REQUIRED"]),
    ] {
        let form = CommitteeForm {
            level: Some(level),
            class,
            founded_on: Some(day("2025-09-10")),
            attachment: String::new(),
        };
        let mut v = Violations::new();
        form.check(&mut v, day("2026-11-24"), &classes(2));
        assert_eq!(noted(v), reasons, "{level:?} {class:?}");
    }
}

proptest! {
    #[test]
    fn another_member_never_puts_a_committee_out_of_office(start in 0_u64..900, length in 0_u64..900, today in 0_u64..1800) {
        let (first, today) = (day("2025-01-01"), day("2025-01-01") + chrono::Days::new(today));
        let before = committee(trio());
        let mut after = before.clone();
        after.add(Member {
            id: MemberId(Uuid::from_u128(9)),
            display_name: "家长".to_owned(),
            role: CommitteeRole::Member,
            starts_on: first + chrono::Days::new(start),
            ends_on: first + chrono::Days::new(start + length),
        });
        prop_assert!(after.in_office(today, 3) >= before.in_office(today, 3));
    }
}
