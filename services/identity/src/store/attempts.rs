//! Attempts to log in.

use crate::{domain::throttle::Attempts, error::Error};
use xinqiao_kit::{
    db::{Db, Sql, Tx},
    keys::Keys,
    sql,
    time::Ts,
};

/// Under what attempts with a login name from an address are counted.
pub fn subject(keys: &Keys, folded: &str, address: &str) -> Vec<u8> {
    keys.lookup("login_attempts.subject", &format!("{folded}\n{address}"))
}

#[derive(sqlx::FromRow)]
struct Row {
    count: i32,
    next_time: Ts,
    last_time: Ts,
}

const LOCKED: Sql = sql!(
    "SELECT count, next_time, last_time FROM login_attempts WHERE subject = $1"
    pg " FOR UPDATE"
);

/// The attempts so far, kept from changing until the end of the transaction.
pub async fn locked(tx: &mut Tx, subject: &[u8], now: Ts) -> Result<Attempts, Error> {
    // A row that is not there cannot be locked, and a hundred guesses at once would all be the first.
    tx.q("INSERT INTO login_attempts (subject, count, next_time, last_time) VALUES ($1, 0, $2, $2) \
          ON CONFLICT (subject) DO NOTHING")
        .bind(subject.to_vec())
        .bind(now)
        .exec()
        .await?;
    let row: Row = tx.q(LOCKED).bind(subject.to_vec()).one().await?;
    Ok(Attempts { count: row.count, next_time: row.next_time, last_time: row.last_time })
}

/// Writes the attempts so far.
pub async fn put(tx: &mut Tx, subject: &[u8], attempts: Attempts) -> Result<(), Error> {
    tx.q("UPDATE login_attempts SET count = $2, next_time = $3, last_time = $4 WHERE subject = $1")
        .bind(subject.to_vec())
        .bind(attempts.count)
        .bind(attempts.next_time)
        .bind(attempts.last_time)
        .exec()
        .await?;
    Ok(())
}

/// Forgets them: the person logged in.
pub async fn clear(tx: &mut Tx, subject: &[u8]) -> Result<(), Error> {
    tx.q("DELETE FROM login_attempts WHERE subject = $1").bind(subject.to_vec()).exec().await?;
    Ok(())
}

/// Removes what was last counted before `then`.
pub async fn forget(db: &Db, then: Ts) -> Result<u64, Error> {
    Ok(db.write("DELETE FROM login_attempts WHERE last_time < $1").bind(then).exec().await?)
}
