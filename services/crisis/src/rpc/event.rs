//! EventReceiverService: what the other services say.

use crate::app::{App, Error};
use std::sync::Arc;
use tonic::{Request, Response, Status};
use xinqiao_kit::{rpc, validate::Violations};
use xinqiao_proto::internal::v1::{
    DeliverRequest, DeliverResponse, event_receiver_service_server::EventReceiverService,
};

pub(super) struct Service(pub(super) Arc<App>);

#[tonic::async_trait]
impl EventReceiverService for Service {
    async fn deliver(&self, request: Request<DeliverRequest>) -> Result<Response<DeliverResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let event = v.present("event", m.event);
            app.deliver(&ctx, v.finish(event)?).await?;
            Ok::<_, Error>(DeliverResponse {})
        })
        .await
    }
}
