//! Sessions. Tokens are nowhere, only their keyed hashes.

use crate::{
    domain::{SessionId, UserId, session::Session},
    error::Error,
};
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, Tx},
    keys::Keys,
    time::Ts,
};

const TABLE: &str = "sessions";

/// The keyed hash under which a token is found.
pub fn token_hash(keys: &Keys, token: &str) -> Vec<u8> {
    keys.lookup("sessions.token", token)
}

#[derive(sqlx::FromRow)]
struct SessionRow {
    id: SessionId,
    user_id: UserId,
    client: Vec<u8>,
    privileges_version: i64,
    create_time: Ts,
    last_use_time: Ts,
    expire_time: Ts,
    end_time: Option<Ts>,
}

impl SessionRow {
    fn open(self, keys: &Keys) -> Result<Session, Error> {
        Ok(Session {
            client: keys.service_subject().open_text(TABLE, "client", self.id, &self.client)?,
            id: self.id,
            user: self.user_id,
            privileges_version: self.privileges_version,
            create_time: self.create_time,
            last_use_time: self.last_use_time,
            expire_time: self.expire_time,
            end_time: self.end_time,
        })
    }
}

/// Writes a new session under its token.
pub async fn insert(tx: &mut Tx, keys: &Keys, session: &Session, token: &str) -> Result<(), Error> {
    tx.q("INSERT INTO sessions (id, user_id, token_hash, privileges_version, client, create_time, last_use_time, \
          expire_time) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)")
        .bind(session.id)
        .bind(session.user)
        .bind(token_hash(keys, token))
        .bind(session.privileges_version)
        .bind(keys.service_subject().seal_text(TABLE, "client", session.id, &session.client)?)
        .bind(session.create_time)
        .bind(session.last_use_time)
        .bind(session.expire_time)
        .exec()
        .await?;
    Ok(())
}

/// A session that a token was presented for, and its account.
#[derive(Debug)]
pub struct Presented {
    /// The session; what its client calls itself is not read.
    pub session: Session,
    /// Hash of the token that follows the current one, if one was handed out.
    pub next_token_hash: Option<Vec<u8>>,
    /// The state of the account's privileges now.
    pub privileges_version: i64,
    /// Whether the account may not log in.
    pub disabled: bool,
    /// Whether the account's password was seen by somebody else.
    pub must_change_password: bool,
}

#[derive(sqlx::FromRow)]
struct PresentedRow {
    id: SessionId,
    user_id: UserId,
    next_token_hash: Option<Vec<u8>>,
    privileges_version: i64,
    user_privileges_version: i64,
    last_use_time: Ts,
    create_time: Ts,
    expire_time: Ts,
    end_time: Option<Ts>,
    disabled: bool,
    must_change_password: bool,
}

/// The session of a token, whether it is the current one or the one to follow.
pub async fn presented(db: &Db, hash: &[u8]) -> Result<Option<Presented>, Error> {
    let row: Option<PresentedRow> = db
        .read(
            "SELECT s.id, s.user_id, s.next_token_hash, s.privileges_version, \
             u.privileges_version AS user_privileges_version, s.last_use_time, s.create_time, s.expire_time, s.end_time, \
             u.disabled, u.must_change_password FROM sessions s JOIN users u ON u.id = s.user_id \
             WHERE s.token_hash = $1 OR s.next_token_hash = $1",
        )
        .bind(hash.to_vec())
        .opt()
        .await?;
    Ok(row.map(|row| Presented {
        session: Session {
            id: row.id,
            user: row.user_id,
            client: String::new(),
            privileges_version: row.privileges_version,
            create_time: row.create_time,
            last_use_time: row.last_use_time,
            expire_time: row.expire_time,
            end_time: row.end_time,
        },
        next_token_hash: row.next_token_hash,
        privileges_version: row.user_privileges_version,
        disabled: row.disabled,
        must_change_password: row.must_change_password,
    }))
}

/// Notes that a session was used.
pub async fn note_use(db: &Db, id: SessionId, now: Ts) -> Result<(), Error> {
    db.write("UPDATE sessions SET last_use_time = $2 WHERE id = $1 AND last_use_time < $2")
        .bind(id)
        .bind(now)
        .exec()
        .await?;
    Ok(())
}

/// Remembers the token that will follow the current one.
pub async fn offer(db: &Db, id: SessionId, next: &[u8]) -> Result<(), Error> {
    db.write("UPDATE sessions SET next_token_hash = $2 WHERE id = $1 AND end_time IS NULL")
        .bind(id)
        .bind(next.to_vec())
        .exec()
        .await?;
    Ok(())
}

/// The token that followed was used: it is the current one now, and the one before is nothing.
pub async fn adopt(db: &Db, id: SessionId, next: &[u8], privileges_version: i64) -> Result<(), Error> {
    db.write(
        "UPDATE sessions SET token_hash = next_token_hash, next_token_hash = NULL, privileges_version = $3 \
         WHERE id = $1 AND next_token_hash = $2",
    )
    .bind(id)
    .bind(next.to_vec())
    .bind(privileges_version)
    .exec()
    .await?;
    Ok(())
}

/// Gives a live session another token. False if it has ended.
pub async fn replace_token(
    tx: &mut Tx,
    keys: &Keys,
    id: SessionId,
    token: &str,
    privileges_version: i64,
) -> Result<bool, Error> {
    let rows = tx
        .q("UPDATE sessions SET token_hash = $2, next_token_hash = NULL, privileges_version = $3 \
            WHERE id = $1 AND end_time IS NULL")
        .bind(id)
        .bind(token_hash(keys, token))
        .bind(privileges_version)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// Ends a session of a person. False if there is none that could.
pub async fn end(tx: &mut Tx, user: UserId, id: SessionId, now: Ts) -> Result<bool, Error> {
    let rows = tx
        .q("UPDATE sessions SET end_time = $3 WHERE id = $1 AND user_id = $2 AND end_time IS NULL")
        .bind(id)
        .bind(user)
        .bind(now)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// Whether a session is one of that person's.
pub async fn belongs(tx: &mut Tx, user: UserId, id: SessionId) -> Result<bool, Error> {
    let owner: Option<UserId> = tx.q("SELECT user_id FROM sessions WHERE id = $1").bind(id).get_opt().await?;
    Ok(owner == Some(user))
}

/// Ends all sessions of a person but `keep`.
pub async fn end_all(tx: &mut Tx, user: UserId, keep: Option<SessionId>, now: Ts) -> Result<u64, Error> {
    Ok(tx
        .q("UPDATE sessions SET end_time = $2 WHERE user_id = $1 AND end_time IS NULL AND id <> $3")
        .bind(user)
        .bind(now)
        .bind(keep.map_or(Uuid::nil(), SessionId::uuid))
        .exec()
        .await?)
}

/// The sessions of a person that nobody has ended and that may still count, newest first, older than `before`.
pub async fn list(
    db: &Db,
    keys: &Keys,
    user: UserId,
    used_since: Ts,
    now: Ts,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Session>, Error> {
    let rows: Vec<SessionRow> = db
        .read(
            "SELECT id, user_id, client, privileges_version, create_time, last_use_time, expire_time, end_time \
             FROM sessions WHERE user_id = $1 AND end_time IS NULL AND last_use_time > $2 AND expire_time > $3 \
             AND id < $4 ORDER BY id DESC LIMIT $5",
        )
        .bind(user)
        .bind(used_since)
        .bind(now)
        .bind(before.unwrap_or(Uuid::max()))
        .bind(limit)
        .all()
        .await?;
    rows.into_iter().map(|row| row.open(keys)).collect()
}

/// Removes sessions that were over before `then`.
pub async fn forget(db: &Db, then: Ts) -> Result<u64, Error> {
    Ok(db.write("DELETE FROM sessions WHERE expire_time < $1").bind(then).exec().await?)
}
