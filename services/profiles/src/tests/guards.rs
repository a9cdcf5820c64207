//! Who may call at all, what the other services get, and what a repeated or a clumsy call does.

use super::{
    county::{BOY, GIRL, county as of_county, proposal},
    each, fields, refused,
};
use tonic::Code;
use uuid::Uuid;
use xinqiao_kit::role::Role;
use xinqiao_proto::profiles::v1 as pb;

#[tokio::test]
async fn placements_are_for_services_only() {
    each(|county| async move {
        let (boy, girl) = (county.pupil(&county.a1, BOY).await, county.pupil(&county.b1, GIRL).await);
        let person = county.h.as_user(&of_county("county_it"));
        let mut by_person = pb::placement_service_client::PlacementServiceClient::new(person);
        let get = pb::GetPlacementRequest { student: boy.clone() };
        let answer = by_person.get_placement(get.clone()).await;
        assert_eq!(answer.unwrap_err().code(), Code::PermissionDenied);
        let mut placement = county.placement(Role::Screening);
        let found = placement.get_placement(get).await.unwrap().into_inner();
        assert_eq!(
            (found.class, found.enrolled, found.birth_date.as_str()),
            (county.a1.clone(), true, BOY.1)
        );
        let list = |scope: pb::ListPlacementsRequest| {
            let mut placement = county.placement(Role::Screening);
            async move {
                let found = placement.list_placements(scope).await.unwrap().into_inner().placements;
                found.into_iter().map(|place| place.student).collect::<Vec<_>>()
            }
        };
        let none = pb::ListPlacementsRequest::default;
        let year = |school: &str, stage: pb::Stage, entry_year| pb::GradeScope {
            school: school.into(),
            stage: stage as i32,
            entry_year,
        };
        let (both, one, other) = (vec![boy.clone(), girl.clone()], vec![boy.clone()], vec![girl.clone()]);
        for (scope, expected) in [
            (pb::ListPlacementsRequest { schools: vec![county.a.clone()], ..none() }, &one),
            (pb::ListPlacementsRequest { classes: vec![county.b1.clone()], ..none() }, &other),
            (
                pb::ListPlacementsRequest {
                    schools: vec![county.a.clone()],
                    classes: vec![county.b1.clone()],
                    ..none()
                },
                &both,
            ),
            (pb::ListPlacementsRequest { grades: vec![year("", pb::Stage::Primary, 2024)], ..none() }, &one),
            (
                pb::ListPlacementsRequest {
                    grades: vec![year(&county.b, pb::Stage::Junior, 2026)],
                    ..none()
                },
                &other,
            ),
            (
                pb::ListPlacementsRequest {
                    grades: vec![year(&county.a, pb::Stage::Junior, 2026)],
                    ..none()
                },
                &vec![],
            ),
        ] {
            assert_eq!(list(scope.clone()).await, *expected, "{scope:?}");
        }
        let classes = pb::ListClassPlacementsRequest { school: county.a.clone(), ..Default::default() };
        let classes = placement.list_class_placements(classes).await.unwrap().into_inner().classes;
        let sizes: Vec<_> =
            classes.iter().map(|class| (class.grade, class.number, class.enrolled_students)).collect();
        assert_eq!(sizes, [(3, 1, 1), (3, 2, 0)]);
    })
    .await;
}

#[tokio::test]
async fn a_repeated_request_gives_the_same_answer_and_another_one_under_its_id_is_refused() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let psychologist = county.psychologist();
        let mut propose = proposal(&boy, pb::Colour::Yellow, false);
        propose.request_id = Uuid::from_u128(5).to_string();
        let first = county.records(&psychologist).propose_colour(propose.clone()).await.unwrap().into_inner();
        let again = county.records(&psychologist).propose_colour(propose.clone()).await.unwrap().into_inner();
        assert_eq!(first, again);
        propose.proposal.as_mut().unwrap().reasons = "别的原因".into();
        let other = county.records(&psychologist).propose_colour(propose).await;
        refused(other, Code::InvalidArgument, "REQUEST_ID_REUSED");
        let sign = pb::SignProposalRequest {
            name: first.name,
            request_id: Uuid::from_u128(6).to_string(),
            ..Default::default()
        };
        for _ in 0..2 {
            let signed =
                county.records(&psychologist).sign_proposal(sign.clone()).await.unwrap().into_inner();
            assert_eq!(signed.signatures.len(), 1);
        }
    })
    .await;
}

#[tokio::test]
async fn two_signatures_at_once_are_two_signatures() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let made = county.propose(&boy, pb::Colour::Orange, false).await;
        let (psychologist, principal) = (county.psychologist(), county.principal());
        let (one, two) =
            tokio::join!(county.sign(&psychologist, &made.name), county.sign(&principal, &made.name));
        assert!(one.is_ok() && two.is_ok());
        assert_eq!(county.record(&boy).await.colour(), pb::Colour::Orange);
    })
    .await;
}

#[tokio::test]
async fn nobody_gets_anywhere_without_a_token() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let mut students = pb::student_service_client::StudentServiceClient::new(county.h.as_nobody());
        let answer = students.get_student(pb::GetStudentRequest { name: boy, view: 0 }).await;
        assert_eq!(answer.unwrap_err().code(), Code::Unauthenticated);
    })
    .await;
}

#[tokio::test]
async fn a_clumsy_proposal_is_told_everything_that_is_wrong() {
    each(|county| async move {
        let boy = county.pupil(&county.a1, BOY).await;
        let clumsy = pb::ProposeColourRequest {
            parent: boy,
            proposal: Some(pb::ColourProposal {
                evidence: vec![
                    pb::Evidence { kind: 0, resource: "not a name".into(), summary: String::new() },
                    pb::Evidence { kind: 2, resource: String::new(), summary: String::new() },
                ],
                ..Default::default()
            }),
            request_id: String::new(),
        };
        let found = fields(county.records(&county.psychologist()).propose_colour(clumsy).await);
        let expected = [
            ("proposal.to_colour", "REQUIRED"),
            ("proposal.reasons", "REQUIRED"),
            ("proposal.evidence[0].kind", "REQUIRED"),
            ("proposal.evidence[0].resource", "INVALID_NAME"),
            ("proposal.evidence[1].summary", "REQUIRED"),
        ];
        assert_eq!(found, expected.map(|(field, reason)| (field.to_owned(), reason.to_owned())));
    })
    .await;
}
