//! The listener: HTTP/1.1 and HTTP/2 on one port, with limits on connections and headers, and an end that is not abrupt
//! but certain.

use crate::{Gateway, call::PeerAddress};
use http::Request;
use hyper::body::Incoming;
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use std::{sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::Semaphore,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use xinqiao_kit::lifecycle::TaskError;

/// How often a quiet HTTP/2 connection is asked whether it is still there, and how long it may take to say so.
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Streams of one HTTP/2 connection.
const MAX_H2_STREAMS: u32 = 256;
/// Requests and headers of one HTTP/1 connection are read into a buffer of at least this many bytes.
const MIN_BUFFER: usize = 8 * 1024;

impl Gateway {
    /// Serves until `stop` is cancelled, then lets open calls finish for as long as the configuration allows.
    ///
    /// # Errors
    /// Never today: a listener that fails to accept is tried again.
    pub async fn serve(self, listener: TcpListener, stop: CancellationToken) -> Result<(), TaskError> {
        let (max_connections, drain) = {
            let config = &self.shared().config;
            (config.max_connections, config.drain)
        };
        let places = Arc::new(Semaphore::new(max_connections));
        let graceful = GracefulShutdown::new();
        let builder = self.builder();
        loop {
            let place = tokio::select! {
                () = stop.cancelled() => break,
                place = places.clone().acquire_owned() => place?,
            };
            let accepted = tokio::select! {
                () = stop.cancelled() => break,
                accepted = listener.accept() => accepted,
            };
            let (stream, peer) = match accepted {
                Ok(accepted) => accepted,
                Err(cause) => {
                    // Out of file descriptors, or a client that was gone again: others still want to be served.
                    tracing::warn!(%cause, "accepting a connection failed");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            };
            let connection = self.connection(&builder, stream, PeerAddress(peer.ip()));
            let connection = graceful.watch(connection);
            tokio::spawn(async move {
                if let Err(cause) = connection.await {
                    tracing::debug!(%cause, "a connection ended badly");
                }
                drop(place);
            });
        }
        drop(listener);
        self.shared().stop.cancel();
        // A peer that never acknowledges the end would hold it up for ever.
        if tokio::time::timeout(drain, graceful.shutdown()).await.is_err() {
            tracing::warn!(
                seconds = drain.as_secs(),
                "connections were still open when the time to drain was over"
            );
        }
        Ok(())
    }

    fn builder(&self) -> auto::Builder<TokioExecutor> {
        let config = &self.shared().config;
        let header_bytes = usize::try_from(config.max_header_bytes).unwrap_or(MIN_BUFFER).max(MIN_BUFFER);
        let mut builder = auto::Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(config.header_timeout)
            .max_buf_size(header_bytes);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(KEEP_ALIVE)
            .keep_alive_timeout(KEEP_ALIVE)
            .max_header_list_size(config.max_header_bytes)
            .max_concurrent_streams(MAX_H2_STREAMS);
        builder
    }

    fn connection(
        &self,
        builder: &auto::Builder<TokioExecutor>,
        stream: TcpStream,
        peer: PeerAddress,
    ) -> impl hyper_util::server::graceful::GracefulConnection<Error: std::fmt::Display> + Send + use<> {
        // Small answers must not wait for a full packet.
        let _ = stream.set_nodelay(true);
        let service = self.clone().map_request(move |mut request: Request<Incoming>| {
            request.extensions_mut().insert(peer);
            request.map(axum::body::Body::new)
        });
        builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service)).into_owned()
    }
}
