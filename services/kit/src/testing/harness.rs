//! A service behind its real front, called in process through generated clients by whomever a test says.

use super::{ManualClock, fixtures};
use crate::{
    ctx::Principal,
    db::{Db, Migrations},
    deps::Deps,
    lifecycle::Task,
    role::Role,
    service::{BuildError, Built, FrontDeps, front},
    token::TokenKeys,
};
use http::{HeaderValue, Request, header::AUTHORIZATION};
use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};
use tonic::body::Body;
use tower::ServiceExt as _;
use xinqiao_proto::transport::Transport;
use xinqiao_seeds::Settings;

/// How long tokens of a test live by its clock: tests move that clock by years.
const TOKEN_LIFE: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A service under test.
pub struct Harness {
    /// What it was built from: its database, clock, ids, keys.
    pub deps: Deps,
    /// Its clock; moves only when told.
    pub clock: Arc<ManualClock>,
    /// What it would run beside requests; tests run what they need by hand.
    pub tasks: Vec<Task>,
    service: Transport,
    tokens: TokenKeys,
}

impl std::fmt::Debug for Harness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Harness({})", self.deps.role)
    }
}

/// A service about to be put under test.
pub struct HarnessBuilder {
    role: Role,
    db: Db,
    peers: HashMap<Role, Transport>,
    settings: Option<Settings>,
}

impl std::fmt::Debug for HarnessBuilder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HarnessBuilder({})", self.role)
    }
}

impl HarnessBuilder {
    /// Answers calls to `role` with a stand-in.
    #[must_use]
    pub fn peer(mut self, role: Role, transport: Transport) -> Self {
        self.peers.insert(role, transport);
        self
    }

    /// Other county settings than the defaults.
    #[must_use]
    pub fn settings(mut self, settings: Settings) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Migrates the database and builds the service.
    pub async fn start<F, Fut>(self, migrations: Migrations, build: F) -> Harness
    where
        F: FnOnce(Deps) -> Fut,
        Fut: Future<Output = Result<Built, BuildError>>,
    {
        self.db.migrate(migrations).await.expect("migrations");
        let tokens = TokenKeys::ephemeral().expect("keys");
        let clock = fixtures::clock();
        let mut deps = fixtures::deps_with(self.role, self.db, clock.clone(), &tokens, self.peers);
        if let Some(settings) = self.settings {
            deps.settings = Arc::new(settings);
        }
        let built = build(deps.clone()).await.expect("the service builds");
        let front_deps = FrontDeps {
            verifier: tokens.verifier(clock.clone()).expect("verifier"),
            ids: deps.ids.clone(),
            clock: clock.clone(),
            catalogue: deps.catalogue.clone(),
        };
        Harness { service: front(built.routes, front_deps), deps, clock, tasks: built.tasks, tokens }
    }
}

impl Harness {
    /// Puts the service of `role` on `db` under test.
    pub fn of(role: Role, db: Db) -> HarnessBuilder {
        HarnessBuilder { role, db, peers: HashMap::new(), settings: None }
    }

    /// What a generated client is made of to call as this person.
    pub fn as_user(&self, principal: &Principal) -> Transport {
        let identity = self.tokens.signer(Role::Identity, self.clock.clone()).expect("signer");
        self.with_token(&identity.issue(principal, TOKEN_LIFE).expect("token"))
    }

    /// The same to call as another service.
    pub fn as_service(&self, role: Role) -> Transport {
        let signer = self.tokens.signer(role, self.clock.clone()).expect("signer");
        self.with_token(&signer.issue(&Principal::service(role), TOKEN_LIFE).expect("token"))
    }

    /// The same to call without any token.
    pub fn as_nobody(&self) -> Transport {
        self.service.clone()
    }

    fn with_token(&self, token: &str) -> Transport {
        let value = HeaderValue::try_from(format!("Bearer {token}")).expect("token");
        Transport::new(self.service.clone().map_request(move |mut request: Request<Body>| {
            request.headers_mut().insert(AUTHORIZATION, value.clone());
            request
        }))
    }
}

/// A stand-in for a peer: gRPC services without a front, so that they take any caller.
pub fn stand_in(routes: tonic::service::Routes) -> Transport {
    let routes = routes.prepare();
    Transport::new(tower::service_fn(move |request: Request<Body>| routes.clone().oneshot(request)))
}
