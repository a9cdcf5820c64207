//! Fresh secrets: the randomness that the rules in [`crate::domain::secret`] are given.

use crate::{domain::secret, error::Error};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use xinqiao_kit::keys::{self, Keys};

/// Random bytes of a session token: out of reach of guessing.
const TOKEN_BYTES: usize = 32;

/// A fresh session token.
pub fn session_token() -> Result<String, Error> {
    Ok(URL_SAFE_NO_PAD.encode(keys::random::<TOKEN_BYTES>()?))
}

/// The token that follows `token`. It follows from it and our key alone, so that calls that arrive together are all given the same one.
pub fn next_session_token(keys: &Keys, token: &str) -> String {
    URL_SAFE_NO_PAD.encode(keys.lookup("sessions.next_token", token))
}

/// A fresh activation code.
pub fn activation_code() -> Result<String, Error> {
    Ok(secret::activation_code(&keys::random()?))
}

/// A fresh first password.
pub fn first_password() -> Result<String, Error> {
    Ok(secret::first_password(&keys::random()?))
}
