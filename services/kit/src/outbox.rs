//! Telling other services: an event is a row of the transaction that makes it true, and a pump delivers it until its
//! receiver has committed it.
//!
//! What holds:
//! - At least once: a row is done only after the receiver's OK, and OK means committed there. The receiver remembers ids
//!   ([`crate::inbox`]), so that twice has the effect of once.
//! - In order: events of one receiver and key arrive in the order in which they were committed. An event waits for the one
//!   before it, with one exception: one that its receiver has refused [`HOLD_REFUSALS`] times no longer holds up those behind it,
//!   since an alert must not wait behind a row that nobody can take. It is tried further, then arrives late or is set aside.
//! - A receiver that is away is tried for ever; nothing is given up on because the other side is down. One that answers and says
//!   no is asked [`POISON_REFUSALS`] times, over about a quarter of an hour; then the event is set aside with an ERROR in the log
//!   and a metric, and stays in the table for [`release_poisoned`].
//! - Nothing rests on memory: what is due is a column, a claim is a lease that runs out by itself.
//! - A clock that is set back does not stop it: what is due later than any pause allows is due now.

mod pump;
mod store;
#[cfg(test)]
mod tests;

/// What events say: the words in which services tell each other what became true.
pub use xinqiao_proto::internal::v1 as vocabulary;

use crate::{
    db::{DbError, Tx},
    deps::Deps,
    keys::KeyError,
    lifecycle::Task,
    role::Role,
};
use prost::Message as _;
use uuid::Uuid;
use xinqiao_proto::internal::v1::{Event, event::Payload};

/// After so many refusals an event no longer holds up those behind it.
pub const HOLD_REFUSALS: i32 = 3;
/// After so many refusals an event is set aside.
pub const POISON_REFUSALS: i32 = 12;

/// Order is kept by a lock a receiver and key, in so many buckets: a transaction that publishes for every pupil of the county
/// must not fill the server's table of locks.
const LOCK_BUCKETS: u64 = 1024;

/// Writes an event for `receiver`, and wakes the pump once it is committed. Events with one `key` reach a receiver in the
/// order in which they were committed.
///
/// # Errors
/// The database fails; the caller's transaction must fail with it.
pub async fn publish(
    tx: &mut Tx,
    deps: &Deps,
    receiver: Role,
    key: Uuid,
    payload: Payload,
) -> Result<(), KeyError> {
    // Sequence numbers are given when a row is written, not when it is committed. Whoever writes second for this key waits here
    // for the first to end, so that the two orders are one.
    tx.lock("outbox", lock_bucket(receiver, key)).await?;
    let id = deps.ids.new_id();
    let now = deps.clock.now();
    let event = Event {
        event_id: id.to_string(),
        source: deps.role.name().to_owned(),
        occur_time: Some(now.into()),
        key: key.to_string(),
        payload: Some(payload),
    };
    let sealed = deps.keys.service_subject().seal("kit_outbox", "payload", id, &event.encode_to_vec())?;
    store::insert(tx, store::New { id, receiver, key, sealed, now }).await?;
    let hint = deps.outbox_hint.clone();
    tx.after_commit(move || hint.give());
    Ok(())
}

/// The task that delivers the events of one service. Replicas may each run it.
pub fn pump(deps: &Deps) -> Task {
    let deps = deps.clone();
    Task::new("outbox", move |stop| pump::run(deps, stop))
}

/// Delivers what is due now, all receivers one after the other, until nothing is due any more or a receiver is away. Gives the
/// number of events delivered. For tests and for a last round before a process ends; the pump does the same by itself.
///
/// # Errors
/// The database fails.
pub async fn deliver_due(deps: &Deps) -> Result<usize, DbError> {
    pump::deliver_due(deps).await
}

/// Puts events that were set aside back into the queue, to be tried from the start, and gives their number. For an operator who
/// has removed the cause.
///
/// # Errors
/// The database fails.
pub async fn release_poisoned(deps: &Deps) -> Result<u64, DbError> {
    let released = store::release_poisoned(&deps.db, deps.clock.now()).await?;
    deps.outbox_hint.give();
    Ok(released)
}

fn lock_bucket(receiver: Role, key: Uuid) -> u64 {
    let hash = crate::keys::sha256(&[receiver.name().as_bytes(), key.as_bytes()].concat());
    let (start, _) = hash.split_first_chunk().unwrap_or((&[0; 8], &[]));
    u64::from_be_bytes(*start) % LOCK_BUCKETS
}
