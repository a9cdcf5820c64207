//! Sessions: the token of a client is exchanged at identity for a signed internal token, which services accept. An
//! exchange is trusted for a few seconds, so that a revoked session is refused within them.

use crate::{answer::Problem, call::Call, config::GatewayConfig, refusal::Refusal};
use http::{HeaderMap, HeaderValue, Method, header};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tonic::{Code, Request, metadata::MetadataMap};
use xinqiao_kit::{
    keys::sha256,
    time::{Clock, Ts},
};
use xinqiao_proto::{
    identity::v1::{ExchangeSessionRequest, session_service_client::SessionServiceClient},
    transport::Transport,
};

/// Name of the session cookie.
pub(crate) const COOKIE: &str = "xinqiao_session";
/// A longer token is none of ours.
const MAX_TOKEN_BYTES: usize = 4096;
/// How long identity may take.
const EXCHANGE_TIMEOUT: Duration = Duration::from_secs(5);
/// An internal token is not used in its last second.
const MARGIN: chrono::Duration = chrono::Duration::seconds(1);

/// Who a session belongs to.
pub(crate) struct Who {
    /// `Bearer <internal token>`.
    pub(crate) authorization: HeaderValue,
    pub(crate) user_id: String,
    /// The token that is to replace the client's, once its privileges have changed.
    pub(crate) replacement: Option<String>,
    expires: Option<Ts>,
}

impl std::fmt::Debug for Who {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Who({})", self.user_id)
    }
}

/// A session token as a client sent it.
#[derive(Clone)]
pub(crate) struct SessionToken {
    text: String,
    pub(crate) by_cookie: bool,
}

impl std::fmt::Debug for SessionToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionToken(..)")
    }
}

impl SessionToken {
    /// The token of a request: `Authorization: Bearer`, or the cookie. A cookie is sent by browsers whoever makes them call, so
    /// what changes something needs a header that only the own page can set.
    pub(crate) fn of(headers: &HeaderMap, method: &Method) -> Result<Self, Refusal> {
        if let Some(value) = headers.get(header::AUTHORIZATION) {
            let text = value.to_str().unwrap_or_default();
            let token = text.split_once(' ').filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
            let token = token.map(|(_, token)| token.trim()).filter(|token| is_token(token));
            return match token {
                Some(token) => Ok(Self { text: token.to_owned(), by_cookie: false }),
                None => Err(Refusal::NoSession),
            };
        }
        let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs =
            cookies.flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let token = pairs.find(|(name, token)| *name == COOKIE && is_token(token));
        let Some((_, token)) = token else { return Err(Refusal::NoSession) };
        let safe = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
        if !safe && headers.get("x-csrf-token").is_none_or(HeaderValue::is_empty) {
            return Err(Refusal::CsrfTokenMissing);
        }
        if headers.get("sec-fetch-site").is_some_and(|site| site == "cross-site") {
            return Err(Refusal::CrossSite);
        }
        Ok(Self { text: token.to_owned(), by_cookie: true })
    }
}

fn is_token(token: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/=".contains(&byte);
    !token.is_empty() && token.len() <= MAX_TOKEN_BYTES && token.bytes().all(allowed)
}

/// `Set-Cookie` with a session token; `None` if the token cannot stand in a cookie.
pub(crate) fn cookie(token: &str, secure: bool) -> Option<HeaderValue> {
    let secure = if secure { "; Secure" } else { "" };
    let text = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Strict{secure}");
    let mut value = is_token(token).then(|| HeaderValue::try_from(text).ok())??;
    value.set_sensitive(true);
    Some(value)
}

/// `Set-Cookie` that ends the cookie.
pub(crate) fn cookie_taken_back() -> HeaderValue {
    HeaderValue::from_static("xinqiao_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0")
}

type Key = [u8; 32];

/// Exchanged sessions, by the hash of their token.
pub(crate) struct Sessions {
    identity: Transport,
    trusted_for: Duration,
    max_entries: usize,
    clock: Arc<dyn Clock>,
    entries: Mutex<HashMap<Key, Arc<Entry>>>,
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sessions(..)")
    }
}

/// One session. The lock is held while identity is asked, so that it is asked once however many calls wait.
#[derive(Default)]
struct Entry(tokio::sync::Mutex<Option<Known>>);

#[derive(Clone)]
struct Known {
    who: Arc<Who>,
    asked_at: Ts,
}

impl Sessions {
    /// Sessions of the identity service behind a transport that carries the gateway's own token.
    pub(crate) fn new(identity: Transport, config: &GatewayConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            identity,
            trusted_for: config.session_cache,
            max_entries: config.session_cache_entries,
            clock,
            entries: Mutex::default(),
        }
    }

    fn entries(&self) -> std::sync::MutexGuard<'_, HashMap<Key, Arc<Entry>>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn alive(&self, who: &Who) -> bool {
        who.expires.is_none_or(|expires| self.clock.now() + MARGIN < expires)
    }

    fn fresh(&self, known: &Known) -> bool {
        // A clock that was set back makes nothing count for longer.
        let age = self.clock.now().micros().abs_diff(known.asked_at.micros());
        u128::from(age) < self.trusted_for.as_micros() && self.alive(&known.who)
    }

    /// Whether the session can be told without asking identity.
    pub(crate) fn knows(&self, token: &SessionToken) -> bool {
        let entry = self.entries().get(&sha256(token.text.as_bytes())).cloned();
        // Somebody is asking just now: then this call costs identity nothing either.
        entry.is_some_and(|entry| {
            entry.0.try_lock().map_or(true, |known| known.as_ref().is_some_and(|k| self.fresh(k)))
        })
    }

    /// Forgets a session: the next call asks identity again.
    pub(crate) fn forget(&self, token: &SessionToken) {
        self.entries().remove(&sha256(token.text.as_bytes()));
    }

    /// Forgets all sessions.
    pub(crate) fn forget_all(&self) {
        self.entries().clear();
    }

    /// Whose session it is.
    ///
    /// # Errors
    /// What identity says of a session that has ended; or identity cannot be reached.
    pub(crate) async fn who(&self, token: &SessionToken, call: &Call) -> Result<Arc<Who>, Problem> {
        let key = sha256(token.text.as_bytes());
        let entry = self.entry(key);
        let mut known = entry.0.lock().await;
        if let Some(known) = known.as_ref().filter(|known| self.fresh(known)) {
            return Ok(known.who.clone());
        }
        match self.exchange(token, call).await {
            Ok(who) => {
                *known = Some(Known { who: who.clone(), asked_at: self.clock.now() });
                Ok(who)
            }
            Err(problem)
                if problem.code() == Code::Unavailable || problem.code() == Code::DeadlineExceeded =>
            {
                // Alerts must be acknowledged also while identity restarts: a token that services still accept is good enough.
                let alive = known.as_ref().filter(|known| self.alive(&known.who));
                alive.map(|known| known.who.clone()).ok_or(problem)
            }
            Err(problem) => {
                *known = None;
                self.entries().remove(&key);
                Err(problem)
            }
        }
    }

    fn entry(&self, key: Key) -> Arc<Entry> {
        let mut entries = self.entries();
        if entries.len() >= self.max_entries && !entries.contains_key(&key) {
            entries.retain(|_, entry| {
                entry.0.try_lock().map_or(true, |known| known.as_ref().is_some_and(|known| self.fresh(known)))
            });
            if entries.len() >= self.max_entries {
                entries.clear();
            }
        }
        entries.entry(key).or_default().clone()
    }

    async fn exchange(&self, token: &SessionToken, call: &Call) -> Result<Arc<Who>, Problem> {
        let mut request = Request::new(ExchangeSessionRequest { session_token: token.text.clone() });
        *request.metadata_mut() = MetadataMap::from_headers(call.upstream_headers());
        request.set_timeout(EXCHANGE_TIMEOUT);
        let mut identity = SessionServiceClient::new(self.identity.clone());
        let answer = tokio::time::timeout(EXCHANGE_TIMEOUT, identity.exchange_session(request)).await;
        let answer = match answer {
            Ok(answer) => answer?.into_inner(),
            Err(_) => return Err(Refusal::DeadlineExceeded.into()),
        };
        let authorization = HeaderValue::try_from(format!("Bearer {}", answer.internal_token));
        let mut authorization = authorization.map_err(|_| Refusal::Internal)?;
        authorization.set_sensitive(true);
        let micros = |time: prost_types::Timestamp| {
            time.seconds.saturating_mul(1_000_000).saturating_add(i64::from(time.nanos) / 1000)
        };
        Ok(Arc::new(Who {
            authorization,
            user_id: answer.user_id,
            replacement: Some(answer.replacement_token).filter(|token| !token.is_empty()),
            expires: answer.expire_time.map(|time| Ts::from_micros(micros(time))),
        }))
    }
}
