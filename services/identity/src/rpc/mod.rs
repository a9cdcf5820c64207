//! Protobuf in, use-case, protobuf out.

mod account;
mod convert;
mod event;
mod grant;
mod parse;
mod session;

use crate::app::App;
use std::sync::Arc;
use tonic::{Request, service::Routes};
use xinqiao_proto::{
    identity::v1::{
        account_service_server::AccountServiceServer, grant_service_server::GrantServiceServer,
        session_service_server::SessionServiceServer,
    },
    internal::v1::event_receiver_service_server::EventReceiverServiceServer,
};

/// The header in which the gateway says where a call comes from. The gateway sets it itself and lets none through from outside.
pub const CLIENT_ADDRESS_HEADER: &str = "x-client-address";
/// An address is an address; more would only fill the log.
const CLIENT_ADDRESS_MAX: usize = 64;

/// The gRPC services, over the use-cases.
#[derive(Debug, Clone)]
struct Rpc(Arc<App>);

/// All gRPC services of identity.
pub fn routes(app: Arc<App>) -> Routes {
    let rpc = Rpc(app);
    let mut routes = Routes::builder();
    routes
        .add_service(SessionServiceServer::new(rpc.clone()))
        .add_service(AccountServiceServer::new(rpc.clone()))
        .add_service(GrantServiceServer::new(rpc.clone()))
        .add_service(EventReceiverServiceServer::new(rpc));
    routes.routes()
}

/// Where the call comes from; empty where nobody says so.
fn client_address<T>(request: &Request<T>) -> String {
    let header = request.metadata().get(CLIENT_ADDRESS_HEADER).and_then(|value| value.to_str().ok());
    header.unwrap_or_default().chars().take(CLIENT_ADDRESS_MAX).collect()
}
