//! Who may do what, role by role, against a table written by hand; and lists that show just what may be seen.

use super::world::*;
use std::collections::BTreeMap;
use xinqiao_kit::{authz::Target, ctx::Principal, testing::authorizer};
use xinqiao_proto::{policy::methods, screening::v1 as pb};

/// What each role may do, for a row of class 11 of school 1 and pupil 101.
const MAY: &[(&str, &[&str])] = &[
    (
        "psychologist",
        &[
            "listInstruments",
            "getInstrument",
            "createCampaign",
            "openCampaign",
            "closeCampaign",
            "getCampaign",
            "listCampaigns",
            "getCampaignProgress",
            "listTargets",
            "excuseTarget",
            "recordConsents",
            "submitResponse",
            "getResult",
            "listResults",
            "getClassReport",
            "getSchoolReport",
            "createInterview",
            "getInterview",
            "listInterviews",
            "completeInterview",
            "createObservation",
            "getObservation",
            "listObservations",
            "matchObservation",
            "createFinding",
            "getFinding",
            "listFindings",
            "createClassMeeting",
            "listCoverage",
            "createEntry",
            "getEntry",
            "listEntries",
            "exitEntry",
        ],
    ),
    (
        "principal",
        &[
            "listInstruments",
            "getInstrument",
            "getCampaign",
            "listCampaigns",
            "getCampaignProgress",
            "getClassReport",
            "getSchoolReport",
            "listEntries",
            "createObservation",
        ],
    ),
    (
        "deputy",
        &[
            "listInstruments",
            "getInstrument",
            "getCampaign",
            "listCampaigns",
            "getCampaignProgress",
            "getClassReport",
            "getSchoolReport",
            "listEntries",
            "createObservation",
        ],
    ),
    (
        "homeroom",
        &[
            "listInstruments",
            "getInstrument",
            "getCampaign",
            "listCampaigns",
            "getCampaignProgress",
            "listTargets",
            "excuseTarget",
            "recordConsents",
            "createObservation",
            "createClassMeeting",
        ],
    ),
    ("subject", &["listInstruments", "getInstrument", "createObservation"]),
    ("grade_leader", &["listInstruments", "getInstrument", "createObservation"]),
    ("school_admin", &["listInstruments", "getInstrument"]),
    ("peer", &["listInstruments", "getInstrument", "createObservation"]),
    ("assigned", &["createObservation"]),
    ("support", &[]),
    ("guardian", &[]),
    ("pupil", &["listAssignments", "getAssignment", "getOwnReport", "submitResponse", "saveDraft"]),
    (
        "county_centre",
        &[
            "listInstruments",
            "getInstrument",
            "importWording",
            "createCampaign",
            "openCampaign",
            "closeCampaign",
            "getCampaign",
            "listCampaigns",
            "getCampaignProgress",
            "getSchoolReport",
            "getCountyReport",
        ],
    ),
    (
        "inspector",
        &["listInstruments", "getInstrument", "getCampaign", "listCampaigns", "getCampaignProgress"],
    ),
    ("county_it", &["listInstruments", "getInstrument", "importWording"]),
    ("county_duty", &["listInstruments", "getInstrument"]),
    ("auditor", &["listInstruments", "getInstrument"]),
];

/// The same role here, in the class beside, in another school.
fn who(role: &str) -> [Principal; 3] {
    match role {
        "psychologist" | "principal" | "deputy" | "subject" | "grade_leader" | "school_admin" => {
            [of_school(role, 1), of_school(role, 1), of_school(role, 2)]
        }
        "homeroom" | "peer" => [of_class(role, C11), of_class(role, C12), of_class(role, C21)],
        "assigned" | "support" | "guardian" | "pupil" => {
            [of_student(role, 101), of_student(role, 201), of_student(role, 301)]
        }
        _ => [county(role), county(role), county(role)],
    }
}

fn target(school: u128, class: u128, student: u128) -> Target {
    Target::new("row").school(id(school)).class(id(class)).student(id(student))
}

#[test]
fn every_role_may_do_what_the_table_says_and_nothing_else() {
    let authorizer = authorizer();
    let actions: Vec<String> = methods()
        .iter()
        .map(|method| method.policy.action.clone())
        .filter(|action| action.starts_with("screening."))
        .collect();
    assert_eq!(actions.len(), 39);
    let everywhere = ["listInstruments", "getInstrument", "importWording"];
    let table: BTreeMap<&str, &[&str]> = MAY.iter().copied().collect();
    for (role, may) in table {
        let [own, beside, other] = who(role);
        let county = matches!(role, "county_centre" | "inspector" | "county_it" | "county_duty" | "auditor");
        let of_school = matches!(
            role,
            "psychologist" | "principal" | "deputy" | "subject" | "grade_leader" | "school_admin"
        );
        for action in &actions {
            let short = action.trim_start_matches("screening.");
            let expected = may.contains(&short);
            let permits = |who: &Principal| authorizer.permits(who, action, &target(1, 11, 101));
            assert_eq!(permits(&own), expected, "{role} {short}");
            let anywhere = everywhere.contains(&short) || county;
            assert_eq!(
                permits(&beside),
                expected && (anywhere || of_school),
                "{role} of the class beside: {short}"
            );
            assert_eq!(permits(&other), expected && anywhere, "{role} of another school: {short}");
        }
    }
}

#[tokio::test]
async fn lists_show_just_what_may_be_seen() {
    both(|world| async move {
        let own = world.opened("phq-9", &[C11]).await;
        let beside = world.opened("phq-9", &[C12]).await;
        let mut plan = world.plan("gad-7", &[C21]);
        plan.school = school(2);
        let request = pb::CreateCampaignRequest { campaign: Some(plan), request_id: String::new() };
        let mut other = world.campaigns(&psychologist(2));
        let other_name = other.create_campaign(request).await.unwrap().into_inner().name;
        other.open_campaign(pb::OpenCampaignRequest { name: other_name.clone() }).await.unwrap();
        let list = |who: Principal| {
            let mut client = world.campaigns(&who);
            async move {
                let found = client.list_campaigns(pb::ListCampaignsRequest::default()).await?.into_inner();
                let mut names: Vec<String> =
                    found.campaigns.into_iter().map(|campaign| campaign.name).collect();
                names.sort();
                Ok::<_, tonic::Status>(names)
            }
        };
        let mut all = vec![own.clone(), beside.clone(), other_name.clone()];
        all.sort();
        let mut both_of_school = vec![own.clone(), beside.clone()];
        both_of_school.sort();
        for (who, expected) in [
            (psychologist(1), &both_of_school),
            (psychologist(2), &vec![other_name.clone()]),
            (of_class("homeroom", C11), &vec![own.clone()]),
            (of_class("homeroom", C21), &vec![other_name.clone()]),
            (of_school("principal", 1), &both_of_school),
            (county("inspector"), &all),
            (county("county_centre"), &all),
        ] {
            assert_eq!(&list(who.clone()).await.unwrap(), expected, "{who:?}");
            // What is listed can be got, what is not listed does not exist.
            for name in &all {
                let get = pb::GetCampaignRequest { name: name.clone() };
                let got = world.campaigns(&who).get_campaign(get).await;
                assert_eq!(got.is_ok(), expected.contains(name));
                assert!(got.is_ok() || got.unwrap_err().code() == tonic::Code::NotFound);
            }
        }
        for who in [pupil(101), of_class("peer", C11), county("county_it"), of_student("guardian", 101)] {
            assert_eq!(list(who).await.unwrap_err().code(), tonic::Code::PermissionDenied);
        }
        let targets = |who: Principal| {
            let mut client = world.campaigns(&who);
            let parent = own.clone();
            async move {
                let request = pb::ListTargetsRequest { parent, ..Default::default() };
                client.list_targets(request).await.map(|answer| answer.into_inner().targets.len())
            }
        };
        assert_eq!(targets(of_class("homeroom", C11)).await.unwrap(), 6);
        assert_eq!(targets(of_class("homeroom", C12)).await.unwrap_err().code(), tonic::Code::NotFound);
        assert_eq!(targets(psychologist(2)).await.unwrap_err().code(), tonic::Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn a_stranger_learns_nothing_not_even_that_something_exists() {
    both(|world| async move {
        let campaign = world.opened("phq-9", &[C11]).await;
        let response = world.answer(&campaign, 101, 9, 2, &[]).await.unwrap();
        let real = response.name.replace("responses/", "results/");
        let made_up = format!("results/{}", id(12345));
        let purpose = pb::Purpose::Support.into();
        let mut shapes = std::collections::BTreeSet::new();
        for name in [real, made_up] {
            let get = pb::GetResultRequest { name, purpose };
            let refused = world.results(&psychologist(2)).get_result(get.clone()).await.unwrap_err();
            shapes.insert((format!("{:?}", refused.code()), refused.message().to_owned(), reason(&refused)));
            for who in [
                of_class("homeroom", C11),
                of_school("principal", 1),
                pupil(101),
                of_student("guardian", 101),
            ] {
                let refused = world.results(&who).get_result(get.clone()).await.unwrap_err();
                assert_eq!(refused.code(), tonic::Code::PermissionDenied);
            }
        }
        assert_eq!(shapes.len(), 1, "{shapes:?}");
        // Another pupil cannot answer for this one, nor see what this one is asked.
        let sheet = world.sheet(&campaign, 102, &whole(9, 0, &[]));
        let refused = world.submit(&pupil(101), sheet).await.unwrap_err();
        let nobody =
            world.submit(&pupil(101), world.sheet(&campaign, 9_999, &whole(9, 0, &[]))).await.unwrap_err();
        assert_eq!((refused.code(), refused.message()), (nobody.code(), nobody.message()));
        let own = world
            .assignments(&pupil(101))
            .list_assignments(pb::ListAssignmentsRequest::default())
            .await
            .unwrap();
        let get = pb::GetAssignmentRequest { name: own.into_inner().assignments[0].name.clone() };
        let refused = world.assignments(&pupil(102)).get_assignment(get).await.unwrap_err();
        assert_eq!(refused.code(), tonic::Code::NotFound);
    })
    .await;
}
