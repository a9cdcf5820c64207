//! A service as the rest of the program sees it, and the front that every call to it passes: the same in one process and over the
//! network.
//!
//! ```text
//! find the method and its policy -> who asks -> may this kind of caller call at all -> body limit -> deadline -> the service
//! ```

use crate::{
    catalogue::{Catalogue, Locale},
    ctx::{Actor, Ctx, Principal},
    ids::Ids,
    lifecycle::Task,
    status::{FrontError, to_status},
    time::Clock,
    token::TokenVerifier,
};
use bytes::Bytes;
use http::{HeaderMap, Request, Response, header};
use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tonic::{Status, body::Body, service::Routes};
use tower::{Service, ServiceExt as _};
use tracing::Instrument as _;
use uuid::Uuid;
use xinqiao_proto::{
    api::v1::Caller,
    policy::{self, Method},
    transport::Transport,
};

/// What a service's `build` gives back.
pub struct Built {
    /// Its gRPC services.
    pub routes: Routes,
    /// What runs beside them.
    pub tasks: Vec<Task>,
}

impl std::fmt::Debug for Built {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Built").field("tasks", &self.tasks).finish_non_exhaustive()
    }
}

/// Why a service could not be built.
pub type BuildError = Box<dyn std::error::Error + Send + Sync>;

/// What the front of every service needs.
#[derive(Clone)]
pub struct FrontDeps {
    /// Verifies internal tokens.
    pub verifier: TokenVerifier,
    /// Ids of calls.
    pub ids: Ids,
    /// The clock handed to use-cases.
    pub clock: Arc<dyn Clock>,
    /// Texts of refusals.
    pub catalogue: Arc<Catalogue>,
}

impl std::fmt::Debug for FrontDeps {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("FrontDeps(..)")
    }
}

/// Puts the front before a service's routes.
pub fn front(routes: Routes, deps: FrontDeps) -> Transport {
    let router = routes.prepare();
    let inner =
        Transport::new(tower::service_fn(move |request: Request<Body>| router.clone().oneshot(request)));
    Transport::new(Front { inner, deps: Arc::new(deps) })
}

#[derive(Clone)]
struct Front {
    inner: Transport,
    deps: Arc<FrontDeps>,
}

impl Service<Request<Body>> for Front {
    type Response = Response<Body>;
    type Error = xinqiao_proto::transport::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let (inner, deps) = (self.inner.clone(), self.deps.clone());
        Box::pin(async move {
            let locale = locale(request.headers());
            match pass(inner, &deps, request, locale).await {
                Ok(response) => Ok(response),
                Err(Refused::Status(refused)) => Ok(to_status(&refused, &deps.catalogue, locale).into_http()),
                Err(Refused::Transport(cause)) => Err(cause),
            }
        })
    }
}

enum Refused {
    Status(FrontError),
    Transport(xinqiao_proto::transport::Error),
}

impl From<FrontError> for Refused {
    fn from(refused: FrontError) -> Self {
        Self::Status(refused)
    }
}

/// The path of a call, top to bottom.
async fn pass(
    inner: Transport,
    deps: &FrontDeps,
    mut request: Request<Body>,
    locale: Locale,
) -> Result<Response<Body>, Refused> {
    let method = policy::methods().get(request.uri().path()).cloned().ok_or(FrontError::UnknownMethod)?;
    let call_id = call_id(request.headers()).unwrap_or_else(|| deps.ids.new_id());
    let principal = principal(deps, request.headers(), &method)?;
    let deadline = deadline(request.headers(), &method);
    let span = tracing::info_span!("call", method = method.path, %call_id);
    let ctx = Ctx {
        principal,
        call_id,
        locale,
        method: method.clone(),
        catalogue: deps.catalogue.clone(),
        clock: deps.clock.clone(),
    };
    request.extensions_mut().insert(ctx);
    let too_large = to_status(
        &FrontError::BodyTooLarge { max_bytes: method.policy.max_body_bytes },
        &deps.catalogue,
        locale,
    );
    let request = request.map(|body| limited(body, method.policy.max_body_bytes, too_large));
    let late = to_status(&FrontError::DeadlineExceeded, &deps.catalogue, locale);
    let answer = tokio::time::timeout(deadline, inner.oneshot(request).instrument(span));
    match answer.await {
        Ok(Ok(response)) if method.server_streaming => Ok(response.map(|body| bounded(body, deadline, late))),
        Ok(Ok(response)) => Ok(response),
        Ok(Err(cause)) => Err(Refused::Transport(cause)),
        Err(_) => Err(FrontError::DeadlineExceeded.into()),
    }
}

/// Who asks. A method for anybody does not look at tokens that do not count.
fn principal(deps: &FrontDeps, headers: &HeaderMap, method: &Method) -> Result<Arc<Principal>, FrontError> {
    let token = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    let verified = token.map(|token| {
        deps.verifier.verify(token).map_err(|cause| {
            tracing::debug!(%cause, "a token was refused");
            FrontError::Unauthenticated
        })
    });
    match (method.policy.caller(), verified) {
        (Caller::Anybody, Some(Ok(who))) => Ok(who),
        (Caller::Anybody, _) => Ok(Arc::new(Principal::anybody())),
        (_, None) => Err(FrontError::Unauthenticated),
        (_, Some(Err(refused))) => Err(refused),
        (Caller::Person, Some(Ok(who))) if matches!(who.actor, Actor::User(_)) => Ok(who),
        (Caller::Service, Some(Ok(who))) if matches!(who.actor, Actor::Service(_)) => Ok(who),
        (_, Some(Ok(_))) => Err(FrontError::WrongCaller),
    }
}

fn locale(headers: &HeaderMap) -> Locale {
    let header = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    header.map(Locale::from_accept_language).unwrap_or_default()
}

fn call_id(headers: &HeaderMap) -> Option<Uuid> {
    headers
        .get("x-request-id")
        .and_then(|value| value.to_str().ok())
        .and_then(|text| Uuid::try_parse(text).ok())
}

/// The time a call may take: what its client asks for, within what its method allows.
fn deadline(headers: &HeaderMap, method: &Method) -> Duration {
    let millis = |value: i32| Duration::from_millis(u64::try_from(value).unwrap_or_default());
    let asked = headers.get("grpc-timeout").and_then(|value| value.to_str().ok()).and_then(parse_timeout);
    asked.map_or_else(
        || millis(method.policy.default_deadline_ms),
        |asked| asked.min(millis(method.policy.max_deadline_ms)),
    )
}

/// `grpc-timeout`: at most eight digits and a unit.
pub fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.len() > 8 {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// Bytes that the framing of a gRPC message adds.
const FRAME_BYTES: usize = 5;

fn limited(body: Body, max_bytes: i32, too_large: Status) -> Body {
    let left = usize::try_from(max_bytes).unwrap_or_default() + FRAME_BYTES;
    Body::new(Limited { body, left, too_large })
}

fn bounded(body: Body, longest: Duration, late: Status) -> Body {
    let sleep = Box::pin(tokio::time::sleep(longest));
    Body::new(Bounded { body, sleep, late: Some(late) })
}

/// A stream that ends with DEADLINE_EXCEEDED when its time is over.
struct Bounded {
    body: Body,
    sleep: Pin<Box<tokio::time::Sleep>>,
    late: Option<Status>,
}

impl http_body::Body for Bounded {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        let this = &mut *self;
        if this.late.is_none() {
            return Poll::Ready(None);
        }
        if this.sleep.as_mut().poll(cx).is_ready() {
            let trailers = this.late.take().map(|late| late_trailers(&late));
            return Poll::Ready(trailers.map(|trailers| Ok(http_body::Frame::trailers(trailers))));
        }
        Pin::new(&mut this.body).poll_frame(cx)
    }
}

fn late_trailers(late: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    if late.add_header(&mut trailers).is_err() {
        trailers.insert("grpc-status", http::HeaderValue::from_static("4"));
    }
    trailers
}

/// A request that fails once more bytes have come than its method allows.
struct Limited {
    body: Body,
    left: usize,
    too_large: Status,
}

impl http_body::Body for Limited {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let frame = std::task::ready!(Pin::new(&mut this.body).poll_frame(cx));
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            match this.left.checked_sub(length) {
                Some(left) => this.left = left,
                None => return Poll::Ready(Some(Err(this.too_large.clone()))),
            }
        }
        Poll::Ready(frame)
    }
}
