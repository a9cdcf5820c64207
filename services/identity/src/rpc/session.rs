//! SessionService.

use super::{Rpc, client_address, parse};
use crate::app::{App, Exchanged, LoggedIn};
use secrecy::ExposeSecret as _;
use std::sync::Arc;
use tonic::{Request, Response, Status};
use xinqiao_kit::{ctx::Ctx, rpc};
use xinqiao_proto::identity::v1 as pb;

#[tonic::async_trait]
impl pb::session_service_server::SessionService for Rpc {
    async fn create_session(
        &self,
        request: Request<pb::CreateSessionRequest>,
    ) -> Result<Response<pb::CreateSessionResponse>, Status> {
        let address = client_address(&request);
        rpc::handle(request, self.0.clone(), move |app: Arc<App>, ctx: Ctx, m| {
            let address = address.clone();
            async move {
                let logged_in = app.log_in(&ctx, parse::log_in(m, address)?).await?;
                let lifetimes = app.lifetimes();
                let LoggedIn { session, token, user } = logged_in;
                Ok::<_, crate::Error>(pb::CreateSessionResponse {
                    session: Some(super::convert::session(session, true, lifetimes)),
                    session_token: token.expose_secret().to_owned(),
                    user: Some(user.into()),
                })
            }
        })
        .await
    }

    async fn redeem_activation(
        &self,
        request: Request<pb::RedeemActivationRequest>,
    ) -> Result<Response<pb::RedeemActivationResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            let logged_in = app.redeem(&ctx, parse::redeem(m)?).await?;
            let lifetimes = app.lifetimes();
            let LoggedIn { session, token, user } = logged_in;
            Ok::<_, crate::Error>(pb::RedeemActivationResponse {
                session: Some(super::convert::session(session, true, lifetimes)),
                session_token: token.expose_secret().to_owned(),
                user: Some(user.into()),
            })
        })
        .await
    }

    async fn delete_session(
        &self,
        request: Request<pb::DeleteSessionRequest>,
    ) -> Result<Response<()>, Status> {
        rpc::handle(
            request,
            self.0.clone(),
            |app: Arc<App>, ctx: Ctx, m: pb::DeleteSessionRequest| async move {
                app.end_session(&ctx, parse::which_session(&m.name)?).await
            },
        )
        .await
    }

    async fn list_sessions(
        &self,
        request: Request<pb::ListSessionsRequest>,
    ) -> Result<Response<pb::ListSessionsResponse>, Status> {
        rpc::handle(
            request,
            self.0.clone(),
            |app: Arc<App>, ctx: Ctx, m: pb::ListSessionsRequest| async move {
                let page = parse::page(m.page_size, &m.page_token, "sessions")?;
                let (sessions, next_page_token) = app.list_sessions(&ctx, page).await?;
                let current = ctx.principal.session;
                let lifetimes = app.lifetimes();
                let show = |session: crate::domain::session::Session| {
                    let is_current = current == Some(session.id.uuid());
                    super::convert::session(session, is_current, lifetimes)
                };
                let sessions = sessions.into_iter().map(show).collect();
                Ok::<_, crate::Error>(pb::ListSessionsResponse { sessions, next_page_token })
            },
        )
        .await
    }

    async fn exchange_session(
        &self,
        request: Request<pb::ExchangeSessionRequest>,
    ) -> Result<Response<pb::ExchangeSessionResponse>, Status> {
        rpc::handle(request, self.0.clone(), |app: Arc<App>, ctx: Ctx, m| async move {
            let Exchanged { internal_token, expire_time, user, session, replacement } =
                app.exchange(&ctx, parse::session_token(m)?).await?;
            Ok::<_, crate::Error>(pb::ExchangeSessionResponse {
                internal_token: internal_token.expose_secret().to_owned(),
                expire_time: Some(expire_time.into()),
                user_id: user.to_string(),
                session_id: session.to_string(),
                replacement_token: replacement.map(|t| t.expose_secret().to_owned()).unwrap_or_default(),
            })
        })
        .await
    }
}
