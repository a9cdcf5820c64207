//! Errors as answers: google.rpc.Status as JSON, or RFC 9457 for who asks for it.

use crate::{
    call::{Call, REQUEST_ID},
    codec::{put_string, write},
    front::Shared,
    refusal::Refusal,
};
use axum::body::Body;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use prost::Message as _;
use std::time::Duration;
use tonic::{Code, Status};
use xinqiao_kit::status::{ApiError as _, Details, details, to_status};
use xinqiao_proto::google::rpc;

/// Why a call has no good answer.
#[derive(Debug)]
pub(crate) enum Problem {
    /// The gateway refuses it.
    Refused(Refusal),
    /// A service answered with an error.
    Failed(Box<Status>),
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Status> for Problem {
    fn from(status: Status) -> Self {
        Self::Failed(Box::new(status))
    }
}

impl Problem {
    pub(crate) fn code(&self) -> Code {
        match self {
            Self::Refused(refusal) => refusal.code(),
            Self::Failed(status) => status.code(),
        }
    }

    /// The gRPC status, in the reader's language.
    pub(crate) fn status(&self, shared: &Shared, call: &Call) -> Status {
        match self {
            Self::Refused(refusal) => to_status(refusal, &shared.catalogue, call.locale),
            // A status without details is none of ours: what it says may be anything.
            Self::Failed(status) if status.details().is_empty() => {
                let bare = match status.code() {
                    Code::DeadlineExceeded | Code::Cancelled => Refusal::DeadlineExceeded,
                    Code::Unavailable => Refusal::Unavailable,
                    Code::Unimplemented => Refusal::UnknownMethod,
                    Code::Unauthenticated => Refusal::NoSession,
                    code => {
                        tracing::error!(?code, call_id = %call.id, "a service failed without a reason");
                        Refusal::Internal
                    }
                };
                to_status(&bare, &shared.catalogue, call.locale)
            }
            Self::Failed(status) => (**status).clone(),
        }
    }
}

/// The HTTP status of a gRPC code, as google.rpc.Code documents it.
pub(crate) fn http_status(code: Code) -> StatusCode {
    match code {
        Code::Ok => StatusCode::OK,
        Code::Cancelled => StatusCode::from_u16(499).unwrap_or(StatusCode::BAD_REQUEST),
        Code::InvalidArgument | Code::FailedPrecondition | Code::OutOfRange => StatusCode::BAD_REQUEST,
        Code::DeadlineExceeded => StatusCode::GATEWAY_TIMEOUT,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::AlreadyExists | Code::Aborted => StatusCode::CONFLICT,
        Code::PermissionDenied => StatusCode::FORBIDDEN,
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        Code::Unimplemented => StatusCode::NOT_IMPLEMENTED,
        Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        Code::Unknown | Code::Internal | Code::DataLoss => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The name of a code, such as `INVALID_ARGUMENT`.
pub(crate) fn code_name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// An error, ready to be told in whatever form.
pub(crate) struct Told {
    pub(crate) http: StatusCode,
    status: Status,
    details: Details,
}

impl Told {
    pub(crate) fn new(problem: &Problem, shared: &Shared, call: &Call) -> Self {
        let status = problem.status(shared, call);
        let details = details(&status);
        let own = match problem {
            Problem::Refused(refusal) => refusal.http(),
            Problem::Failed(_) => None,
        };
        let by_reason = match (status.code(), details.reason.as_str()) {
            (Code::ResourceExhausted, "BODY_TOO_LARGE") => Some(StatusCode::PAYLOAD_TOO_LARGE),
            (Code::Aborted, _) if call.conditional => Some(StatusCode::PRECONDITION_FAILED),
            _ => None,
        };
        let http = own.or(by_reason).unwrap_or_else(|| http_status(status.code()));
        Self { http, status, details }
    }

    /// `{"error": {"code": 404, "status": "NOT_FOUND", "message": "...", "details": [...]}}`
    pub(crate) fn json(&self, shared: &Shared, call: &Call) -> Vec<u8> {
        let mut out = format!(
            r#"{{"error":{{"code":{},"status":"{}","message":"#,
            self.http.as_u16(),
            code_name(self.status.code())
        )
        .into_bytes();
        put_string(&mut out, self.status.message());
        out.extend_from_slice(b",\"details\":");
        self.put_details(&mut out, shared, call);
        out.extend_from_slice(b"}}");
        out
    }

    /// The details, and the id of the call for who asks for help.
    fn put_details(&self, out: &mut Vec<u8>, shared: &Shared, call: &Call) {
        let decoded = rpc::Status::decode(self.status.details()).unwrap_or_default();
        let request = rpc::RequestInfo { request_id: call.id.to_string(), serving_data: String::new() };
        let request = prost_types::Any {
            type_url: "type.googleapis.com/google.rpc.RequestInfo".to_owned(),
            value: request.encode_to_vec(),
        };
        out.push(b'[');
        let Some(any) = shared.api.tables.id("google.protobuf.Any") else {
            out.push(b']');
            return;
        };
        let start = out.len();
        for detail in decoded.details.iter().chain([&request]) {
            let mark = out.len();
            if mark > start {
                out.push(b',');
            }
            // A detail that does not decode is left out: the rest still helps.
            if write(&shared.api.tables, any, &detail.encode_to_vec(), out).is_err() {
                out.truncate(mark);
            }
        }
        out.push(b']');
    }

    /// RFC 9457, with the same details as an extension.
    fn problem_json(&self, shared: &Shared, call: &Call) -> Vec<u8> {
        let mut out = br#"{"type":"#.to_vec();
        let reason = self.details.reason.as_str();
        let kind =
            if reason.is_empty() { "about:blank".to_owned() } else { format!("urn:xinqiao:error:{reason}") };
        put_string(&mut out, &kind);
        out.extend_from_slice(b",\"title\":");
        put_string(&mut out, self.http.canonical_reason().unwrap_or("Error"));
        out.extend_from_slice(format!(r#","status":{},"detail":"#, self.http.as_u16()).as_bytes());
        put_string(&mut out, self.status.message());
        out.extend_from_slice(format!(r#","instance":"urn:uuid:{}","code":"#, call.id).as_bytes());
        put_string(&mut out, code_name(self.status.code()));
        out.extend_from_slice(b",\"details\":");
        self.put_details(&mut out, shared, call);
        out.push(b'}');
        out
    }

    fn retry_after(&self) -> Option<Duration> {
        self.details.retry_after
    }
}

/// The HTTP answer to a call that went wrong.
pub(crate) fn respond(problem: &Problem, shared: &Shared, call: &Call) -> Response<Body> {
    let told = Told::new(problem, shared, call);
    let (kind, body) = if call.problem {
        ("application/problem+json", told.problem_json(shared, call))
    } else {
        ("application/json", told.json(shared, call))
    };
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = told.http;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(call.locale.tag()));
    if let Some(after) = told.retry_after() {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs_f64().ceil().max(1.0) as u64));
    }
    if told.http == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        if call.by_cookie {
            headers.insert(header::SET_COOKIE, crate::session::cookie_taken_back());
        }
    }
    if let Problem::Refused(Refusal::MethodNotAllowed(methods)) = problem {
        headers.insert(header::ALLOW, allow(methods));
    }
    response
}

/// The value of `Allow`: OPTIONS always, HEAD where there is GET.
pub(crate) fn allow(methods: &[Method]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(Method::as_str).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    HeaderValue::try_from(names.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}

/// Reads the status of trailers or of headers that stand for them.
pub(crate) fn status_of(headers: &HeaderMap) -> Option<Status> {
    let code = Code::from_bytes(headers.get("grpc-status")?.as_bytes());
    let message = headers.get("grpc-message").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let message = crate::route::percent::decode(message).unwrap_or_default();
    let details = headers.get("grpc-status-details-bin").map(HeaderValue::as_bytes).unwrap_or_default();
    let padding = details.iter().rev().take_while(|byte| **byte == b'=').count();
    let details = details.get(..details.len() - padding).unwrap_or_default();
    let details = base64::prelude::BASE64_STANDARD_NO_PAD.decode(details);
    Some(Status::with_details(code, message, details.unwrap_or_default().into()))
}

/// What every answer carries.
pub(crate) fn finish(response: &mut Response<Body>, call: &Call, strict_transport: bool) {
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::try_from(call.id.to_string()) {
        headers.insert(REQUEST_ID, id);
    }
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; frame-ancestors 'none'"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if strict_transport {
        let value = "max-age=31536000; includeSubDomains";
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(value));
    }
}

/// The trailers-only answer of native gRPC.
pub(crate) fn native(problem: &Problem, shared: &Shared, call: &Call) -> Response<Body> {
    let status = problem.status(shared, call);
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    put_status(headers, &status);
    response
}

/// Writes a status as trailers.
pub(crate) fn put_status(headers: &mut HeaderMap, status: &Status) {
    headers.insert("grpc-status", HeaderValue::from(status.code() as i32));
    let message = crate::route::percent::encode(status.message());
    if let Ok(message) = HeaderValue::try_from(message) {
        headers.insert("grpc-message", message);
    }
    if !status.details().is_empty()
        && let Ok(details) = HeaderValue::try_from(BASE64_STANDARD.encode(status.details()))
    {
        headers.insert("grpc-status-details-bin", details);
    }
}
