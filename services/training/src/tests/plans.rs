//! Teaching plans.

use super::*;
use pb::teaching_plan_service_client::TeachingPlanServiceClient;
use tonic::Code;
use xinqiao_kit::testing::TestDb;

fn plan(grade: i32, units: &[(&str, i32)]) -> pb::CreateTeachingPlanRequest {
    let units = units.iter().map(|(topic, hours)| pb::TeachingUnit {
        topic: (*topic).to_owned(),
        lesson_hours: *hours,
        educations: vec![],
    });
    pb::CreateTeachingPlanRequest {
        parent: school(SCHOOL),
        teaching_plan: Some(pb::TeachingPlan {
            school_year: 2026,
            grade,
            kind: pb::LessonKind::Universal.into(),
            title: "三年级心理课".to_owned(),
            units: units.collect(),
            ..pb::TeachingPlan::default()
        }),
        request_id: String::new(),
    }
}

#[tokio::test]
async fn a_grade_has_one_plan_and_it_can_change() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut plans = TeachingPlanServiceClient::new(world.teacher());
        let made =
            plans.create_teaching_plan(plan(3, &[("情绪", 4), ("同伴", 8)])).await.unwrap().into_inner();
        assert_eq!(
            (made.planned_lesson_hours, made.target_lesson_hours, made.stage()),
            (12, 12, pb::Stage::Primary)
        );
        let second = plans.create_teaching_plan(plan(3, &[("情绪", 4)])).await.unwrap_err();
        assert_eq!((second.code(), reason(&second).as_str()), (Code::AlreadyExists, "PLAN_ALREADY_THERE"));
        let update = pb::UpdateTeachingPlanRequest {
            teaching_plan: Some(pb::TeachingPlan { title: "新题目".to_owned(), ..made.clone() }),
            update_mask: mask(&["title"]),
        };
        let changed = plans.update_teaching_plan(update.clone()).await.unwrap().into_inner();
        assert_eq!((changed.title.as_str(), changed.units.len()), ("新题目", 2));
        assert_eq!(reason(&plans.update_teaching_plan(update).await.unwrap_err()), "STALE_ETAG");
        let list = pb::ListTeachingPlansRequest {
            parent: school(SCHOOL),
            ..pb::ListTeachingPlansRequest::default()
        };
        let listed = plans.list_teaching_plans(list).await.unwrap().into_inner();
        assert_eq!(listed.teaching_plans, [changed]);
    })
    .await;
}

#[tokio::test]
async fn a_plan_for_a_stage_that_is_not_taught_is_refused_with_all_that_is_wrong() {
    TestDb::each(|db| async move {
        let world = World::new(db).await;
        let mut plans = TeachingPlanServiceClient::new(world.teacher());
        let refusal = plans.create_teaching_plan(plan(11, &[("", 0)])).await.unwrap_err();
        assert_eq!(
            violations(&refusal),
            [
                "teaching_plan.grade STAGE_NOT_TAUGHT",
                "teaching_plan.units[0].topic REQUIRED",
                "teaching_plan.units[0].lesson_hours OUT_OF_RANGE"
            ]
        );
        let stranger =
            TeachingPlanServiceClient::new(world.stranger()).create_teaching_plan(plan(3, &[("a", 1)])).await;
        assert_eq!(stranger.unwrap_err().code(), Code::NotFound);
    })
    .await;
}
