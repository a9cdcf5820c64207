//! Partners and what is done with them.

use super::*;
use pb::partner_service_client::PartnerServiceClient;
use tonic::Code;
use xinqiao_kit::testing::TestDb;

fn partner() -> pb::CreatePartnerRequest {
    pb::CreatePartnerRequest {
        partner: Some(pb::Partner {
            kind: pb::PartnerKind::CareCommittee.into(),
            display_name: "县关工委".to_owned(),
            contact: "电话 0550-0000000".to_owned(),
            ..pb::Partner::default()
        }),
        request_id: String::new(),
    }
}

fn activity(partner: &str) -> pb::LogPartnerActivityRequest {
    pb::LogPartnerActivityRequest {
        parent: school(SCHOOL),
        partner_activity: Some(pb::PartnerActivity {
            partner: partner.to_owned(),
            form: pb::PartnershipForm::Talk.into(),
            date: "2026-11-20".to_owned(),
            topic: "家庭教育指导讲座".to_owned(),
            participant_count: 120,
            ..pb::PartnerActivity::default()
        }),
        request_id: String::new(),
    }
}

#[tokio::test]
async fn the_county_keeps_partners_and_schools_log_what_they_do_with_them() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut centre = PartnerServiceClient::new(world.county("county_centre"));
        let made = centre.create_partner(partner()).await.unwrap().into_inner();
        let mut teacher = PartnerServiceClient::new(world.teacher());
        assert_eq!(teacher.create_partner(partner()).await.unwrap_err().code(), Code::PermissionDenied);
        let list = pb::ListPartnersRequest { school: school(SCHOOL), ..pb::ListPartnersRequest::default() };
        assert_eq!(
            teacher.list_partners(list.clone()).await.unwrap().into_inner().partners,
            std::slice::from_ref(&made)
        );
        let county_list = teacher.list_partners(pb::ListPartnersRequest::default()).await.unwrap_err();
        assert_eq!(county_list.code(), Code::NotFound);
        let logged = teacher.log_partner_activity(activity(&made.name)).await.unwrap().into_inner();
        assert_eq!((logged.participant_count, logged.author.as_str()), (120, &*account(TEACHER)));
        let end =
            pb::EndPartnerRequest { name: made.name.clone(), etag: made.etag, request_id: String::new() };
        centre.end_partner(end).await.unwrap();
        let late = teacher.log_partner_activity(activity(&made.name)).await.unwrap_err();
        assert_eq!(violations(&late), ["partner_activity.partner PARTNER_UNKNOWN"]);
        assert!(teacher.list_partners(list.clone()).await.unwrap().into_inner().partners.is_empty());
        let ended = pb::ListPartnersRequest { include_ended: true, ..list };
        assert_eq!(teacher.list_partners(ended).await.unwrap().into_inner().partners.len(), 1);
    })
    .await;
}

#[tokio::test]
async fn an_activity_is_voided_by_the_schools_leaders() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let made = PartnerServiceClient::new(world.county("county_centre")).create_partner(partner()).await;
        let mut principal = PartnerServiceClient::new(world.principal());
        let logged = principal.log_partner_activity(activity(&made.unwrap().into_inner().name)).await;
        let logged = logged.unwrap().into_inner();
        let void = pb::VoidPartnerActivityRequest {
            name: logged.name,
            reason: "未举行".to_owned(),
            etag: logged.etag,
            request_id: String::new(),
        };
        let foreign = PartnerServiceClient::new(world.stranger()).void_partner_activity(void.clone()).await;
        assert_eq!(foreign.unwrap_err().code(), Code::NotFound);
        principal.void_partner_activity(void).await.unwrap();
        let mut list = pb::ListPartnerActivitiesRequest {
            parent: school(SCHOOL),
            ..pb::ListPartnerActivitiesRequest::default()
        };
        let mut inspector = PartnerServiceClient::new(world.county("inspector"));
        let counted = inspector.list_partner_activities(list.clone()).await.unwrap().into_inner();
        assert!(counted.partner_activities.is_empty());
        list.include_voided = true;
        let all = inspector.list_partner_activities(list).await.unwrap().into_inner().partner_activities;
        assert_eq!(all[0].void_reason, "未举行");
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_an_activity_is_said_at_once() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut teacher = PartnerServiceClient::new(world.teacher());
        let nothing = pb::LogPartnerActivityRequest {
            parent: school(SCHOOL),
            partner_activity: Some(pb::PartnerActivity::default()),
            request_id: "no-uuid".to_owned(),
        };
        assert_eq!(
            violations(&teacher.log_partner_activity(nothing).await.unwrap_err()),
            [
                "request_id INVALID_UUID",
                "partner_activity.partner REQUIRED",
                "partner_activity.form REQUIRED",
                "partner_activity.date REQUIRED",
                "partner_activity.topic REQUIRED",
                "partner_activity.participant_count OUT_OF_RANGE"
            ]
        );
    })
    .await;
}
