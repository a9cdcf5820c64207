use super::{noon, pupil, user};
use crate::domain::{
    ids::{GuardianId, ReferralId},
    referral::{FEEDBACK_MAX, Move, Referral, ReferralState, WrongStep},
};
use uuid::Uuid;

fn referral() -> Referral {
    Referral::open(ReferralId(Uuid::nil()), pupil(), user(1), "市第八医院".into(), "…".into(), noon())
}

fn consent() -> Move {
    Move::Consent { guardian: GuardianId(Uuid::nil()), form: "签字".into() }
}

fn feedback() -> Move {
    Move::Feedback { finding: String::new(), advice: "…".into() }
}

fn way() -> [Move; 6] {
    [consent(), Move::Send, Move::Receive, feedback(), Move::PlanReturn("…".into()), Move::Close("…".into())]
}

#[test]
fn a_referral_goes_from_consent_to_return() {
    let mut states = Vec::new();
    let mut referral = referral();
    for step in way() {
        assert!(referral.is_open());
        referral = referral.take(step, noon()).unwrap();
        states.push(referral.state.word());
    }
    assert_eq!(states, ["consented", "sent", "received", "feedback", "return_planned", "closed"]);
    assert!(!referral.is_open());
    assert_eq!(referral.closed_at, Some(noon()));
}

#[test]
fn no_step_can_be_skipped_and_none_follows_the_end() {
    let mut referral = referral();
    for (at, step) in way().into_iter().enumerate() {
        for skipped in way().into_iter().skip(at + 1).filter(|step| !matches!(step, Move::Close(_))) {
            assert_eq!(referral.take(skipped, noon()), Err(WrongStep(referral.state)));
        }
        referral = referral.take(step, noon()).unwrap();
    }
    for step in way() {
        assert_eq!(referral.take(step, noon()), Err(WrongStep(ReferralState::Closed)));
    }
}

#[test]
fn it_can_be_broken_off_anywhere_and_feedback_comes_again_and_again() {
    let mut referral = referral();
    for step in way().into_iter().take(4) {
        assert_eq!(referral.take(Move::Close("…".into()), noon()).unwrap().state, ReferralState::Closed);
        referral = referral.take(step, noon()).unwrap();
    }
    for _ in 1..FEEDBACK_MAX {
        referral = referral.take(feedback(), noon()).unwrap();
    }
    assert_eq!(referral.story.feedback.len(), FEEDBACK_MAX);
    assert!(referral.take(feedback(), noon()).is_err());
}
