//! Logging lessons, correcting them, and what they add up to.

use super::*;
use pb::{
    lesson_figure_service_client::LessonFigureServiceClient, lesson_service_client::LessonServiceClient,
};
use tonic::Code;
use xinqiao_kit::{db::DbError, testing::TestDb};

fn log(class_id: Uuid, lesson: pb::Lesson) -> pb::LogLessonRequest {
    pb::LogLessonRequest { parent: class(SCHOOL, class_id), lesson: Some(lesson), request_id: String::new() }
}

async fn school_figures(world: &World) -> pb::SchoolLessonFigures {
    let mut figures = LessonFigureServiceClient::new(world.teacher());
    let request = pb::GetSchoolFiguresRequest { school: school(SCHOOL), school_year: 0 };
    figures.get_school_figures(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_teacher_logs_a_lesson_and_everybody_at_school_reads_it() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let logged = LessonServiceClient::new(world.teacher())
            .log_lesson(log(CLASS_31, a_lesson("2026-11-23", 3)))
            .await
            .unwrap()
            .into_inner();
        assert_eq!(logged.teacher, staff(TEACHER), "whoever logs it taught it, unless another is named");
        assert_eq!((logged.lesson_hours, logged.school_year), (1.0, 2026));
        let request = pb::GetLessonRequest { name: logged.name.clone() };
        let read =
            LessonServiceClient::new(world.psychologist()).get_lesson(request).await.unwrap().into_inner();
        assert_eq!(read, logged);
    })
    .await;
}

#[tokio::test]
async fn everything_wrong_with_a_lesson_is_said_at_once() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut lessons = LessonServiceClient::new(world.teacher());
        lessons.log_lesson(log(CLASS_31, a_lesson("2026-11-23", 3))).await.unwrap();
        let wrong = pb::Lesson {
            date: "2026-11-25".to_owned(),
            period: 0,
            teacher: staff(STRANGER),
            topic: " ".to_owned(),
            minutes: 181,
            kind: 9,
            educations: vec![1, 1, 77],
            ..pb::Lesson::default()
        };
        let refusal = lessons.log_lesson(log(CLASS_31, wrong)).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument);
        let mut found = violations(&refusal);
        found.sort();
        assert_eq!(
            found,
            [
                "lesson.date DATE_IN_FUTURE",
                "lesson.educations[1] DUPLICATE",
                "lesson.educations[2] UNKNOWN_VALUE",
                "lesson.kind UNKNOWN_VALUE",
                "lesson.minutes OUT_OF_RANGE",
                "lesson.period OUT_OF_RANGE",
                "lesson.teacher STAFF_UNKNOWN",
                "lesson.topic REQUIRED"
            ]
        );
        let again = pb::Lesson { minutes: 5, ..a_lesson("2026-11-23", 3) };
        let refusal = lessons.log_lesson(log(CLASS_31, again)).await.unwrap_err();
        assert_eq!(
            violations(&refusal),
            ["lesson.minutes OUT_OF_RANGE", "lesson.period LESSON_ALREADY_LOGGED"]
        );
        let unreadable = lessons.log_lesson(pb::LogLessonRequest::default()).await.unwrap_err();
        assert_eq!(violations(&unreadable), ["parent REQUIRED", "lesson REQUIRED"]);
        assert_eq!(school_figures(&world).await.grades[0].classes[1].lessons, 1, "a refusal changes nothing");
    })
    .await;
}

#[tokio::test]
async fn a_class_of_another_school_is_no_class_of_this_one() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut lessons = LessonServiceClient::new(world.teacher());
        let refusal = lessons.log_lesson(log(OTHER_CLASS, a_lesson("2026-11-23", 3))).await.unwrap_err();
        assert_eq!(violations(&refusal), ["parent CLASS_UNKNOWN"]);
        let foreign = pb::LogLessonRequest {
            parent: class(OTHER, OTHER_CLASS),
            lesson: Some(a_lesson("2026-11-23", 3)),
            request_id: String::new(),
        };
        assert_eq!(lessons.log_lesson(foreign).await.unwrap_err().code(), Code::NotFound);
    })
    .await;
}

#[tokio::test]
async fn the_same_request_again_is_one_lesson() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut lessons = LessonServiceClient::new(world.teacher());
        let request = pb::LogLessonRequest {
            request_id: Uuid::from_u128(77).to_string(),
            ..log(CLASS_31, a_lesson("2026-11-23", 3))
        };
        let first = lessons.log_lesson(request.clone()).await.unwrap().into_inner();
        let second = lessons.log_lesson(request.clone()).await.unwrap().into_inner();
        assert_eq!(first, second);
        let other = pb::LogLessonRequest { lesson: Some(a_lesson("2026-11-23", 4)), ..request };
        assert_eq!(reason(&lessons.log_lesson(other).await.unwrap_err()), "REQUEST_ID_REUSED");
    })
    .await;
}

#[tokio::test]
async fn the_principal_corrects_and_voids_and_history_stays() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let logged = LessonServiceClient::new(world.teacher())
            .log_lesson(log(CLASS_31, a_lesson("2026-11-23", 3)))
            .await
            .unwrap()
            .into_inner();
        let mut lessons = LessonServiceClient::new(world.principal());
        let correction = pb::CorrectLessonRequest {
            name: logged.name.clone(),
            lesson: Some(pb::Lesson {
                minutes: 80,
                topic: "认识情绪（二）".to_owned(),
                ..pb::Lesson::default()
            }),
            update_mask: mask(&["minutes", "topic"]),
            reason: "两节连上".to_owned(),
            etag: logged.etag.clone(),
            request_id: String::new(),
        };
        let corrected = lessons.correct_lesson(correction.clone()).await.unwrap().into_inner();
        assert_eq!((corrected.minutes, corrected.lesson_hours, corrected.period), (80, 2.0, 3));
        let stale = lessons.correct_lesson(correction).await.unwrap_err();
        assert_eq!((stale.code(), reason(&stale).as_str()), (Code::Aborted, "STALE_ETAG"));
        let void = pb::VoidLessonRequest {
            name: logged.name.clone(),
            reason: "误登".to_owned(),
            ..pb::VoidLessonRequest::default()
        };
        lessons.void_lesson(void.clone()).await.unwrap();
        let again = lessons.void_lesson(void).await.unwrap_err();
        assert_eq!((again.code(), reason(&again).as_str()), (Code::FailedPrecondition, "LESSON_VOIDED"));
        let read = lessons.get_lesson(pb::GetLessonRequest { name: logged.name }).await.unwrap().into_inner();
        let reasons: Vec<_> =
            read.entries.iter().map(|entry| (entry.reason.as_str(), entry.changes.len())).collect();
        assert_eq!(reasons, [("两节连上", 2), ("误登", 0)]);
        assert_eq!(read.state(), pb::LessonState::Voided);
        assert!(school_figures(&world).await.grades[0].classes.iter().all(|class| class.minutes == 0));
        LessonServiceClient::new(world.teacher())
            .log_lesson(log(CLASS_31, a_lesson("2026-11-23", 3)))
            .await
            .expect("a voided lesson leaves its place free");
    })
    .await;
}

#[tokio::test]
async fn a_correction_cannot_move_a_lesson_onto_another() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut teacher = LessonServiceClient::new(world.teacher());
        teacher.log_lesson(log(CLASS_31, a_lesson("2026-11-23", 3))).await.unwrap();
        let second = teacher.log_lesson(log(CLASS_31, a_lesson("2026-11-23", 4))).await.unwrap().into_inner();
        let correction = pb::CorrectLessonRequest {
            name: second.name,
            lesson: Some(pb::Lesson { period: 3, ..pb::Lesson::default() }),
            update_mask: mask(&["period", "colour"]),
            reason: "x".to_owned(),
            ..pb::CorrectLessonRequest::default()
        };
        let refusal =
            LessonServiceClient::new(world.principal()).correct_lesson(correction).await.unwrap_err();
        assert_eq!(
            violations(&refusal),
            ["update_mask UNKNOWN_VALUE", "reason TOO_SHORT", "lesson.period LESSON_ALREADY_LOGGED"]
        );
    })
    .await;
}

#[tokio::test]
async fn lessons_of_a_closed_year_stay_as_they_are() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let logged = LessonServiceClient::new(world.teacher())
            .log_lesson(log(CLASS_31, a_lesson("2026-11-23", 3)))
            .await
            .unwrap()
            .into_inner();
        world.harness.clock.advance(chrono::Duration::days(320));
        let void = pb::VoidLessonRequest {
            name: logged.name,
            reason: "误登".to_owned(),
            ..pb::VoidLessonRequest::default()
        };
        let refusal = LessonServiceClient::new(world.principal()).void_lesson(void).await.unwrap_err();
        assert_eq!(reason(&refusal), "SCHOOL_YEAR_CLOSED");
    })
    .await;
}

#[tokio::test]
async fn a_grade_shows_its_lowest_class() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut lessons = LessonServiceClient::new(world.teacher());
        for period in 1..=12 {
            lessons.log_lesson(log(CLASS_31, a_lesson("2026-10-12", period))).await.unwrap();
            lessons.log_lesson(log(CLASS_71, a_lesson("2026-10-12", period))).await.unwrap();
        }
        let half =
            pb::Lesson { minutes: 60, kind: pb::LessonKind::Targeted.into(), ..a_lesson("2026-10-12", 1) };
        lessons.log_lesson(log(CLASS_32, half)).await.unwrap();
        let figures = school_figures(&world).await;
        let grades: Vec<_> = figures
            .grades
            .iter()
            .map(|g| (g.grade, g.target_lesson_hours, g.lesson_hours, g.missing_lesson_hours, g.outlook()))
            .collect();
        assert_eq!(
            grades,
            [(3, 12, 1.5, 10.5, pb::Outlook::Behind), (7, 14, 10.66, 3.33, pb::Outlook::OnTrack)]
        );
        assert_eq!(figures.teaching_weeks_left, 28.0);
        assert!((figures.grades[0].needed_lesson_hours_per_week - 0.38).abs() < 1e-9);
        let lowest = &figures.grades[0].classes[0];
        assert_eq!((lowest.class.as_str(), lowest.universal_minutes), (class(SCHOOL, CLASS_32).as_str(), 0));
        assert!(!figures.reached);
    })
    .await;
}

#[tokio::test]
async fn the_county_sees_every_school_and_how_many_are_done() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut stranger = LessonServiceClient::new(world.stranger());
        for period in 1..=12 {
            let lesson = pb::Lesson { minutes: 60, ..a_lesson("2026-10-12", period) };
            let request = pb::LogLessonRequest {
                parent: class(OTHER, OTHER_CLASS),
                lesson: Some(lesson),
                request_id: String::new(),
            };
            stranger.log_lesson(request).await.unwrap();
        }
        let mut figures = LessonFigureServiceClient::new(world.county("inspector"));
        let first = pb::GetCountyFiguresRequest { page_size: 1, ..pb::GetCountyFiguresRequest::default() };
        let first = figures.get_county_figures(first).await.unwrap().into_inner();
        assert_eq!((first.school_count, first.reached_school_count), (2, 1));
        assert_eq!(first.schools[0].school, school(SCHOOL));
        assert!(first.schools[0].grades.iter().all(|grade| grade.classes.is_empty()));
        let rest = pb::GetCountyFiguresRequest {
            page_token: first.next_page_token,
            ..pb::GetCountyFiguresRequest::default()
        };
        let rest = figures.get_county_figures(rest).await.unwrap().into_inner();
        assert_eq!((rest.schools.len(), rest.next_page_token.as_str()), (1, ""));
        assert!(rest.schools[0].reached, "12 lessons of 60 minutes are 16 hours of 45");
    })
    .await;
}

#[tokio::test]
async fn lists_go_page_by_page_and_refuse_the_token_of_another_list() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut lessons = LessonServiceClient::new(world.teacher());
        for period in 1..=5 {
            lessons.log_lesson(log(CLASS_31, a_lesson("2026-10-12", period))).await.unwrap();
        }
        let mut request = pb::ListLessonsRequest {
            parent: school(SCHOOL),
            page_size: 2,
            ..pb::ListLessonsRequest::default()
        };
        let mut periods = Vec::new();
        loop {
            let page = lessons.list_lessons(request.clone()).await.unwrap().into_inner();
            assert!(page.lessons.len() <= 2);
            periods.extend(page.lessons.iter().map(|lesson| lesson.period));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(periods, [5, 4, 3, 2, 1]);
        request.include_voided = true;
        assert_eq!(
            violations(&lessons.list_lessons(request).await.unwrap_err()),
            ["page_token INVALID_PAGE_TOKEN"]
        );
    })
    .await;
}

#[tokio::test]
async fn an_event_counts_once_and_a_closed_class_counts_no_more() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let (event, class_id) = (world.harness.deps.ids.new_id(), CLASS_32.to_string());
        let changed = |active, number| {
            Payload::ClassChanged(ClassChanged {
                class_id: class_id.clone(),
                school_id: SCHOOL.to_string(),
                stage: "primary".to_owned(),
                entry_year: 2024,
                number,
                active,
            })
        };
        world.deliver(event, changed(false, 2)).await;
        world.deliver(event, changed(true, 9)).await;
        let figures = school_figures(&world).await;
        assert_eq!(figures.grades[0].class_count, 1, "the same event again changes nothing");
        world.tell(changed(true, 2)).await;
        assert_eq!(school_figures(&world).await.grades[0].class_count, 2, "it opened again");
    })
    .await;
}

#[tokio::test]
async fn what_people_write_is_not_readable_in_the_file() {
    let database = TestDb::sqlite().await;
    let world = World::new(database.db()).await;
    let lesson = pb::Lesson { topic: "TOPICOFALESSON".to_owned(), ..a_lesson("2026-11-23", 3) };
    LessonServiceClient::new(world.teacher()).log_lesson(log(CLASS_31, lesson)).await.unwrap();
    let found: Result<i64, DbError> = database
        .db()
        .read("SELECT COUNT(*) FROM lessons WHERE instr(content, CAST('TOPICOFALESSON' AS BLOB)) > 0")
        .get()
        .await;
    assert_eq!(found.unwrap(), 0);
}
