//! Removes what has served its time: delivered events, ids of events taken, stored answers. Never the audit log.

use crate::{
    db::{Db, DbError, Sql},
    deps::Deps,
    lifecycle::Task,
    sql,
    time::Ts,
};
use chrono::Duration;

/// How long delivered events are kept, for looking into what was told.
pub const DELIVERED_DAYS: i64 = 7;
/// How long ids of taken events are kept. A sender tries for as long as its receiver is away, so this is the longest outage after
/// which an event that was taken just before it is still known.
pub const TAKEN_DAYS: i64 = 90;
/// How long stored answers are kept: clients may repeat a request_id for that long.
pub const ANSWERS_DAYS: i64 = 30;

/// Rows removed in one transaction, so that it is short.
const BATCH: i64 = 1_000;
/// How often to look.
const EVERY: std::time::Duration = std::time::Duration::from_secs(3_600);

/// Statements that each remove one batch of what is older than `$1`.
const REMOVALS: [(&str, i64, Sql); 3] = [
    (
        "kit_outbox",
        DELIVERED_DAYS,
        sql!(
            "DELETE FROM kit_outbox WHERE seq IN
             (SELECT seq FROM kit_outbox WHERE done_at IS NOT NULL AND done_at < $1 ORDER BY done_at LIMIT $2)"
        ),
    ),
    (
        "kit_inbox",
        TAKEN_DAYS,
        sql!(
            "DELETE FROM kit_inbox WHERE event_id IN
             (SELECT event_id FROM kit_inbox WHERE received_at < $1 ORDER BY received_at LIMIT $2)"
        ),
    ),
    (
        "kit_requests",
        ANSWERS_DAYS,
        sql!(
            "DELETE FROM kit_requests WHERE (actor, method, request_id) IN
             (SELECT actor, method, request_id FROM kit_requests WHERE created_at < $1 ORDER BY created_at LIMIT $2)"
        ),
    ),
];

/// The task that does it, once an hour.
pub fn task(deps: &Deps) -> Task {
    let deps = deps.clone();
    Task::new("tidy", move |stop| async move {
        while !stop.is_cancelled() {
            if let Err(error) = remove_old(&deps.db, deps.clock.now()).await {
                tracing::warn!(%error, "old rows could not be removed; trying again later");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
        Ok(())
    })
}

/// Removes everything that has served its time and gives the number of rows.
///
/// # Errors
/// The database fails; what was removed until then stays removed.
pub async fn remove_old(db: &Db, now: Ts) -> Result<u64, DbError> {
    let mut all = 0;
    for (table, days, removal) in REMOVALS {
        let mut removed = 0;
        loop {
            let batch = db.write(removal).bind(now - Duration::days(days)).bind(BATCH).exec().await?;
            removed += batch;
            if batch < BATCH.unsigned_abs() {
                break;
            }
        }
        if removed > 0 {
            tracing::info!(table, removed, "old rows removed");
        }
        all += removed;
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{insert_rows, testing::TestDb};
    use uuid::Uuid;

    #[tokio::test]
    async fn what_has_served_its_time_goes_and_the_rest_stays() {
        TestDb::each(|db| async move {
            let now = crate::testing::start();
            let mut tx = db.begin().await.unwrap();
            let events = (0..2_500_u128).map(|n| {
                let done = [Some(now - Duration::days(8)), Some(now - Duration::days(6)), None];
                let done = done.into_iter().cycle().nth(usize::try_from(n % 3).unwrap()).flatten();
                (Uuid::from_u128(n), "crisis", Uuid::nil(), vec![0_u8], now, now, done)
            });
            let columns = insert_rows!(tx, "kit_outbox", [id, receiver, key, payload, created_at, due_at, done_at], events);
            columns.await.unwrap();
            let taken = [(Uuid::from_u128(1), now - Duration::days(91)), (Uuid::from_u128(2), now - Duration::days(89))];
            insert_rows!(tx, "kit_inbox", [event_id, received_at], taken).await.unwrap();
            let answers = [31, 29].map(|days| ("user", "m", Uuid::from_u128(days), vec![0_u8], now - Duration::days(days as i64)));
            insert_rows!(tx, "kit_requests", [actor, method, request_id, digest, created_at], answers).await.unwrap();
            tx.commit().await.unwrap();

            assert_eq!(remove_old(&db, now).await.unwrap(), 834 + 1 + 1);
            assert_eq!(remove_old(&db, now).await.unwrap(), 0);
            let left = "SELECT (SELECT COUNT(*) FROM kit_outbox) + (SELECT COUNT(*) FROM kit_inbox) + (SELECT COUNT(*) FROM kit_requests)";
            assert_eq!(db.read(left).get::<i64>().await.unwrap(), 1_666 + 1 + 1);
        })
        .await;
    }
}
