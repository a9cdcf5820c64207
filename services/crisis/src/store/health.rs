//! Counts and ages: whether escalation is alive (R12).

use super::alerts::Lane;
use xinqiao_kit::{
    db::{Db, DbError},
    time::Ts,
};

/// The state of escalation in counts.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Counts {
    /// Open alerts.
    pub open_alerts: i64,
    /// Red ones among them.
    pub open_red_alerts: i64,
    /// Due time of the most overdue alert.
    pub oldest_due_at: Option<Ts>,
    /// Notifications not yet given to their channel.
    pub queued: i64,
    /// Due time of the most overdue of them.
    pub oldest_queued_at: Option<Ts>,
    /// Notifications that failed since `since`.
    pub failed: i64,
    /// Alerts that are set aside.
    pub set_aside: i64,
    /// Alerts whose pupil's school is not yet known.
    pub unplaced: i64,
}

/// The counts now.
pub async fn counts(db: &Db, now: Ts, since: Ts) -> Result<Counts, DbError> {
    db.read(
        "SELECT (SELECT COUNT(*) FROM alerts WHERE state = 'open') AS open_alerts, \
         (SELECT COUNT(*) FROM alerts WHERE state = 'open' AND severity = 'red') AS open_red_alerts, \
         (SELECT MIN(due_at) FROM alerts WHERE due_at <= $1) AS oldest_due_at, \
         (SELECT COUNT(*) FROM notifications WHERE state = 'queued') AS queued, \
         (SELECT MIN(due_at) FROM notifications WHERE state = 'queued' AND due_at <= $1) AS oldest_queued_at, \
         (SELECT COUNT(*) FROM notifications WHERE state = 'failed' AND failed_at >= $2) AS failed, \
         (SELECT COUNT(*) FROM alerts WHERE retry_at IS NOT NULL) AS set_aside, \
         (SELECT COUNT(*) FROM alerts WHERE NOT placed AND open_student_id IS NOT NULL) AS unplaced",
    )
    .bind(now)
    .bind(since)
    .one()
    .await
}

/// Notes that a lane has gone round.
pub async fn beat(db: &Db, lane: Lane, now: Ts) -> Result<(), DbError> {
    db.write("INSERT INTO canaries (lane, beat_at) VALUES ($1, $2) ON CONFLICT (lane) DO UPDATE SET beat_at = EXCLUDED.beat_at")
        .bind(lane.code())
        .bind(now)
        .exec()
        .await?;
    Ok(())
}

/// When a lane last went round; none before its first time.
pub async fn beat_of(db: &Db, lane: Lane) -> Result<Option<Ts>, DbError> {
    db.read("SELECT beat_at FROM canaries WHERE lane = $1").bind(lane.code()).get_opt().await
}
