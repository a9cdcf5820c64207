//! Protobuf in, use-case, protobuf out. What can be wrong with a request is collected, never answered one by one.

mod events;

use crate::app::App;
use std::sync::Arc;
use tonic::service::{Routes, RoutesBuilder};
use xinqiao_proto::internal::v1 as internal;

/// All gRPC services of this service.
#[derive(Clone)]
struct Server(Arc<App>);

/// The routes of the service.
pub fn routes(app: Arc<App>) -> Routes {
    let server = Server(app);
    let mut routes = RoutesBuilder::default();
    routes.add_service(internal::event_receiver_service_server::EventReceiverServiceServer::new(server));
    routes.routes()
}
