//! Writes that may be sent again: the answer to a `request_id` is stored in the transaction that does the work, and given again.

use crate::{
    ctx::{Ctx, RequestKey},
    db::{DbError, Tx},
    keys::{KeyError, Keys},
    status::ApiError,
};
use serde::{Serialize, de::DeserializeOwned};
use tonic::Code;

/// Why a keyed request cannot be answered.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The same id came with another request before.
    #[error("the request_id was used for another request")]
    Reused,
    /// The stored answer does not open or the key could not be used.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The database failed.
    #[error(transparent)]
    Db(#[from] DbError),
}

impl ApiError for RequestError {
    fn code(&self) -> Code {
        match self {
            Self::Reused => Code::InvalidArgument,
            Self::Key(cause) => cause.code(),
            Self::Db(cause) => cause.code(),
        }
    }
    fn reason(&self) -> &'static str {
        match self {
            Self::Reused => "REQUEST_ID_REUSED",
            Self::Key(cause) => cause.reason(),
            Self::Db(cause) => cause.reason(),
        }
    }
    fn retryable(&self) -> bool {
        match self {
            Self::Reused => false,
            Self::Key(cause) => cause.retryable(),
            Self::Db(cause) => cause.retryable(),
        }
    }
}

#[derive(sqlx::FromRow)]
struct Stored {
    digest: Vec<u8>,
    answer: Option<Vec<u8>>,
}

/// Begins a keyed request: the answer that was given before, or `None` when the work is to be done now. Without a key always
/// `None`.
///
/// A second request with the same key waits here until the first has committed or gone.
///
/// # Errors
/// [`RequestError::Reused`], or the database fails.
pub async fn begin<T: DeserializeOwned>(
    tx: &mut Tx,
    ctx: &Ctx,
    key: &Option<RequestKey>,
    keys: &Keys,
) -> Result<Option<T>, RequestError> {
    let Some(key) = key else {
        return Ok(None);
    };
    let fresh = tx
        .q("INSERT INTO kit_requests (actor, method, request_id, digest, created_at) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (actor, method, request_id) DO NOTHING")
        .bind(ctx.principal.label())
        .bind(ctx.method.path.clone())
        .bind(key.id)
        .bind(key.digest.to_vec())
        .bind(ctx.now())
        .exec()
        .await?;
    if fresh == 1 {
        return Ok(None);
    }
    let stored = tx
        .q("SELECT digest, answer FROM kit_requests WHERE actor = $1 AND method = $2 AND request_id = $3")
        .bind(ctx.principal.label())
        .bind(ctx.method.path.clone())
        .bind(key.id)
        .one::<Stored>()
        .await?;
    match stored.answer {
        Some(answer) if stored.digest == key.digest => {
            Ok(Some(keys.service_subject().open_json("kit_requests", "answer", key.id, &answer)?))
        }
        _ => Err(RequestError::Reused),
    }
}

/// Stores the answer, in the transaction that did the work.
///
/// # Errors
/// The database fails.
pub async fn finish<T: Serialize>(
    tx: &mut Tx,
    ctx: &Ctx,
    key: &Option<RequestKey>,
    answer: &T,
    keys: &Keys,
) -> Result<(), RequestError> {
    let Some(key) = key else {
        return Ok(());
    };
    let sealed = keys.service_subject().seal_json("kit_requests", "answer", key.id, answer)?;
    tx.q("UPDATE kit_requests SET answer = $4 WHERE actor = $1 AND method = $2 AND request_id = $3")
        .bind(ctx.principal.label())
        .bind(ctx.method.path.clone())
        .bind(key.id)
        .bind(sealed)
        .exec()
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests;
