//! Internal tokens: who asks, signed, for seconds to a minute. Each role has a key pair of its own and may only speak for
//! itself; identity alone may speak for people.

use crate::{
    ctx::{Actor, Principal},
    keys::{KeyError, write_secret},
    role::Role,
    time::{Clock, Ts},
};
use aws_lc_rs::{
    encoding::AsDer as _,
    signature::{Ed25519KeyPair, KeyPair as _},
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

/// How long a service's own token lives; a new one is made after half of it.
const SERVICE_TOKEN_SECONDS: i64 = 60;
/// Verified tokens that are remembered, so that a busy session costs one signature check in its life.
const REMEMBERED_TOKENS: usize = 10_000;
/// Clocks of two machines may differ by so much.
const LEEWAY_SECONDS: i64 = 5;

#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iss: Role,
    exp: i64,
    who: Principal,
}

/// Why a token was refused. The caller learns only that it was.
#[derive(Debug, thiserror::Error)]
pub enum TokenError {
    /// It is not a token of this deployment.
    #[error("not a token of this deployment: {0}")]
    Malformed(#[from] jsonwebtoken::errors::Error),
    /// Its time is over.
    #[error("the token has run out")]
    Expired,
    /// Its issuer may not speak for whom it names.
    #[error("{0} may not issue this token")]
    Issuer(Role),
}

/// Issues tokens in the name of one role. Cheap to clone.
#[derive(Clone)]
pub struct TokenSigner(Arc<SignerInner>);

struct SignerInner {
    role: Role,
    key: EncodingKey,
    clock: Arc<dyn Clock>,
    own: Mutex<Option<(String, Ts)>>,
}

impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenSigner({})", self.0.role)
    }
}

impl TokenSigner {
    /// A token that names `who` for `lifetime`.
    ///
    /// # Errors
    /// The signature could not be made.
    pub fn issue(&self, who: &Principal, lifetime: Duration) -> Result<String, TokenError> {
        let seconds = i64::try_from(lifetime.as_secs()).unwrap_or(i64::MAX);
        let exp = (self.0.clock.now().micros() / 1_000_000).saturating_add(seconds);
        let claims = Claims { iss: self.0.role, exp, who: who.clone() };
        Ok(jsonwebtoken::encode(&Header::new(Algorithm::EdDSA), &claims, &self.0.key)?)
    }

    /// The role's own token, made anew when half of its life is over.
    ///
    /// # Errors
    /// The signature could not be made.
    pub fn own(&self) -> Result<String, TokenError> {
        let now = self.0.clock.now();
        let mut own = self.0.own.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = |made: Ts| (now.micros() - made.micros()).abs() < SERVICE_TOKEN_SECONDS * 500_000;
        if let Some((token, made)) = own.as_ref()
            && fresh(*made)
        {
            return Ok(token.clone());
        }
        let lifetime = Duration::from_secs(SERVICE_TOKEN_SECONDS.unsigned_abs());
        let token = self.issue(&Principal::service(self.0.role), lifetime)?;
        *own = Some((token.clone(), now));
        Ok(token)
    }
}

/// Verifies tokens of all roles. Cheap to clone.
#[derive(Clone)]
pub struct TokenVerifier(Arc<VerifierInner>);

struct VerifierInner {
    keys: HashMap<Role, DecodingKey>,
    clock: Arc<dyn Clock>,
    remembered: Mutex<Remembered>,
}

/// Verified tokens by their digest: whom they name and when they run out, in seconds since 1970.
type Remembered = HashMap<[u8; 32], (Arc<Principal>, i64)>;

impl std::fmt::Debug for TokenVerifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("TokenVerifier(..)")
    }
}

impl TokenVerifier {
    /// Who a token names.
    ///
    /// # Errors
    /// The token is malformed, forged, over, or names somebody its issuer may not speak for.
    pub fn verify(&self, token: &str) -> Result<Arc<Principal>, TokenError> {
        let now = self.0.clock.now().micros() / 1_000_000;
        let alive = |exp: i64| exp.saturating_add(LEEWAY_SECONDS) >= now;
        let digest = crate::keys::sha256(token.as_bytes());
        if let Some((who, exp)) = self.remembered().get(&digest) {
            return if alive(*exp) { Ok(who.clone()) } else { Err(TokenError::Expired) };
        }
        let claims = self.decode(token)?;
        if !alive(claims.exp) {
            return Err(TokenError::Expired);
        }
        let entitled = match claims.who.actor {
            Actor::User(_) => claims.iss == Role::Identity,
            Actor::Service(role) => role == claims.iss,
            Actor::Anybody => false,
        };
        if !entitled {
            return Err(TokenError::Issuer(claims.iss));
        }
        let who = Arc::new(claims.who);
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED_TOKENS {
            remembered.retain(|_, (_, exp)| alive(*exp));
            if remembered.len() >= REMEMBERED_TOKENS {
                remembered.clear();
            }
        }
        remembered.insert(digest, (who.clone(), claims.exp));
        Ok(who)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.0.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn decode(&self, token: &str) -> Result<Claims, TokenError> {
        let mut validation = Validation::new(Algorithm::EdDSA);
        // Expiry is checked against the injected clock, not the library's.
        validation.validate_exp = false;
        validation.required_spec_claims.clear();
        let mut last = TokenError::Expired;
        for (role, key) in &self.0.keys {
            match jsonwebtoken::decode::<Claims>(token, key, &validation) {
                Ok(data) if data.claims.iss == *role => return Ok(data.claims),
                Ok(data) => last = TokenError::Issuer(data.claims.iss),
                Err(cause) => last = cause.into(),
            }
        }
        Err(last)
    }
}

/// The key pairs of all roles of one process or one folder.
pub struct TokenKeys {
    pairs: HashMap<Role, Vec<u8>>,
}

impl TokenKeys {
    /// Reads `<dir>/<role>.pk8` of every role, making what is missing.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn open_or_create(dir: &Path) -> Result<Self, KeyError> {
        let mut pairs = HashMap::new();
        for role in Role::ALL {
            let path = dir.join(format!("{role}.pk8"));
            let fail = |cause: std::io::Error| KeyError::File {
                path: path.display().to_string(),
                cause: cause.to_string(),
            };
            if !path.exists() {
                write_secret(&path, &generate()?).map_err(fail)?;
            }
            pairs.insert(role, std::fs::read(&path).map_err(fail)?);
        }
        Ok(Self { pairs })
    }

    /// Fresh pairs that are kept nowhere: for tests.
    ///
    /// # Errors
    /// The cryptographic library failed.
    pub fn ephemeral() -> Result<Self, KeyError> {
        let pairs =
            Role::ALL.into_iter().map(|role| Ok((role, generate()?))).collect::<Result<_, KeyError>>()?;
        Ok(Self { pairs })
    }

    /// The signer of `role`.
    ///
    /// # Errors
    /// The key is not a key.
    pub fn signer(&self, role: Role, clock: Arc<dyn Clock>) -> Result<TokenSigner, KeyError> {
        let pair = self.pairs.get(&role).ok_or(KeyError::Library)?;
        let key = EncodingKey::from_ed_der(pair);
        Ok(TokenSigner(Arc::new(SignerInner { role, key, clock, own: Mutex::new(None) })))
    }

    /// The verifier of all roles' tokens.
    ///
    /// # Errors
    /// A key is not a key.
    pub fn verifier(&self, clock: Arc<dyn Clock>) -> Result<TokenVerifier, KeyError> {
        let keys = self
            .pairs
            .iter()
            .map(|(role, pair)| {
                let pair = Ed25519KeyPair::from_pkcs8(pair).map_err(|_| KeyError::Library)?;
                Ok((*role, DecodingKey::from_ed_der(pair.public_key().as_ref())))
            })
            .collect::<Result<_, KeyError>>()?;
        Ok(TokenVerifier(Arc::new(VerifierInner { keys, clock, remembered: Mutex::new(HashMap::new()) })))
    }
}

fn generate() -> Result<Vec<u8>, KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::Library)?;
    let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().map_err(|_| KeyError::Library)?;
    Ok(der.as_ref().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ctx::Grant, ctx::Scope, time::ManualClock};
    use uuid::Uuid;

    fn setup() -> (TokenKeys, Arc<ManualClock>) {
        (TokenKeys::ephemeral().unwrap(), Arc::new(ManualClock::at(Ts::from_micros(1_790_000_000_000_000))))
    }

    #[test]
    fn identity_speaks_for_people_and_every_service_for_itself() {
        let (keys, clock) = setup();
        let verifier = keys.verifier(clock.clone()).unwrap();
        let person = Principal::user(
            Uuid::from_u128(1),
            vec![Grant { role: "county_it".into(), scope: Scope::County }],
        );
        let minute = Duration::from_secs(60);
        let identity = keys.signer(Role::Identity, clock.clone()).unwrap();
        assert_eq!(*verifier.verify(&identity.issue(&person, minute).unwrap()).unwrap(), person);
        let training = keys.signer(Role::Training, clock).unwrap();
        assert!(matches!(
            verifier.verify(&training.issue(&person, minute).unwrap()),
            Err(TokenError::Issuer(Role::Training))
        ));
        assert!(verifier.verify(&training.own().unwrap()).is_ok());
        let foreign = Principal::service(Role::Crisis);
        assert!(verifier.verify(&training.issue(&foreign, minute).unwrap()).is_err());
    }

    #[test]
    fn a_token_runs_out_also_when_it_is_remembered_and_a_forged_one_never_counts() {
        let (keys, clock) = setup();
        let verifier = keys.verifier(clock.clone()).unwrap();
        let token = keys.signer(Role::Crisis, clock.clone()).unwrap().own().unwrap();
        assert!(verifier.verify(&token).is_ok());
        clock.advance(chrono::Duration::seconds(120));
        assert!(matches!(verifier.verify(&token), Err(TokenError::Expired)));
        let other = TokenKeys::ephemeral().unwrap().signer(Role::Crisis, clock).unwrap();
        assert!(verifier.verify(&other.own().unwrap()).is_err());
        assert!(verifier.verify("junk").is_err());
    }
}
