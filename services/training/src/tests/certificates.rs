//! Certificates and the staffing that follows from them.

use super::*;
use pb::{
    certificate_service_client::CertificateServiceClient,
    staff_training_service_client::StaffTrainingServiceClient,
    staffing_service_client::StaffingServiceClient,
};
use tonic::Code;
use xinqiao_kit::testing::TestDb;

fn qualification(holder: Uuid, stages: &[pb::Stage]) -> pb::CreateCertificateRequest {
    pb::CreateCertificateRequest {
        certificate: Some(pb::Certificate {
            staff: staff(holder),
            kind: pb::CertificateKind::TeachingQualification.into(),
            stages: stages.iter().map(|stage| (*stage).into()).collect(),
            title: "心理健康教育教师资格证".to_owned(),
            issuer: "市教育局".to_owned(),
            issue_date: "2020-07-01".to_owned(),
            within_establishment: true,
            ..pb::Certificate::default()
        }),
        request_id: String::new(),
    }
}

async fn staffing(world: &World) -> pb::SchoolStaffing {
    let request = pb::GetSchoolStaffingRequest { school: school(SCHOOL) };
    StaffingServiceClient::new(world.teacher()).get_school_staffing(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_stage_is_filled_by_a_qualified_full_time_teacher_until_the_certificate_goes() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let filled =
            |staffing: &pb::SchoolStaffing| staffing.stages.iter().map(|s| s.filled).collect::<Vec<_>>();
        assert_eq!(filled(&staffing(&world).await), [false, false]);
        let mut certificates = CertificateServiceClient::new(world.principal());
        let both = qualification(PSYCHOLOGIST, &[pb::Stage::Primary, pb::Stage::Junior]);
        let made = certificates.create_certificate(both).await.unwrap().into_inner();
        assert_eq!(
            (made.state(), made.school.as_str()),
            (pb::CertificateState::Valid, school(SCHOOL).as_str())
        );
        let now = staffing(&world).await;
        assert_eq!(filled(&now), [true, false], "one person fills one stage");
        assert_eq!(now.stages.iter().map(|s| s.qualified).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(now.tiers.iter().map(|t| t.staff_count).collect::<Vec<_>>(), [1, 1, 1]);
        let revoke = pb::RevokeCertificateRequest {
            name: made.name.clone(),
            etag: made.etag,
            request_id: String::new(),
        };
        let revoked = certificates.revoke_certificate(revoke).await.unwrap().into_inner();
        assert_eq!(revoked.state(), pb::CertificateState::Revoked);
        assert_eq!(filled(&staffing(&world).await), [false, false]);
        let county = StaffingServiceClient::new(world.county("inspector"))
            .get_county_staffing(pb::GetCountyStaffingRequest::default())
            .await
            .unwrap()
            .into_inner();
        assert_eq!((county.school_count, county.filled_school_count), (2, 0));
    })
    .await;
}

#[tokio::test]
async fn a_training_certificate_rests_on_attendance() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut trainings = StaffTrainingServiceClient::new(world.principal());
        let made = trainings
            .create_training(pb::CreateTrainingRequest {
                training: Some(pb::TrainingSession {
                    organiser: school(SCHOOL),
                    topic: "危机干预".to_owned(),
                    date: "2026-11-20".to_owned(),
                    minutes: 60,
                    groups: vec![pb::StaffGroup::Homeroom.into()],
                    ..pb::TrainingSession::default()
                }),
                request_id: String::new(),
            })
            .await
            .unwrap()
            .into_inner();
        let mut certificates = CertificateServiceClient::new(world.principal());
        let request = pb::CreateCertificateRequest {
            certificate: Some(pb::Certificate {
                staff: staff(TEACHER),
                kind: pb::CertificateKind::Training.into(),
                training: made.name.clone(),
                title: "结业证".to_owned(),
                issuer: "县心理辅导中心".to_owned(),
                issue_date: "2026-11-21".to_owned(),
                expire_date: "2026-12-31".to_owned(),
                ..pb::Certificate::default()
            }),
            request_id: String::new(),
        };
        let refusal = certificates.create_certificate(request.clone()).await.unwrap_err();
        assert_eq!(violations(&refusal), ["certificate.training TRAINING_NOT_ATTENDED"]);
        let attendance = pb::Attendance { staff: staff(TEACHER), minutes: 60, ..pb::Attendance::default() };
        trainings
            .record_attendance(pb::RecordAttendanceRequest {
                name: made.name,
                attendances: vec![attendance],
                request_id: String::new(),
            })
            .await
            .unwrap();
        let issued = certificates.create_certificate(request).await.unwrap().into_inner();
        assert_eq!(issued.state(), pb::CertificateState::Expiring);
        let name = pb::GetCertificateRequest { name: issued.name };
        let own = CertificateServiceClient::new(world.teacher()).get_certificate(name.clone()).await;
        assert_eq!(own.unwrap().into_inner().title, "结业证", "the holder sees the own certificate");
        let other = CertificateServiceClient::new(world.stranger()).get_certificate(name).await;
        assert_eq!(other.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn certificates_are_for_people_of_the_own_school() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut certificates = CertificateServiceClient::new(world.principal());
        let foreign =
            certificates.create_certificate(qualification(STRANGER, &[pb::Stage::Senior])).await.unwrap_err();
        assert_eq!(foreign.code(), Code::NotFound);
        let nobody =
            certificates.create_certificate(qualification(Uuid::from_u128(1), &[])).await.unwrap_err();
        assert_eq!(nobody.code(), Code::NotFound, "who does not exist looks the same");
        let mut county = CertificateServiceClient::new(world.county("county_centre"));
        county.create_certificate(qualification(STRANGER, &[pb::Stage::Senior])).await.unwrap();
        let list =
            pb::ListCertificatesRequest { parent: school(OTHER), ..pb::ListCertificatesRequest::default() };
        assert_eq!(county.list_certificates(list).await.unwrap().into_inner().certificates.len(), 1);
    })
    .await;
}
