//! The path of a request, top to bottom:
//!
//! ```text
//! own pages | native gRPC | route -> room for it -> who asks -> their budget -> deadline -> body -> message -> service -> answer
//! ```

use crate::{
    answer::{self, Problem, allow},
    api::{Api, Endpoint, Route},
    bind::{self, Content, Parts},
    call::{Call, deadline, put_timeout},
    config::GatewayConfig,
    limits::{Buckets, Budget, Flight, Payer, Room, Ticket},
    media, native,
    refusal::Refusal,
    reply, session,
    session::{SessionToken, Sessions, Who},
    stream, upstream,
};
use axum::body::Body;
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderValue, Method, Request, Response, StatusCode, header, request};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use std::{collections::HashMap, sync::Arc, time::Duration};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::Instrument as _;
use xinqiao_kit::{catalogue::Catalogue, ids::Ids};
use xinqiao_proto::{
    api::v1::{Caller, RateClass},
    transport::Transport,
};

/// Tells whether the deployment can serve: `Err` says what is not ready.
pub type ReadyProbe = Arc<dyn Fn() -> BoxFuture<'static, Result<(), String>> + Send + Sync>;
/// Renders the metrics of the process in Prometheus' text format.
pub type MetricsPage = Arc<dyn Fn() -> String + Send + Sync>;

/// What all calls share.
pub(crate) struct Shared {
    pub(crate) config: GatewayConfig,
    pub(crate) api: Api,
    pub(crate) catalogue: Arc<Catalogue>,
    pub(crate) transports: HashMap<String, Transport>,
    pub(crate) sessions: Sessions,
    pub(crate) buckets: Buckets,
    pub(crate) flight: Flight,
    pub(crate) ids: Ids,
    pub(crate) openapi: Bytes,
    pub(crate) openapi_etag: String,
    pub(crate) ready: Option<ReadyProbe>,
    pub(crate) metrics: Option<MetricsPage>,
    /// Cancelled when the gateway is to stop: open streams end then.
    pub(crate) stop: CancellationToken,
}

impl Shared {
    pub(crate) fn transport(&self, endpoint: &Endpoint) -> Result<&Transport, Refusal> {
        self.transports.get(&endpoint.role).ok_or(Refusal::Unavailable)
    }
}

/// Answers one request, whatever it is.
pub(crate) async fn serve(shared: Arc<Shared>, request: Request<Body>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let mut call = Call::new(&parts, &shared.config, || shared.ids.new_id());
    let span = tracing::info_span!("http", method = %parts.method, call_id = %call.id);
    async {
        let started = Instant::now();
        if native::is(&parts) {
            let mut response = native::serve(&shared, &call, parts, body).await;
            answer::finish(&mut response, &call, shared.config.strict_transport);
            return response;
        }
        let head = parts.method == Method::HEAD;
        let mut rpc = None;
        let mut response = match pages(&shared, &parts).await {
            Some(response) => response,
            None => match route(&shared, &mut call, &parts, body, &mut rpc).await {
                Ok(response) => response,
                Err(problem) => answer::respond(&problem, &shared, &call),
            },
        };
        answer::finish(&mut response, &call, shared.config.strict_transport);
        observe(rpc, response.status(), started.elapsed());
        if head { without_body(response) } else { response }
    }
    .instrument(span)
    .await
}

fn observe(rpc: Option<String>, status: StatusCode, took: Duration) {
    let rpc = rpc.unwrap_or_else(|| "none".to_owned());
    tracing::debug!(rpc, status = status.as_u16(), millis = took.as_millis() as u64, "answered");
    metrics::counter!("gateway_requests_total", "rpc" => rpc.clone(), "status" => status.as_u16().to_string()).increment(1);
    metrics::histogram!("gateway_request_seconds", "rpc" => rpc).record(took.as_secs_f64());
}

/// The answer to HEAD: what GET would say of its body, without it.
fn without_body(response: Response<Body>) -> Response<Body> {
    use http_body::Body as _;
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert(HeaderValue::from(length));
    }
    Response::from_parts(parts, Body::empty())
}

/// Pages of the gateway's own.
async fn pages(shared: &Shared, parts: &request::Parts) -> Option<Response<Body>> {
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return None;
    }
    match parts.uri.path() {
        "/" => Some(reply::index()),
        "/livez" => Some(text(StatusCode::OK, "ok")),
        "/readyz" => Some(ready(shared).await),
        "/metrics" => shared.metrics.as_ref().map(|page| text(StatusCode::OK, page())),
        "/openapi.json" => Some(reply::openapi(shared, &parts.headers)),
        _ => None,
    }
}

async fn ready(shared: &Shared) -> Response<Body> {
    if shared.stop.is_cancelled() {
        return text(StatusCode::SERVICE_UNAVAILABLE, "stopping");
    }
    match &shared.ready {
        None => text(StatusCode::OK, "ok"),
        Some(probe) => match probe().await {
            Ok(()) => text(StatusCode::OK, "ok"),
            Err(what) => text(StatusCode::SERVICE_UNAVAILABLE, what),
        },
    }
}

fn text(status: StatusCode, text: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(text.into());
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// Finds the RPC and carries the call through.
async fn route(
    shared: &Arc<Shared>,
    call: &mut Call,
    parts: &request::Parts,
    body: Body,
    rpc: &mut Option<String>,
) -> Result<Response<Body>, Problem> {
    use crate::route::router::Found;
    let uri_bytes = parts.uri.path_and_query().map_or(0, |uri| uri.as_str().len());
    if uri_bytes > shared.config.max_uri_bytes {
        return Err(Refusal::UriTooLong(shared.config.max_uri_bytes).into());
    }
    let looked_up = if parts.method == Method::HEAD { &Method::GET } else { &parts.method };
    let (index, segments) = match shared.api.router.find(parts.uri.path(), looked_up) {
        Found::Route { route, segments } => (route, segments),
        Found::OtherMethods(methods) if parts.method == Method::OPTIONS => return Ok(options(&methods)),
        Found::OtherMethods(methods) => return Err(Refusal::MethodNotAllowed(methods).into()),
        Found::Nothing => return Err(Refusal::RouteNotFound.into()),
    };
    let route = shared.api.routes.get(index).ok_or(Refusal::RouteNotFound)?;
    let endpoint = shared.api.endpoints.get(route.endpoint).ok_or(Refusal::RouteNotFound)?;
    if endpoint.method.server_streaming && parts.method == Method::HEAD {
        return Err(Refusal::MethodNotAllowed(vec![Method::GET]).into());
    }
    *rpc = Some(endpoint.method.path.clone());
    let ticket = admit(shared, call, endpoint)?;
    let session = who(shared, call, endpoint, parts).await?;
    let deadline = deadline(&parts.headers, &endpoint.method.policy)?;
    let exchange =
        Exchange { shared, call, parts, route, endpoint, session: session.as_ref(), deadline, segments };
    exchange.run(body, ticket).await
}

fn options(methods: &[Method]) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response.headers_mut().insert(header::ALLOW, allow(methods));
    response
}

/// Room for one more call of this class.
pub(crate) fn admit(shared: &Shared, call: &Call, endpoint: &Endpoint) -> Result<Ticket, Refusal> {
    let policy = &endpoint.method.policy;
    if policy.caller() == Caller::Anybody {
        let payer = Payer::Address(call.address);
        shared.buckets.take(Budget::Class(policy.rate_class), payer).map_err(Refusal::RateLimited)?;
    }
    shared.flight.enter(policy.rate_class()).ok_or(Refusal::Overloaded)
}

/// A session and whose it is.
pub(crate) type Session = (SessionToken, Arc<Who>);

/// Who asks, for methods that want to know; takes the call from their budget.
pub(crate) async fn who(
    shared: &Shared,
    call: &mut Call,
    endpoint: &Endpoint,
    parts: &request::Parts,
) -> Result<Option<Session>, Problem> {
    let policy = &endpoint.method.policy;
    if policy.caller() == Caller::Anybody {
        return Ok(None);
    }
    let token = SessionToken::of(&parts.headers, &parts.method)?;
    call.by_cookie = token.by_cookie;
    let address = Payer::Address(call.address);
    if policy.rate_class() != RateClass::Alert && !shared.sessions.knows(&token) {
        // Guessing tokens costs identity work: an address may only guess wrong so often.
        shared.buckets.look(Budget::BadTokens, address.clone()).map_err(Refusal::RateLimited)?;
    }
    let who = shared.sessions.who(&token, call).await;
    if let Err(problem) = &who
        && problem.code() == tonic::Code::Unauthenticated
    {
        let _ = shared.buckets.take(Budget::BadTokens, address);
    }
    let who = who?;
    let payer = Payer::Account(who.user_id.clone());
    shared.buckets.take(Budget::Class(policy.rate_class), payer).map_err(Refusal::RateLimited)?;
    Ok(Some((token, who)))
}

/// A call whose caller and target are known.
pub(crate) struct Exchange<'a> {
    pub(crate) shared: &'a Arc<Shared>,
    pub(crate) call: &'a Call,
    pub(crate) parts: &'a request::Parts,
    pub(crate) route: &'a Route,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) session: Option<&'a Session>,
    pub(crate) deadline: Duration,
    segments: Vec<String>,
}

impl Exchange<'_> {
    async fn run(self, body: Body, ticket: Ticket) -> Result<Response<Body>, Problem> {
        let content = media::content(&self.parts.headers, self.route)?;
        // The room is kept until the answer has come: the message is as large as the body.
        let (bytes, _room) = self.read(body).await?;
        // A slow upload does not use up the service's time.
        let ends = Instant::now() + self.deadline;
        let query = self.parts.uri.query().unwrap_or_default();
        let content = match content {
            media::Expected::Json => Content::Json(&bytes),
            media::Expected::Raw(content_type) => Content::Raw { bytes: &bytes, content_type },
            media::Expected::Nothing if bytes.is_empty() => Content::None,
            media::Expected::Nothing => return Err(Refusal::MediaType("-".to_owned()).into()),
        };
        let parts = Parts { segments: &self.segments, query, headers: &self.parts.headers, content };
        let message = bind::request(&self.shared.api, self.route, &parts).map_err(Refusal::Invalid)?;
        let max = self.endpoint.method.policy.max_body_bytes;
        if message.len() > usize::try_from(max).unwrap_or_default() {
            return Err(Refusal::BodyTooLarge(max).into());
        }
        let transport = self.shared.transport(self.endpoint)?;
        let mut headers = self.call.upstream_headers();
        if let Some((_, who)) = self.session {
            headers.insert(header::AUTHORIZATION, who.authorization.clone());
        }
        put_timeout(&mut headers, ends.saturating_duration_since(Instant::now()));
        let path = self.endpoint.method.path.as_str();
        let largest = self.shared.config.max_answer_bytes;
        if self.endpoint.method.server_streaming {
            let opening = upstream::open(transport, path, headers, &message, largest);
            let messages =
                tokio::time::timeout_at(ends, opening).await.map_err(|_| Refusal::DeadlineExceeded)??;
            // An open stream is no work in flight.
            drop(ticket);
            return stream::respond(&self, messages, ends).await;
        }
        let calling = upstream::unary(transport, path, headers, &message, largest);
        let answer =
            tokio::time::timeout_at(ends, calling).await.map_err(|_| Refusal::DeadlineExceeded)??;
        let mut response = reply::unary(&self, &answer)?;
        self.renew(&mut response);
        Ok(response)
    }

    /// Reads the body within its limits.
    async fn read(&self, body: Body) -> Result<(Bytes, Room), Refusal> {
        const SLOWEST_BYTES_A_SECOND: u64 = 64 * 1024;
        let max = self.endpoint.method.policy.max_body_bytes;
        let limit = usize::try_from(max).unwrap_or_default();
        let declared = self.parts.headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
        let declared = declared.and_then(|length| length.parse::<u64>().ok());
        if declared.is_some_and(|length| length > limit as u64) {
            return Err(Refusal::BodyTooLarge(max));
        }
        if http_body::Body::is_end_stream(&body) {
            return Ok((Bytes::new(), self.shared.flight.hold(0).ok_or(Refusal::Overloaded)?));
        }
        let largest = declared.and_then(|length| usize::try_from(length).ok()).unwrap_or(limit);
        let room = self.shared.flight.hold(largest).ok_or(Refusal::Overloaded)?;
        let timeout =
            self.shared.config.body_timeout + Duration::from_secs(largest as u64 / SLOWEST_BYTES_A_SECOND);
        match tokio::time::timeout(timeout, Limited::new(body, limit).collect()).await {
            Err(_) => Err(Refusal::BodyTooSlow),
            Ok(Ok(collected)) => Ok((collected.to_bytes(), room)),
            Ok(Err(cause)) if cause.is::<LengthLimitError>() => Err(Refusal::BodyTooLarge(max)),
            Ok(Err(_)) => Err(Refusal::BodyCutOff),
        }
    }

    /// What a call to identity changes counts at once for the session that made it; a cookie follows its session.
    fn renew(&self, response: &mut Response<Body>) {
        let Some((token, who)) = self.session else { return };
        if self.endpoint.role == "identity" && self.parts.method != Method::GET {
            self.shared.sessions.forget(token);
        }
        if let Some(replacement) = who.replacement.as_deref().filter(|_| token.by_cookie)
            && let Some(cookie) = session::cookie(replacement, self.shared.config.cookie_secure)
        {
            response.headers_mut().append(header::SET_COOKIE, cookie);
        }
    }
}
