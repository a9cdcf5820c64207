//! The gateway as the program builds it, before an identity service behind kit's own front: real tokens, real policies.

use crate::{
    Gateway, GatewayConfig, Options,
    testing::{Answer, catalogue, request},
};
use std::{sync::Arc, time::Duration};
use tonic::{Request, Response, Status, service::Routes};
use uuid::Uuid;
use xinqiao_kit::{
    ctx::{Ctx, Grant, Principal, Scope},
    ids::Ids,
    role::Role,
    service::{FrontDeps, front},
    time::{Clock, SystemClock},
    token::{TokenKeys, TokenSigner},
};
use xinqiao_proto::identity::v1::{
    CreateSessionRequest, CreateSessionResponse, DeleteSessionRequest, ExchangeSessionRequest,
    ExchangeSessionResponse, ListSessionsRequest, ListSessionsResponse, RedeemActivationRequest,
    RedeemActivationResponse, Session,
    session_service_server::{SessionService, SessionServiceServer},
};

const USER: Uuid = Uuid::from_u128(7);

/// Just enough of identity: one account, whose session is `tok`.
struct Identity(TokenSigner);

fn label(request: &impl AsRef<tonic::Extensions>) -> String {
    request.as_ref().get::<Ctx>().unwrap().principal.label()
}

struct Extensions<'a, T>(&'a Request<T>);
impl<T> AsRef<tonic::Extensions> for Extensions<'_, T> {
    fn as_ref(&self) -> &tonic::Extensions {
        self.0.extensions()
    }
}

#[tonic::async_trait]
impl SessionService for Identity {
    async fn create_session(
        &self,
        request: Request<CreateSessionRequest>,
    ) -> Result<Response<CreateSessionResponse>, Status> {
        assert_eq!(label(&Extensions(&request)), "anybody");
        let session =
            Session { name: format!("sessions/{}", request.get_ref().login_name), ..Session::default() };
        let answer =
            CreateSessionResponse { session: Some(session), session_token: "tok".into(), user: None };
        Ok(Response::new(answer))
    }

    async fn redeem_activation(
        &self,
        _: Request<RedeemActivationRequest>,
    ) -> Result<Response<RedeemActivationResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn delete_session(&self, _: Request<DeleteSessionRequest>) -> Result<Response<()>, Status> {
        Ok(Response::new(()))
    }

    async fn list_sessions(
        &self,
        request: Request<ListSessionsRequest>,
    ) -> Result<Response<ListSessionsResponse>, Status> {
        let session = Session { user: label(&Extensions(&request)), ..Session::default() };
        Ok(Response::new(ListSessionsResponse { sessions: vec![session], next_page_token: String::new() }))
    }

    async fn exchange_session(
        &self,
        request: Request<ExchangeSessionRequest>,
    ) -> Result<Response<ExchangeSessionResponse>, Status> {
        assert_eq!(label(&Extensions(&request)), "service:gateway");
        if request.get_ref().session_token != "tok" {
            return Err(Status::unauthenticated(""));
        }
        let who = Principal::user(USER, vec![Grant { role: "county_it".into(), scope: Scope::County }]);
        let token = self.0.issue(&who, Duration::from_secs(30)).unwrap();
        let answer = ExchangeSessionResponse {
            internal_token: token,
            user_id: USER.to_string(),
            ..Default::default()
        };
        Ok(Response::new(answer))
    }
}

fn gateway() -> Gateway {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let keys = TokenKeys::ephemeral().unwrap();
    let identity = Identity(keys.signer(Role::Identity, clock.clone()).unwrap());
    let deps = FrontDeps {
        verifier: keys.verifier(clock.clone()).unwrap(),
        ids: Ids::system(),
        clock: clock.clone(),
        catalogue: catalogue(),
    };
    let identity = front(Routes::new(SessionServiceServer::new(identity)), deps);
    let signer = keys.signer(Role::Gateway, clock).unwrap();
    Gateway::with_options(
        GatewayConfig::default(),
        [(Role::Identity, identity)].into(),
        catalogue(),
        signer,
        Options::default(),
    )
    .unwrap()
}

async fn send(gateway: &Gateway, request: http::Request<axum::body::Body>) -> Answer {
    Answer::read(gateway.answer(request).await).await
}

#[tokio::test]
async fn logging_in_and_using_the_session_goes_through_every_layer() {
    let gateway = gateway();
    let login =
        request("POST", "/v1/sessions", &[("authorization", "")], r#"{"loginName": "it", "password": "p"}"#);
    let login = send(&gateway, login).await;
    assert_eq!((login.status.as_u16(), login.json()["sessionToken"].as_str()), (200, Some("tok")));
    assert_eq!(login.json()["session"]["name"], "sessions/it");
    let list = send(&gateway, request("GET", "/v1/sessions", &[("authorization", "Bearer tok")], "")).await;
    assert_eq!(
        (list.status.as_u16(), list.json()["sessions"][0]["user"].as_str()),
        (200, Some(format!("user:{USER}").as_str()))
    );
    let bad = send(&gateway, request("GET", "/v1/sessions", &[("authorization", "Bearer bad")], "")).await;
    assert_eq!((bad.status.as_u16(), bad.reason().as_str()), (401, "UNAUTHENTICATED"));
    let gone =
        send(&gateway, request("DELETE", "/v1/sessions/current", &[("authorization", "Bearer tok")], ""))
            .await;
    assert_eq!((gone.status.as_u16(), gone.text().as_str()), (200, "{}"));
}

#[tokio::test]
async fn what_services_ask_each_other_cannot_be_asked_from_outside() {
    let gateway = gateway();
    for path in ["/v1/sessions:exchange", "/xinqiao.identity.v1.SessionService/ExchangeSession"] {
        let asked = request("POST", path, &[("authorization", "Bearer tok")], r#"{"sessionToken": "tok"}"#);
        assert!(matches!(send(&gateway, asked).await.status.as_u16(), 404 | 405), "{path}");
    }
    // The user's own internal token is no key to it either.
    let native = request(
        "POST",
        "/xinqiao.internal.v1.EventReceiverService/Deliver",
        &[("content-type", "application/grpc")],
        "x",
    );
    assert_eq!(send(&gateway, native).await.header("grpc-status"), "12");
}

#[tokio::test]
async fn roles_that_are_not_there_are_503() {
    let answer =
        send(&gateway(), request("GET", "/v1/schools", &[("authorization", "Bearer tok")], "")).await;
    assert_eq!((answer.status.as_u16(), answer.reason().as_str()), (503, "UNAVAILABLE"));
}
