//! Whatever people do in whatever order, a colour is in force only with the signatures that the policy asks for.

use super::{
    noon,
    proposals::{by, propose, situation},
    user,
};
use crate::domain::{
    colour::{Capacity, Colour, requirement},
    proposal::{Effect, Proposal, ProposalState},
};
use chrono::Duration;
use proptest::prelude::*;
use std::collections::HashSet;

#[derive(Debug, Clone)]
enum Act {
    Sign(u128, Capacity),
    Reject,
    Withdraw(u128),
    Overtake,
}

fn any_act() -> impl Strategy<Value = Act> {
    let capacity = prop::sample::select(Capacity::ALL);
    prop_oneof![
        6 => (1u128..6, capacity).prop_map(|(who, capacity)| Act::Sign(who, capacity)),
        1 => Just(Act::Reject),
        1 => (1u128..3).prop_map(Act::Withdraw),
        1 => Just(Act::Overtake),
    ]
}

fn any_change() -> impl Strategy<Value = (Colour, Colour, bool)> {
    let colour = prop::sample::select(Colour::ALL);
    (colour.clone(), colour, any::<bool>())
        .prop_filter("a change", |(from, to, _)| from != to)
        .prop_map(|(from, to, urgent)| (from, to, urgent && to == Colour::Orange))
}

fn play(proposal: &Proposal, colour: Colour, act: &Act) -> Option<(Proposal, Effect)> {
    match act {
        Act::Sign(who, capacity) => {
            proposal.sign(by(*who, *capacity), situation(colour), Duration::hours(24)).ok()
        }
        Act::Reject => proposal.reject("…".into(), noon()).ok().map(|next| (next, Effect::None)),
        Act::Withdraw(who) => proposal.withdraw(user(*who), noon()).ok().map(|next| (next, Effect::None)),
        Act::Overtake => proposal.overtaken(noon()).map(|next| (next, Effect::None)),
    }
}

fn holds(proposal: &Proposal, in_force: bool) -> Result<(), TestCaseError> {
    let signers: HashSet<_> = proposal.signatures.iter().map(|s| s.signer).collect();
    prop_assert_eq!(signers.len(), proposal.signatures.len(), "nobody signs twice");
    let needs = requirement(proposal.from, proposal.to).unwrap().signers;
    let specialist = proposal.signatures.iter().any(|s| s.capacity.is_specialist());
    let complete = signers.len() == needs.count() && specialist;
    prop_assert!(signers.len() <= needs.count());
    prop_assert_eq!(proposal.state == ProposalState::Signed, complete, "signed means fully signed");
    if in_force {
        prop_assert!(complete || (proposal.urgent && !signers.is_empty()));
    } else {
        prop_assert!(!complete && proposal.forced_at.is_none());
    }
    Ok(())
}

proptest! {
    #[test]
    fn a_colour_is_in_force_only_with_the_signatures_it_needs(
        (from, to, urgent) in any_change(),
        acts in prop::collection::vec(any_act(), 0..12),
    ) {
        let mut proposal = propose(from, to, urgent);
        let mut colour = from;
        let mut times_in_force = 0;
        for act in &acts {
            let before = proposal.clone();
            let Some((next, effect)) = play(&proposal, colour, act) else { continue };
            let live = matches!(before.state, ProposalState::Open | ProposalState::AwaitingSecond);
            prop_assert!(live, "nothing leads out of {:?}", before.state);
            if effect == Effect::InForce {
                colour = to;
                times_in_force += 1;
            }
            prop_assert!(next.signatures.starts_with(&before.signatures), "signatures are never taken back");
            holds(&next, times_in_force > 0)?;
            proposal = next;
        }
        prop_assert!(times_in_force <= 1);
    }
}
