//! Scene 5: lessons against 12 or 14 hours, staff training, a committee, a home visit, a parent session (P1.2, P1.3, P2.4, P6.*).

use super::{cast::Cast, screening::date, stage::Stage};
use crate::{
    client::{number, text},
    commands::Failure,
};
use serde_json::{Value, json};

/// Lessons that are logged for every class of the story's grade.
const LESSONS: i64 = 3;

/// Lessons, training, and home and school.
///
/// # Errors
/// A call fails.
pub async fn play(cast: &Cast, stage: &mut Stage) -> Result<(), Failure> {
    stage.scene("课时、培训与家校", "Lessons, training, home and school");
    lessons(cast, stage).await?;
    training(cast, stage).await?;
    home(cast, stage).await
}

async fn lessons(cast: &Cast, stage: &mut Stage) -> Result<(), Failure> {
    let path = format!(
        "/v1/{}/classes?stage={}&entryYear={}&pageSize=500",
        cast.school, cast.stage, cast.entry_year
    );
    let classes = cast.admin.list(&path, "classes").await?;
    let minutes = if cast.stage == "STAGE_PRIMARY" { 40 } else { 45 };
    for class in &classes {
        for index in 0..LESSONS {
            // The story's own class is a lesson behind: it alone decides the grade's figure.
            if text(class, "name") == cast.class && index == 0 && classes.len() > 1 {
                continue;
            }
            let lesson = json!({
                "date": date(-index),
                "period": 2,
                "topic": "情绪的识别与表达",
                "minutes": minutes,
                "kind": "LESSON_KIND_UNIVERSAL",
                "educations": ["EDUCATION_MORAL"],
            });
            cast.psychologist.api.post(&format!("/v1/{}/lessons", text(class, "name")), lesson).await?;
            stage.counts.lessons += 1;
        }
    }
    let figures = cast.principal.api.get(&format!("/v1/{}/lessonFigures", cast.school)).await?;
    let grades = figures.get("grades").and_then(Value::as_array).cloned().unwrap_or_default();
    let grade = grades
        .iter()
        .find(|grade| number(grade, "grade") == cast.grade && text(grade, "stage") == cast.stage);
    let target = if cast.stage == "STAGE_PRIMARY" { 12 } else { 14 };
    let held = if classes.len() > 1 { LESSONS - 1 } else { LESSONS };
    let hours = grade.and_then(|grade| grade.get("lessonHours")).and_then(Value::as_f64).unwrap_or_default();
    stage.verify(
        (hours - held as f64).abs() < 1e-9
            && grade.is_some_and(|grade| number(grade, "targetLessonHours") == target),
        &format!("{} 年级按最低班级计 {hours} 课时，目标 {target}", cast.grade),
        &format!("grade {} stands at {hours} of {target} lesson hours, by its lowest class", cast.grade),
    );
    Ok(())
}

async fn training(cast: &Cast, stage: &mut Stage) -> Result<(), Failure> {
    let session = json!({
        "organiser": cast.school,
        "topic": "危机识别与应对",
        "date": date(-1),
        "minutes": 120,
        "groups": ["STAFF_GROUP_HOMEROOM", "STAFF_GROUP_MENTAL_HEALTH", "STAFF_GROUP_LEADERS"],
    });
    let made = cast.principal.api.post("/v1/trainings", session).await?;
    let attendances: Vec<Value> = [&cast.homeroom, &cast.psychologist, &cast.deputy]
        .iter()
        .map(|member| json!({"staff": member.staff, "minutes": 120}))
        .collect();
    let path = format!("/v1/{}:recordAttendance", text(&made, "name"));
    cast.principal.api.post(&path, json!({"attendances": attendances})).await?;
    let figures = cast.principal.api.get(&format!("/v1/{}/trainingFigures", cast.school)).await?;
    let groups = figures.get("groups").and_then(Value::as_array).cloned().unwrap_or_default();
    let homeroom = groups.iter().find(|group| text(group, "group") == "STAFF_GROUP_HOMEROOM");
    stage.verify(
        homeroom.is_some_and(|group| number(group, "trainedCount") == 1),
        "危机识别培训已计入班主任组",
        "the training counts for the class teachers",
    );
    Ok(())
}

async fn home(cast: &Cast, stage: &mut Stage) -> Result<(), Failure> {
    let school = &cast.school;
    let committee = json!({"level": "COMMITTEE_LEVEL_SCHOOL", "foundDate": date(-30)});
    let committee = cast.principal.api.post(&format!("/v1/{school}/committees"), committee).await?;
    for (name, role) in [
        ("家长代表甲", "COMMITTEE_ROLE_CHAIR"),
        ("家长代表乙", "COMMITTEE_ROLE_MEMBER"),
        ("家长代表丙", "COMMITTEE_ROLE_MEMBER"),
    ] {
        let member = json!({"displayName": name, "role": role, "startDate": date(-30), "endDate": date(335)});
        cast.principal.api.post(&format!("/v1/{}/members", text(&committee, "name")), member).await?;
    }
    let session = json!({
        "kind": "FAMILY_EVENT_KIND_PARENT_SESSION",
        "date": date(-2),
        "topic": "亲子沟通与陪伴",
        "minutes": 60,
        "attendances": [{"class": cast.class, "invited": 45, "attended": 39}],
    });
    cast.psychologist.api.post(&format!("/v1/{school}/familyEvents"), session).await?;
    let student = cast.pupils.first().map(|pupil| pupil.student.clone()).ok_or("没有学生 no pupils")?;
    let visit = json!({
        "date": date(-1),
        "mode": "VISIT_MODE_HOME",
        "topics": ["VISIT_TOPIC_MENTAL_HEALTH"],
        "met": "母亲",
        "agreements": "每周联系一次",
    });
    cast.homeroom.api.post(&format!("/v1/{student}/homeVisits"), visit).await?;
    let figures = cast.principal.api.get(&format!("/v1/{school}/collaborationFigures")).await?;
    let indicators = figures.get("indicators").and_then(Value::as_array).cloned().unwrap_or_default();
    for (kind, chinese, english) in [
        ("INDICATOR_KIND_COMMITTEE", "家长委员会", "parent committee"),
        ("INDICATOR_KIND_PARENT_SESSIONS", "家长心理健康教育", "parent session"),
        ("INDICATOR_KIND_HOME_VISITS", "家访", "home visit"),
    ] {
        let counted = indicators
            .iter()
            .any(|indicator| text(indicator, "kind") == kind && number(indicator, "value") >= 1);
        stage.verify(
            counted,
            &format!("{chinese}已计入指标"),
            &format!("the {english} counts in the school's figures"),
        );
    }
    Ok(())
}
