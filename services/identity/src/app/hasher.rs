//! Passwords, hashed slowly on purpose, off the threads that answer calls, and only so many at once.

use crate::error::Error;
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher as _, PasswordVerifier as _, phc::PasswordHash},
};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Memory of one hash: 19 MiB, with two passes the smallest that OWASP's password storage cheat sheet names for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// Hashes that wait for their turn at most; a class or two, not a flood.
const WAITING_MAX: usize = 512;
/// Hashes at once, whatever the machine has.
const AT_ONCE_MAX: usize = 8;

/// Hashes and verifies passwords. Cheap to clone.
#[derive(Clone)]
pub struct Hasher(Arc<Inner>);

struct Inner {
    argon: Argon2<'static>,
    at_once: Semaphore,
    waiting: Semaphore,
    /// Stands in where an account has no password or does not exist: the answer must take its time all the same.
    nobody: String,
}

impl std::fmt::Debug for Hasher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hasher(..)")
    }
}

impl Hasher {
    /// A hasher for as many threads as the machine has.
    ///
    /// # Errors
    /// The parameters are refused by the library.
    pub fn new() -> Result<Self, Error> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(failed)?;
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobody = argon.hash_password(b"nobody has this password").map_err(failed)?.to_string();
        let threads = std::thread::available_parallelism().map_or(1, usize::from).min(AT_ONCE_MAX);
        let inner =
            Inner { argon, at_once: Semaphore::new(threads), waiting: Semaphore::new(WAITING_MAX), nobody };
        Ok(Self(Arc::new(inner)))
    }

    /// The hash of a password, with a fresh salt.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn hash(&self, password: SecretString) -> Result<String, Error> {
        self.run(move |inner| {
            let hash = inner.argon.hash_password(password.expose_secret().as_bytes()).map_err(failed)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether the password is that of the hash. Without a hash the answer is no, after the same time.
    ///
    /// # Errors
    /// [`Error::Busy`] when too many wait already.
    pub async fn verify(&self, password: SecretString, hash: Option<String>) -> Result<bool, Error> {
        self.run(move |inner| {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| inner.nobody.clone());
            let parsed = PasswordHash::new(&hash).map_err(failed)?;
            let right = inner.argon.verify_password(password.expose_secret().as_bytes(), &parsed).is_ok();
            Ok(right && known)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Inner) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let _waiting = self.0.waiting.try_acquire().map_err(|_| Error::Busy)?;
        let _turn = self.0.at_once.acquire().await.map_err(|_| Error::Busy)?;
        let inner = self.0.clone();
        tokio::task::spawn_blocking(move || work(&inner)).await.map_err(failed)?
    }
}

fn failed(cause: impl std::fmt::Display) -> Error {
    Error::Hash(cause.to_string())
}
