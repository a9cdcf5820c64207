//! The first start: a code that makes the first administrator.

use super::secrets;
use crate::{
    domain::secret::fold_code,
    error::Error,
    store::{activations, users},
};
use chrono::Duration;
use xinqiao_kit::deps::Deps;

/// A one-time code that makes the first administrator, while there is no account at all; an earlier one that was not redeemed is worth nothing from
/// now on. Redeemed with `POST /v1/sessions:redeem` and login_name, display_name, password.
///
/// # Errors
/// The database.
pub async fn bootstrap(deps: &Deps) -> Result<Option<String>, Error> {
    let now = deps.clock.now();
    let mut tx = deps.db.begin().await?;
    if users::any(&mut tx).await? {
        return Ok(None);
    }
    let code = secrets::activation_code()?;
    let activation = activations::Activation {
        id: deps.ids.new_id(),
        user: None,
        code: &fold_code(&code),
        create_time: now,
        expire_time: now + Duration::hours(deps.settings.identity.bootstrap_hours.into()),
    };
    activations::replace(&mut tx, &deps.keys, &activation).await?;
    tx.commit().await?;
    Ok(Some(code))
}
