//! Scene 2: the psychologist opens a campaign, the pupils answer from many devices at once (P3.2, P3.7).

use super::{
    cast::{Cast, Pupil},
    stage::Stage,
};
use crate::{
    client::{number, text},
    commands::Failure,
};
use chrono::{Duration, SecondsFormat};
use futures::future::join_all;
use serde_json::{Value, json};
use std::time::Instant;
use xinqiao_kit::{
    ids::Ids,
    time::{Clock as _, SystemClock},
};

/// An instrument, and the answer to its critical item that raises an alert.
struct Choice {
    id: &'static str,
    items: std::ops::RangeInclusive<u32>,
    critical_item: u32,
    critical_answer: u32,
    /// What everybody else answers, item by item in turn.
    calm: &'static [u32],
}

/// From grade six pupils are old enough for PHQ-9, whose item 9 raises red; younger ones get the DSRS-C, whose item 10 raises orange.
const OLDER: Choice =
    Choice { id: "phq-9", items: 1..=9, critical_item: 9, critical_answer: 3, calm: &[1, 0, 0, 1, 0] };
const YOUNGER: Choice =
    Choice { id: "dsrs-c", items: 1..=18, critical_item: 10, critical_answer: 2, calm: &[2, 2, 0, 2, 1] };

/// An open campaign.
#[derive(Debug)]
pub struct Screened {
    /// `campaigns/...`
    pub campaign: String,
    instrument: String,
    older: bool,
}

/// What came of the answers.
#[derive(Debug)]
pub struct Submitted {
    /// The pupil whose answer raised an alert.
    pub pupil: Pupil,
    /// When that answer had been accepted.
    pub at: Instant,
}

/// The psychologist creates and opens a campaign for the class.
///
/// # Errors
/// A call fails.
pub async fn prepare(cast: &Cast, stage: &mut Stage) -> Result<Screened, Failure> {
    stage.scene("心理筛查", "Screening");
    let older = cast.grade >= 6;
    let choice = if older { &OLDER } else { &YOUNGER };
    let instruments = cast.psychologist.api.list("/v1/instruments?pageSize=100", "instruments").await?;
    let instrument = instruments
        .iter()
        .map(|instrument| text(instrument, "name"))
        .find(|name| name.split(['/', '@']).nth(1) == Some(choice.id))
        .ok_or("没有找到量表 the instrument is missing")?
        .to_owned();
    let campaign = json!({
        "title": "秋季心理健康筛查",
        "school": cast.school,
        "purposes": ["PURPOSE_SUPPORT", "PURPOSE_CRISIS"],
        "scope": {"classes": [cast.class]},
        "instrument": instrument,
        "startTime": time(-Duration::hours(1)),
        "endTime": time(Duration::days(7)),
        "consentRule": "CONSENT_RULE_NOTICE",
    });
    let campaign = cast.psychologist.api.post("/v1/campaigns", campaign).await?;
    let name = text(&campaign, "name").to_owned();
    let open = cast.psychologist.api.post(&format!("/v1/{name}:open"), json!({})).await?;
    let targets = number(&open, "targetCount");
    stage.verify(
        text(&open, "state") == "CAMPAIGN_STATE_OPEN"
            && targets >= i64::try_from(cast.pupils.len()).unwrap_or_default(),
        &format!("普查已开放，对象 {targets} 人，量表 {instrument}"),
        &format!("the campaign is open for {targets} pupils"),
    );
    Ok(Screened { campaign: name, instrument, older })
}

/// All pupils answer at once; one of them answers the critical item.
///
/// # Errors
/// A call fails.
pub async fn submit(cast: &Cast, screened: &Screened, stage: &mut Stage) -> Result<Submitted, Failure> {
    let choice = if screened.older { &OLDER } else { &YOUNGER };
    let (in_need, others) = cast.pupils.split_last().ok_or("班里没有学生 the class is empty")?;
    let assignments = in_need.api.list("/v1/assignments", "assignments").await?;
    let items = match assignments.first() {
        Some(assignment) => {
            let whole = in_need.api.get(&format!("/v1/{}", text(assignment, "name"))).await?;
            whole.get("items").and_then(Value::as_array).map_or(0, Vec::len)
        }
        None => 0,
    };
    stage.verify(
        items == choice.items.clone().count(),
        &format!("学生打开了自己的问卷，{items} 题"),
        &format!("a pupil opens the own questionnaire of {items} items"),
    );
    let began = Instant::now();
    let calls = others.iter().map(|pupil| async {
        let began = Instant::now();
        let outcome = send(pupil, screened, &answers(pupil, choice, false)).await;
        (outcome, began.elapsed())
    });
    let outcomes = join_all(calls).await;
    let slowest = outcomes.iter().map(|(_, took)| took.as_millis()).max().unwrap_or_default();
    let mut accepted = 0;
    for (outcome, _) in outcomes {
        outcome?;
        accepted += 1;
    }
    stage.tell(
        &format!("{accepted} 名学生同时提交，共 {} 毫秒，最慢 {slowest} 毫秒", began.elapsed().as_millis()),
        &format!("{accepted} pupils submitted at once, the slowest answer took {slowest} ms"),
    );
    let answered = answers(in_need, choice, true);
    let response = send(in_need, screened, &answered).await?;
    let at = Instant::now();
    let again = send(in_need, screened, &answered).await?;
    stage.verify(
        text(&again, "name") == text(&response, "name"),
        "网络重试的同一份答卷只算一份",
        "the same answers sent twice are one response",
    );
    stage.counts.submissions = accepted + 1;
    let progress = cast.psychologist.api.get(&format!("/v1/{}:progress", screened.campaign)).await?;
    let submitted = progress.get("total").map(|total| number(total, "submitted")).unwrap_or_default();
    stage.verify(
        submitted == stage.counts.submissions,
        &format!("进度：已提交 {submitted} 份"),
        &format!("progress says {submitted} submitted"),
    );
    let path = format!("/v1/{}/results?purpose=PURPOSE_SUPPORT&pageSize=100", screened.campaign);
    let results = cast.psychologist.api.list(&path, "results").await?;
    let scored = results.iter().filter(|result| text(result, "validity") == "VALIDITY_VALID").count();
    stage.verify(
        i64::try_from(scored).unwrap_or_default() == stage.counts.submissions,
        &format!("{scored} 份结果按 {} 计分", screened.instrument),
        &format!("{scored} results are scored and valid"),
    );
    let refused = cast.homeroom.api.get(&path).await;
    stage.verify(
        refused.is_err_and(|cause| matches!(cause.status(), 403 | 404)),
        "班主任看不到答案和分数",
        "the class teacher sees neither answers nor scores",
    );
    Ok(Submitted { pupil: in_need.clone(), at })
}

/// What a pupil's app sends: the answers under a key of its own, so that sending again changes nothing.
fn answers(pupil: &Pupil, choice: &Choice, in_need: bool) -> Value {
    let answers: Vec<Value> = choice
        .items
        .clone()
        .zip(choice.calm.iter().cycle())
        .map(|(item, calm)| {
            // Any answer above none to the critical item raises an alert: only one pupil gives it.
            let value = match (item == choice.critical_item, in_need) {
                (true, true) => choice.critical_answer,
                (true, false) => 0,
                (false, _) => *calm,
            };
            json!({"linkId": item.to_string(), "value": value})
        })
        .collect();
    json!({
        "student": pupil.student,
        "clientKey": Ids::system().new_id().to_string(),
        "startTime": time(-Duration::minutes(6)),
        "finishTime": time(-Duration::seconds(1)),
        "answers": answers,
    })
}

async fn send(pupil: &Pupil, screened: &Screened, answers: &Value) -> Result<Value, Failure> {
    Ok(pupil.api.post(&format!("/v1/{}/responses", screened.campaign), answers.clone()).await?)
}

/// The time so long from now, as the API writes times.
pub fn time(from_now: Duration) -> String {
    (SystemClock.now().utc() + from_now).to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The date so many days from now in the county.
pub fn date(days_from_now: i64) -> String {
    let today = SystemClock.now().shanghai_date();
    (today + Duration::days(days_from_now)).to_string()
}
