//! Requests for help, and consents.

use super::*;
use crate::domain::{
    consent::{Consent, ConsentForm, ConsentState, NotGiven, Purpose, check_decision},
    guidance::{GuidanceRefusal, GuidanceRequest, GuidanceState, REPLIES_MAX, Recipient, Reply},
    ids::{ConsentId, FormId, GuidanceId},
};

fn request() -> GuidanceRequest {
    GuidanceRequest {
        id: GuidanceId(Uuid::from_u128(8)),
        student: student(),
        school: school(),
        class: Some(class(1)),
        author: user(1),
        recipient: Recipient::Homeroom,
        text: "孩子晚上睡不着".to_owned(),
        urgent: false,
        state: GuidanceState::Open,
        replies: Vec::new(),
        version: 1,
        created_at: at("2026-11-20"),
    }
}

fn says(who: u128) -> Reply {
    Reply { author: user(who), text: "……".to_owned(), at: at("2026-11-21") }
}

#[test]
fn staff_answer_and_a_guardian_who_says_more_opens_it_again() {
    let mut request = request();
    request.reply(says(2)).unwrap();
    assert_eq!(request.state, GuidanceState::Answered);
    request.reply(says(1)).unwrap();
    assert_eq!((request.state, request.replies.len()), (GuidanceState::Open, 2));
}

#[test]
fn staff_do_not_settle_what_nobody_has_answered() {
    let mut request = request();
    assert_eq!(request.close(user(2)), Err(GuidanceRefusal::Unanswered));
    request.reply(says(2)).unwrap();
    assert_eq!(request.close(user(2)), Ok(()));
    assert_eq!(request.close(user(2)), Ok(()), "once more changes nothing");
    assert_eq!((request.version, request.reply(says(2))), (3, Err(GuidanceRefusal::Closed)));
}

#[test]
fn a_guardian_may_take_a_request_back() {
    let mut request = request();
    assert_eq!(request.close(user(1)), Ok(()));
    assert_eq!(request.state, GuidanceState::Closed);
}

#[test]
fn a_request_holds_so_many_replies() {
    let mut request = request();
    for _ in 0..REPLIES_MAX {
        request.reply(says(2)).unwrap();
    }
    assert_eq!(request.reply(says(2)), Err(GuidanceRefusal::Full));
}

fn form(of: Option<SchoolId>, current: bool) -> ConsentForm {
    ConsentForm {
        id: FormId(Uuid::from_u128(4)),
        school: of,
        purpose: Purpose::Screening,
        version: 2,
        title: "心理健康测评知情同意书".to_owned(),
        text: "……".to_owned(),
        current,
        created_at: at("2026-09-10"),
    }
}

#[test]
fn only_a_current_form_of_the_school_or_the_county_is_decided_on() {
    let elsewhere = SchoolId(Uuid::from_u128(2));
    for (form, decision, reasons) in [
        (Some(form(None, true)), ConsentState::Given, vec![]),
        (Some(form(Some(school()), true)), ConsentState::Refused, vec![]),
        (Some(form(Some(school()), false)), ConsentState::Given, vec!["form FORM_SUPERSEDED"]),
        (Some(form(Some(elsewhere), true)), ConsentState::Given, vec!["form FORM_UNKNOWN"]),
        (None, ConsentState::Withdrawn, vec!["form FORM_UNKNOWN", "decision UNKNOWN_VALUE"]),
    ] {
        let mut v = Violations::new();
        check_decision(&mut v, form.as_ref(), school(), Some(decision));
        assert_eq!(noted(v), reasons, "{form:?}");
    }
}

#[test]
fn only_what_holds_can_be_withdrawn() {
    for (state, outcome) in [
        (ConsentState::Given, Ok(())),
        (ConsentState::Refused, Err(NotGiven)),
        (ConsentState::Withdrawn, Err(NotGiven)),
        (ConsentState::Superseded, Err(NotGiven)),
    ] {
        let mut consent = Consent {
            id: ConsentId(Uuid::from_u128(5)),
            student: student(),
            school: school(),
            class: class(1),
            form: FormId(Uuid::from_u128(4)),
            purpose: Purpose::Screening,
            form_version: 2,
            guardian: user(1),
            state,
            decided_at: at("2026-09-11"),
            ended_at: None,
            version: 1,
        };
        assert_eq!(consent.withdraw(at("2026-11-20")), outcome, "{state:?}");
        assert_eq!(consent.ended_at.is_some(), outcome.is_ok());
    }
}
