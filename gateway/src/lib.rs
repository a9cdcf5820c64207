//! One front door: REST/JSON, server-sent events, native gRPC and OpenAPI in front of every service, driven by the
//! descriptors. An RPC that is added to a .proto has its route, its JSON, its limits and its documentation here without
//! a line of code.
//!
//! Reading order: [`front`](crate) is the path of a request; `api` is what the descriptors say, compiled; `codec` turns
//! JSON into protobuf and back; `bind` makes the request message; `reply` and `stream` make the answer.

mod answer;
mod api;
mod bind;
mod call;
mod codec;
mod config;
mod front;
mod limits;
mod media;
mod native;
mod openapi;
mod refusal;
mod reply;
mod route;
mod server;
mod session;
mod stream;
mod upstream;

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

pub use api::ApiError;
pub use call::PeerAddress;
pub use config::{GatewayConfig, Rate, Rates};
pub use front::{MetricsPage, ReadyProbe};

use axum::body::Body;
use bytes::Bytes;
use front::Shared;
use http::{HeaderName, HeaderValue, Method, Request, Response, header};
use prost_reflect::DescriptorPool;
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::Arc,
    task::{Context, Poll},
};
use tokio_util::sync::CancellationToken;
use tower::{Service, ServiceExt as _, util::BoxCloneSyncService};
use tower_http::{
    compression::{
        CompressionLayer,
        predicate::{NotForContentType, Predicate as _, SizeAbove},
    },
    cors::{AllowOrigin, CorsLayer},
};
use xinqiao_kit::{
    catalogue::Catalogue,
    ids::Ids,
    peers::Peers,
    role::Role,
    time::{Clock, SystemClock},
    token::TokenSigner,
};
use xinqiao_proto::{
    policy::{self, Methods},
    transport::Transport,
};

/// Answers smaller than this are not worth compressing.
const COMPRESS_FROM_BYTES: u64 = 1024;

/// Ways to the services, by role. A role that is missing answers UNAVAILABLE.
pub type Upstreams = HashMap<Role, Transport>;

/// The gateway: a tower service over HTTP requests. Cheap to clone.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
    layered: BoxCloneSyncService<Request<Body>, Response<Body>, Infallible>,
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("config", &self.shared.config).finish_non_exhaustive()
    }
}

/// What can be given to a gateway besides the usual.
#[derive(Clone)]
pub struct Options {
    /// The clock against which internal tokens run out.
    pub clock: Arc<dyn Clock>,
    /// Ids of calls.
    pub ids: Ids,
    /// Whether the deployment is ready; asked by `/readyz`.
    pub ready: Option<ReadyProbe>,
    /// What `/metrics` shows; without it there is no such page.
    pub metrics: Option<MetricsPage>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Options(..)")
    }
}

impl Default for Options {
    fn default() -> Self {
        Self { clock: Arc::new(SystemClock), ids: Ids::system(), ready: None, metrics: None }
    }
}

impl Gateway {
    /// A gateway before `upstreams` for the whole API. `signer` speaks for the gateway when it exchanges sessions.
    ///
    /// # Errors
    /// The descriptors hold two RPCs at one path, or a binding of a field that is not there.
    pub fn new(
        config: GatewayConfig,
        upstreams: Upstreams,
        catalogue: Arc<Catalogue>,
        signer: TokenSigner,
    ) -> Result<Self, ApiError> {
        Self::with_options(config, upstreams, catalogue, signer, Options::default())
    }

    /// As [`Gateway::new`], with a clock, ids, a probe and a page of metrics of the caller's.
    ///
    /// # Errors
    /// As [`Gateway::new`].
    pub fn with_options(
        config: GatewayConfig,
        upstreams: Upstreams,
        catalogue: Arc<Catalogue>,
        signer: TokenSigner,
        options: Options,
    ) -> Result<Self, ApiError> {
        let identity = Peers::new(upstreams.clone(), &signer).client(Role::Identity);
        let transports =
            upstreams.into_iter().map(|(role, transport)| (role.name().to_owned(), transport)).collect();
        Self::of_pool(policy::pool(), policy::methods(), config, transports, identity, catalogue, options)
    }

    fn of_pool(
        pool: &DescriptorPool,
        methods: &Methods,
        config: GatewayConfig,
        transports: HashMap<String, Transport>,
        identity: Transport,
        catalogue: Arc<Catalogue>,
        options: Options,
    ) -> Result<Self, ApiError> {
        let api = api::Api::new(pool, methods)?;
        let openapi = openapi::document(&api).to_string();
        let openapi_etag = sha256_hex(openapi.as_bytes());
        let cors = cors(&config);
        let shared = Arc::new(Shared {
            sessions: session::Sessions::new(identity, &config, options.clock.clone()),
            buckets: limits::Buckets::new(config.rates),
            flight: limits::Flight::new(&config),
            api,
            config,
            catalogue,
            transports,
            ids: options.ids,
            openapi: Bytes::from(openapi),
            openapi_etag,
            ready: options.ready,
            metrics: options.metrics,
            stop: CancellationToken::new(),
        });
        let inner = shared.clone();
        let plain = tower::service_fn(move |request| {
            let shared = inner.clone();
            async move { Ok::<_, Infallible>(front::serve(shared, request).await) }
        });
        // Streams must come as they are; native gRPC has its own compression.
        let worth = SizeAbove::new(COMPRESS_FROM_BYTES)
            .and(NotForContentType::SSE)
            .and(NotForContentType::new("application/x-ndjson"))
            .and(NotForContentType::GRPC)
            .and(NotForContentType::IMAGES);
        let compressed = tower::ServiceBuilder::new()
            .option_layer(cors)
            .map_response(|response: Response<_>| response.map(Body::new))
            .layer(CompressionLayer::new().compress_when(worth))
            .service(plain);
        let layered = BoxCloneSyncService::new(
            compressed.map_response(|response: Response<_>| response.map(Body::new)),
        );
        Ok(Self { shared, layered })
    }

    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Body>) -> Response<Body> {
        match self.layered.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        }
    }

    /// The OpenAPI 3.1 document, as `/openapi.json` gives it.
    pub fn openapi(&self) -> Bytes {
        self.shared.openapi.clone()
    }

    /// Forgets every exchanged session: each is asked for again at its next call.
    pub fn forget_sessions(&self) {
        self.shared.sessions.forget_all();
    }
}

impl Service<Request<Body>> for Gateway {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = futures::future::BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.layered.clone().oneshot(request))
    }
}

fn sha256_hex(bytes: &[u8]) -> String {
    let digest = xinqiao_kit::keys::sha256(bytes);
    digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect()
}

fn cors(config: &GatewayConfig) -> Option<CorsLayer> {
    if config.cors_origins.is_empty() {
        return None;
    }
    let origins = config.cors_origins.iter().filter_map(|origin| HeaderValue::try_from(origin).ok());
    let request =
        ["idempotency-key", "x-csrf-token", "x-timeout-ms", "last-event-id", "x-request-id", "traceparent"];
    let answer = ["grpc-status", "grpc-message", "grpc-status-details-bin", "x-request-id"];
    let request = request.map(HeaderName::from_static);
    let standard = [
        header::AUTHORIZATION,
        header::CONTENT_TYPE,
        header::ACCEPT_LANGUAGE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
    ];
    let methods = [Method::GET, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let layer = CorsLayer::new()
        .allow_origin(AllowOrigin::list(origins))
        .allow_methods(methods)
        .allow_headers(request.into_iter().chain(standard).collect::<Vec<_>>())
        .expose_headers(
            answer
                .map(HeaderName::from_static)
                .into_iter()
                .chain([header::ETAG, header::RETRY_AFTER, header::CONTENT_DISPOSITION])
                .collect::<Vec<_>>(),
        );
    Some(layer)
}
