//! One transport type for generated clients, whether the service is in this process or over the network.

use http::{Request, Response};
use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
    task::{Context, Poll},
};
use tonic::{Status, body::Body};
use tower::{Service, ServiceExt as _, util::BoxCloneSyncService};

/// What goes wrong below a call, before there is a gRPC status.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

type Inner = BoxCloneSyncService<Request<Body>, Response<Body>, Error>;

/// The way to a service: a network channel or the service's own layers in this process. Cheap to clone.
///
/// In one process services know each other before they are built: [`Transport::pending`] gives the transport now and
/// the slot that is filled later.
#[derive(Clone)]
pub struct Transport(Arc<OnceLock<Inner>>);

/// Fills a [`Transport::pending`] once its service exists.
pub struct Slot(Arc<OnceLock<Inner>>);

impl Transport {
    /// A transport over anything that speaks HTTP with gRPC bodies: a [`tonic::transport::Channel`], a local service.
    pub fn new<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<Error> + 'static,
        B: http_body::Body<Data = bytes::Bytes> + Send + 'static,
        B::Error: Into<Error>,
    {
        let service = service.map_response(|response| response.map(Body::new)).map_err(Into::into);
        Self(Arc::new(OnceLock::from(BoxCloneSyncService::new(service))))
    }

    /// A transport whose service will be there later. A call before that answers UNAVAILABLE.
    pub fn pending() -> (Self, Slot) {
        let cell = Arc::new(OnceLock::new());
        (Self(cell.clone()), Slot(cell))
    }
}

impl Slot {
    /// Connects the transports that were handed out to `service`. A second call changes nothing.
    pub fn fill(self, service: &Transport) {
        if let Some(inner) = service.0.get() {
            let _ = self.0.set(inner.clone());
        }
    }
}

impl Service<Request<Body>> for Transport {
    type Response = Response<Body>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        match self.0.get() {
            Some(inner) => Box::pin(inner.clone().oneshot(request)),
            None => Box::pin(async { Err(Status::unavailable("the service is still starting").into()) }),
        }
    }
}
