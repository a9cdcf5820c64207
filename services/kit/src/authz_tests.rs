use super::*;
use crate::{ctx::Grant, role::Role};

const SCHEMA: &[(&str, &str)] = &[
    ("common", include_str!("../../../seeds/access/common.cedarschema")),
    (
        "x",
        r#"action "x.read", "x.own", "x.write" appliesTo { principal: [User, Service], resource: [Target] };"#,
    ),
];

const POLICIES: &str = r#"
permit(principal is User, action == Action::"x.read", resource)
when { resource has school && principal.psychologist.contains(resource.school) };
permit(principal is User, action == Action::"x.read", resource)
when { resource has class && principal.homeroom.contains(resource.class) };
permit(principal is User, action == Action::"x.read", resource)
when { resource has student && principal.guardian.contains(resource.student) };
permit(principal is User, action == Action::"x.own", resource)
when { resource has owner && resource.owner == principal };
permit(principal is User, action == Action::"x.read", resource)
when { principal.county.contains("county_centre") && resource has state && resource.state == "orange" };
"#;

fn authorizer() -> Authorizer {
    Authorizer::new(SCHEMA, &[("x", POLICIES)]).unwrap()
}

fn person(grants: &[(&str, Scope)]) -> Principal {
    let grants =
        grants.iter().map(|(role, scope)| Grant { role: (*role).to_owned(), scope: *scope }).collect();
    Principal::user(Uuid::from_u128(99), grants)
}

const S1: Uuid = Uuid::from_u128(1);
const S2: Uuid = Uuid::from_u128(2);
const C1: Uuid = Uuid::from_u128(11);
const P1: Uuid = Uuid::from_u128(21);

#[test]
fn nothing_is_permitted_by_default() {
    let authz = authorizer();
    let target = Target::new("x").school(S1).class(C1).student(P1);
    for who in [Principal::anybody(), person(&[]), person(&[("principal", Scope::School(S1))])] {
        assert!(!authz.permits(&who, "x.read", &target));
        assert!(!authz.permits(&who, "x.write", &target));
    }
    assert!(!authz.permits(&Principal::service(Role::Crisis), "x.read", &target));
}

#[test]
fn a_role_counts_where_it_holds_and_only_with_its_own_kind_of_scope() {
    let authz = authorizer();
    let here = Target::new("x").school(S1);
    assert!(authz.permits(&person(&[("psychologist", Scope::School(S1))]), "x.read", &here));
    assert!(!authz.permits(&person(&[("psychologist", Scope::School(S2))]), "x.read", &here));
    assert!(!authz.permits(&person(&[("psychologist", Scope::County)]), "x.read", &here));
    assert!(!authz.permits(&person(&[("psychologist", Scope::Student(S1))]), "x.read", &here));
}

#[test]
fn lists_show_what_single_reads_permit() {
    let authz = authorizer();
    let who = person(&[
        ("psychologist", Scope::School(S1)),
        ("homeroom", Scope::Class { school: S2, class: C1 }),
        ("guardian", Scope::Student(P1)),
        ("principal", Scope::School(S2)),
    ]);
    let seen = authz.visibility_of(&who, "x.read").unwrap();
    assert!(!seen.all);
    assert_eq!(seen.schools, IdList::from(vec![S1]));
    assert_eq!(seen.classes, IdList::from(vec![C1]));
    assert_eq!(seen.students, IdList::from(vec![P1]));
    assert_eq!(authz.visibility_of(&who, "x.write"), None);
    assert_eq!(authz.visibility_of(&who, "x.own").unwrap().owner, Some(Uuid::from_u128(99)));
}

#[test]
fn a_policy_that_does_not_fit_the_schema_keeps_the_program_from_starting() {
    let typo = r#"permit(principal is User, action == Action::"x.raed", resource);"#;
    assert!(matches!(Authorizer::new(SCHEMA, &[("x", typo)]), Err(PolicyError::Mismatch(_))));
    let wrong =
        r#"permit(principal is User, action == Action::"x.read", resource) when { resource.school == "a" };"#;
    assert!(matches!(Authorizer::new(SCHEMA, &[("x", wrong)]), Err(PolicyError::Mismatch(_))));
    assert!(matches!(Authorizer::new(SCHEMA, &[("x", "permit(")]), Err(PolicyError::Policy { .. })));
}
