//! Native gRPC on the same port: passed through as it is, with the session exchanged for the internal token.

use crate::{
    answer::{self, Problem},
    call::{Call, deadline, put_timeout},
    front::{Session, Shared, admit, who},
    refusal::Refusal,
    upstream,
};
use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, Response, header, request};
use http_body::Frame;
use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};
use tokio::time::{Instant, Interval};
use tonic::Code;
use xinqiao_proto::api::v1::Caller;

/// Headers of a client that a service may see.
const PASSED: [&str; 3] = ["grpc-encoding", "grpc-accept-encoding", "user-agent"];

/// Whether a request is native gRPC.
pub(crate) fn is(parts: &request::Parts) -> bool {
    let kind = parts.headers.get(header::CONTENT_TYPE).map(|kind| kind.as_bytes());
    parts.method == Method::POST
        && kind.is_some_and(|kind| kind == b"application/grpc" || kind.starts_with(b"application/grpc+proto"))
}

/// Passes a call through.
pub(crate) async fn serve(
    shared: &Arc<Shared>,
    call: &Call,
    parts: request::Parts,
    body: Body,
) -> Response<Body> {
    let mut call = call.clone();
    match pass(shared, &mut call, &parts, body).await {
        Ok(response) => response,
        Err(problem) => answer::native(&problem, shared, &call),
    }
}

async fn pass(
    shared: &Arc<Shared>,
    call: &mut Call,
    parts: &request::Parts,
    body: Body,
) -> Result<Response<Body>, Problem> {
    let endpoint = shared.api.endpoint_at(parts.uri.path()).ok_or(Refusal::UnknownMethod)?;
    // What services alone may call does not exist here.
    if endpoint.method.policy.caller() == Caller::Service {
        return Err(Refusal::UnknownMethod.into());
    }
    let ticket = admit(shared, call, endpoint)?;
    let session = who(shared, call, endpoint, parts).await?;
    let deadline = deadline(&parts.headers, &endpoint.method.policy)?;
    let ends = Instant::now() + deadline;
    let mut headers = call.upstream_headers();
    for name in PASSED {
        if let Some(value) = parts.headers.get(name) {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
    }
    if let Some((_, who)) = &session {
        headers.insert(header::AUTHORIZATION, who.authorization.clone());
    }
    put_timeout(&mut headers, deadline);
    let request: Request<tonic::body::Body> =
        upstream::request(&endpoint.method.path, headers, tonic::body::Body::new(body))?;
    let sending = upstream::send(shared.transport(endpoint)?, request);
    let response = tokio::time::timeout_at(ends, sending).await.map_err(|_| Refusal::DeadlineExceeded)??;
    if endpoint.method.server_streaming {
        drop(ticket);
        let watched = Watched::response(shared.clone(), call.clone(), session, response.into_parts());
        return Ok(watched);
    }
    Ok(response.map(|body| Body::new(Held { body, _ticket: ticket })))
}

/// A body that counts as work in flight until it has ended.
struct Held<T> {
    body: tonic::body::Body,
    _ticket: T,
}

impl<T: Unpin> http_body::Body for Held<T> {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }
}

type Check = Pin<Box<dyn Future<Output = Result<(), Problem>> + Send>>;

/// A stream whose session is looked at from time to time: it ends with the session.
struct Watched {
    body: tonic::body::Body,
    shared: Arc<Shared>,
    call: Call,
    session: Option<Session>,
    beat: Interval,
    check: Option<Check>,
    over: bool,
}

impl Watched {
    fn response(
        shared: Arc<Shared>,
        call: Call,
        session: Option<Session>,
        (parts, body): (http::response::Parts, tonic::body::Body),
    ) -> Response<Body> {
        let period = shared.config.heartbeat;
        let beat = tokio::time::interval_at(Instant::now() + period, period);
        let watched = Self { body, shared, call, session, beat, check: None, over: false };
        Response::from_parts(parts, Body::new(watched))
    }

    /// Polls the look at the session; an error once it has ended.
    fn poll_session(&mut self, cx: &mut Context<'_>) -> Poll<Problem> {
        loop {
            if let Some(check) = &mut self.check {
                match ready!(check.as_mut().poll(cx)) {
                    Err(problem) if problem.code() == Code::Unauthenticated => return Poll::Ready(problem),
                    _ => self.check = None,
                }
            }
            ready!(self.beat.poll_tick(cx));
            if let Some((token, _)) = self.session.clone() {
                let (shared, call) = (self.shared.clone(), self.call.clone());
                self.check =
                    Some(Box::pin(async move { shared.sessions.who(&token, &call).await.map(drop) }));
            }
        }
    }
}

impl http_body::Body for Watched {
    type Data = Bytes;
    type Error = tonic::Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, tonic::Status>>> {
        if self.over {
            return Poll::Ready(None);
        }
        if let Poll::Ready(problem) = self.poll_session(cx) {
            self.over = true;
            let status = problem.status(&self.shared, &self.call);
            let mut trailers = HeaderMap::new();
            answer::put_status(&mut trailers, &status);
            return Poll::Ready(Some(Ok(Frame::trailers(trailers))));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }
}
