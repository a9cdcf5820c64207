//! Staff training and its figures.

use super::*;
use pb::staff_training_service_client::StaffTrainingServiceClient;
use tonic::Code;
use xinqiao_kit::testing::TestDb;

fn training(organiser: &str, date: &str, minutes: i32) -> pb::CreateTrainingRequest {
    pb::CreateTrainingRequest {
        training: Some(pb::TrainingSession {
            organiser: organiser.to_owned(),
            topic: "心理危机识别".to_owned(),
            date: date.to_owned(),
            minutes,
            groups: vec![pb::StaffGroup::Homeroom.into(), pb::StaffGroup::Leaders.into()],
            ..pb::TrainingSession::default()
        }),
        request_id: String::new(),
    }
}

fn attended(name: &str, people: &[(Uuid, i32)]) -> pb::RecordAttendanceRequest {
    let attendance = |(id, minutes): &(Uuid, i32)| pb::Attendance {
        staff: staff(*id),
        minutes: *minutes,
        ..pb::Attendance::default()
    };
    pb::RecordAttendanceRequest {
        name: name.to_owned(),
        attendances: people.iter().map(attendance).collect(),
        request_id: String::new(),
    }
}

async fn figures(world: &World) -> pb::SchoolTrainingFigures {
    let request = pb::GetSchoolTrainingFiguresRequest { school: school(SCHOOL), school_year: 0 };
    let mut client = StaffTrainingServiceClient::new(world.principal());
    client.get_school_training_figures(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn hours_follow_from_attendance_by_group_and_person() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut trainings = StaffTrainingServiceClient::new(world.psychologist());
        let made = trainings
            .create_training(training(&school(SCHOOL), "2026-11-24", 240))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(made.state(), pb::TrainingState::Planned);
        let first = attended(&made.name, &[(TEACHER, 240), (PRINCIPAL, 120)]);
        let held = trainings.record_attendance(first).await.unwrap().into_inner();
        assert_eq!((held.state(), held.attendee_count), (pb::TrainingState::Held, 2));
        trainings.record_attendance(attended(&made.name, &[(PRINCIPAL, 240)])).await.unwrap();
        let found = figures(&world).await;
        let groups: Vec<_> = found
            .groups
            .iter()
            .map(|g| (g.group(), g.staff_count, g.trained_count, g.attended_hours))
            .collect();
        assert_eq!(
            groups,
            [
                (pb::StaffGroup::Leaders, 1, 1, 4.0),
                (pb::StaffGroup::Homeroom, 1, 1, 4.0),
                (pb::StaffGroup::MentalHealth, 1, 0, 0.0),
                (pb::StaffGroup::Subject, 1, 1, 4.0),
                (pb::StaffGroup::New, 0, 0, 0.0)
            ]
        );
        assert_eq!(found.members[0].staff, staff(PSYCHOLOGIST), "least first");
        assert_eq!((found.target_hours, found.reached), (8, false));
        let list = pb::ListAttendancesRequest { parent: made.name, ..pb::ListAttendancesRequest::default() };
        let list = trainings.list_attendances(list).await.unwrap().into_inner();
        let minutes: Vec<_> = list.attendances.iter().map(|a| (a.staff.clone(), a.minutes)).collect();
        assert_eq!(minutes, [(staff(TEACHER), 240), (staff(PRINCIPAL), 240)], "the last entry counts");
    })
    .await;
}

#[tokio::test]
async fn a_cancelled_training_counts_for_nothing() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut trainings = StaffTrainingServiceClient::new(world.principal());
        let made = trainings
            .create_training(training(&school(SCHOOL), "2026-11-20", 480))
            .await
            .unwrap()
            .into_inner();
        trainings.record_attendance(attended(&made.name, &[(TEACHER, 480)])).await.unwrap();
        assert_eq!(figures(&world).await.groups[1].reached_count, 1);
        let cancel =
            pb::CancelTrainingRequest { name: made.name.clone(), ..pb::CancelTrainingRequest::default() };
        trainings.cancel_training(cancel).await.unwrap();
        assert_eq!(figures(&world).await.groups[1].trained_count, 0);
        let late = trainings.record_attendance(attended(&made.name, &[(TEACHER, 1)])).await.unwrap_err();
        assert_eq!((late.code(), reason(&late).as_str()), (Code::FailedPrecondition, "TRAINING_CANCELLED"));
    })
    .await;
}

#[tokio::test]
async fn attendance_waits_for_the_day_and_names_known_people_once() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut trainings = StaffTrainingServiceClient::new(world.principal());
        let made = trainings
            .create_training(training(&school(SCHOOL), "2026-11-30", 60))
            .await
            .unwrap()
            .into_inner();
        let early = trainings.record_attendance(attended(&made.name, &[(TEACHER, 60)])).await.unwrap_err();
        assert_eq!(reason(&early), "TRAINING_NOT_YET");
        let wrong = attended(&made.name, &[(TEACHER, 61), (STRANGER, 10), (TEACHER, 1)]);
        assert_eq!(
            violations(&trainings.record_attendance(wrong).await.unwrap_err()),
            [
                "attendances[0].minutes OUT_OF_RANGE",
                "attendances[1].staff STAFF_UNKNOWN",
                "attendances[2].staff DUPLICATE"
            ]
        );
        let none = trainings.record_attendance(attended(&made.name, &[])).await.unwrap_err();
        assert_eq!(violations(&none), ["attendances REQUIRED"]);
    })
    .await;
}

#[tokio::test]
async fn the_county_trains_everybody_and_schools_see_it() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut county = StaffTrainingServiceClient::new(world.county("county_centre"));
        let made = county.create_training(training("", "2026-11-20", 300)).await.unwrap().into_inner();
        county.record_attendance(attended(&made.name, &[(TEACHER, 300), (STRANGER, 300)])).await.unwrap();
        assert_eq!(figures(&world).await.county_trainings_attended, 1);
        let mut teacher = StaffTrainingServiceClient::new(world.teacher());
        teacher.get_training(pb::GetTrainingRequest { name: made.name.clone() }).await.unwrap();
        let seen = teacher.list_trainings(pb::ListTrainingsRequest::default()).await.unwrap().into_inner();
        assert_eq!(seen.trainings.len(), 1);
        let refusal = teacher.create_training(training("", "2026-11-20", 300)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::PermissionDenied);
        let mut principal = StaffTrainingServiceClient::new(world.principal());
        let foreign = principal.record_attendance(attended(&made.name, &[(TEACHER, 1)])).await.unwrap_err();
        assert_eq!(foreign.code(), Code::NotFound, "a principal does not write the county's trainings");
        let all =
            county.get_county_training_figures(pb::GetCountyTrainingFiguresRequest::default()).await.unwrap();
        let all = all.into_inner();
        assert_eq!((all.school_count, all.reached_school_count), (2, 0));
        assert_eq!(all.schools[1].groups[3].attended_hours, 5.0);
        assert!(all.schools.iter().all(|school| school.members.is_empty()));
    })
    .await;
}

#[tokio::test]
async fn a_training_is_not_cut_below_what_was_attended() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut trainings = StaffTrainingServiceClient::new(world.principal());
        let made = trainings
            .create_training(training(&school(SCHOOL), "2026-11-20", 120))
            .await
            .unwrap()
            .into_inner();
        trainings.record_attendance(attended(&made.name, &[(TEACHER, 100)])).await.unwrap();
        let change = |minutes, etag: &str| pb::UpdateTrainingRequest {
            training: Some(pb::TrainingSession {
                name: made.name.clone(),
                minutes,
                etag: etag.to_owned(),
                ..pb::TrainingSession::default()
            }),
            update_mask: mask(&["minutes"]),
        };
        let refusal = trainings.update_training(change(99, "")).await.unwrap_err();
        assert_eq!(violations(&refusal), ["training.minutes OUT_OF_RANGE"]);
        assert_eq!(
            reason(&trainings.update_training(change(100, &made.etag)).await.unwrap_err()),
            "STALE_ETAG"
        );
        let changed = trainings.update_training(change(100, "")).await.unwrap().into_inner();
        assert_eq!((changed.minutes, changed.topic.as_str()), (100, "心理危机识别"));
    })
    .await;
}
