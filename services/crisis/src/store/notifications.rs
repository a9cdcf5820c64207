//! Notifications: written with a position in their recipient's own sequence, claimed for sending by lease, received once.

use super::{StoreError, alerts::Lane, known};
use crate::domain::{
    AlertId, Level, NotificationId, Severity, UserId,
    notification::{Alarm, Notification, NotificationKind, NotificationState},
};
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, DbError, IdList, Sql, Tx},
    sql,
    time::Ts,
};

macro_rules! columns {
    () => {
        "id, recipient, sequence, kind, alert_id, number, severity, drill, level, round, step, alarm, channel, state, \
         created_at, receipt_at"
    };
}

#[derive(sqlx::FromRow)]
struct Row {
    id: NotificationId,
    recipient: UserId,
    sequence: i64,
    kind: String,
    alert_id: Option<AlertId>,
    number: String,
    severity: String,
    drill: bool,
    level: Option<String>,
    round: i32,
    step: i32,
    alarm: Option<String>,
    channel: String,
    state: String,
    created_at: Ts,
    receipt_at: Option<Ts>,
}

impl Row {
    fn notification(self) -> Result<Notification, StoreError> {
        const TABLE: &str = "notifications";
        let level = self.level.map(|code| known(TABLE, "level", Level::from_code(&code))).transpose()?;
        let alarm = self.alarm.map(|code| known(TABLE, "alarm", Alarm::from_code(&code))).transpose()?;
        Ok(Notification {
            id: self.id,
            recipient: self.recipient,
            sequence: self.sequence,
            kind: known(TABLE, "kind", NotificationKind::from_code(&self.kind))?,
            alert: self.alert_id,
            number: self.number,
            severity: known(TABLE, "severity", Severity::from_code(&self.severity))?,
            drill: self.drill,
            level,
            round: self.round,
            step: self.step,
            alarm,
            channel: self.channel,
            state: known(TABLE, "state", NotificationState::from_code(&self.state))?,
            created_at: self.created_at,
            receipt_at: self.receipt_at,
        })
    }
}

fn all(rows: Vec<Row>) -> Result<Vec<Notification>, StoreError> {
    rows.into_iter().map(Row::notification).collect()
}

/// Writes notifications about `subject`, each with the next position of its recipient. One that its recipient was told of over the
/// same channel before is left out. Gives those that are new.
///
/// Recipients are taken in one order everywhere, so that two transactions cannot wait for each other.
pub async fn insert(tx: &mut Tx, mut new: Vec<(String, Notification)>) -> Result<Vec<Notification>, DbError> {
    new.sort_by_key(|(_, notification)| notification.recipient);
    let mut written = Vec::with_capacity(new.len());
    for (subject, mut notification) in new {
        let known: Option<i32> = tx
            .q("SELECT 1 FROM notifications WHERE subject = $1 AND recipient = $2 AND channel = $3")
            .bind(subject.clone())
            .bind(notification.recipient)
            .bind(notification.channel.clone())
            .get_opt()
            .await?;
        if known.is_some() {
            continue;
        }
        notification.sequence = tx
            .q("INSERT INTO recipients (user_id, last_sequence) VALUES ($1, 1) ON CONFLICT (user_id) DO UPDATE SET \
                last_sequence = recipients.last_sequence + 1 RETURNING last_sequence")
            .bind(notification.recipient)
            .get()
            .await?;
        if insert_one(tx, subject, &notification).await? {
            written.push(notification);
        }
    }
    Ok(written)
}

async fn insert_one(tx: &mut Tx, subject: String, n: &Notification) -> Result<bool, DbError> {
    let rows = tx
        .q("INSERT INTO notifications (id, recipient, sequence, subject, channel, kind, alert_id, number, severity, drill, level, \
            round, step, alarm, state, attempts, due_at, armed_at, created_at) \
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, $16, $16, $16) \
            ON CONFLICT (subject, recipient, channel) DO NOTHING")
        .bind(n.id)
        .bind(n.recipient)
        .bind(n.sequence)
        .bind(subject)
        .bind(n.channel.clone())
        .bind(n.kind.code())
        .bind(n.alert)
        .bind(n.number.clone())
        .bind(n.severity.code())
        .bind(n.drill)
        .bind(n.level.map(Level::code))
        .bind(n.round)
        .bind(n.step)
        .bind(n.alarm.map(Alarm::code))
        .bind(n.state.code())
        .bind(n.created_at)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// A person's own notification.
pub async fn own(
    tx: &mut Tx,
    id: NotificationId,
    recipient: UserId,
) -> Result<Option<Notification>, StoreError> {
    let row = tx
        .q(concat!("SELECT ", columns!(), " FROM notifications WHERE id = $1 AND recipient = $2"))
        .bind(id)
        .bind(recipient)
        .opt::<Row>()
        .await?;
    row.map(Row::notification).transpose()
}

/// A person's notifications with a position below `before`, newest first.
pub async fn newest(
    db: &Db,
    recipient: UserId,
    before: i64,
    limit: i64,
) -> Result<Vec<Notification>, StoreError> {
    let rows = db
        .read(concat!(
            "SELECT ",
            columns!(),
            " FROM notifications WHERE recipient = $1 AND sequence < $2 ORDER BY sequence DESC LIMIT $3"
        ))
        .bind(recipient)
        .bind(before)
        .bind(limit)
        .all()
        .await?;
    all(rows)
}

/// A person's notifications of one channel with a position above `after`, oldest first: what a stream shows.
pub async fn following(
    db: &Db,
    recipient: UserId,
    channel: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Notification>, StoreError> {
    let rows = db
        .read(concat!(
            "SELECT ",
            columns!(),
            " FROM notifications WHERE recipient = $1 AND sequence > $2 AND channel = $3 ORDER BY sequence LIMIT $4"
        ))
        .bind(recipient)
        .bind(after)
        .bind(channel.to_owned())
        .bind(limit)
        .all()
        .await?;
    all(rows)
}

/// The position before the oldest notification that the person has not received; the last position if all were.
pub async fn before_unseen(db: &Db, recipient: UserId) -> Result<i64, DbError> {
    let oldest: Option<i64> = db
        .read("SELECT sequence FROM notifications WHERE recipient = $1 AND receipt_at IS NULL ORDER BY sequence LIMIT 1")
        .bind(recipient)
        .get_opt()
        .await?;
    if let Some(oldest) = oldest {
        return Ok(oldest - 1);
    }
    let last =
        db.read("SELECT last_sequence FROM recipients WHERE user_id = $1").bind(recipient).get_opt().await?;
    Ok(last.unwrap_or_default())
}

/// Notes that a device has these. Gives those of which it was not known before.
pub async fn receive(tx: &mut Tx, ids: &[NotificationId], now: Ts) -> Result<Vec<Notification>, StoreError> {
    let rows = tx
        .q(concat!(
            "UPDATE notifications SET state = 'seen', receipt_at = $2, lease_until = NULL, leased_at = NULL \
             WHERE id IN (SELECT unhex(value) FROM json_each($1)) AND receipt_at IS NULL RETURNING ",
            columns!()
        ))
        .bind(IdList::from(ids))
        .bind(now)
        .all()
        .await?;
    all(rows)
}

/// Whether a device has taken a notification of this step.
pub async fn any_receipt(tx: &mut Tx, alert: AlertId, round: i32, step: i32) -> Result<bool, DbError> {
    tx.q("SELECT EXISTS (SELECT 1 FROM notifications WHERE alert_id = $1 AND kind = 'escalation' AND round = $2 AND step = $3 \
          AND receipt_at IS NOT NULL)")
        .bind(alert)
        .bind(round)
        .bind(step)
        .get()
        .await
}

/// Whether every notification of this step has failed.
pub async fn all_failed(tx: &mut Tx, alert: AlertId, round: i32, step: i32) -> Result<bool, DbError> {
    tx.q("SELECT NOT EXISTS (SELECT 1 FROM notifications WHERE alert_id = $1 AND kind = 'escalation' AND round = $2 \
          AND step = $3 AND state <> 'failed')")
        .bind(alert)
        .bind(round)
        .bind(step)
        .get()
        .await
}

/// People who were told of an alert's escalation.
pub async fn told(tx: &mut Tx, alert: AlertId) -> Result<Vec<UserId>, DbError> {
    let rows = tx
        .q("SELECT DISTINCT recipient FROM notifications WHERE alert_id = $1 AND kind = 'escalation' ORDER BY recipient")
        .bind(alert)
        .all::<(UserId,)>()
        .await?;
    Ok(rows.into_iter().map(|(user,)| user).collect())
}

/// A notification that is claimed for sending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claim {
    /// What to send.
    pub notification: Notification,
    /// Attempts, this one included.
    pub attempts: i32,
}

/// A notification is to be sent now, and nobody holds a claim on it that still counts. A due time or a claim that was set in the
/// future of a clock that has been set back counts for nothing (R11). Binds now.
macro_rules! sendable {
    () => {
        "state = 'queued' AND (due_at <= $1 OR armed_at > $1) \
         AND (lease_until IS NULL OR lease_until <= $1 OR leased_at > $1) "
    };
}

/// Claims up to `limit` notifications of a lane until `lease_until`.
pub async fn claim(
    tx: &mut Tx,
    lane: Lane,
    now: Ts,
    lease_until: Ts,
    limit: i64,
) -> Result<Vec<Claim>, StoreError> {
    const CLAIM: Sql = sql!(
        "SELECT id FROM notifications WHERE state = 'queued' AND (due_at <= $1 OR armed_at > $1) \
         AND (lease_until IS NULL OR lease_until <= $1 OR leased_at > $1) \
         AND CASE WHEN $2 THEN severity = 'red' ELSE severity <> 'red' END ORDER BY due_at LIMIT $3"
        pg " FOR NO KEY UPDATE SKIP LOCKED"
    );
    let ids = tx.q(CLAIM).bind(now).bind(lane == Lane::Red).bind(limit).all::<(NotificationId,)>().await?;
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let ids = ids.into_iter().map(|(id,)| id).collect::<Vec<_>>();
    tx.q("UPDATE notifications SET leased_at = $2, lease_until = $3, attempts = attempts + 1 \
          WHERE id IN (SELECT unhex(value) FROM json_each($1))")
        .bind(IdList::from(ids.as_slice()))
        .bind(now)
        .bind(lease_until)
        .exec()
        .await?;
    let rows = tx
        .q(concat!(
            "SELECT ",
            columns!(),
            " FROM notifications WHERE id IN (SELECT unhex(value) FROM json_each($1)) ORDER BY due_at, id"
        ))
        .bind(IdList::from(ids.as_slice()))
        .all::<Row>()
        .await?;
    let attempts = tx
        .q("SELECT id, attempts FROM notifications WHERE id IN (SELECT unhex(value) FROM json_each($1))")
        .bind(IdList::from(ids.as_slice()))
        .all::<(NotificationId, i32)>()
        .await?;
    let attempts: std::collections::HashMap<_, _> = attempts.into_iter().collect();
    let claim = |notification: Notification| {
        let attempts = attempts.get(&notification.id).copied().unwrap_or(1);
        Claim { notification, attempts }
    };
    Ok(all(rows)?.into_iter().map(claim).collect())
}

/// Whether a lane has something to send: asked without a transaction, so that an idle worker writes nothing.
pub async fn is_anything_sendable(db: &Db, lane: Lane, now: Ts) -> Result<bool, DbError> {
    const ANY: &str = concat!(
        "SELECT EXISTS (SELECT 1 FROM notifications WHERE ",
        sendable!(),
        "AND CASE WHEN $2 THEN severity = 'red' ELSE severity <> 'red' END)"
    );
    db.read(ANY).bind(now).bind(lane == Lane::Red).get().await
}

/// Notes that the channel accepted one. False if a device has taken it meanwhile.
pub async fn mark_sent(tx: &mut Tx, id: NotificationId, now: Ts) -> Result<bool, DbError> {
    let rows = tx
        .q("UPDATE notifications SET state = 'sent', sent_at = $2, lease_until = NULL, leased_at = NULL \
            WHERE id = $1 AND state = 'queued'")
        .bind(id)
        .bind(now)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// Puts one back to be tried again.
pub async fn mark_retry(tx: &mut Tx, id: NotificationId, now: Ts, due_at: Ts) -> Result<(), DbError> {
    tx.q("UPDATE notifications SET due_at = $3, armed_at = $2, lease_until = NULL, leased_at = NULL \
          WHERE id = $1 AND state = 'queued'")
        .bind(id)
        .bind(now)
        .bind(due_at)
        .exec()
        .await?;
    Ok(())
}

/// Notes that one cannot be delivered.
pub async fn mark_failed(tx: &mut Tx, id: NotificationId, now: Ts) -> Result<bool, DbError> {
    let rows = tx
        .q("UPDATE notifications SET state = 'failed', failed_at = $2, lease_until = NULL, leased_at = NULL \
            WHERE id = $1 AND state = 'queued'")
        .bind(id)
        .bind(now)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// Recipients with something new since `since` that no device has taken: their streams are to look again.
pub async fn fresh_recipients(db: &Db, since: Ts) -> Result<Vec<UserId>, DbError> {
    let rows = db
        .read("SELECT DISTINCT recipient FROM notifications WHERE created_at >= $1 AND receipt_at IS NULL")
        .bind(since)
        .all::<(Uuid,)>()
        .await?;
    Ok(rows.into_iter().map(|(id,)| id.into()).collect())
}
