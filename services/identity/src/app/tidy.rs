//! Forgetting what is over.

use crate::{
    domain::throttle::FORGET_MINUTES,
    error::Error,
    store::{activations, attempts, sessions},
};
use chrono::Duration;
use xinqiao_kit::deps::Deps;

/// Sessions and codes that are over are kept for so long, for questions that come later; the audit log has them for good.
const KEPT_DAYS: i64 = 30;

/// Removes attempts that no longer count, and sessions and codes that have been over for a month.
///
/// # Errors
/// The database.
pub async fn tidy(deps: &Deps) -> Result<(), Error> {
    let now = deps.clock.now();
    let then = now - Duration::days(KEPT_DAYS);
    let forgotten = attempts::forget(&deps.db, now - Duration::minutes(FORGET_MINUTES)).await?;
    let ended = sessions::forget(&deps.db, then).await?;
    let codes = activations::forget(&deps.db, then).await?;
    tracing::debug!(forgotten, ended, codes, "tidied up");
    Ok(())
}
