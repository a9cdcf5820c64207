//! AccountService.

use super::{Rpc, client_address, convert, parse};
use crate::app::{App, Changed, Me};
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, rpc};
use xinqiao_proto::identity::v1 as pb;

#[tonic::async_trait]
impl pb::account_service_server::AccountService for Rpc {
    async fn create_user(
        &self,
        request: Request<pb::CreateUserRequest>,
    ) -> Result<Response<pb::CreateUserResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            let created = app.create_user(&ctx, parse::new_user(&ctx, m)?).await?;
            Ok::<_, crate::Error>(pb::CreateUserResponse {
                user: Some(created.user.into()),
                credential: Some(created.credential.into()),
            })
        })
        .await
    }

    async fn batch_create_users(
        &self,
        request: Request<pb::BatchCreateUsersRequest>,
    ) -> Result<Response<pb::BatchCreateUsersResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            let outcomes = app.create_users(&ctx, parse::new_users(&ctx, m)?).await?;
            Ok::<_, crate::Error>(convert::outcomes(&ctx, outcomes))
        })
        .await
    }

    async fn get_user(&self, request: Request<pb::GetUserRequest>) -> Result<Response<pb::User>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m: pb::GetUserRequest| async move {
            app.get_user(&ctx, parse::user_id(&m.name)?).await.map(pb::User::from)
        })
        .await
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            let (users, next_page_token) = app.list_users(&ctx, parse::list_users(m)?).await?;
            let users = users.into_iter().map(pb::User::from).collect();
            Ok::<_, crate::Error>(pb::ListUsersResponse { users, next_page_token })
        })
        .await
    }

    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Result<Response<pb::User>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            app.update_user(&ctx, parse::update_user(m)?).await.map(pb::User::from)
        })
        .await
    }

    async fn disable_user(
        &self,
        request: Request<pb::DisableUserRequest>,
    ) -> Result<Response<pb::User>, Status> {
        rpc::handle(
            request,
            self.0.clone(),
            |app: Arc<App>, ctx: Ctx, m: pb::DisableUserRequest| async move {
                let change = parse::change(&ctx, &m.name, &m.etag, &m.request_id, &m)?;
                app.disable_user(&ctx, change).await.map(pb::User::from)
            },
        )
        .await
    }

    async fn enable_user(
        &self,
        request: Request<pb::EnableUserRequest>,
    ) -> Result<Response<pb::User>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m: pb::EnableUserRequest| async move {
            let change = parse::change(&ctx, &m.name, &m.etag, &m.request_id, &m)?;
            app.enable_user(&ctx, change).await.map(pb::User::from)
        })
        .await
    }

    async fn change_password(
        &self,
        request: Request<pb::ChangePasswordRequest>,
    ) -> Result<Response<pb::ChangePasswordResponse>, Status> {
        let address = client_address(&request);
        rpc::handle(request, self.0.clone(), move |app: Arc<App>, ctx: Ctx, m| {
            let address = address.clone();
            async move {
                let Changed { user, token } =
                    app.change_password(&ctx, parse::change_password(m, address)?).await?;
                Ok::<_, crate::Error>(pb::ChangePasswordResponse {
                    user: Some(user.into()),
                    session_token: token.expose_secret().to_owned(),
                })
            }
        })
        .await
    }

    async fn reset_password(
        &self,
        request: Request<pb::ResetPasswordRequest>,
    ) -> Result<Response<pb::ResetPasswordResponse>, Status> {
        rpc::handle(
            request,
            self.0.clone(),
            |app: Arc<App>, ctx: Ctx, m: pb::ResetPasswordRequest| async move {
                let change = parse::change(&ctx, &m.name, &m.etag, &m.request_id, &m)?;
                let reset = app.reset_password(&ctx, change).await?;
                Ok::<_, crate::Error>(pb::ResetPasswordResponse {
                    user: Some(reset.user.into()),
                    credential: Some(reset.credential.into()),
                })
            },
        )
        .await
    }

    async fn get_me(
        &self,
        request: Request<pb::GetMeRequest>,
    ) -> Result<Response<pb::GetMeResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, _| async move {
            let Me { user, grants } = app.me(&ctx).await?;
            let grants = grants.into_iter().map(|grant| convert::grant(grant, ctx.now())).collect();
            Ok::<_, crate::Error>(pb::GetMeResponse { user: Some(user.into()), grants })
        })
        .await
    }
}
