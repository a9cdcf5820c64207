//! Scene 4: the finding becomes an interview, the record yellow and then orange by the signatures that the policy asks for; the support team
//! forms, a missing member is an alarm; parents are contacted, a referral is opened (P5.2-P5.7).

use super::{
    cast::{Cast, Member, await_true},
    screening::Submitted,
    stage::Stage,
};
use crate::{
    client::{Api, text},
    commands::Failure,
};
use serde_json::{Value, json};

/// From interview to referral.
///
/// # Errors
/// A call fails.
pub async fn play(cast: &Cast, submitted: &Submitted, stage: &mut Stage) -> Result<(), Failure> {
    stage.scene("三色档案", "Three-colour record");
    let student = &submitted.pupil.student;
    let interview = interview(cast, student, stage).await?;
    colour(cast, student, "COLOUR_YELLOW", &interview, &[&cast.psychologist], stage).await?;
    team(cast, student, &[&cast.homeroom], false, stage).await?;
    team(cast, student, &[&cast.homeroom, &cast.psychologist], true, stage).await?;
    colour(cast, student, "COLOUR_ORANGE", &interview, &[&cast.psychologist, &cast.principal], stage).await?;
    team(cast, student, &[&cast.homeroom, &cast.psychologist, &cast.grade_leader], true, stage).await?;
    rights(cast, student, stage).await?;
    parents(cast, student, stage).await?;
    referral(cast, student, stage).await?;
    privacy(cast, student, stage).await
}

async fn interview(cast: &Cast, student: &str, stage: &mut Stage) -> Result<String, Failure> {
    let api = &cast.psychologist.api;
    let path = format!("/v1/interviews?student={student}&state=INTERVIEW_STATE_OPEN");
    await_true(|| async { Ok(!api.list(&path, "interviews").await?.is_empty()) }).await?;
    let open = api.list(&path, "interviews").await?;
    let name =
        open.first().map(|task| text(task, "name").to_owned()).ok_or("没有访谈任务 no interview task")?;
    stage.tell("筛查结果自动形成访谈任务", "the finding has become an interview task");
    let outcome = json!({
        "outcome": "INTERVIEW_OUTCOME_NEEDS_YELLOW",
        "signs": ["SIGN_LOW_MOOD", "SIGN_SLEEP_OR_APPETITE"],
        "notes": "近两周情绪低落、入睡困难，愿意谈，家庭支持尚可",
    });
    let done = api.post(&format!("/v1/{name}:complete"), outcome).await?;
    stage.verify(
        text(&done, "state") == "INTERVIEW_STATE_COMPLETED",
        "访谈完成，建议列为黄色",
        "the interview is done and suggests yellow",
    );
    Ok(name)
}

/// A proposal, signed by `signers` one after the other; it takes force with the last of them and not before.
async fn colour(
    cast: &Cast,
    student: &str,
    to: &str,
    interview: &str,
    signers: &[&Member],
    stage: &mut Stage,
) -> Result<(), Failure> {
    let body = json!({
        "toColour": to,
        "reasons": "筛查、访谈和班级观察一致，需要持续支持",
        "evidence": [{"kind": "EVIDENCE_KIND_INTERVIEW", "resource": interview, "summary": "访谈记录"}],
    });
    let proposal = cast.psychologist.api.post(&format!("/v1/{student}/proposals"), body).await?;
    let name = text(&proposal, "name").to_owned();
    let mut state = text(&proposal, "state").to_owned();
    for (index, signer) in signers.iter().enumerate() {
        let before = current(&cast.psychologist.api, student).await?;
        stage.verify(
            before != to && state != "PROPOSAL_STATE_SIGNED",
            &format!("未签齐之前仍为 {before}"),
            &format!("the record stays {before} until all have signed"),
        );
        let signed = signer.api.post(&format!("/v1/{name}:sign"), json!({"note": "同意"})).await?;
        state = text(&signed, "state").to_owned();
        stage.counts.signatures += 1;
        stage.tell(
            &format!("{}签字（第 {} 个）", signer.title, index + 1),
            &format!("{} signs", signer.login),
        );
    }
    let after = current(&cast.psychologist.api, student).await?;
    stage.verify(
        after == to && state == "PROPOSAL_STATE_SIGNED",
        &format!("档案变为 {after}"),
        &format!("the record is {after}"),
    );
    Ok(())
}

async fn current(api: &Api, student: &str) -> Result<String, Failure> {
    Ok(text(&api.get(&format!("/v1/{student}/record")).await?, "colour").to_owned())
}

/// Sets the team and looks whether its vacancy is an alarm.
async fn team(
    cast: &Cast,
    student: &str,
    members: &[&Member],
    complete: bool,
    stage: &mut Stage,
) -> Result<(), Failure> {
    let staff: Vec<&str> = members.iter().map(|member| member.staff.as_str()).collect();
    cast.psychologist.api.post(&format!("/v1/{student}/team:set"), json!({"staff": staff})).await?;
    let path = format!("/v1/alarms?school={}&kind=ALARM_KIND_TEAM_VACANCY", cast.school);
    let alarms = cast.principal.api.list(&path, "alarms").await?;
    let vacant = alarms.iter().any(|alarm| text(alarm, "subject").starts_with(student));
    let (chinese, english) = if complete {
        (
            format!("{} 人支持小组到位", members.len()),
            format!("the support team of {} is complete", members.len()),
        )
    } else {
        ("小组缺人，校长处有警示".to_owned(), "a missing member is an alarm at the principal's".to_owned())
    };
    stage.verify(vacant != complete, &chinese, &english);
    Ok(())
}

/// A member of the team may see the record; that follows from the team, by an event, and a session learns it within seconds.
async fn rights(cast: &Cast, student: &str, stage: &mut Stage) -> Result<(), Failure> {
    let path = format!("/v1/{student}/record");
    let sees = await_true(|| async { Ok(cast.homeroom.api.get(&path).await.is_ok()) }).await?;
    stage.verify(sees, "小组成员看得到这份档案", "a member of the team sees the record");
    Ok(())
}

async fn parents(cast: &Cast, student: &str, stage: &mut Stage) -> Result<(), Failure> {
    let path = format!("/v1/alarms?school={}&kind=ALARM_KIND_PARENT_CONTACT_MISSING", cast.school);
    let missing = |alarms: Vec<Value>| alarms.iter().any(|alarm| text(alarm, "subject").starts_with(student));
    let before = missing(cast.principal.api.list(&path, "alarms").await?);
    let contact = json!({
        "channel": "CONTACT_CHANNEL_PHONE",
        "reached": true,
        "note": "与家长通话，约定明日到校面谈",
    });
    cast.homeroom.api.post(&format!("/v1/{student}/parentContacts"), contact).await?;
    let plan = json!({
        "goals": "稳定情绪，规律作息",
        "steps": [{"actor": "家长", "action": "每晚陪伴半小时"}, {"actor": "班主任", "action": "每日课间关心一次"}],
    });
    cast.psychologist.api.patch(&format!("/v1/{student}/jointPlan"), plan).await?;
    let after = missing(cast.principal.api.list(&path, "alarms").await?);
    stage.verify(
        before && !after,
        "橙色档案：已联系家长，共同方案已定",
        "orange: the parents are contacted, a joint plan is made",
    );
    Ok(())
}

async fn referral(cast: &Cast, student: &str, stage: &mut Stage) -> Result<(), Failure> {
    let body = json!({"institution": "示范县人民医院心理科", "reason": "情绪低落两周以上，需专业评估"});
    let api = &cast.psychologist.api;
    let opened = api.post(&format!("/v1/{student}/referrals"), body).await?;
    let name = text(&opened, "name").to_owned();
    let early = api.post(&format!("/v1/{name}:send"), json!({})).await;
    stage.verify(
        early.is_err_and(|cause| cause.status() == 400),
        "未经监护人同意不得转介",
        "nothing is sent before a guardian consents",
    );
    let whole = api.get(&format!("/v1/{student}?view=STUDENT_VIEW_FULL")).await?;
    let guardians = whole.get("guardians").and_then(Value::as_array).cloned().unwrap_or_default();
    let guardian = guardians
        .first()
        .map(|guardian| text(guardian, "id"))
        .ok_or("没有监护人 the pupil has no guardian")?;
    let consent = json!({"consent": {"guardian": guardian, "form": "纸质同意书"}});
    api.post(&format!("/v1/{name}:recordConsent"), consent).await?;
    api.post(&format!("/v1/{name}:send"), json!({})).await?;
    let read = api.get(&format!("/v1/{name}")).await?;
    stage.verify(
        text(&read, "state") == "REFERRAL_STATE_SENT",
        "转介已发出，等待机构回执",
        "the referral is sent and waits for its receipt",
    );
    Ok(())
}

/// What must stay hidden stays hidden.
async fn privacy(cast: &Cast, student: &str, stage: &mut Stage) -> Result<(), Failure> {
    let outsider = cast.admin.get(&format!("/v1/{student}/record")).await;
    let nobody = cast.admin.get("/v1/students/00000000-0000-7000-8000-000000000000/record").await;
    let pupil = cast.pupils.first().map(|pupil| &pupil.api).ok_or("没有学生 no pupils")?;
    let classmate = pupil.get(&format!("/v1/{student}/record")).await;
    let hidden = |outcome: &Result<Value, crate::client::ApiError>| {
        outcome.as_ref().is_err_and(|cause| matches!(cause.status(), 403 | 404))
    };
    let same = match (&outsider, &nobody) {
        (Err(a), Err(b)) => a.status() == b.status() && a.to_string() == b.to_string(),
        _ => false,
    };
    stage.verify(
        hidden(&outsider) && hidden(&classmate) && same,
        "管理员和同学看不到档案，连学生是否存在也问不出",
        "neither county IT nor classmates see the record, nor whether the pupil exists",
    );
    Ok(())
}
