//! The indicators grow with the evidence and with nothing else.

use super::*;
use pb::{
    committee_service_client::CommitteeServiceClient, family_event_service_client::FamilyEventServiceClient,
    figure_service_client::FigureServiceClient, home_visit_service_client::HomeVisitServiceClient,
    message_service_client::MessageServiceClient, parent_school_service_client::ParentSchoolServiceClient,
    partner_service_client::PartnerServiceClient,
};
use xinqiao_kit::testing::TestDb;

async fn met(world: &World) -> Vec<String> {
    let request = pb::GetSchoolFiguresRequest { school: school(SCHOOL), school_year: 0 };
    let figures =
        FigureServiceClient::new(world.teacher()).get_school_figures(request).await.unwrap().into_inner();
    assert_eq!(figures.met, figures.indicators.iter().all(|one| one.met));
    figures.indicators.into_iter().filter(|one| one.met).map(|one| one.clause).collect()
}

async fn event(world: &World, kind: pb::FamilyEventKind, topic: &str) -> pb::FamilyEvent {
    let attendance = pb::ClassAttendance { class: class(SCHOOL, CLASS_A), invited: 40, attended: 30 };
    let request = pb::LogFamilyEventRequest {
        parent: school(SCHOOL),
        family_event: Some(pb::FamilyEvent {
            kind: kind.into(),
            date: "2026-11-20".to_owned(),
            topic: topic.to_owned(),
            minutes: 60,
            attendances: vec![attendance],
            ..pb::FamilyEvent::default()
        }),
        request_id: String::new(),
    };
    FamilyEventServiceClient::new(world.teacher()).log_family_event(request).await.unwrap().into_inner()
}

async fn committee(world: &World) {
    let mut committees = CommitteeServiceClient::new(world.principal());
    let made = committees
        .create_committee(pb::CreateCommitteeRequest {
            parent: school(SCHOOL),
            committee: Some(pb::Committee {
                level: pb::CommitteeLevel::School.into(),
                found_date: "2026-09-10".to_owned(),
                ..pb::Committee::default()
            }),
            request_id: String::new(),
        })
        .await
        .unwrap()
        .into_inner();
    for role in [pb::CommitteeRole::Chair, pb::CommitteeRole::Member, pb::CommitteeRole::Member] {
        committees
            .add_committee_member(pb::AddCommitteeMemberRequest {
                parent: made.name.clone(),
                member: Some(pb::CommitteeMember {
                    display_name: "家长".to_owned(),
                    role: role.into(),
                    start_date: "2026-09-10".to_owned(),
                    end_date: "2027-09-09".to_owned(),
                    ..pb::CommitteeMember::default()
                }),
                ..pb::AddCommitteeMemberRequest::default()
            })
            .await
            .unwrap();
    }
}

async fn syllabus(world: &World, psychology: bool) {
    let request = pb::UpdateParentSchoolRequest {
        parent_school: Some(pb::ParentSchool {
            name: format!("{}/parentSchool", school(SCHOOL)),
            units: vec![pb::SyllabusUnit { topic: "青春期".to_owned(), psychology }],
            ..pb::ParentSchool::default()
        }),
    };
    ParentSchoolServiceClient::new(world.principal()).update_parent_school(request).await.unwrap();
}

async fn visit(world: &World, of: Uuid) {
    let request = pb::LogHomeVisitRequest {
        parent: student(of),
        home_visit: Some(pb::HomeVisit {
            date: "2026-11-20".to_owned(),
            mode: pb::VisitMode::Home.into(),
            topics: vec![pb::VisitTopic::Learning.into()],
            met: "母亲".to_owned(),
            ..pb::HomeVisit::default()
        }),
        request_id: String::new(),
    };
    HomeVisitServiceClient::new(world.psychologist()).log_home_visit(request).await.unwrap();
}

async fn guidance(world: &World) {
    let request = pb::SendMessageRequest {
        parent: school(SCHOOL),
        message: Some(pb::GuardianMessage {
            kind: pb::MessageKind::Guidance.into(),
            subject: "陪伴".to_owned(),
            body: "每天二十分钟".to_owned(),
            ..pb::GuardianMessage::default()
        }),
        request_id: String::new(),
    };
    MessageServiceClient::new(world.principal()).send_message(request).await.unwrap();
}

async fn with_partner(world: &World) {
    let made = PartnerServiceClient::new(world.county("county_centre"))
        .create_partner(pb::CreatePartnerRequest {
            partner: Some(pb::Partner {
                kind: pb::PartnerKind::WomensFederation.into(),
                display_name: "县妇联".to_owned(),
                ..pb::Partner::default()
            }),
            request_id: String::new(),
        })
        .await
        .unwrap()
        .into_inner();
    let request = pb::LogPartnerActivityRequest {
        parent: school(SCHOOL),
        partner_activity: Some(pb::PartnerActivity {
            partner: made.name,
            form: pb::PartnershipForm::Talk.into(),
            date: "2026-11-20".to_owned(),
            topic: "讲座".to_owned(),
            participant_count: 80,
            ..pb::PartnerActivity::default()
        }),
        request_id: String::new(),
    };
    PartnerServiceClient::new(world.teacher()).log_partner_activity(request).await.unwrap();
}

#[tokio::test]
async fn each_piece_of_evidence_meets_its_clause() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        assert_eq!(met(&world).await, Vec::<String>::new());
        committee(&world).await;
        assert_eq!(met(&world).await, ["P6.1"]);
        syllabus(&world, false).await;
        event(&world, pb::FamilyEventKind::ParentLesson, "青春期").await;
        assert_eq!(met(&world).await, ["P6.1", "P6.2"], "without psychology it fails P6.5");
        syllabus(&world, true).await;
        assert_eq!(met(&world).await, ["P6.1", "P6.2", "P6.5"]);
        visit(&world, PUPIL).await;
        assert_eq!(met(&world).await, ["P6.1", "P6.2", "P6.5"], "one class of two");
        visit(&world, NEIGHBOUR).await;
        event(&world, pb::FamilyEventKind::OpenDay, "开放日").await;
        let session = event(&world, pb::FamilyEventKind::ParentSession, "亲子沟通").await;
        guidance(&world).await;
        with_partner(&world).await;
        let all = ["P6.1", "P6.2", "P6.3", "P6.4", "P6.5", "P6.6", "P6.7", "P6.8"];
        assert_eq!(met(&world).await, all);
        let void = pb::VoidFamilyEventRequest {
            name: session.name,
            reason: "未举行".to_owned(),
            ..pb::VoidFamilyEventRequest::default()
        };
        FamilyEventServiceClient::new(world.principal()).void_family_event(void).await.unwrap();
        assert!(!met(&world).await.contains(&"P6.6".to_owned()), "what was voided counts no more");
        county_agrees(&world).await;
    })
    .await;
}

async fn county_agrees(world: &World) {
    let mut figures = FigureServiceClient::new(world.county("inspector"));
    let county =
        figures.get_county_figures(pb::GetCountyFiguresRequest::default()).await.unwrap().into_inner();
    let coverage: Vec<_> =
        county.coverages.iter().map(|one| (one.met_school_count, one.school_count)).collect();
    assert_eq!(coverage, [(1, 2), (1, 2), (1, 2), (1, 2), (1, 2), (0, 2), (1, 2), (1, 2)]);
    for listed in &county.schools {
        let request = pb::GetSchoolFiguresRequest { school: listed.school.clone(), school_year: 2026 };
        assert_eq!(
            &figures.get_school_figures(request).await.unwrap().into_inner(),
            listed,
            "both ways of counting"
        );
    }
}

#[tokio::test]
async fn another_year_has_its_own_figures_and_the_county_goes_page_by_page() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        event(&world, pb::FamilyEventKind::OpenDay, "开放日").await;
        let open_days = |figures: &pb::SchoolFigures| figures.indicators[3].value;
        let mut client = FigureServiceClient::new(world.county("county_centre"));
        for (year, held) in [(0, 1), (2026, 1), (2025, 0)] {
            let request = pb::GetSchoolFiguresRequest { school: school(SCHOOL), school_year: year };
            let figures = client.get_school_figures(request).await.unwrap().into_inner();
            assert_eq!(open_days(&figures), held, "{year}");
        }
        let wrong = pb::GetSchoolFiguresRequest { school: school(SCHOOL), school_year: 26 };
        let wrong = client.get_school_figures(wrong).await.unwrap_err();
        assert_eq!(violations(&wrong), ["school_year OUT_OF_RANGE"]);
        let mut page = pb::GetCountyFiguresRequest { page_size: 1, ..pb::GetCountyFiguresRequest::default() };
        let first = client.get_county_figures(page.clone()).await.unwrap().into_inner();
        page.page_token = first.next_page_token;
        let second = client.get_county_figures(page).await.unwrap().into_inner();
        assert_eq!((&first.schools[0].school, &second.schools[0].school), (&school(SCHOOL), &school(OTHER)));
        assert_eq!(second.next_page_token, "");
    })
    .await;
}
