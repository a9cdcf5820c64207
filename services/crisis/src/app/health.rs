//! Whether escalation is alive (R12): counts and ages, no school and no pupil.

use super::{App, Error, seconds};
use crate::store::{alerts::Lane, health};
use chrono::Duration;
use xinqiao_kit::{authz::Target, ctx::Ctx, time::Ts};

/// An alert or a notification that is late by this much is unhealthy.
const LATE_SECONDS: i64 = 60;

/// The state of escalation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Whether nothing is out of its bounds.
    pub healthy: bool,
    /// Counts.
    pub counts: health::Counts,
    /// Seconds by which the most overdue alert is late.
    pub oldest_overdue_seconds: i64,
    /// Seconds by which the most overdue notification is late.
    pub oldest_queued_seconds: i64,
    /// When the red lane last went round.
    pub red_canary: Option<Ts>,
    /// When the other lane last went round.
    pub other_canary: Option<Ts>,
    /// People on the county's duty roster who can be reached.
    pub county_duty_people: usize,
}

impl App {
    /// The state of escalation for those who run the platform.
    ///
    /// # Errors
    /// Not permitted.
    pub async fn get_crisis_health(&self, ctx: &Ctx) -> Result<Health, Error> {
        self.deps.authz.require(ctx, &Target::new("crisis_health"))?;
        self.health().await
    }

    pub(super) async fn health(&self) -> Result<Health, Error> {
        let now = self.deps.clock.now();
        let counts = health::counts(&self.deps.db, now, now - Duration::days(1)).await?;
        let late = |due: Option<Ts>| due.map_or(0, |due| (now - due).num_seconds().max(0));
        let red_canary = health::beat_of(&self.deps.db, Lane::Red).await?;
        let other_canary = health::beat_of(&self.deps.db, Lane::Other).await?;
        let alive = |beat: Option<Ts>| beat.is_some_and(|beat| now - beat < self.alive_within());
        let (overdue, queued) = (late(counts.oldest_due_at), late(counts.oldest_queued_at));
        let on_time = overdue < LATE_SECONDS && queued < LATE_SECONDS && counts.set_aside == 0;
        let county_duty_people = self.county_duty(&mut self.deps.db.clone()).await?.len();
        Ok(Health {
            healthy: on_time && alive(red_canary) && alive(other_canary) && county_duty_people > 0,
            counts,
            oldest_overdue_seconds: overdue,
            oldest_queued_seconds: queued,
            red_canary,
            other_canary,
            county_duty_people,
        })
    }

    /// Whether the red lane has gone round lately: told on every open stream.
    pub(super) async fn is_alive(&self, now: Ts) -> Result<bool, Error> {
        let beat = health::beat_of(&self.deps.db, Lane::Red).await?;
        Ok(beat.is_some_and(|beat| now - beat < self.alive_within()))
    }

    fn alive_within(&self) -> Duration {
        seconds(self.deps.settings.crisis.alive_seconds)
    }
}
