//! Parent schools and events with parents.

use super::*;
use pb::{
    family_event_service_client::FamilyEventServiceClient,
    parent_school_service_client::ParentSchoolServiceClient,
};
use tonic::Code;
use xinqiao_kit::testing::TestDb;

fn syllabus(units: &[(&str, bool)], etag: &str) -> pb::UpdateParentSchoolRequest {
    let unit = |(topic, psychology): &(&str, bool)| pb::SyllabusUnit {
        topic: (*topic).to_owned(),
        psychology: *psychology,
    };
    pb::UpdateParentSchoolRequest {
        parent_school: Some(pb::ParentSchool {
            name: format!("{}/parentSchool", school(SCHOOL)),
            units: units.iter().map(unit).collect(),
            etag: etag.to_owned(),
            ..pb::ParentSchool::default()
        }),
    }
}

fn event(kind: pb::FamilyEventKind, topic: &str) -> pb::LogFamilyEventRequest {
    let attendance = |id, attended| pb::ClassAttendance { class: class(SCHOOL, id), invited: 40, attended };
    pb::LogFamilyEventRequest {
        parent: school(SCHOOL),
        family_event: Some(pb::FamilyEvent {
            kind: kind.into(),
            date: "2026-11-20".to_owned(),
            topic: topic.to_owned(),
            minutes: 90,
            attendances: vec![attendance(CLASS_A, 35), attendance(CLASS_B, 28)],
            ..pb::FamilyEvent::default()
        }),
        request_id: String::new(),
    }
}

#[tokio::test]
async fn a_syllabus_is_written_rewritten_and_read() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut parents = ParentSchoolServiceClient::new(world.principal());
        let name = pb::GetParentSchoolRequest { name: format!("{}/parentSchool", school(SCHOOL)) };
        assert_eq!(parents.get_parent_school(name.clone()).await.unwrap_err().code(), Code::NotFound);
        let first =
            parents.update_parent_school(syllabus(&[("家庭阅读", false)], "")).await.unwrap().into_inner();
        assert!(!first.teaches_psychology);
        let second = syllabus(&[("家庭阅读", false), ("青春期心理", true)], &first.etag);
        let second = parents.update_parent_school(second).await.unwrap().into_inner();
        assert!(second.teaches_psychology);
        let stale = parents.update_parent_school(syllabus(&[("甲", false)], &first.etag)).await.unwrap_err();
        assert_eq!(reason(&stale), "STALE_ETAG");
        let mut teacher = ParentSchoolServiceClient::new(world.teacher());
        assert_eq!(teacher.get_parent_school(name).await.unwrap().into_inner(), second);
        let denied = teacher.update_parent_school(syllabus(&[("甲", false)], "")).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied);
        let empty =
            parents.update_parent_school(syllabus(&[("甲", true), ("甲", true)], "")).await.unwrap_err();
        assert_eq!(violations(&empty), ["parent_school.units[1].topic DUPLICATE"]);
    })
    .await;
}

#[tokio::test]
async fn a_parent_lesson_rests_on_the_syllabus_and_attendance_adds_up() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut events = FamilyEventServiceClient::new(world.teacher());
        let lesson = event(pb::FamilyEventKind::ParentLesson, "青春期心理");
        let early = events.log_family_event(lesson.clone()).await.unwrap_err();
        assert_eq!(violations(&early), ["family_event.kind PARENT_SCHOOL_MISSING"]);
        ParentSchoolServiceClient::new(world.principal())
            .update_parent_school(syllabus(&[("青春期心理", true)], ""))
            .await
            .unwrap();
        let held = events.log_family_event(lesson).await.unwrap().into_inner();
        assert_eq!((held.invited_count, held.attended_count, held.psychology), (80, 63, true));
        assert_eq!(held.author, account(TEACHER));
        let open_day = events.log_family_event(event(pb::FamilyEventKind::OpenDay, "校园开放")).await;
        assert!(!open_day.unwrap().into_inner().psychology);
        let read = events.get_family_event(pb::GetFamilyEventRequest { name: held.name.clone() }).await;
        assert_eq!(read.unwrap().into_inner(), held);
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_an_event_is_said_at_once() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut events = FamilyEventServiceClient::new(world.teacher());
        let mut wrong = event(pb::FamilyEventKind::OpenDay, "");
        if let Some(event) = &mut wrong.family_event {
            event.date = "2027-01-01".to_owned();
            event.minutes = 1;
            event.attendances[0].attended = 41;
            event.attendances[1].class = class(OTHER, OTHER_CLASS);
        }
        let refusal = events.log_family_event(wrong).await.unwrap_err();
        assert_eq!(
            violations(&refusal),
            [
                "family_event.date DATE_IN_FUTURE",
                "family_event.topic REQUIRED",
                "family_event.minutes OUT_OF_RANGE",
                "family_event.attendances[0].attended OUT_OF_RANGE",
                "family_event.attendances[1].class CLASS_UNKNOWN"
            ]
        );
        let list =
            pb::ListFamilyEventsRequest { parent: school(SCHOOL), ..pb::ListFamilyEventsRequest::default() };
        assert!(events.list_family_events(list).await.unwrap().into_inner().family_events.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_voided_event_stays_readable_and_a_closed_class_is_not_invited() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut events = FamilyEventServiceClient::new(world.teacher());
        let key = Uuid::from_u128(9).to_string();
        let request = pb::LogFamilyEventRequest {
            request_id: key,
            ..event(pb::FamilyEventKind::ParentSession, "亲子沟通")
        };
        let first = events.log_family_event(request.clone()).await.unwrap().into_inner();
        assert_eq!(
            events.log_family_event(request).await.unwrap().into_inner(),
            first,
            "the same request again"
        );
        let void = pb::VoidFamilyEventRequest {
            name: first.name.clone(),
            reason: "重复登记".to_owned(),
            etag: first.etag,
            request_id: String::new(),
        };
        assert_eq!(events.void_family_event(void.clone()).await.unwrap_err().code(), Code::PermissionDenied);
        let mut principal = FamilyEventServiceClient::new(world.principal());
        principal.void_family_event(void.clone()).await.unwrap();
        let again = pb::VoidFamilyEventRequest { etag: String::new(), ..void };
        assert_eq!(reason(&principal.void_family_event(again).await.unwrap_err()), "EVIDENCE_VOIDED");
        let mut list =
            pb::ListFamilyEventsRequest { parent: school(SCHOOL), ..pb::ListFamilyEventsRequest::default() };
        assert!(events.list_family_events(list.clone()).await.unwrap().into_inner().family_events.is_empty());
        list.include_voided = true;
        let all = events.list_family_events(list).await.unwrap().into_inner().family_events;
        assert_eq!((all.len(), all[0].void_reason.as_str()), (1, "重复登记"));
        world.tell_class(CLASS_B, SCHOOL, false).await;
        let refusal =
            events.log_family_event(event(pb::FamilyEventKind::OpenDay, "开放日")).await.unwrap_err();
        assert_eq!(violations(&refusal), ["family_event.attendances[1].class CLASS_UNKNOWN"]);
    })
    .await;
}
