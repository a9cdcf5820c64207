//! Every method of the service against every role: what the table in security.md says, written down by hand.

use std::collections::BTreeSet;
use uuid::Uuid;
use xinqiao_kit::{
    authz::Target,
    ctx::{Principal, Scope},
    testing::{authorizer, user},
};
use xinqiao_proto::{api::v1::Caller, policy::methods};

const READ_PLACES: &str = "getSchool listSchools getClass listClasses getStaff listStaff";
const COLOURS: &str = "getRecord listRecords proposeColour getProposal listProposals signProposal rejectProposal \
                       listRecordHistory getTeam";
const CARE: &str = "createFollowUp listFollowUps createParentContact listParentContacts getJointPlan setJointPlan \
                    listCareNotes";
const REFERRALS: &str = "createReferral getReferral listReferrals recordReferralConsent sendReferral \
                         confirmReferralReceipt recordReferralFeedback planReferralReturn closeReferral";
const SEE_PUPILS: &str = "getStudent lookUpStudent listStudents getStudentFull";
const MANAGE: &str = "createClass updateClass closeClass createStaff updateStaff retireStaff assignPupils createStudent \
                      updateStudent transferStudent acceptTransfer cancelTransfer listTransfers leaveStudent \
                      returnStudent promoteSchool importRoster";

/// What a role may do to something that belongs to its place or pupil, and has no colour to look at.
const TABLE: &[(&str, &[&str])] = &[
    ("subject", &[READ_PLACES]),
    ("grade_leader", &[READ_PLACES]),
    ("school_admin", &[READ_PLACES, MANAGE, SEE_PUPILS, "getVacancies"]),
    (
        "principal",
        &[
            READ_PLACES,
            MANAGE,
            SEE_PUPILS,
            COLOURS,
            "assignDuty getVacancies listAttention setTeam listTeamVacancies listAlarms",
        ],
    ),
    (
        "deputy",
        &[
            READ_PLACES,
            MANAGE,
            SEE_PUPILS,
            COLOURS,
            "assignDuty getVacancies listAttention setTeam listTeamVacancies listAlarms",
        ],
    ),
    (
        "psychologist",
        &[
            READ_PLACES,
            SEE_PUPILS,
            COLOURS,
            CARE,
            REFERRALS,
            "getVacancies listAttention correctRecordHistory setTeam listTeamVacancies listAlarms",
        ],
    ),
    ("homeroom", &["getClass listClasses", SEE_PUPILS, "updateStudent listAttention createCareNote"]),
    ("peer", &[]),
    ("support", &[SEE_PUPILS, COLOURS, CARE, REFERRALS, "listAttention createCareNote"]),
    ("assigned", &["getStudent listStudents createCareNote"]),
    ("guardian", &["getStudent listStudents getJointPlan"]),
    ("pupil", &["getStudent listStudents"]),
    ("county_centre", &[READ_PLACES, "getVacancies getReferral listReferrals"]),
    ("county_duty", &[READ_PLACES]),
    ("inspector", &[READ_PLACES, "getVacancies"]),
    (
        "county_it",
        &[
            READ_PLACES,
            "createSchool batchCreateSchools importSchools updateSchool closeSchool createClass updateClass closeClass",
            "createStaff updateStaff retireStaff createStudent promoteSchool importRoster getVacancies",
        ],
    ),
    ("auditor", &[]),
];

/// What the county's centre may do besides, where something is orange.
const ORANGE: &[&str] = &[
    COLOURS,
    "getStudent listStudents listTeamVacancies listAlarms listFollowUps listParentContacts getJointPlan",
];

/// What everybody may do to what is their own.
const OWN: &[&str] = &[
    "getStaff listStaff confirmDuty withdrawProposal listCareNotes getImport listImports listImportRows downloadImportErrors",
];

fn words(lists: &[&str]) -> BTreeSet<String> {
    lists.iter().flat_map(|list| list.split_whitespace()).map(|word| format!("profiles.{word}")).collect()
}

fn place(number: u128) -> (Uuid, Uuid, Uuid) {
    let id = |kind: u128| Uuid::from_u128(number * 10 + kind);
    (id(1), id(2), id(3))
}

fn scope(role: &str, (school, class, student): (Uuid, Uuid, Uuid)) -> Scope {
    match role {
        "homeroom" | "peer" => Scope::Class { school, class },
        "support" | "assigned" | "guardian" | "pupil" => Scope::Student(student),
        "county_centre" | "county_duty" | "inspector" | "county_it" | "auditor" => Scope::County,
        _ => Scope::School(school),
    }
}

fn actions() -> BTreeSet<String> {
    let all = methods().iter().filter(|method| method.policy.caller() == Caller::Person);
    let mut actions: BTreeSet<String> = all
        .map(|method| method.policy.action.clone())
        .filter(|action| action.starts_with("profiles."))
        .collect();
    actions.insert("profiles.getStudentFull".to_owned());
    actions
}

fn permitted(who: &Principal, target: &Target) -> BTreeSet<String> {
    let all = actions().into_iter();
    all.filter(|action| authorizer().permits(who, action, target)).collect()
}

fn target((school, class, student): (Uuid, Uuid, Uuid)) -> Target {
    Target::new("any").school(school).class(class).student(student)
}

#[test]
fn each_role_may_do_what_the_table_says_at_its_own_place_and_nothing_elsewhere() {
    for (role, lists) in TABLE {
        let who = user(Uuid::from_u128(1), &[(role, scope(role, place(1)))]);
        assert_eq!(permitted(&who, &target(place(1))), words(lists), "{role} at the own place");
        let elsewhere = permitted(&who, &target(place(2)));
        if matches!(scope(role, place(1)), Scope::County) {
            assert_eq!(elsewhere, words(lists), "{role} everywhere");
        } else {
            assert_eq!(elsewhere, BTreeSet::new(), "{role} elsewhere");
        }
    }
}

#[test]
fn orange_opens_records_to_the_countys_centre_and_to_nobody_else() {
    for (role, lists) in TABLE {
        let who = user(Uuid::from_u128(1), &[(role, scope(role, place(1)))]);
        let orange = permitted(&who, &target(place(1)).state("orange"));
        let mut expected = words(lists);
        if *role == "county_centre" {
            expected.extend(words(ORANGE));
        }
        assert_eq!(orange, expected, "{role}");
    }
}

#[test]
fn what_is_ones_own_opens_to_nobody_else() {
    let own = Target::new("any").owner(Uuid::from_u128(1));
    assert_eq!(permitted(&user(Uuid::from_u128(1), &[]), &own), words(OWN));
    assert_eq!(permitted(&user(Uuid::from_u128(2), &[]), &own), BTreeSet::new());
    assert_eq!(permitted(&Principal::anybody(), &own), BTreeSet::new());
}

#[test]
fn every_method_has_an_action_in_the_schema_and_somebody_who_may() {
    let known = authorizer().actions();
    let granted: BTreeSet<String> =
        TABLE.iter().flat_map(|(_, lists)| words(lists)).chain(words(ORANGE)).chain(words(OWN)).collect();
    for action in actions() {
        assert!(known.contains(&action), "{action} is not in the schema");
        assert!(granted.contains(&action), "{action} is permitted to nobody");
    }
}
