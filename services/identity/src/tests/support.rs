//! A county of two schools to log in to.

use super::profiles::FakeProfiles;
use crate::{MIGRATIONS, bootstrap, build};
use std::{
    collections::HashMap,
    future::Future,
    path::Path,
    sync::{Arc, Mutex},
};
use tonic::{Code, Status, service::Routes};
use tower::ServiceExt as _;
use uuid::Uuid;
use xinqiao_kit::{
    ctx::Principal,
    db::Db,
    deps::Deps,
    role::Role as Service,
    service::{FrontDeps, front},
    status::details,
    testing::{self, ManualClock, TestDb},
    time::Ts,
    token::{TokenKeys, TokenSigner, TokenVerifier},
};
use xinqiao_proto::{
    identity::v1::{
        self as pb, account_service_client::AccountServiceClient, grant_service_client::GrantServiceClient,
        session_service_client::SessionServiceClient,
    },
    internal::v1::{
        DeliverRequest, Event, event::Payload, event_receiver_service_client::EventReceiverServiceClient,
    },
    profiles::v1::placement_service_server::PlacementServiceServer,
    transport::Transport,
};

/// A password that staff may use.
pub(super) const PASSWORD: &str = "kites over seven bridges";

pub(super) fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Two schools, a class in each, pupils by number: 100.. in the first school, 200.. in the second.
pub(super) fn school(n: u128) -> String {
    format!("schools/{}", id(n))
}
pub(super) fn class(school_number: u128, n: u128) -> String {
    format!("schools/{}/classes/{}", id(school_number), id(n))
}
pub(super) fn student(n: u128) -> String {
    format!("students/{}", id(n))
}

/// A running service.
pub(super) struct County {
    pub deps: Deps,
    pub clock: Arc<ManualClock>,
    pub verifier: TokenVerifier,
    keys: TokenKeys,
    transport: Transport,
    _database: Option<TestDb>,
    next_event: Mutex<u128>,
}

pub(super) type Sessions = SessionServiceClient<Transport>;
pub(super) type Accounts = AccountServiceClient<Transport>;
pub(super) type Grants = GrantServiceClient<Transport>;

impl County {
    /// On a fresh SQLite file.
    pub(super) async fn start() -> Self {
        let database = TestDb::sqlite().await;
        let db = database.db();
        db.migrate(MIGRATIONS).await.unwrap();
        Self { _database: Some(database), ..Self::over(db).await }
    }

    /// The same test on both engines.
    pub(super) async fn each<F, Fut>(test: F)
    where
        F: Fn(Self) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = ()> + Send + 'static,
    {
        TestDb::each_migrated(MIGRATIONS, move |db| {
            let test = test.clone();
            async move { test(Self::over(db).await).await }
        })
        .await;
    }

    /// Over a database that has its tables.
    pub(super) async fn over(db: Db) -> Self {
        let keys = TokenKeys::ephemeral().unwrap();
        let clock = testing::clock();
        let profiles = testing::stand_in(Routes::new(PlacementServiceServer::new(FakeProfiles)));
        let peers = HashMap::from([(Service::Profiles, profiles)]);
        let deps = testing::deps_with(Service::Identity, db, clock.clone(), &keys, peers);
        let verifier = keys.verifier(clock.clone()).unwrap();
        let front_deps = FrontDeps {
            verifier: verifier.clone(),
            ids: deps.ids.clone(),
            clock: clock.clone(),
            catalogue: deps.catalogue.clone(),
        };
        let built = build(deps.clone()).await.unwrap();
        Self {
            transport: front(built.routes, front_deps),
            deps,
            clock,
            verifier,
            keys,
            _database: None,
            next_event: Mutex::new(9_000),
        }
    }

    pub(super) fn now(&self) -> Ts {
        self.deps.clock.now()
    }

    pub(super) fn later(&self, by: chrono::Duration) {
        self.clock.advance(by);
    }

    fn with_headers(&self, headers: Vec<(&'static str, String)>) -> Transport {
        let inner = self.transport.clone();
        Transport::new(inner.map_request(move |mut request: http::Request<tonic::body::Body>| {
            for (name, value) in &headers {
                request.headers_mut().insert(*name, value.parse().unwrap());
            }
            request
        }))
    }

    pub(super) fn with_token(&self, token: &str) -> Transport {
        self.with_headers(vec![("authorization", format!("Bearer {token}"))])
    }

    /// Nobody in particular, calling from `address`.
    pub(super) fn anybody_at(&self, address: &str) -> Sessions {
        Sessions::new(self.with_headers(vec![(crate::CLIENT_ADDRESS_HEADER, address.to_owned())]))
    }

    pub(super) fn anybody(&self) -> Sessions {
        self.anybody_at("10.0.0.1")
    }

    fn signer(&self, role: Service) -> TokenSigner {
        self.keys.signer(role, self.deps.clock.clone()).unwrap()
    }

    /// As another service calls.
    pub(super) fn service(&self, role: Service) -> Transport {
        self.with_token(&self.signer(role).own().unwrap())
    }

    /// What the gateway gets for a session token.
    pub(super) async fn exchange(&self, session_token: &str) -> Result<pb::ExchangeSessionResponse, Status> {
        let mut gateway = Sessions::new(self.service(Service::Gateway));
        let request = pb::ExchangeSessionRequest { session_token: session_token.to_owned() };
        Ok(gateway.exchange_session(request).await?.into_inner())
    }

    /// As a person with a session calls, through the gateway.
    pub(super) async fn person(&self, session_token: &str) -> Person {
        let exchanged = self.exchange(session_token).await.unwrap();
        let transport = self.with_token(&exchanged.internal_token);
        Person {
            principal: self.verifier.verify(&exchanged.internal_token).unwrap(),
            session_token: session_token.to_owned(),
            user: format!("users/{}", exchanged.user_id),
            sessions: Sessions::new(transport.clone()),
            accounts: Accounts::new(transport.clone()),
            grants: Grants::new(transport),
        }
    }

    /// The first administrator, logged in.
    pub(super) async fn administrator(&self) -> Person {
        let code = bootstrap(&self.deps).await.unwrap().unwrap();
        let request = pb::RedeemActivationRequest {
            activation_code: code,
            login_name: "county-it-1".into(),
            display_name: "First Administrator".into(),
            password: PASSWORD.into(),
            ..Default::default()
        };
        let redeemed = self.anybody().redeem_activation(request).await.unwrap().into_inner();
        self.person(&redeemed.session_token).await
    }

    /// Redeems an activation code with the usual password.
    pub(super) async fn redeem(&self, code: &str) -> Result<pb::RedeemActivationResponse, Status> {
        let request = pb::RedeemActivationRequest {
            activation_code: code.to_owned(),
            password: PASSWORD.into(),
            ..Default::default()
        };
        Ok(self.anybody().redeem_activation(request).await?.into_inner())
    }

    /// Makes an account and logs in with it.
    pub(super) async fn join(&self, by: &mut Person, user: pb::User) -> Person {
        let created = by.create(user).await.unwrap();
        let token = self.redeem(&created.credential.unwrap().secret).await.unwrap().session_token;
        self.person(&token).await
    }

    /// The same person after the privileges have changed.
    pub(super) async fn again(&self, person: Person) -> Person {
        self.person(&person.session_token).await
    }

    /// A second administrator, made by the first alone, as the first start allows.
    pub(super) async fn second_administrator(&self, first: &mut Person) -> Person {
        let second = self.join(first, county("county-it-2")).await;
        let proposal = first.give(&second.user, pb::Role::CountyIt, "county").await.unwrap();
        first.confirm(&proposal.name).await.unwrap();
        self.again(second).await
    }

    /// A member of staff of a school who holds `role` there.
    pub(super) async fn staff_with(&self, by: &mut Person, login: &str, at: u128, role: pb::Role) -> Person {
        let person = self.join(by, staff(login, at)).await;
        by.give(&person.user, role, &school(at)).await.unwrap();
        self.again(person).await
    }

    /// Delivers an event from profiles, under a fresh id.
    pub(super) async fn tell(&self, payload: Payload) {
        let event = {
            let mut next = self.next_event.lock().unwrap();
            *next += 1;
            *next
        };
        self.tell_again(event, payload).await.unwrap();
    }

    /// Delivers an event under that id.
    pub(super) async fn tell_again(&self, event: u128, payload: Payload) -> Result<(), Status> {
        let mut profiles = EventReceiverServiceClient::new(self.service(Service::Profiles));
        let event = Event {
            event_id: id(event).to_string(),
            source: "profiles".into(),
            occur_time: Some(self.now().into()),
            key: id(1).to_string(),
            payload: Some(payload),
        };
        profiles.deliver(DeliverRequest { event: Some(event) }).await.map(|_| ())
    }

    /// Notes of the audit log, oldest first.
    pub(super) async fn audit_notes(&self) -> Vec<String> {
        let rows: Vec<(Option<String>,)> =
            self.deps.db.read("SELECT note FROM kit_audit ORDER BY seq").all().await.unwrap();
        rows.into_iter().filter_map(|(note,)| note).collect()
    }
}

/// Somebody who is logged in.
pub(super) struct Person {
    pub principal: Arc<Principal>,
    pub session_token: String,
    pub user: String,
    pub sessions: Sessions,
    pub accounts: Accounts,
    pub grants: Grants,
}

impl Person {
    pub(super) async fn create(&mut self, user: pb::User) -> Result<pb::CreateUserResponse, Status> {
        let request = pb::CreateUserRequest { user: Some(user), ..Default::default() };
        Ok(self.accounts.create_user(request).await?.into_inner())
    }

    pub(super) async fn give(
        &mut self,
        user: &str,
        role: pb::Role,
        scope: &str,
    ) -> Result<pb::Grant, Status> {
        let grant = pb::Grant {
            user: user.to_owned(),
            role: role as i32,
            scope: scope.to_owned(),
            ..Default::default()
        };
        let request = pb::CreateGrantRequest { grant: Some(grant), request_id: String::new() };
        Ok(self.grants.create_grant(request).await?.into_inner())
    }

    pub(super) async fn confirm(&mut self, grant: &str) -> Result<pb::Grant, Status> {
        let request = pb::ConfirmGrantRequest { name: grant.to_owned(), ..Default::default() };
        Ok(self.grants.confirm_grant(request).await?.into_inner())
    }

    pub(super) async fn take_back(&mut self, grant: &str) -> Result<(), Status> {
        let request = pb::DeleteGrantRequest { name: grant.to_owned(), ..Default::default() };
        self.grants.delete_grant(request).await.map(|_| ())
    }

    pub(super) async fn get(&mut self, user: &str) -> Result<pb::User, Status> {
        Ok(self.accounts.get_user(pb::GetUserRequest { name: user.to_owned() }).await?.into_inner())
    }

    pub(super) async fn disable(&mut self, user: &str) -> Result<pb::User, Status> {
        let request = pb::DisableUserRequest { name: user.to_owned(), ..Default::default() };
        Ok(self.accounts.disable_user(request).await?.into_inner())
    }

    pub(super) async fn me(&mut self) -> Result<pb::GetMeResponse, Status> {
        Ok(self.accounts.get_me(pb::GetMeRequest {}).await?.into_inner())
    }

    /// Roles in the internal token, with their scopes, in order.
    pub(super) fn roles(&self) -> Vec<String> {
        let mut roles: Vec<String> = self.principal.grants.iter().map(|grant| grant.role.clone()).collect();
        roles.sort();
        roles
    }

    /// Reasons that the grants of `query` are listed under: `role source`.
    pub(super) async fn list_grants(
        &mut self,
        request: pb::ListGrantsRequest,
    ) -> Result<Vec<pb::Grant>, Status> {
        Ok(self.grants.list_grants(request).await?.into_inner().grants)
    }
}

pub(super) fn staff(login: &str, at: u128) -> pb::User {
    pb::User {
        login_name: login.to_owned(),
        display_name: format!("Teacher {login}"),
        kind: pb::UserKind::Staff as i32,
        school: school(at),
        ..Default::default()
    }
}

pub(super) fn pupil(login: &str, at: u128, n: u128) -> pb::User {
    pb::User { kind: pb::UserKind::Pupil as i32, student: student(n), ..staff(login, at) }
}

pub(super) fn guardian(login: &str, at: u128, children: &[u128]) -> pb::User {
    pb::User {
        kind: pb::UserKind::Guardian as i32,
        children: children.iter().map(|n| student(*n)).collect(),
        ..staff(login, at)
    }
}

pub(super) fn county(login: &str) -> pb::User {
    pb::User {
        login_name: login.to_owned(),
        display_name: format!("County {login}"),
        kind: pb::UserKind::County as i32,
        ..Default::default()
    }
}

/// Code and reason of a refusal.
pub(super) fn refusal<T: std::fmt::Debug>(result: Result<T, Status>) -> (Code, String) {
    let status = result.unwrap_err();
    (status.code(), details(&status).reason)
}

/// Fields and reasons of an INVALID_ARGUMENT.
pub(super) fn violations<T: std::fmt::Debug>(result: Result<T, Status>) -> Vec<(String, String)> {
    let status = result.unwrap_err();
    assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
    details(&status).violations
}

pub(super) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(field, reason)| ((*field).to_owned(), (*reason).to_owned())).collect()
}

/// Whether a file, or another one beside it, holds a text.
pub(super) fn files_hold(folder: &Path, text: &str) -> bool {
    std::fs::read_dir(folder).unwrap().flatten().any(|file| {
        let bytes = std::fs::read(file.path()).unwrap_or_default();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    })
}
