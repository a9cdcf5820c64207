//! GrantService.

use super::{Rpc, convert, parse};
use crate::app::App;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, rpc};
use xinqiao_proto::identity::v1 as pb;

#[tonic::async_trait]
impl pb::grant_service_server::GrantService for Rpc {
    async fn create_grant(
        &self,
        request: Request<pb::CreateGrantRequest>,
    ) -> Result<Response<pb::Grant>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            let grant = app.create_grant(&ctx, parse::create_grant(&ctx, m)?).await?;
            Ok::<_, crate::Error>(convert::grant(grant, ctx.now()))
        })
        .await
    }

    async fn confirm_grant(
        &self,
        request: Request<pb::ConfirmGrantRequest>,
    ) -> Result<Response<pb::Grant>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            let grant = app.confirm_grant(&ctx, parse::confirm_grant(&ctx, m)?).await?;
            Ok::<_, crate::Error>(convert::grant(grant, ctx.now()))
        })
        .await
    }

    async fn delete_grant(&self, request: Request<pb::DeleteGrantRequest>) -> Result<Response<()>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            app.delete_grant(&ctx, parse::delete_grant(m)?).await
        })
        .await
    }

    async fn list_grants(
        &self,
        request: Request<pb::ListGrantsRequest>,
    ) -> Result<Response<pb::ListGrantsResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            let (grants, next_page_token) = app.list_grants(&ctx, parse::list_grants(&m)?).await?;
            let grants = grants.into_iter().map(|grant| convert::grant(grant, ctx.now())).collect();
            Ok::<_, crate::Error>(pb::ListGrantsResponse { grants, next_page_token })
        })
        .await
    }
}
