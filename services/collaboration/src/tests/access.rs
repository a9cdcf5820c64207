//! Who may do what: every action of the service against every role, by the authoriser that decides in production.

use super::*;
use pb::figure_service_client::FigureServiceClient;
use tonic::Code;
use xinqiao_kit::{
    authz::Target,
    testing::{TestDb, authorizer},
};
use xinqiao_proto::policy::methods;

/// Columns: teacher, homeroom teacher, psychologist, deputy, principal; support team, assigned teacher, guardian; owner of the row;
/// county centre, inspector, county IT.
const COLUMNS: [(&str, Scope); 12] = [
    ("subject", Scope::School(SCHOOL)),
    ("homeroom", Scope::Class { school: SCHOOL, class: CLASS_A }),
    ("psychologist", Scope::School(SCHOOL)),
    ("deputy", Scope::School(SCHOOL)),
    ("principal", Scope::School(SCHOOL)),
    ("support", Scope::Student(PUPIL)),
    ("assigned", Scope::Student(PUPIL)),
    ("guardian", Scope::Student(PUPIL)),
    ("owner", Scope::County),
    ("county_centre", Scope::County),
    ("inspector", Scope::County),
    ("county_it", Scope::County),
];

const TABLE: &[(&str, &str)] = &[
    ("createCommittee", "-x-xx-------"),
    ("addCommitteeMember", "-x-xx-------"),
    ("endCommitteeMember", "-x-xx-------"),
    ("getCommittee", "x-xxx----xx-"),
    ("listCommittees", "x-xxx----xx-"),
    ("updateParentSchool", "---xx-------"),
    ("getParentSchool", "x-xxx----xx-"),
    ("logFamilyEvent", "x-xxx-------"),
    ("voidFamilyEvent", "---xx-------"),
    ("getFamilyEvent", "x-xxx----xx-"),
    ("listFamilyEvents", "x-xxx----xx-"),
    ("logHomeVisit", "-xx--xx-----"),
    ("voidHomeVisit", "--------x---"),
    ("getHomeVisit", "-xx--x--x---"),
    ("listHomeVisits", "-xx--x--x---"),
    ("listSharedVisits", "-------x----"),
    ("listVisitEvidence", "--xxx----xx-"),
    ("sendMessage", "-xxxxx------"),
    ("getMessage", "-xx--x--x---"),
    ("listMessages", "-xx--x--x---"),
    ("listReadReceipts", "-xx--x--x---"),
    ("listReceivedMessages", "-------x----"),
    ("confirmMessageRead", "-------x----"),
    ("askForGuidance", "-------x----"),
    ("replyToGuidanceRequest", "-xx-----x---"),
    ("closeGuidanceRequest", "-xx-----x---"),
    ("getGuidanceRequest", "-xx-----x---"),
    ("listGuidanceRequests", "-xx-----x---"),
    ("publishConsentForm", "---xx-------"),
    ("listConsentForms", "-xx--x-x----"),
    ("decideConsent", "-------x----"),
    ("withdrawConsent", "--------x---"),
    ("listConsents", "-xx--x-x----"),
    ("createPartner", "------------"),
    ("endPartner", "------------"),
    ("listPartners", "x-xxx----xx-"),
    ("logPartnerActivity", "x-xxx-------"),
    ("voidPartnerActivity", "---xx-------"),
    ("listPartnerActivities", "x-xxx----xx-"),
    ("getSchoolFigures", "x-xxx----xx-"),
    ("getCountyFigures", "---------xx-"),
];

#[test]
fn each_role_may_do_what_the_table_says_and_only_at_its_place() {
    let authorizer = authorizer();
    let here = Target::new("x").school(SCHOOL).class(CLASS_A).student(PUPIL).owner(FATHER);
    let there = Target::new("x").school(OTHER).class(OTHER_CLASS).student(FOREIGNER).owner(STRANGER);
    for (action, row) in TABLE {
        let action = format!("collaboration.{action}");
        for ((role, scope), cell) in COLUMNS.iter().zip(row.chars()) {
            let (account, grants) =
                if *role == "owner" { (FATHER, vec![]) } else { (MOTHER, vec![(*role, *scope)]) };
            let who = principal(account, &grants);
            assert_eq!(authorizer.permits(&who, &action, &here), cell == 'x', "{role} {action}");
            if !matches!(scope, Scope::County) || *role == "owner" {
                assert!(!authorizer.permits(&who, &action, &there), "{role} {action} elsewhere");
            }
        }
        for who in [
            principal(MOTHER, &[]),
            principal(MOTHER, &[("pupil", Scope::Student(PUPIL))]),
            principal(MOTHER, &[("peer", Scope::Class { school: SCHOOL, class: CLASS_A })]),
            principal(MOTHER, &[("school_admin", Scope::School(SCHOOL)), ("auditor", Scope::County)]),
        ] {
            assert!(!authorizer.permits(&who, &action, &here), "{action} by {who:?}");
        }
    }
}

#[test]
fn the_countys_own_things_belong_to_its_centre() {
    let authorizer = authorizer();
    for action in ["createPartner", "endPartner", "publishConsentForm"] {
        for (role, scope) in COLUMNS {
            let who = principal(MOTHER, &[(role, scope)]);
            let permitted = authorizer.permits(&who, &format!("collaboration.{action}"), &Target::new("x"));
            assert_eq!(permitted, role == "county_centre", "{role} {action}");
        }
    }
}

#[test]
fn the_table_knows_every_action_of_the_service() {
    let mut actions: Vec<String> = methods()
        .iter()
        .filter(|method| method.path.starts_with("/xinqiao.collaboration."))
        .map(|method| method.policy.action.replace("collaboration.", ""))
        .collect();
    actions.sort();
    let mut known: Vec<&str> = TABLE.iter().map(|(action, _)| *action).collect();
    known.sort_unstable();
    assert_eq!(actions, known);
}

#[tokio::test]
async fn people_do_not_deliver_events_and_services_see_no_figures() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut receiver = EventReceiverServiceClient::new(world.county("county_centre"));
        let refusal = receiver.deliver(DeliverRequest { event: None }).await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied);
        let mut figures = FigureServiceClient::new(world.harness.as_service(Role::Crisis));
        let refusal = figures.get_county_figures(pb::GetCountyFiguresRequest::default()).await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied);
        let mut nobody = FigureServiceClient::new(world.harness.as_nobody());
        let refusal = nobody.get_county_figures(pb::GetCountyFiguresRequest::default()).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
    })
    .await;
}
