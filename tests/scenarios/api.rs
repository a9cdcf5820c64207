//! The API as a whole: every method's action is known to Cedar, and Cedar knows no other but views of them.

use std::collections::BTreeSet;
use xinqiao_kit::authz::Authorizer;
use xinqiao_proto::policy::methods;

#[test]
fn cedar_knows_the_actions_of_the_api_and_their_views() {
    let authorizer = Authorizer::new(xinqiao_seeds::access::SCHEMA, xinqiao_seeds::access::POLICIES).unwrap();
    let known = authorizer.actions();
    let named: BTreeSet<String> = methods().iter().map(|method| method.policy.action.clone()).collect();
    let missing: Vec<_> = named.difference(&known).collect();
    // `profiles.getStudentFull` is a fuller view of `profiles.getStudent`, asked for besides; anything else is a leftover.
    let is_view = |action: &str| named.iter().any(|method| action.starts_with(method.as_str()));
    let surplus: Vec<_> = known.difference(&named).filter(|action| !is_view(action)).collect();
    assert!(missing.is_empty(), "actions of methods that no schema declares: {missing:#?}");
    assert!(surplus.is_empty(), "actions that no method has: {surplus:#?}");
}

#[test]
fn every_policy_action_is_granted_to_somebody() {
    // An action that no policy names is a method that nobody can ever call.
    let policies: String = xinqiao_seeds::access::POLICIES.iter().map(|(_, text)| *text).collect();
    let forgotten: Vec<_> = methods()
        .iter()
        .map(|method| method.policy.action.clone())
        .filter(|action| !policies.contains(&format!("\"{action}\"")))
        .collect();
    assert!(forgotten.is_empty(), "{forgotten:#?}");
}
