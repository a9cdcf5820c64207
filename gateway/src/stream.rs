//! Server streams as server-sent events or as JSON lines. The HTTP status is held back for a moment, so that a refusal is
//! a refusal; then the stream runs in a task of its own and always says how it ended.

use crate::{
    answer::{Problem, Told},
    api::Endpoint,
    call::Call,
    codec::{last_text, write},
    front::{Exchange, Session, Shared},
    limits::StreamTicket,
    media::StreamForm,
    refusal::Refusal,
    upstream::Messages,
};
use axum::body::Body;
use bytes::Bytes;
use futures::StreamExt as _;
use http::{HeaderName, HeaderValue, Response, header};
use std::{convert::Infallible, sync::Arc};
use tokio::{
    sync::mpsc::{self, Sender},
    time::{Instant, MissedTickBehavior},
};
use tokio_stream::wrappers::ReceiverStream;
use tonic::Code;

/// Events that wait for a reader; the connection holds some more.
const QUEUE: usize = 16;
/// Milliseconds after which a browser comes back when a stream has ended.
const RETRY_MS: u32 = 2000;

/// Starts a stream.
pub(crate) async fn respond(
    exchange: &Exchange<'_>,
    mut messages: Messages,
    ends: Instant,
) -> Result<Response<Body>, Problem> {
    let shared = exchange.shared;
    let policy = &exchange.endpoint.method.policy;
    let account =
        exchange.session.map_or_else(|| exchange.call.address.to_string(), |(_, who)| who.user_id.clone());
    let ticket = shared.flight.open_stream(&account, policy.rate_class()).ok_or(Refusal::TooManyStreams)?;
    let hold = (Instant::now() + shared.config.stream_hold).min(ends);
    let first = match tokio::time::timeout_at(hold, messages.next()).await {
        Ok(first) => First::Come(first?),
        Err(_) => First::Waiting,
    };
    let form = StreamForm::of(&exchange.parts.headers);
    let (queue, reader) = mpsc::channel(QUEUE);
    let pump = Pump {
        shared: shared.clone(),
        call: exchange.call.clone(),
        session: exchange.session.cloned(),
        method: exchange.endpoint.method.path.clone(),
        form,
        queue,
        _ticket: ticket,
    };
    tokio::spawn(pump.run(messages, first, ends));
    let body = Body::from_stream(ReceiverStream::new(reader).map(Ok::<Bytes, Infallible>));
    let mut response = Response::new(body);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, form.content_type());
    // Proxies must pass events on as they come.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    Ok(response)
}

enum First {
    /// The first message, or the end of a stream without any.
    Come(Option<Bytes>),
    Waiting,
}

/// Why a stream ends, as its last event says.
#[derive(Debug, Clone, Copy)]
enum End {
    /// The service has no more.
    Complete,
    /// The time that a stream may stay open is over; the client comes back with its resume token.
    Deadline,
    /// The gateway stops; the client comes back.
    Restart,
}

impl End {
    fn name(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Deadline => "deadline",
            Self::Restart => "restart",
        }
    }
}

/// The client is gone or reads too slowly: nobody is left to be told anything.
struct Gone;

struct Pump {
    shared: Arc<Shared>,
    call: Call,
    session: Option<Session>,
    method: String,
    form: StreamForm,
    queue: Sender<Bytes>,
    _ticket: StreamTicket,
}

impl Pump {
    async fn run(self, messages: Messages, first: First, ends: Instant) {
        // Whoever is gone needs no farewell.
        let _: Result<(), Gone> = self.pump(messages, first, ends).await;
    }

    async fn pump(&self, mut messages: Messages, first: First, ends: Instant) -> Result<(), Gone> {
        if self.form == StreamForm::Events {
            self.send(format!("retry: {RETRY_MS}\n\n").into_bytes()).await?;
        }
        match first {
            First::Come(Some(message)) => self.message(&message).await?,
            First::Come(None) => return self.end(End::Complete).await,
            First::Waiting => {}
        }
        let period = self.shared.config.heartbeat;
        let mut heartbeat = tokio::time::interval_at(Instant::now() + period, period);
        heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = self.queue.closed() => return Err(Gone),
                () = self.shared.stop.cancelled() => return self.end(End::Restart).await,
                () = tokio::time::sleep_until(ends) => return self.end(End::Deadline).await,
                _ = heartbeat.tick() => {
                    self.sign_of_life().await?;
                    if let Err(problem) = self.still_allowed().await {
                        return self.error(&problem).await;
                    }
                }
                next = messages.next() => match next {
                    Ok(Some(message)) => self.message(&message).await?,
                    Ok(None) => return self.end(End::Complete).await,
                    Err(problem) if problem.code() == Code::DeadlineExceeded => return self.end(End::Deadline).await,
                    Err(problem) => return self.error(&problem).await,
                },
            }
        }
    }

    /// Hands bytes to the reader, who must take them in time.
    async fn send(&self, bytes: Vec<u8>) -> Result<(), Gone> {
        match self.queue.send_timeout(bytes.into(), self.shared.config.slow_reader).await {
            Ok(()) => Ok(()),
            Err(mpsc::error::SendTimeoutError::Closed(_)) => Err(Gone),
            Err(mpsc::error::SendTimeoutError::Timeout(_)) => {
                metrics::counter!("gateway_slow_readers_dropped_total").increment(1);
                tracing::info!(method = self.method, "a stream was dropped: its reader was too slow");
                Err(Gone)
            }
        }
    }

    fn endpoint(&self) -> Option<&Endpoint> {
        self.shared.api.endpoint_at(&self.method)
    }

    async fn message(&self, wire: &[u8]) -> Result<(), Gone> {
        let Some(endpoint) = self.endpoint() else { return Err(Gone) };
        let mut out = Vec::with_capacity(wire.len() * 2 + 64);
        match self.form {
            StreamForm::Events => {
                let id = endpoint.resume.and_then(|number| last_text(wire, number));
                if let Some(id) = id.filter(|id| !id.is_empty() && !id.contains(['\n', '\r', '\0'])) {
                    out.extend_from_slice(format!("id: {id}\n").as_bytes());
                }
                out.extend_from_slice(b"data: ");
            }
            StreamForm::Lines => out.extend_from_slice(b"{\"message\":"),
        }
        if let Err(cause) = write(&self.shared.api.tables, endpoint.output, wire, &mut out) {
            tracing::error!(method = self.method, %cause, "a service streams what is no message of its method");
            return self.error(&Refusal::Internal.into()).await.and(Err(Gone));
        }
        out.extend_from_slice(match self.form {
            StreamForm::Events => b"\n\n",
            StreamForm::Lines => b"}\n",
        });
        self.send(out).await
    }

    async fn sign_of_life(&self) -> Result<(), Gone> {
        let nothing: &[u8] = match self.form {
            StreamForm::Events => b": still here\n\n",
            StreamForm::Lines => b"\n",
        };
        self.send(nothing.to_vec()).await
    }

    /// A session that was ended ends its streams too. Not being able to ask does not.
    async fn still_allowed(&self) -> Result<(), Problem> {
        let Some((token, _)) = &self.session else { return Ok(()) };
        match self.shared.sessions.who(token, &self.call).await {
            Err(problem) if problem.code() == Code::Unauthenticated => Err(problem),
            _ => Ok(()),
        }
    }

    async fn end(&self, end: End) -> Result<(), Gone> {
        let name = end.name();
        self.send(match self.form {
            StreamForm::Events => format!("event: end\ndata: {{\"reason\":\"{name}\"}}\n\n").into_bytes(),
            StreamForm::Lines => format!("{{\"end\":{{\"reason\":\"{name}\"}}}}\n").into_bytes(),
        })
        .await
    }

    async fn error(&self, problem: &Problem) -> Result<(), Gone> {
        let json = Told::new(problem, &self.shared, &self.call).json(&self.shared, &self.call);
        let mut out = match self.form {
            StreamForm::Events => b"event: error\ndata: ".to_vec(),
            StreamForm::Lines => Vec::new(),
        };
        out.extend_from_slice(&json);
        out.extend_from_slice(match self.form {
            StreamForm::Events => b"\n\n",
            StreamForm::Lines => b"\n",
        });
        self.send(out).await
    }
}
