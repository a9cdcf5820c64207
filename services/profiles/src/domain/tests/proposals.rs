use super::{noon, pupil, user};
use crate::domain::{
    colour::{Capacity, Colour, Signers, requirement},
    ids::ProposalId,
    proposal::{
        ColourFault, Draft, Effect, Evidence, EvidenceKind, Proposal, ProposalState, Signature, Situation,
    },
};
use Capacity::{CountyCentre, Deputy, Principal, Psychologist, Support};
use Colour::{Green, Orange, Yellow};
use chrono::Duration;
use uuid::Uuid;

pub(super) fn situation(colour: Colour) -> Situation {
    Situation { colour, sealed: false, has_place: true, open_proposal: false, open_referral: false }
}

pub(super) fn draft(to: Colour, urgent: bool, kinds: &[EvidenceKind]) -> Draft {
    let item = |kind: &EvidenceKind| Evidence { kind: *kind, resource: String::new(), summary: "…".into() };
    Draft { to, urgent, reasons: "…".into(), evidence: kinds.iter().map(item).collect() }
}

pub(super) fn propose(from: Colour, to: Colour, urgent: bool) -> Proposal {
    let draft = draft(to, urgent, &[EvidenceKind::FollowUp]);
    Proposal::make(ProposalId(Uuid::nil()), pupil(), user(1), draft, situation(from), noon()).unwrap()
}

pub(super) fn by(number: u128, capacity: Capacity) -> Signature {
    Signature { signer: user(number), capacity, signed_at: noon() + Duration::hours(1), note: String::new() }
}

fn sign(proposal: &Proposal, signature: Signature) -> Result<(Proposal, Effect), ColourFault> {
    proposal.sign(signature, situation(proposal.from), Duration::hours(24))
}

#[test]
fn what_each_change_needs() {
    for (from, to, signers, proof) in [
        (Green, Yellow, Signers::Psychologist, false),
        (Green, Orange, Signers::TwoWithSpecialist, false),
        (Yellow, Orange, Signers::TwoWithSpecialist, false),
        (Yellow, Green, Signers::TwoWithSpecialist, false),
        (Orange, Yellow, Signers::TwoWithSpecialist, true),
        (Orange, Green, Signers::TwoWithSpecialist, true),
    ] {
        let needs = requirement(from, to).unwrap();
        assert_eq!((needs.signers, needs.proof_of_recovery), (signers, proof), "{from:?} {to:?}");
    }
    assert!(Colour::ALL.iter().all(|colour| requirement(*colour, *colour).is_none()));
}

#[test]
fn green_to_yellow_needs_a_psychologist_and_nobody_else() {
    let proposal = propose(Green, Yellow, false);
    for other in [CountyCentre, Principal, Deputy, Support] {
        assert_eq!(sign(&proposal, by(2, other)), Err(ColourFault::PsychologistNeeded));
    }
    let (signed, effect) = sign(&proposal, by(2, Psychologist)).unwrap();
    assert_eq!((signed.state, effect), (ProposalState::Signed, Effect::InForce));
    assert_eq!(signed.forced_at, Some(noon() + Duration::hours(1)));
}

#[test]
fn a_psychologist_may_sign_an_own_proposal_once() {
    let (signed, effect) = sign(&propose(Green, Yellow, false), by(1, Psychologist)).unwrap();
    assert_eq!((signed.state, effect), (ProposalState::Signed, Effect::InForce));
    let (half, effect) = sign(&propose(Yellow, Orange, false), by(1, Psychologist)).unwrap();
    assert_eq!(effect, Effect::None);
    assert_eq!(sign(&half, by(1, Psychologist)), Err(ColourFault::SignedAlready));
    assert_eq!(sign(&half, by(1, Principal)), Err(ColourFault::SignedAlready));
}

#[test]
fn orange_needs_two_different_signers_one_of_them_a_specialist() {
    for (first, second, taken) in [
        (Psychologist, Principal, true),
        (Principal, Psychologist, true),
        (Deputy, CountyCentre, true),
        (Psychologist, CountyCentre, true),
        (Psychologist, Psychologist, true),
        (Principal, Deputy, false),
        (Support, Principal, false),
    ] {
        let (half, effect) = sign(&propose(Green, Orange, false), by(2, first)).unwrap();
        assert_eq!((half.state, effect), (ProposalState::Open, Effect::None));
        assert_eq!((half.missing_signatures(), half.specialist_missing()), (1, !first.is_specialist()));
        match sign(&half, by(3, second)) {
            Ok((signed, effect)) => {
                assert!(taken);
                assert_eq!((signed.state, effect), (ProposalState::Signed, Effect::InForce));
            }
            Err(fault) => {
                assert!(!taken);
                assert_eq!(fault, ColourFault::SpecialistNeeded);
            }
        }
    }
}

#[test]
fn every_step_down_needs_two() {
    for (from, to) in [(Yellow, Green), (Orange, Yellow), (Orange, Green)] {
        let (half, effect) = sign(&propose(from, to, false), by(2, Psychologist)).unwrap();
        assert_eq!(effect, Effect::None);
        assert_eq!(sign(&half, by(3, Support)).unwrap().1, Effect::InForce);
    }
}

#[test]
fn urgent_orange_takes_force_on_one_signature_and_keeps_a_clock_for_the_second() {
    let proposal = propose(Green, Orange, true);
    let (first, effect) = sign(&proposal, by(2, Principal)).unwrap();
    assert_eq!((first.state, effect), (ProposalState::AwaitingSecond, Effect::InForce));
    assert_eq!(first.second_due_at, Some(noon() + Duration::hours(25)));
    assert_eq!(sign(&first, by(2, Principal)), Err(ColourFault::SignedAlready));
    assert_eq!(sign(&first, by(3, Deputy)), Err(ColourFault::SpecialistNeeded));
    let orange = situation(Orange);
    let (second, effect) = first.sign(by(3, Psychologist), orange, Duration::hours(24)).unwrap();
    assert_eq!((second.state, effect), (ProposalState::Signed, Effect::Confirmed));
    assert_eq!(second.forced_at, first.forced_at);
    assert_eq!(first.reject("…".into(), noon()), Err(ColourFault::InForce));
    assert_eq!(first.withdraw(user(1), noon()), Err(ColourFault::InForce));
}

#[test]
fn what_a_proposal_must_bring() {
    let make = |draft: Draft, situation: Situation| {
        Proposal::make(ProposalId(Uuid::nil()), pupil(), user(1), draft, situation, noon()).map(|p| p.state)
    };
    let result = [EvidenceKind::Result];
    let feedback = [EvidenceKind::Result, EvidenceKind::InstitutionFeedback];
    let sealed = |colour| Situation { sealed: true, ..situation(colour) };
    let open = |colour| Situation { open_proposal: true, ..situation(colour) };
    let referred = |colour| Situation { open_referral: true, ..situation(colour) };
    let gone = |colour| Situation { has_place: false, ..situation(colour) };
    let made = Ok(ProposalState::Open);
    for (draft, situation, answer) in [
        (draft(Green, false, &result), situation(Green), Err(ColourFault::NoChange)),
        (draft(Yellow, true, &result), situation(Green), Err(ColourFault::NotUrgent)),
        (draft(Yellow, false, &[]), situation(Green), Err(ColourFault::NoEvidence)),
        (draft(Orange, true, &[]), situation(Green), made),
        (draft(Yellow, false, &result), situation(Green), made),
        (draft(Yellow, false, &result), situation(Orange), Err(ColourFault::NoProofOfRecovery)),
        (draft(Green, false, &result), situation(Yellow), made),
        (draft(Yellow, false, &feedback), situation(Orange), made),
        (draft(Yellow, false, &feedback), referred(Orange), Err(ColourFault::ReferralOpen)),
        (draft(Orange, false, &result), sealed(Green), Err(ColourFault::Sealed)),
        (draft(Orange, true, &result), sealed(Green), made),
        (draft(Yellow, false, &result), open(Green), Err(ColourFault::OtherOpen)),
        (draft(Orange, true, &result), open(Green), made),
        (draft(Yellow, false, &result), gone(Green), Err(ColourFault::Gone)),
    ] {
        assert_eq!(make(draft.clone(), situation), answer, "{draft:?} {situation:?}");
    }
}

#[test]
fn what_changed_meanwhile_stops_a_signature() {
    let down = propose(Orange, Yellow, false);
    let try_in =
        |proposal: &Proposal, situation| proposal.sign(by(2, Psychologist), situation, Duration::hours(24));
    assert_eq!(try_in(&down, situation(Yellow)), Err(ColourFault::Overtaken));
    assert_eq!(
        try_in(&down, Situation { open_referral: true, ..situation(Orange) }),
        Err(ColourFault::ReferralOpen)
    );
    assert_eq!(try_in(&down, Situation { sealed: true, ..situation(Orange) }), Err(ColourFault::Sealed));
    assert_eq!(try_in(&down, Situation { has_place: false, ..situation(Orange) }), Err(ColourFault::Gone));
}

#[test]
fn only_its_proposer_withdraws_and_a_closed_proposal_stays_closed() {
    let proposal = propose(Green, Yellow, false);
    assert_eq!(proposal.withdraw(user(2), noon()), Err(ColourFault::NotProposer));
    for closed in [
        proposal.withdraw(user(1), noon()).unwrap(),
        proposal.reject("…".into(), noon()).unwrap(),
        proposal.overtaken(noon()).unwrap(),
        sign(&proposal, by(2, Psychologist)).unwrap().0,
    ] {
        assert_eq!(sign(&closed, by(5, Psychologist)), Err(ColourFault::Closed));
        assert_eq!(closed.reject("…".into(), noon()), Err(ColourFault::Closed));
        assert_eq!(closed.withdraw(user(1), noon()), Err(ColourFault::Closed));
        assert_eq!(closed.overtaken(noon()), None);
        assert_eq!(closed.missing_signatures(), 0);
    }
}
