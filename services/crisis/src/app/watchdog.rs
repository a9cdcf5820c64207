//! The dead-man's switch (R12): beside the lanes, a task looks whether they still move, and tells people when they do not. Streams
//! show the same to whoever has one open, should this task be dead as well.

use super::{App, Error};
use crate::{domain::notification::Alarm, store::notifications};

impl App {
    /// Looks at the canaries and at what is overdue; gives whether all is well. An alarm is told once an hour.
    pub(super) async fn look_for_standstill(&self) -> Result<bool, Error> {
        let health = self.health().await?;
        metrics::gauge!("xinqiao_crisis_oldest_overdue_seconds").set(gauge(health.oldest_overdue_seconds));
        metrics::gauge!("xinqiao_crisis_oldest_queued_seconds").set(gauge(health.oldest_queued_seconds));
        metrics::gauge!("xinqiao_crisis_open_red_alerts").set(gauge(health.counts.open_red_alerts));
        let now = self.deps.clock.now();
        let limit = super::seconds(self.deps.settings.crisis.alive_seconds).num_seconds().max(1);
        let late = health.oldest_overdue_seconds.max(health.oldest_queued_seconds);
        let silent =
            |beat: Option<xinqiao_kit::time::Ts>| beat.is_some_and(|beat| (now - beat).num_seconds() > limit);
        if late <= limit && !silent(health.red_canary) && !silent(health.other_canary) {
            return Ok(true);
        }
        tracing::error!(
            alarm = "escalation_stalled",
            oldest_overdue_seconds = health.oldest_overdue_seconds,
            oldest_queued_seconds = health.oldest_queued_seconds,
            "escalation stands still"
        );
        let mut tx = self.deps.db.begin().await?;
        let hour = now.micros() / super::change::MICROS_AN_HOUR;
        let subject = format!("stalled:{hour}");
        let roster = self.county_duty(&mut tx).await?;
        let new = roster
            .iter()
            .map(|user| (subject.clone(), self.alarm(Alarm::EscalationStalled, None, *user, now)));
        notifications::insert(&mut tx, new.collect()).await?;
        let hub = self.hub.clone();
        tx.after_commit(move || {
            for user in roster {
                hub.wake(user);
            }
        });
        tx.commit().await?;
        Ok(false)
    }
}

/// Seconds and counts lie far below where a float loses precision.
fn gauge(value: i64) -> f64 {
    f64::from(i32::try_from(value).unwrap_or(i32::MAX))
}
