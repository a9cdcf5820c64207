//! Starting the platform: keys, databases, services, the gateway, in this order; then it runs until it is told to stop.

use crate::config::Config;
use std::{
    collections::HashMap, fs::File, future::Future, net::SocketAddr, path::Path, pin::Pin, sync::Arc,
    time::Duration,
};
use tokio::net::TcpListener;
use xinqiao_gateway::{Gateway, GatewayConfig, Options, ReadyProbe};
use xinqiao_kit::{
    authz::Authorizer,
    catalogue::Catalogue,
    db::{Db, DbConfig, Limits, Migrations, PgConfig},
    deps::Deps,
    ids::Ids,
    keys::Keys,
    lifecycle::{Hint, Supervisor, Task},
    outbox,
    peers::Peers,
    role::Role,
    service::{BuildError, Built, FrontDeps, front},
    tidy,
    time::{Clock, SystemClock},
    token::TokenKeys,
};
use xinqiao_proto::transport::{Slot, Transport};
use xinqiao_seeds::Settings;

/// Why the platform did not start.
pub type BootError = Box<dyn std::error::Error + Send + Sync>;

/// The platform, started.
#[derive(Debug)]
pub struct Running {
    /// Where the gateway listens.
    pub address: SocketAddr,
    /// The code that makes the first administrator, if there is none yet.
    pub activation_code: Option<String>,
    /// All that runs.
    pub supervisor: Supervisor,
    /// Keeps a second process out of the data folder.
    _lock: File,
}

type BuildService = fn(Deps) -> Pin<Box<dyn Future<Output = Result<Built, BuildError>> + Send>>;

/// The services of one process: role, migrations, how to build it.
fn services() -> [(Role, Migrations, BuildService); 6] {
    [
        (Role::Identity, xinqiao_identity::MIGRATIONS, |deps| Box::pin(xinqiao_identity::build(deps))),
        (Role::Profiles, xinqiao_profiles::MIGRATIONS, |deps| Box::pin(xinqiao_profiles::build(deps))),
        (Role::Screening, xinqiao_screening::MIGRATIONS, |deps| Box::pin(xinqiao_screening::build(deps))),
        (Role::Crisis, xinqiao_crisis::MIGRATIONS, |deps| Box::pin(xinqiao_crisis::build(deps))),
        (Role::Training, xinqiao_training::MIGRATIONS, |deps| Box::pin(xinqiao_training::build(deps))),
        (Role::Collaboration, xinqiao_collaboration::MIGRATIONS, |deps| {
            Box::pin(xinqiao_collaboration::build(deps))
        }),
    ]
}

/// What all services share.
struct Shared {
    clock: Arc<dyn Clock>,
    ids: Ids,
    catalogue: Arc<Catalogue>,
    authz: Arc<Authorizer>,
    settings: Arc<Settings>,
    tokens: TokenKeys,
    transports: HashMap<Role, Transport>,
}

/// Starts everything in this process.
///
/// # Errors
/// Whatever keeps it from starting: a wrong configuration, a data folder in use, a database that cannot be opened or migrated, an
/// address that is taken.
pub async fn boot(config: &Config, settings: Settings) -> Result<Running, BootError> {
    let lock = own(&config.data_dir)?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (transports, mut slots) = pending();
    let shared = Shared {
        ids: Ids::with_clock(clock.clone()),
        catalogue: Arc::new(Catalogue::new(xinqiao_seeds::messages::FILES)?),
        authz: Arc::new(Authorizer::new(xinqiao_seeds::access::SCHEMA, xinqiao_seeds::access::POLICIES)?),
        settings: Arc::new(settings),
        tokens: TokenKeys::open_or_create(&config.data_dir.join("keys"))?,
        transports,
        clock,
    };
    let mut supervisor = Supervisor::new();
    let mut activation_code = None;
    let mut databases = Vec::new();
    for (role, migrations, build) in services() {
        let deps = deps(config, &shared, role, migrations).await.map_err(|e| format!("{role}: {e}"))?;
        databases.push((role, deps.db.clone()));
        let built = build(deps.clone()).await.map_err(|e| format!("{role}: {e}"))?;
        let service = front(built.routes, front_deps(&shared)?);
        if let Some(slot) = slots.remove(&role) {
            slot.fill(&service);
        }
        built.tasks.into_iter().for_each(|task| supervisor.spawn(task));
        supervisor.spawn(outbox::pump(&deps));
        supervisor.spawn(tidy::task(&deps));
        if role == Role::Identity {
            activation_code = xinqiao_identity::bootstrap(&deps).await?;
        }
    }
    let address = open_gateway(config, &shared, &mut supervisor, ready_probe(databases)).await?;
    tracing::info!(%address, "serving");
    Ok(Running { address, activation_code, supervisor, _lock: lock })
}

/// Makes the data folder ours: readable by nobody else, and held by one process at a time.
fn own(data_dir: &Path) -> Result<File, BootError> {
    use std::os::unix::fs::DirBuilderExt as _;
    let fail = |cause: std::io::Error| format!("data folder {}: {cause}", data_dir.display());
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(data_dir).map_err(fail)?;
    let lock = File::create(data_dir.join("lock")).map_err(fail)?;
    lock.try_lock()
        .map_err(|_| format!("data folder {} is in use by another process", data_dir.display()))?;
    Ok(lock)
}

fn pending() -> (HashMap<Role, Transport>, HashMap<Role, Slot>) {
    let mut transports = HashMap::new();
    let mut slots = HashMap::new();
    for role in Role::SERVICES {
        let (transport, slot) = Transport::pending();
        transports.insert(role, transport);
        slots.insert(role, slot);
    }
    (transports, slots)
}

async fn deps(
    config: &Config,
    shared: &Shared,
    role: Role,
    migrations: Migrations,
) -> Result<Deps, BootError> {
    let place = if config.database.url.is_empty() {
        DbConfig::Sqlite(config.data_dir.join(format!("{role}.db")))
    } else {
        let url = config.database.url.expose().to_owned().into();
        DbConfig::Postgres(PgConfig { url, schema: role.name().to_owned() })
    };
    let db = Db::open(&place, Limits::default()).await?;
    db.migrate(migrations).await?;
    let key_file = config.data_dir.join("keys/county.toml");
    if !key_file.exists() && holds_sealed_data(&db).await? {
        // A new key would start as if all were well, and open nothing.
        return Err(format!(
            "{} is missing, but the database holds data sealed with it: put the file back from its backup",
            key_file.display()
        )
        .into());
    }
    let signer = shared.tokens.signer(role, shared.clock.clone())?;
    Ok(Deps {
        role,
        db,
        clock: shared.clock.clone(),
        ids: shared.ids.clone(),
        keys: Keys::open_or_create(&key_file, role)?,
        authz: shared.authz.clone(),
        peers: Peers::new(shared.transports.clone(), &signer),
        signer,
        outbox_hint: Hint::new(),
        settings: shared.settings.clone(),
        catalogue: shared.catalogue.clone(),
    })
}

/// Whether anything in the database can only be read with the county's key.
async fn holds_sealed_data(db: &Db) -> Result<bool, BootError> {
    const ANY: &str = "SELECT (SELECT COUNT(*) FROM kit_data_keys) + (SELECT COUNT(*) FROM kit_outbox)
        + (SELECT COUNT(*) FROM kit_requests) + (SELECT COUNT(*) FROM kit_audit)";
    Ok(db.read(ANY).get::<i64>().await? > 0)
}

fn front_deps(shared: &Shared) -> Result<FrontDeps, BootError> {
    Ok(FrontDeps {
        verifier: shared.tokens.verifier(shared.clock.clone())?,
        ids: shared.ids.clone(),
        clock: shared.clock.clone(),
        catalogue: shared.catalogue.clone(),
    })
}

/// Ready is who answers through the same pools that calls use.
fn ready_probe(databases: Vec<(Role, Db)>) -> ReadyProbe {
    let databases = Arc::new(databases);
    Arc::new(move || {
        let databases = databases.clone();
        Box::pin(async move {
            for (role, db) in databases.iter() {
                db.ping().await.map_err(|cause| format!("{role}: {cause}"))?;
            }
            Ok(())
        })
    })
}

async fn open_gateway(
    config: &Config,
    shared: &Shared,
    supervisor: &mut Supervisor,
    ready: ReadyProbe,
) -> Result<SocketAddr, BootError> {
    let listen = config.gateway.listen;
    let listener = TcpListener::bind(listen).await.map_err(|e| format!("cannot listen on {listen}: {e}"))?;
    let address = listener.local_addr()?;
    let options = GatewayConfig {
        session_cache: Duration::from_secs_f64(config.gateway.session_cache_seconds),
        heartbeat: Duration::from_secs_f64(config.gateway.heartbeat_seconds),
        ..GatewayConfig::default()
    };
    let signer = shared.tokens.signer(Role::Gateway, shared.clock.clone())?;
    let extras = Options { ready: Some(ready), ..Options::default() };
    let gateway =
        Gateway::with_options(options, shared.transports.clone(), shared.catalogue.clone(), signer, extras)?;
    supervisor.spawn(Task::new("gateway", move |stop| async move { gateway.serve(listener, stop).await }));
    Ok(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::Api;
    use serde_json::json;

    fn config(dir: &Path) -> Config {
        let text = format!("data_dir = '{}'\n[gateway]\nlisten = '127.0.0.1:0'\n", dir.display());
        Config::read(None, toml::from_str(&text).unwrap()).unwrap()
    }

    async fn stop(running: Running) {
        running.supervisor.stop_token().cancel();
        running.supervisor.run(std::future::pending).await.unwrap();
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_county_key_that_is_missing_is_not_replaced_by_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let config = config(&dir.path().join("data"));
        let running = boot(&config, config.settings().unwrap()).await.unwrap();
        let api = Api::new(&format!("http://{}", running.address));
        let code = running.activation_code.clone().unwrap();
        let first = json!({"activationCode": code, "loginName": "admin", "displayName": "甲", "password": "a-long-password-1"});
        api.post("/v1/sessions:redeem", first).await.unwrap();
        assert_eq!(api.get("/v1/users/me").await.unwrap_err().status(), 401);
        stop(running).await;

        let key = config.data_dir.join("keys/county.toml");
        let kept = std::fs::read(&key).unwrap();
        std::fs::remove_file(&key).unwrap();
        let refused = boot(&config, config.settings().unwrap()).await.unwrap_err().to_string();
        assert!(refused.contains("county.toml is missing"), "{refused}");
        assert!(!key.exists());

        std::fs::write(&key, kept).unwrap();
        let running = boot(&config, config.settings().unwrap()).await.unwrap();
        assert_eq!(running.activation_code, None);
        let again = Api::new(&format!("http://{}", running.address));
        assert!(again.log_in("admin", "a-long-password-1").await.is_ok());
        let second = boot(&config, config.settings().unwrap()).await.unwrap_err().to_string();
        assert!(second.contains("in use by another process"), "{second}");
        stop(running).await;
    }
}
