//! Events that were taken: each is taken once, in the transaction that holds its effect.

use crate::{
    db::{DbError, Tx},
    time::Ts,
};
use uuid::Uuid;

/// Notes that `event_id` is being taken now; false if it was taken before.
///
/// Two deliveries at once: the second waits for the first and then finds it taken.
///
/// # Errors
/// The database fails.
pub async fn first_time(tx: &mut Tx, event_id: Uuid, now: Ts) -> Result<bool, DbError> {
    let rows = tx
        .q("INSERT INTO kit_inbox (event_id, received_at) VALUES ($1, $2) ON CONFLICT (event_id) DO NOTHING")
        .bind(event_id)
        .bind(now)
        .exec()
        .await?;
    Ok(rows == 1)
}
