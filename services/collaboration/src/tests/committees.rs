//! Parents' committees.

use super::*;
use pb::committee_service_client::CommitteeServiceClient;
use tonic::Code;
use xinqiao_kit::testing::TestDb;

fn committee(level: pb::CommitteeLevel, class: &str) -> pb::CreateCommitteeRequest {
    pb::CreateCommitteeRequest {
        parent: school(SCHOOL),
        committee: Some(pb::Committee {
            level: level.into(),
            class: class.to_owned(),
            found_date: "2025-09-10".to_owned(),
            ..pb::Committee::default()
        }),
        request_id: String::new(),
    }
}

fn member(of: &str, name: &str, role: pb::CommitteeRole) -> pb::AddCommitteeMemberRequest {
    pb::AddCommitteeMemberRequest {
        parent: of.to_owned(),
        member: Some(pb::CommitteeMember {
            display_name: name.to_owned(),
            role: role.into(),
            start_date: "2025-09-10".to_owned(),
            end_date: "2027-09-09".to_owned(),
            ..pb::CommitteeMember::default()
        }),
        ..pb::AddCommitteeMemberRequest::default()
    }
}

#[tokio::test]
async fn a_school_has_one_committee_with_a_chair_and_terms() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut committees = CommitteeServiceClient::new(world.principal());
        let made = committees
            .create_committee(committee(pb::CommitteeLevel::School, ""))
            .await
            .unwrap()
            .into_inner();
        assert!(!made.in_office);
        let second =
            committees.create_committee(committee(pb::CommitteeLevel::School, "")).await.unwrap_err();
        assert_eq!(
            (second.code(), reason(&second).as_str()),
            (Code::AlreadyExists, "COMMITTEE_ALREADY_THERE")
        );
        committees.add_committee_member(member(&made.name, "王一", pb::CommitteeRole::Chair)).await.unwrap();
        committees.add_committee_member(member(&made.name, "王二", pb::CommitteeRole::Member)).await.unwrap();
        let full =
            committees.add_committee_member(member(&made.name, "王三", pb::CommitteeRole::Member)).await;
        let full = full.unwrap().into_inner();
        assert!(full.in_office && full.members.len() == 3);
        let another =
            committees.add_committee_member(member(&made.name, "王四", pb::CommitteeRole::Chair)).await;
        assert_eq!(violations(&another.unwrap_err()), ["member.role CHAIR_ALREADY_THERE"]);
        let end = pb::EndCommitteeMemberRequest {
            name: full.members[0].name.clone(),
            end_date: "2026-11-23".to_owned(),
            etag: full.etag.clone(),
            request_id: String::new(),
        };
        let ended = committees.end_committee_member(end.clone()).await.unwrap().into_inner();
        assert!(!ended.in_office, "nobody chairs it today");
        assert_eq!(reason(&committees.end_committee_member(end).await.unwrap_err()), "STALE_ETAG");
        let read =
            committees.get_committee(pb::GetCommitteeRequest { name: made.name }).await.unwrap().into_inner();
        assert_eq!(read, ended);
        let names: Vec<_> = read.members.iter().map(|member| member.display_name.as_str()).collect();
        assert_eq!(names, ["王一", "王二", "王三"]);
    })
    .await;
}

#[tokio::test]
async fn a_homeroom_teacher_keeps_the_committee_of_the_own_class_only() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut homeroom = CommitteeServiceClient::new(world.homeroom());
        let own = committee(pb::CommitteeLevel::Class, &class(SCHOOL, CLASS_A));
        let made = homeroom.create_committee(own).await.unwrap().into_inner();
        homeroom.add_committee_member(member(&made.name, "李一", pb::CommitteeRole::Chair)).await.unwrap();
        for other in [
            committee(pb::CommitteeLevel::Class, &class(SCHOOL, CLASS_B)),
            committee(pb::CommitteeLevel::School, ""),
        ] {
            assert_eq!(homeroom.create_committee(other).await.unwrap_err().code(), Code::NotFound);
        }
        let mut principal = CommitteeServiceClient::new(world.principal());
        principal.create_committee(committee(pb::CommitteeLevel::School, "")).await.unwrap();
        let mut list =
            pb::ListCommitteesRequest { parent: school(SCHOOL), page_size: 1, page_token: String::new() };
        let first = principal.list_committees(list.clone()).await.unwrap().into_inner();
        list.page_token = first.next_page_token;
        let second = principal.list_committees(list).await.unwrap().into_inner();
        assert_eq!(first.committees[0].level(), pb::CommitteeLevel::School, "the school's own first");
        assert_eq!(
            (second.committees[0].level(), second.next_page_token.as_str()),
            (pb::CommitteeLevel::Class, "")
        );
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_is_said_at_once() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut committees = CommitteeServiceClient::new(world.principal());
        let mut wrong = committee(pb::CommitteeLevel::Class, &class(OTHER, OTHER_CLASS));
        if let Some(committee) = &mut wrong.committee {
            committee.found_date = "2026-11-25".to_owned();
            committee.attachment = "x".repeat(301);
        }
        let refusal = committees.create_committee(wrong).await.unwrap_err();
        assert_eq!(
            violations(&refusal),
            [
                "committee.class CLASS_UNKNOWN",
                "committee.found_date DATE_IN_FUTURE",
                "committee.attachment TOO_LONG"
            ]
        );
        let made = committees
            .create_committee(committee(pb::CommitteeLevel::School, ""))
            .await
            .unwrap()
            .into_inner();
        let nothing = pb::AddCommitteeMemberRequest {
            parent: made.name.clone(),
            ..pb::AddCommitteeMemberRequest::default()
        };
        assert_eq!(
            violations(&committees.add_committee_member(nothing).await.unwrap_err()),
            [
                "member REQUIRED",
                "member.role REQUIRED",
                "member.start_date REQUIRED",
                "member.end_date REQUIRED",
                "member.display_name REQUIRED"
            ]
        );
        let nobody = pb::EndCommitteeMemberRequest {
            name: format!("{}/members/{}", made.name, Uuid::from_u128(1)),
            end_date: "2026-11-23".to_owned(),
            ..pb::EndCommitteeMemberRequest::default()
        };
        assert_eq!(committees.end_committee_member(nobody).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}
