//! Calls to services: gRPC framing of our own over any transport, so that no message type has to be known.

use crate::{
    answer::{Problem, status_of},
    refusal::Refusal,
};
use bytes::{Buf as _, Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode, Version, header, uri::PathAndQuery};
use http_body_util::{BodyExt as _, Full};
use tonic::{Code, body::Body};
use tower::ServiceExt as _;
use xinqiao_proto::transport::Transport;

/// A frame: one byte whether it is compressed, four of its length.
const FRAME_HEAD: usize = 5;

/// The messages of an answer, one at a time.
pub(crate) struct Messages {
    body: Body,
    buffer: BytesMut,
    max_bytes: usize,
    done: bool,
}

/// Puts a message into a frame.
fn frame(message: &[u8]) -> Result<Bytes, Refusal> {
    let length = u32::try_from(message.len()).map_err(|_| Refusal::Internal)?;
    let mut framed = BytesMut::with_capacity(FRAME_HEAD + message.len());
    framed.extend_from_slice(&[0]);
    framed.extend_from_slice(&length.to_be_bytes());
    framed.extend_from_slice(message);
    Ok(framed.freeze())
}

/// An upstream request for a path, with the headers that gRPC needs.
pub(crate) fn request(path: &str, headers: HeaderMap, body: Body) -> Result<Request<Body>, Refusal> {
    let path = PathAndQuery::try_from(path).map_err(|_| Refusal::Internal)?;
    let mut request = Request::new(body);
    *request.method_mut() = Method::POST;
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = path.into();
    *request.headers_mut() = headers;
    let headers = request.headers_mut();
    headers.entry(header::CONTENT_TYPE).or_insert(HeaderValue::from_static("application/grpc"));
    headers.insert(header::TE, HeaderValue::from_static("trailers"));
    Ok(request)
}

/// Sends a request; what goes wrong below gRPC is UNAVAILABLE.
pub(crate) async fn send(
    transport: &Transport,
    request: Request<Body>,
) -> Result<http::Response<Body>, Problem> {
    let path = request.uri().path().to_owned();
    transport.clone().oneshot(request).await.map_err(|cause| {
        tracing::warn!(method = path, %cause, "a service cannot be reached");
        Refusal::Unavailable.into()
    })
}

/// Calls a method with one message and opens its answer.
pub(crate) async fn open(
    transport: &Transport,
    path: &str,
    headers: HeaderMap,
    message: &[u8],
    max_bytes: usize,
) -> Result<Messages, Problem> {
    let request = request(path, headers, Body::new(Full::new(frame(message)?)))?;
    let response = send(transport, request).await?;
    if response.status() != StatusCode::OK {
        tracing::warn!(method = path, http = response.status().as_u16(), "a service answered without gRPC");
        return Err(match response.status() {
            StatusCode::BAD_GATEWAY | StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
                Refusal::Unavailable.into()
            }
            StatusCode::GATEWAY_TIMEOUT => Refusal::DeadlineExceeded.into(),
            _ => Refusal::Internal.into(),
        });
    }
    let trailers_only = status_of(response.headers());
    match trailers_only {
        Some(status) if status.code() != Code::Ok => Err(status.into()),
        only => Ok(Messages {
            body: response.into_body(),
            buffer: BytesMut::new(),
            max_bytes,
            done: only.is_some(),
        }),
    }
}

/// Calls a method with one message and waits for its one answer.
pub(crate) async fn unary(
    transport: &Transport,
    path: &str,
    headers: HeaderMap,
    message: &[u8],
    max_bytes: usize,
) -> Result<Bytes, Problem> {
    let mut messages = open(transport, path, headers, message, max_bytes).await?;
    let answer = messages.next().await?;
    let end = messages.next().await?;
    match (answer, end) {
        (Some(answer), None) => Ok(answer),
        _ => {
            tracing::error!(method = path, "a unary call was not answered with one message");
            Err(Refusal::Internal.into())
        }
    }
}

impl Messages {
    /// The next message; `None` at the end of the stream, after status OK has come. May be dropped and called again.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            if let Some(message) = self.buffered()? {
                return Ok(Some(message));
            }
            if self.done {
                return if self.buffer.is_empty() { Ok(None) } else { Err(broken("a message is cut off")) };
            }
            match self.body.frame().await {
                None => return Err(broken("a stream ended without a status")),
                Some(Err(status)) => return Err(of_transport(status)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer.extend_from_slice(&data),
                    Err(frame) => {
                        let trailers = frame.into_trailers().unwrap_or_default();
                        match status_of(&trailers) {
                            Some(status) if status.code() == Code::Ok => self.done = true,
                            Some(status) => return Err(status.into()),
                            None => return Err(broken("trailers without a status")),
                        }
                    }
                },
            }
        }
    }

    /// A message that has come whole.
    fn buffered(&mut self) -> Result<Option<Bytes>, Problem> {
        let Some((head, _)) = self.buffer.split_first_chunk::<FRAME_HEAD>() else { return Ok(None) };
        let [compressed, a, b, c, d] = *head;
        let length = u32::from_be_bytes([a, b, c, d]) as usize;
        if compressed != 0 {
            return Err(broken("a compressed message nobody asked for"));
        }
        if length > self.max_bytes {
            return Err(broken("a message is too large"));
        }
        if self.buffer.len() < FRAME_HEAD + length {
            self.buffer.reserve(FRAME_HEAD + length - self.buffer.len());
            return Ok(None);
        }
        self.buffer.advance(FRAME_HEAD);
        Ok(Some(self.buffer.split_to(length).freeze()))
    }
}

fn broken(what: &'static str) -> Problem {
    tracing::error!(what, "an answer of a service is broken");
    Refusal::Internal.into()
}

/// A body that breaks off: the connection was lost, or the service's layers put an error there.
fn of_transport(status: tonic::Status) -> Problem {
    if !status.details().is_empty() {
        return status.into();
    }
    tracing::warn!(cause = %status, "an answer of a service broke off");
    Refusal::Unavailable.into()
}
