//! The outbox's SQL.

use super::{HOLD_REFUSALS, POISON_REFUSALS};
use crate::{
    db::{Db, DbError, Sql, TextList, Tx},
    role::Role,
    sql,
    time::Ts,
};
use chrono::Duration;
use uuid::Uuid;

/// Events that are claimed at once for one receiver.
const BATCH: i64 = 32;
/// How long a claim holds; longer than any delivery may take, so that two pumps have the same event only after a crash.
const LEASE_SECONDS: i64 = 30;
/// Nothing is ever due later than this from now, so what is, is there because a clock was set back: it is due now.
const FARTHEST_DUE_SECONDS: i64 = 600;

/// A new event.
pub(super) struct New {
    pub(super) id: Uuid,
    pub(super) receiver: Role,
    pub(super) key: Uuid,
    pub(super) sealed: Vec<u8>,
    pub(super) now: Ts,
}

/// An event that this pump holds.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Claimed {
    pub(super) seq: i64,
    pub(super) id: Uuid,
    pub(super) payload: Vec<u8>,
    /// This one included.
    pub(super) attempts: i32,
    pub(super) refusals: i32,
}

/// What became of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    /// Nobody has looked at it: to be tried again at this time.
    Later(Ts),
    /// The receiver looked at it and said no: to be tried again at this time.
    Refused(Ts),
    Poisoned,
}

/// How many events wait for a receiver, since when the oldest is due, and when the next will be.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct Waiting {
    pub(super) receiver: String,
    pub(super) events: i64,
    pub(super) due_at: Ts,
    pub(super) next_at: Option<Ts>,
}

pub(super) async fn insert(tx: &mut Tx, new: New) -> Result<(), DbError> {
    tx.q("INSERT INTO kit_outbox (id, receiver, key, payload, created_at, due_at) VALUES ($1, $2, $3, $4, $5, $5)")
        .bind(new.id)
        .bind(new.receiver.name())
        .bind(new.key)
        .bind(new.sealed)
        .bind(new.now)
        .exec()
        .await?;
    Ok(())
}

/// A table expression of its own, so that PostgreSQL runs the choice once: as a subquery of IN it may run again and claim more.
const CLAIM: Sql = sql!(
    "WITH chosen AS (
        SELECT o.seq FROM kit_outbox AS o
        WHERE o.receiver = $1 AND o.done_at IS NULL AND o.poisoned_at IS NULL AND (o.due_at <= $2 OR o.due_at > $3)
          AND NOT EXISTS (
            SELECT 1 FROM kit_outbox AS e
            WHERE e.receiver = o.receiver AND e.key = o.key AND e.seq < o.seq
              AND e.done_at IS NULL AND e.poisoned_at IS NULL AND e.refusals < $4)
        ORDER BY o.seq LIMIT $5"
    pg " FOR UPDATE OF o SKIP LOCKED"
    ")
    UPDATE kit_outbox SET due_at = $6, attempts = attempts + 1 FROM chosen WHERE kit_outbox.seq = chosen.seq
    RETURNING kit_outbox.seq, kit_outbox.id, kit_outbox.payload, kit_outbox.attempts, kit_outbox.refusals"
);

/// Claims events that are due and wait for none before them, oldest first, at most one of each key.
pub(super) async fn claim(db: &Db, receiver: Role, now: Ts) -> Result<Vec<Claimed>, DbError> {
    let mut claimed: Vec<Claimed> = db
        .write(CLAIM)
        .bind(receiver.name())
        .bind(now)
        .bind(now + Duration::seconds(FARTHEST_DUE_SECONDS))
        .bind(HOLD_REFUSALS)
        .bind(BATCH)
        .bind(now + Duration::seconds(LEASE_SECONDS))
        .all()
        .await?;
    claimed.sort_unstable_by_key(|event| event.seq);
    Ok(claimed)
}

/// Writes down what became of events, in one transaction.
pub(super) async fn settle(db: &Db, fates: &[(i64, Fate)], now: Ts) -> Result<(), DbError> {
    let done: TextList =
        fates.iter().filter(|(_, fate)| *fate == Fate::Done).map(|(seq, _)| seq.to_string()).collect();
    let mut tx = db.begin().await?;
    if !done.is_empty() {
        tx.q("UPDATE kit_outbox SET done_at = $1 WHERE seq IN (SELECT CAST(value AS bigint) FROM json_each($2))")
            .bind(now)
            .bind(done)
            .exec()
            .await?;
    }
    for (seq, fate) in fates {
        let (due_at, refused, poisoned_at) = match *fate {
            Fate::Done => continue,
            Fate::Later(at) => (at, 0, None),
            Fate::Refused(at) => (at, 1, None),
            Fate::Poisoned => (now, 1, Some(now)),
        };
        tx.q("UPDATE kit_outbox SET due_at = $1, refusals = refusals + $2, poisoned_at = $3 WHERE seq = $4 AND done_at IS NULL")
            .bind(due_at)
            .bind(refused)
            .bind(poisoned_at)
            .bind(*seq)
            .exec()
            .await?;
    }
    tx.commit().await
}

/// What waits, by receiver.
pub(super) async fn waiting(db: &Db, now: Ts) -> Result<Vec<Waiting>, DbError> {
    db.read(
        "SELECT receiver, COUNT(*) AS events, MIN(due_at) AS due_at, MIN(due_at) FILTER (WHERE due_at > $1) AS next_at
         FROM kit_outbox WHERE done_at IS NULL AND poisoned_at IS NULL GROUP BY receiver",
    )
    .bind(now)
    .all()
    .await
}

pub(super) async fn release_poisoned(db: &Db, now: Ts) -> Result<u64, DbError> {
    db.write(
        "UPDATE kit_outbox SET poisoned_at = NULL, refusals = 0, due_at = $1 WHERE poisoned_at IS NOT NULL",
    )
    .bind(now)
    .exec()
    .await
}

impl Claimed {
    /// Whether one more refusal is one too many.
    pub(super) fn is_last_refusal(&self) -> bool {
        self.refusals + 1 >= POISON_REFUSALS
    }
}
