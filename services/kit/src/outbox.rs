//! Telling other services: an event is a row of the transaction that makes it true.

use crate::{db::Tx, deps::Deps, keys::KeyError, role::Role};
use prost::Message as _;
use uuid::Uuid;
use xinqiao_proto::internal::v1::{Event, event::Payload};

/// Writes an event for `receiver`. Events with one `key` reach a receiver in the order in which they were committed.
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
    tx.q("INSERT INTO kit_outbox (id, receiver, key, payload, created_at, due_at) VALUES ($1, $2, $3, $4, $5, $5)")
        .bind(id)
        .bind(receiver.name())
        .bind(key)
        .bind(sealed)
        .bind(now)
        .exec()
        .await?;
    Ok(())
}
