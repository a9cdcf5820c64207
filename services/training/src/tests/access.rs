//! Who may do what: every action of the service against every role, by the authoriser that decides in production.

use super::*;
use pb::{
    lesson_figure_service_client::LessonFigureServiceClient, lesson_service_client::LessonServiceClient,
};
use tonic::Code;
use xinqiao_kit::{
    authz::Target,
    testing::{TestDb, authorizer},
};
use xinqiao_proto::policy::methods;

/// Columns: teacher, psychologist, deputy, principal of the school; school administrator; county centre; inspector; county IT.
const COLUMNS: [(&str, Scope); 8] = [
    ("subject", Scope::School(SCHOOL)),
    ("psychologist", Scope::School(SCHOOL)),
    ("deputy", Scope::School(SCHOOL)),
    ("principal", Scope::School(SCHOOL)),
    ("school_admin", Scope::School(SCHOOL)),
    ("county_centre", Scope::County),
    ("inspector", Scope::County),
    ("county_it", Scope::County),
];

const TABLE: &[(&str, &str)] = &[
    ("logLesson", "xxxx----"),
    ("correctLesson", "--xx----"),
    ("voidLesson", "--xx----"),
    ("getLesson", "xxxx-xx-"),
    ("listLessons", "xxxx-xx-"),
    ("getSchoolFigures", "xxxx-xx-"),
    ("getCountyFigures", "-----xx-"),
    ("createTeachingPlan", "xxxx----"),
    ("updateTeachingPlan", "xxxx----"),
    ("getTeachingPlan", "xxxx-xx-"),
    ("listTeachingPlans", "xxxx-xx-"),
    ("createTraining", "-xxx----"),
    ("updateTraining", "-xxx----"),
    ("cancelTraining", "-xxx----"),
    ("recordAttendance", "-xxx----"),
    ("getTraining", "xxxx-xx-"),
    ("listTrainings", "xxxx-xx-"),
    ("listAttendances", "-xxx-xx-"),
    ("getSchoolTrainingFigures", "-xxx-xx-"),
    ("getCountyTrainingFigures", "-----xx-"),
    ("createCertificate", "--xxxx--"),
    ("revokeCertificate", "--xxxx--"),
    ("getCertificate", "-xxx-xx-"),
    ("listCertificates", "-xxx-xx-"),
    ("getSchoolStaffing", "xxxx-xx-"),
    ("getCountyStaffing", "-----xx-"),
    ("createActivity", "xxxx----"),
    ("updateActivity", "xxxx----"),
    ("proveActivity", "xxxx----"),
    ("cancelActivity", "xxxx----"),
    ("getActivity", "xxxx-xx-"),
    ("listActivities", "xxxx-xx-"),
    ("getSchoolActivityFigures", "xxxx-xx-"),
    ("getCountyActivityFigures", "-----xx-"),
];

#[test]
fn each_role_may_do_what_the_table_says_and_only_at_its_place() {
    let authorizer = authorizer();
    for (action, row) in TABLE {
        let county_only = row.starts_with("-----");
        let here = if county_only { Target::new("x") } else { Target::new("x").school(SCHOOL) };
        for ((role, scope), cell) in COLUMNS.iter().zip(row.chars()) {
            let who = principal(TEACHER, &[(*role, *scope)]);
            let action = format!("training.{action}");
            assert_eq!(authorizer.permits(&who, &action, &here), cell == 'x', "{role} {action}");
            if matches!(scope, Scope::School(_)) {
                let there = Target::new("x").school(OTHER);
                assert!(!authorizer.permits(&who, &action, &there), "{role} {action} at another school");
            }
        }
        for who in [
            principal(TEACHER, &[]),
            principal(TEACHER, &[("guardian", Scope::Student(SCHOOL)), ("pupil", Scope::Student(SCHOOL))]),
            principal(TEACHER, &[("peer", Scope::Class { school: SCHOOL, class: CLASS_31 })]),
            principal(TEACHER, &[("county_duty", Scope::County), ("auditor", Scope::County)]),
        ] {
            assert!(!authorizer.permits(&who, &format!("training.{action}"), &here), "{action} by {who:?}");
        }
    }
}

#[test]
fn the_table_knows_every_action_of_the_service() {
    let mut actions: Vec<String> = methods()
        .iter()
        .filter(|method| method.path.starts_with("/xinqiao.training."))
        .map(|method| method.policy.action.replace("training.", ""))
        .collect();
    actions.sort();
    let mut known: Vec<&str> = TABLE.iter().map(|(action, _)| *action).collect();
    known.sort_unstable();
    assert_eq!(actions, known);
}

#[tokio::test]
async fn another_school_cannot_tell_a_lesson_from_nothing() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let logged = LessonServiceClient::new(world.teacher())
            .log_lesson(pb::LogLessonRequest {
                parent: class(SCHOOL, CLASS_31),
                lesson: Some(a_lesson("2026-11-23", 3)),
                request_id: String::new(),
            })
            .await
            .unwrap()
            .into_inner();
        let mut stranger = LessonServiceClient::new(world.stranger());
        let real = stranger.get_lesson(pb::GetLessonRequest { name: logged.name.clone() }).await.unwrap_err();
        let name = format!("lessons/{}", Uuid::from_u128(5));
        let none = stranger.get_lesson(pb::GetLessonRequest { name }).await.unwrap_err();
        assert_eq!((real.code(), reason(&real)), (none.code(), reason(&none)));
        assert_eq!(real.code(), Code::NotFound);
        let void = pb::VoidLessonRequest {
            name: logged.name,
            reason: "删掉它".to_owned(),
            ..pb::VoidLessonRequest::default()
        };
        let denied = LessonServiceClient::new(world.teacher()).void_lesson(void).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied, "teachers correct nothing");
    })
    .await;
}

#[tokio::test]
async fn people_do_not_deliver_events_and_services_do_not_log_lessons() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut receiver = EventReceiverServiceClient::new(world.county("county_centre"));
        let refusal = receiver.deliver(DeliverRequest { event: None }).await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied);
        let mut figures = LessonFigureServiceClient::new(world.harness.as_service(Role::Crisis));
        let refusal = figures.get_county_figures(pb::GetCountyFiguresRequest::default()).await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied);
        let mut nobody = LessonFigureServiceClient::new(world.harness.as_nobody());
        let refusal = nobody.get_county_figures(pb::GetCountyFiguresRequest::default()).await.unwrap_err();
        assert_eq!(refusal.code(), Code::Unauthenticated);
    })
    .await;
}
