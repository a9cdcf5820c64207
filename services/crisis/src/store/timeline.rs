//! Timelines: rows are added, never changed. Words are sealed with the pupil's key.

use super::{StoreError, known, open_text};
use crate::domain::{
    AlertId, EntryId, Level, StudentId, UserId,
    timeline::{ActionKind, Entry, EntryKind},
};
use uuid::Uuid;
use xinqiao_kit::{db::Tx, insert_rows, keys::Keys, time::Ts};

/// Adds entries. Their texts are sealed for `student`.
pub async fn add(
    tx: &mut Tx,
    keys: &Keys,
    (alert, student): (AlertId, StudentId),
    entries: Vec<Entry>,
) -> Result<(), StoreError> {
    let key = match entries.iter().any(|entry| entry.text.is_some()) {
        true => Some(keys.subject(tx, student.uuid()).await?),
        false => None,
    };
    let mut rows = Vec::with_capacity(entries.len());
    for entry in entries {
        let body = match (&key, &entry.text) {
            (Some(key), Some(text)) => Some(key.seal_text("timeline", "body", entry.id, text)?),
            _ => None,
        };
        rows.push((
            entry.id,
            alert,
            entry.at,
            entry.kind.code(),
            entry.user,
            entry.round,
            entry.step,
            entry.level.map(Level::code),
            entry.channel,
            entry.action.map(ActionKind::code),
            body,
        ));
    }
    insert_rows!(
        tx,
        "timeline",
        [id, alert_id, at, kind, user_id, round, step, level, channel, action, body],
        rows
    )
    .await?;
    Ok(())
}

#[derive(sqlx::FromRow)]
struct Row {
    id: EntryId,
    at: Ts,
    kind: String,
    user_id: Option<UserId>,
    round: i32,
    step: Option<i32>,
    level: Option<String>,
    channel: Option<String>,
    action: Option<String>,
    body: Option<Vec<u8>>,
}

/// The entries of an alert after one of them, oldest first.
pub async fn list(
    tx: &mut Tx,
    keys: &Keys,
    (alert, student): (AlertId, StudentId),
    after: Uuid,
    limit: i64,
) -> Result<Vec<Entry>, StoreError> {
    let rows = tx
        .q("SELECT id, at, kind, user_id, round, step, level, channel, action, body FROM timeline \
            WHERE alert_id = $1 AND id > $2 ORDER BY id LIMIT $3")
        .bind(alert)
        .bind(after)
        .bind(limit)
        .all::<Row>()
        .await?;
    let opened = keys.existing_tx(tx, &[student.uuid()]).await?;
    let key = opened.get(&student.uuid());
    let entry = |row: Row| {
        let text = open_text(key, ("timeline", "body"), row.id.uuid(), row.body.as_deref())?;
        let level = row.level.map(|code| known("timeline", "level", Level::from_code(&code))).transpose()?;
        let action =
            row.action.map(|code| known("timeline", "action", ActionKind::from_code(&code))).transpose()?;
        Ok(Entry {
            id: row.id,
            at: row.at,
            kind: known("timeline", "kind", EntryKind::from_code(&row.kind))?,
            user: row.user_id,
            round: row.round,
            step: row.step,
            level,
            channel: row.channel,
            action,
            text,
        })
    };
    rows.into_iter().map(entry).collect()
}
