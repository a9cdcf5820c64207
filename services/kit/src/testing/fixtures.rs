//! What a service is given in tests: a manual clock, seeded ids, fixed keys, the real policies and texts.

use super::ManualClock;
use crate::{
    authz::Authorizer,
    catalogue::{Catalogue, Locale},
    ctx::{Ctx, Grant, Principal, Scope},
    db::Db,
    deps::Deps,
    ids::Ids,
    keys::Keys,
    lifecycle::Hint,
    peers::Peers,
    role::Role,
    time::Ts,
    token::TokenKeys,
};
use std::{
    collections::HashMap,
    sync::{Arc, OnceLock},
};
use uuid::Uuid;
use xinqiao_proto::policy::methods;
use xinqiao_seeds::Settings;

/// Where clocks of tests start: Tuesday, 24 November 2026, 10:00 in Shanghai, in the first term of the school year 2026.
pub fn start() -> Ts {
    Ts::from_micros(1_795_485_600_000_000)
}

/// A clock that stands at [`start`].
pub fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(start()))
}

/// The texts of the whole program. Parsed once a process.
pub fn catalogue() -> Arc<Catalogue> {
    static CATALOGUE: OnceLock<Arc<Catalogue>> = OnceLock::new();
    CATALOGUE.get_or_init(|| Arc::new(Catalogue::new(xinqiao_seeds::messages::FILES).expect("texts"))).clone()
}

/// The access policies of the whole program. Parsed once a process.
pub fn authorizer() -> Arc<Authorizer> {
    static AUTHORIZER: OnceLock<Arc<Authorizer>> = OnceLock::new();
    let make =
        || Authorizer::new(xinqiao_seeds::access::SCHEMA, xinqiao_seeds::access::POLICIES).expect("policies");
    AUTHORIZER.get_or_init(|| Arc::new(make())).clone()
}

/// Surroundings of a service on `db`, with a clock of its own and no peers.
pub fn deps(role: Role, db: Db) -> Deps {
    deps_with(role, db, clock(), &TokenKeys::ephemeral().expect("keys"), HashMap::new())
}

/// Surroundings with everything given.
pub fn deps_with(
    role: Role,
    db: Db,
    clock: Arc<ManualClock>,
    tokens: &TokenKeys,
    peers: HashMap<Role, xinqiao_proto::transport::Transport>,
) -> Deps {
    let signer = tokens.signer(role, clock.clone()).expect("signer");
    Deps {
        role,
        db,
        ids: Ids::with_clock(clock.clone()),
        keys: Keys::from_bytes([7; 32], &[9; 32], role).expect("keys"),
        authz: authorizer(),
        peers: Peers::new(peers, &signer),
        signer,
        outbox_hint: Hint::new(),
        settings: Arc::new(Settings::from_toml("").expect("settings")),
        catalogue: catalogue(),
        clock,
    }
}

/// A call of `method` (its path on the wire) by `principal`, on the clock of `deps`.
pub fn ctx(deps: &Deps, principal: Principal, method: &str) -> Ctx {
    Ctx {
        principal: Arc::new(principal),
        call_id: deps.ids.new_id(),
        locale: Locale::ZhCn,
        method: methods().get(method).unwrap_or_else(|| panic!("no method {method}")).clone(),
        catalogue: deps.catalogue.clone(),
        clock: deps.clock.clone(),
    }
}

/// A person with these roles.
pub fn user(id: Uuid, grants: &[(&str, Scope)]) -> Principal {
    let grants =
        grants.iter().map(|(role, scope)| Grant { role: (*role).to_owned(), scope: *scope }).collect();
    Principal::user(id, grants)
}
