//! One-time codes.

use crate::{domain::UserId, error::Error};
use uuid::Uuid;
use xinqiao_kit::{
    db::{Db, Tx},
    keys::Keys,
    time::Ts,
};

fn code_hash(keys: &Keys, folded: &str) -> Vec<u8> {
    keys.lookup("activations.code", folded)
}

/// A code for an account, or without one for the first start.
#[derive(Debug, Clone, Copy)]
pub struct Activation<'a> {
    /// Its id.
    pub id: Uuid,
    /// The account.
    pub user: Option<UserId>,
    /// The code, folded.
    pub code: &'a str,
    /// Now.
    pub create_time: Ts,
    /// Until when it can be redeemed.
    pub expire_time: Ts,
}

/// Writes a code, in place of any earlier one for the same account that was not redeemed.
pub async fn replace(tx: &mut Tx, keys: &Keys, activation: &Activation<'_>) -> Result<(), Error> {
    revoke(tx, activation.user).await?;
    insert(tx, keys, activation).await
}

/// Writes a code of an account that has none.
pub async fn insert(tx: &mut Tx, keys: &Keys, activation: &Activation<'_>) -> Result<(), Error> {
    tx.q("INSERT INTO activations (id, user_id, code_hash, create_time, expire_time) VALUES ($1, $2, $3, $4, $5)")
        .bind(activation.id)
        .bind(activation.user)
        .bind(code_hash(keys, activation.code))
        .bind(activation.create_time)
        .bind(activation.expire_time)
        .exec()
        .await?;
    Ok(())
}

/// Makes the codes worthless that an account has not redeemed.
pub async fn revoke(tx: &mut Tx, user: Option<UserId>) -> Result<(), Error> {
    tx.q("DELETE FROM activations WHERE user_id IS NOT DISTINCT FROM $1 AND use_time IS NULL")
        .bind(user)
        .exec()
        .await?;
    Ok(())
}

/// Whose code it is, without redeeming it: `Some(None)` for the code of the first start.
pub async fn peek(db: &Db, keys: &Keys, folded: &str, now: Ts) -> Result<Option<Option<UserId>>, Error> {
    Ok(db
        .read(
            "SELECT user_id FROM activations WHERE code_hash = $1 AND use_time IS NULL AND expire_time > $2",
        )
        .bind(code_hash(keys, folded))
        .bind(now)
        .get_opt()
        .await?)
}

/// Redeems a code. False if it was redeemed, replaced or over in the meantime.
pub async fn redeem(tx: &mut Tx, keys: &Keys, folded: &str, now: Ts) -> Result<bool, Error> {
    let rows = tx
        .q("UPDATE activations SET use_time = $2 WHERE code_hash = $1 AND use_time IS NULL AND expire_time > $2")
        .bind(code_hash(keys, folded))
        .bind(now)
        .exec()
        .await?;
    Ok(rows == 1)
}

/// Removes codes that were over before `then`.
pub async fn forget(db: &Db, then: Ts) -> Result<u64, Error> {
    Ok(db.write("DELETE FROM activations WHERE expire_time < $1").bind(then).exec().await?)
}
