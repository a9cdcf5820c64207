//! `xinqiao activate`: the first administrator.

use super::{Failure, password, say};
use crate::{
    cli::Activate,
    client::{Api, text},
};
use serde_json::json;

/// Redeems a one-time code.
///
/// # Errors
/// The code does not count (any more), the password is too weak, the login name is taken.
pub async fn activate(asked: &Activate) -> Result<(), Failure> {
    let remote = &asked.remote;
    let body = json!({
        "activationCode": asked.code,
        "loginName": remote.login,
        "displayName": asked.display_name,
        "password": password(&remote.login, true),
        "client": "xinqiao",
    });
    let answer = Api::new(&remote.server).post("/v1/sessions:redeem", body).await?;
    let user = answer.get("user").map(|user| text(user, "name").to_owned()).unwrap_or_default();
    say(&format!("{}  {user}", remote.login));
    Ok(())
}
