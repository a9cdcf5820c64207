//! What the tests of this crate stand on: the sample API, compiled from testdata/sample.proto; a service that answers as
//! a test tells it and remembers what it was asked; an identity with a few sessions; and a gateway before them.

use crate::{Gateway, GatewayConfig, Options};
use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt as _, stream::BoxStream};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage};
use serde_json::Value as Json;
use std::{
    collections::HashMap,
    path::Path,
    sync::{
        Arc, LazyLock, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};
use tonic::Status;
use xinqiao_kit::{
    catalogue::Catalogue,
    ids::Ids,
    status::{ApiError, to_status},
    time::{ManualClock, Ts},
};
use xinqiao_proto::{
    identity::v1::{ExchangeSessionRequest, ExchangeSessionResponse},
    policy::Methods,
    transport::Transport,
};

static SAMPLE: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let proto = here.join("../proto");
    let roots = [here.join("testdata"), proto.clone(), proto.join("third_party")];
    let mut compiler = protox::Compiler::new(roots).unwrap();
    compiler.include_source_info(true).include_imports(true);
    let files = ["sample.proto", "google/rpc/status.proto", "google/rpc/error_details.proto"];
    compiler.open_files(files).unwrap();
    DescriptorPool::decode(compiler.encode_file_descriptor_set().as_slice()).unwrap()
});

/// The descriptors of the sample API.
pub(crate) fn pool() -> &'static DescriptorPool {
    &SAMPLE
}

/// The texts that the gateway itself needs.
pub(crate) fn catalogue() -> Arc<Catalogue> {
    let common = include_str!("../../seeds/messages/common.toml");
    let own = include_str!("../../seeds/messages/gateway.toml");
    Arc::new(Catalogue::new(&[("common", common), ("gateway", own)]).unwrap())
}

/// What a service was asked.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    pub(crate) headers: HeaderMap,
    /// The request as JSON, fields that are not set left out.
    pub(crate) message: Json,
}

/// What a service answers.
pub(crate) enum Reply {
    /// A message, given as JSON.
    Json(Json),
    Wire(Vec<u8>),
    Error(Status),
    Stream(BoxStream<'static, Result<Json, Status>>),
    /// Never.
    Silence,
}

type Answerer = dyn Fn(&Asked) -> Reply + Send + Sync;

/// A service of the sample API.
#[derive(Clone)]
pub(crate) struct Service {
    answer: Arc<Mutex<Arc<Answerer>>>,
    asked: Arc<Mutex<Vec<Asked>>>,
}

pub(crate) fn wire_of(type_name: &str, json: &Json) -> Vec<u8> {
    let descriptor = pool().get_message_by_name(type_name).unwrap();
    DynamicMessage::deserialize(descriptor, json.clone()).unwrap().encode_to_vec()
}

fn framed(message: &[u8]) -> Bytes {
    let mut frame = vec![0];
    frame.extend_from_slice(&(message.len() as u32).to_be_bytes());
    frame.extend_from_slice(message);
    frame.into()
}

fn trailers(status: &Status) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    status.add_header(&mut trailers).unwrap();
    trailers
}

/// The gRPC answer of a stream of messages and the status at its end.
fn grpc(messages: BoxStream<'static, Result<Vec<u8>, Status>>) -> Response<tonic::body::Body> {
    let ended = std::sync::atomic::AtomicBool::new(false);
    let messages = messages.take_while(move |item| {
        let go_on = !ended.load(Ordering::Relaxed);
        ended.store(item.is_err(), Ordering::Relaxed);
        futures::future::ready(go_on)
    });
    let frames = messages
        .map(|item| match item {
            Ok(message) => Frame::data(framed(&message)),
            Err(status) => Frame::trailers(trailers(&status)),
        })
        .chain(futures::stream::once(async { Frame::trailers(trailers(&Status::new(tonic::Code::Ok, ""))) }))
        .map(Ok::<_, Status>);
    let body = tonic::body::Body::new(StreamBody::new(frames));
    Response::builder().header("content-type", "application/grpc").body(body).unwrap()
}

impl Service {
    fn new() -> Self {
        let nothing: Arc<Answerer> = Arc::new(|_| Reply::Json(Json::Object(Default::default())));
        Self { answer: Arc::new(Mutex::new(nothing)), asked: Arc::default() }
    }

    /// Answers from now on like this.
    pub(crate) fn on(&self, answer: impl Fn(&Asked) -> Reply + Send + Sync + 'static) {
        *self.answer.lock().unwrap() = Arc::new(answer);
    }

    pub(crate) fn replies(&self, json: Json) {
        self.on(move |_| Reply::Json(json.clone()));
    }

    pub(crate) fn fails(&self, status: Status) {
        self.on(move |_| Reply::Error(status.clone()));
    }

    /// What it was asked last.
    pub(crate) fn last(&self) -> Asked {
        self.asked.lock().unwrap().last().cloned().expect("the service was asked")
    }

    pub(crate) fn count(&self) -> usize {
        self.asked.lock().unwrap().len()
    }

    fn transport(&self) -> Transport {
        let service = self.clone();
        Transport::new(tower::service_fn(move |request| service.clone().serve(request)))
    }

    async fn serve(self, request: Request<tonic::body::Body>) -> Result<Response<tonic::body::Body>, Status> {
        let (parts, body) = request.into_parts();
        let bytes = body.collect().await?.to_bytes();
        let name = parts.uri.path().trim_start_matches('/').replace('/', ".");
        let method = pool()
            .services()
            .flat_map(|s| s.methods().collect::<Vec<_>>())
            .find(|m| m.full_name() == name)
            .unwrap();
        let message = DynamicMessage::decode(method.input(), bytes.get(5..).unwrap()).unwrap();
        let asked = Asked {
            method: method.name().to_owned(),
            headers: parts.headers,
            message: serde_json::to_value(&message).unwrap(),
        };
        self.asked.lock().unwrap().push(asked.clone());
        let answer = self.answer.lock().unwrap().clone();
        let output = method.output().full_name().to_owned();
        match answer(&asked) {
            Reply::Json(json) => Ok(grpc(futures::stream::iter([Ok(wire_of(&output, &json))]).boxed())),
            Reply::Wire(wire) => Ok(grpc(futures::stream::iter([Ok(wire)]).boxed())),
            Reply::Error(status) => Ok(status.into_http()),
            Reply::Stream(items) => {
                Ok(grpc(items.map(move |item| item.map(|json| wire_of(&output, &json))).boxed()))
            }
            Reply::Silence => futures::future::pending().await,
        }
    }
}

/// An identity that knows the sessions `good` and `other`; every other token has ended.
#[derive(Clone, Default)]
pub(crate) struct Identity {
    pub(crate) exchanges: Arc<AtomicUsize>,
    /// No session counts any more.
    pub(crate) revoked: Arc<std::sync::atomic::AtomicBool>,
    /// Nobody answers.
    pub(crate) down: Arc<std::sync::atomic::AtomicBool>,
    pub(crate) replacement: Arc<Mutex<String>>,
}

#[derive(Debug, thiserror::Error)]
#[error("ended")]
struct SessionEnded;
impl ApiError for SessionEnded {
    fn code(&self) -> tonic::Code {
        tonic::Code::Unauthenticated
    }
    fn reason(&self) -> &'static str {
        "SESSION_ENDED"
    }
}

impl Identity {
    fn transport(&self) -> Transport {
        let identity = self.clone();
        Transport::new(tower::service_fn(move |request: Request<tonic::body::Body>| {
            let identity = identity.clone();
            async move { identity.exchange(request).await }
        }))
    }

    async fn exchange(
        &self,
        request: Request<tonic::body::Body>,
    ) -> Result<Response<tonic::body::Body>, Status> {
        assert_eq!(request.uri().path(), "/xinqiao.identity.v1.SessionService/ExchangeSession");
        self.exchanges.fetch_add(1, Ordering::SeqCst);
        if self.down.load(Ordering::SeqCst) {
            return Err(Status::unavailable("down"));
        }
        let bytes = request.into_body().collect().await?.to_bytes();
        let token = ExchangeSessionRequest::decode(bytes.get(5..).unwrap()).unwrap().session_token;
        if self.revoked.load(Ordering::SeqCst) || !matches!(token.as_str(), "good" | "other") {
            return Ok(to_status(&SessionEnded, &catalogue(), Default::default()).into_http());
        }
        let answer = ExchangeSessionResponse {
            internal_token: format!("internal-{token}"),
            expire_time: Some(prost_types::Timestamp { seconds: 1_800_000_030, nanos: 0 }),
            user_id: format!("user-{token}"),
            session_id: String::new(),
            replacement_token: self.replacement.lock().unwrap().clone(),
        };
        Ok(grpc(futures::stream::iter([Ok(answer.encode_to_vec())]).boxed()))
    }
}

/// A gateway before the sample service.
pub(crate) struct Door {
    pub(crate) gateway: Gateway,
    pub(crate) service: Service,
    pub(crate) identity: Identity,
    pub(crate) clock: ManualClock,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: Response<Body>) -> Self {
        let (parts, body) = response.into_parts();
        Self { status: parts.status, headers: parts.headers, body: body.collect().await.unwrap().to_bytes() }
    }

    pub(crate) fn json(&self) -> Json {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("no JSON: {:?}", self.body))
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The reason of an error.
    pub(crate) fn reason(&self) -> String {
        let json = self.json();
        let details = json["error"]["details"].as_array().unwrap();
        details.iter().find_map(|detail| detail["reason"].as_str()).unwrap_or_default().to_owned()
    }

    /// The violations of an error, as `field REASON`.
    pub(crate) fn violations(&self) -> Vec<String> {
        let json = self.json();
        let details = json["error"]["details"].as_array().unwrap();
        let all = details.iter().filter_map(|detail| detail["fieldViolations"].as_array()).flatten();
        all.map(|v| format!("{} {}", v["field"].as_str().unwrap(), v["reason"].as_str().unwrap())).collect()
    }
}

impl Door {
    pub(crate) fn new() -> Self {
        Self::with(GatewayConfig::default())
    }

    pub(crate) fn with(config: GatewayConfig) -> Self {
        let (service, identity) = (Service::new(), Identity::default());
        let clock = ManualClock::at(Ts::from_micros(1_800_000_000_000_000));
        let options = Options {
            clock: Arc::new(clock.clone()),
            ids: Ids::seeded(Arc::new(clock.clone()), 1),
            ..Options::default()
        };
        let transports = HashMap::from([("sample".to_owned(), service.transport())]);
        let methods = Methods::of(pool());
        let identity_transport = identity.transport();
        let gateway =
            Gateway::of_pool(pool(), &methods, config, transports, identity_transport, catalogue(), options)
                .unwrap();
        Self { gateway, service, identity, clock }
    }

    /// Sends a request as it is.
    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        Answer::read(self.gateway.answer(request).await).await
    }

    /// Sends a request of the session `good`, with JSON if there is a body.
    pub(crate) async fn call(&self, method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        self.send(request(method, uri, headers, body)).await
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.call("GET", uri, &[], "").await
    }
}

/// A request of the session `good`; headers that are given replace those that would be there.
pub(crate) fn request(method: &str, uri: &str, headers: &[(&str, &str)], body: &str) -> Request<Body> {
    let mut request = Request::new(Body::from(body.to_owned()));
    *request.method_mut() = method.parse::<Method>().unwrap();
    *request.uri_mut() = uri.parse().unwrap();
    let all = request.headers_mut();
    all.insert("authorization", HeaderValue::from_static("Bearer good"));
    if !body.is_empty() {
        all.insert("content-type", HeaderValue::from_static("application/json"));
    }
    for (name, value) in headers {
        if value.is_empty() {
            all.remove(*name);
        } else {
            all.insert(http::HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
        }
    }
    request
}
