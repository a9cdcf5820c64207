//! Scene 3: the answer to a critical item raises an alert; nobody answers in time, it climbs the grid; somebody acknowledges and
//! records what was done (P4.7).

use super::{
    cast::{Cast, await_true},
    screening::Submitted,
    stage::Stage,
};
use crate::{
    client::{number, text},
    commands::Failure,
};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// What reached one person's open stream, and when.
type Received = Arc<Mutex<Vec<(Instant, Value)>>>;

/// Open streams, by login name.
#[derive(Debug)]
pub struct Watchers(Vec<(String, Received)>);

/// Everybody opens the app: a stream each.
///
/// # Errors
/// A stream cannot be opened.
pub async fn watch(cast: &Cast) -> Result<Watchers, Failure> {
    let mut watchers = Vec::new();
    for member in cast.staff() {
        let stream = member.api.watch("/v1/alerts:watch").await?;
        let received = Received::default();
        let sink = received.clone();
        tokio::spawn(async move {
            let mut stream = std::pin::pin!(stream);
            while let Some(event) = stream.next().await {
                if let Some(notification) = event.get("notification") {
                    let mut seen = sink.lock().unwrap_or_else(PoisonError::into_inner);
                    seen.push((Instant::now(), notification.clone()));
                }
            }
        });
        watchers.push((member.login.clone(), received));
    }
    Ok(Watchers(watchers))
}

impl Watchers {
    /// When the first escalation notification of the alert reached `login`.
    fn first(&self, login: &str, alert: &str) -> Option<Instant> {
        let (_, received) = self.0.iter().find(|(name, _)| name == login)?;
        let seen = received.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().find(|(_, notification)| is_of(notification, alert)).map(|(at, _)| *at)
    }

    /// How many escalation notifications of the alert reached anybody.
    fn count(&self, alert: &str) -> usize {
        let of = |received: &Received| {
            let seen = received.lock().unwrap_or_else(PoisonError::into_inner);
            seen.iter().filter(|(_, notification)| is_of(notification, alert)).count()
        };
        self.0.iter().map(|(_, received)| of(received)).sum()
    }

    /// All texts that any stream has shown.
    fn texts(&self) -> String {
        let of = |received: &Received| {
            let seen = received.lock().unwrap_or_else(PoisonError::into_inner);
            seen.iter().map(|(_, notification)| notification.to_string()).collect::<String>()
        };
        self.0.iter().map(|(_, received)| of(received)).collect()
    }
}

fn is_of(notification: &Value, alert: &str) -> bool {
    text(notification, "alert") == alert && text(notification, "kind") == "NOTIFICATION_KIND_ESCALATION"
}

/// From the alert to the recorded action.
///
/// # Errors
/// A call fails.
pub async fn play(
    cast: &Cast,
    submitted: &Submitted,
    watchers: Watchers,
    stage: &mut Stage,
) -> Result<(), Failure> {
    stage.scene("危机预警", "Alert and escalation");
    let psychologist = &cast.psychologist.api;
    let open = || async {
        let path = format!("/v1/alerts?student={}", submitted.pupil.student);
        Ok(!psychologist.list(&path, "alerts").await?.is_empty())
    };
    await_true(open).await?;
    let path = format!("/v1/alerts?student={}", submitted.pupil.student);
    let alerts = psychologist.list(&path, "alerts").await?;
    let alert = alerts.first().ok_or("没有产生预警 no alert was raised")?.clone();
    let name = text(&alert, "name").to_owned();
    stage.counts.alerts = i64::try_from(alerts.len()).unwrap_or_default();
    stage.verify(
        alerts.len() == 1,
        &format!("关键题触发预警 {}（{}）", text(&alert, "number"), text(&alert, "severity")),
        &format!("the critical item raised alert {}", text(&alert, "number")),
    );
    let red = text(&alert, "severity") == "SEVERITY_RED";
    let at_once: &[&str] = if red { &["homeroom", "psych", "principal"] } else { &["homeroom", "psych"] };
    let later: &[&str] = if red { &["deputy", "duty"] } else { &["grade", "deputy", "principal", "duty"] };
    for login in at_once.iter().chain(later) {
        await_true(|| async { Ok(watchers.first(login, &name).is_some()) }).await?;
        let reached = watchers.first(login, &name);
        let after = reached.map_or(Duration::ZERO, |at| at.saturating_duration_since(submitted.at));
        stage.verify(
            reached.is_some(),
            &format!("{login} 在 {} 毫秒后收到通知", after.as_millis()),
            &format!("it reached {login} after {} ms", after.as_millis()),
        );
    }
    let read = psychologist.get(&format!("/v1/{name}")).await?;
    stage.verify(
        text(&read, "state") == "ALERT_STATE_OPEN",
        "被查看和列出并不等于确认",
        "being listed and read is not being acknowledged",
    );
    act(cast, &name, stage).await?;
    settle(cast, &name, &watchers, stage).await
}

/// Somebody acknowledges and records what was done.
async fn act(cast: &Cast, alert: &str, stage: &mut Stage) -> Result<(), Failure> {
    let psychologist = &cast.psychologist.api;
    psychologist.post(&format!("/v1/{alert}:acknowledge"), json!({})).await?;
    let again = psychologist.post(&format!("/v1/{alert}:acknowledge"), json!({})).await?;
    stage.verify(
        text(&again, "state") == "ALERT_STATE_ACKNOWLEDGED"
            && text(&again, "acknowledger") == cast.psychologist.user,
        "心理教师确认预警，重复确认无妨",
        "the psychologist acknowledges, twice without harm",
    );
    let action =
        json!({"kind": "ACTION_KIND_SPOKE_WITH_PUPIL", "text": "已与学生面谈，情绪稳定，由班主任陪同"});
    psychologist.post(&format!("/v1/{alert}:recordAction"), action).await?;
    psychologist.post(&format!("/v1/{alert}:takeInHand"), json!({})).await?;
    let read = psychologist.get(&format!("/v1/{alert}")).await?;
    stage.verify(
        text(&read, "state") == "ALERT_STATE_IN_HAND" && !text(&read, "actionTime").is_empty(),
        "处置已记录，预警在处理中",
        "what was done is recorded, the alert is in hand",
    );
    Ok(())
}

/// After the acknowledgement nothing fires any more; the timeline tells each step once, and nobody's name went over a stream.
async fn settle(cast: &Cast, alert: &str, watchers: &Watchers, stage: &mut Stage) -> Result<(), Failure> {
    let steps = || async {
        let timeline =
            cast.psychologist.api.list(&format!("/v1/{alert}/timeline?pageSize=500"), "entries").await?;
        let started = timeline.iter().filter(|entry| text(entry, "kind") == "TIMELINE_KIND_STEP_STARTED");
        Ok::<_, Failure>(
            started.map(|entry| (number(entry, "round"), number(entry, "step"))).collect::<Vec<_>>(),
        )
    };
    let before = steps().await?;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = steps().await?;
    let distinct: HashSet<_> = after.iter().collect();
    stage.counts.escalation_steps = i64::try_from(after.len()).unwrap_or_default();
    stage.counts.notifications = i64::try_from(watchers.count(alert)).unwrap_or_default();
    stage.verify(
        before == after && distinct.len() == after.len() && after.len() >= 3,
        &format!("升级共 {} 步，每步一次，确认后不再升级", after.len()),
        &format!("{} steps, each once, none after the acknowledgement", after.len()),
    );
    let names = cast
        .homeroom
        .api
        .list(&format!("/v1/students?class={}&pageSize=100", cast.class), "students")
        .await?;
    let texts = watchers.texts();
    stage.verify(
        names.iter().all(|student| !texts.contains(text(student, "displayName"))),
        "通知里没有任何学生姓名",
        "no notification carries a pupil's name",
    );
    Ok(())
}
