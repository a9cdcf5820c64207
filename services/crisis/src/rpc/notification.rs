//! NotificationService.

use super::{convert, parse};
use crate::app::{App, Error};
use std::sync::Arc;
use tonic::{Request, Response, Status};
use xinqiao_kit::{rpc, validate::Violations};
use xinqiao_proto::crisis::v1::{self as pb, notification_service_server::NotificationService};

pub(super) struct Service(pub(super) Arc<App>);

#[tonic::async_trait]
impl NotificationService for Service {
    async fn list_notifications(
        &self,
        request: Request<pb::ListNotificationsRequest>,
    ) -> Result<Response<pb::ListNotificationsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let mut v = Violations::new();
            let page = parse::page(&mut v, m.page_size, &m.page_token, "notifications");
            let page = v.finish(page)?;
            let (found, next_page_token) = app.list_notifications(&ctx, &page).await?;
            let notifications = found.iter().map(|found| convert::notification(&ctx, found)).collect();
            Ok::<_, Error>(pb::ListNotificationsResponse { notifications, next_page_token })
        })
        .await
    }

    async fn confirm_receipt(
        &self,
        request: Request<pb::ConfirmReceiptRequest>,
    ) -> Result<Response<pb::Notification>, Status> {
        rpc::handle(request, self.0.clone(), |app, ctx, m| async move {
            let id = parse::name("name", &m.name, "notifications/{}")?;
            let confirmed = app.confirm_receipt(&ctx, id).await?;
            Ok::<_, Error>(convert::notification(&ctx, &confirmed))
        })
        .await
    }
}
