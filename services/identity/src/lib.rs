//! Accounts, credentials, sessions and grants: who somebody is, and which role they hold where. What a role may do is said in
//! seeds/access and decided by the service that owns the data.

mod app;
mod domain;
mod error;
mod rpc;
mod store;

#[cfg(test)]
mod tests;

pub use app::bootstrap;
pub use error::Error;
pub use rpc::CLIENT_ADDRESS_HEADER;

use app::App;
use std::{sync::Arc, time::Duration};
use xinqiao_kit::{
    db::Migrations,
    deps::Deps,
    lifecycle::Task,
    service::{BuildError, Built},
};

/// How often what is over is forgotten.
const TIDY_EVERY: Duration = Duration::from_secs(3600);

/// The tables of identity.
pub const MIGRATIONS: Migrations =
    Migrations::new("identity", &[("0001_identity", include_str!("../migrations/0001_identity.sql"))]);

/// Builds the service: its gRPC routes and what runs beside them.
///
/// # Errors
/// The password hasher cannot be made.
pub async fn build(deps: Deps) -> Result<Built, BuildError> {
    let app = Arc::new(App::new(deps.clone())?);
    let tidy = Task::new("identity.tidy", move |stop| async move {
        loop {
            if let Err(cause) = app::tidy(&deps).await {
                tracing::warn!(%cause, "tidying up failed; it is tried again in an hour");
            }
            tokio::select! {
                () = stop.cancelled() => return Ok(()),
                () = tokio::time::sleep(TIDY_EVERY) => {}
            }
        }
    });
    Ok(Built { routes: rpc::routes(app), tasks: vec![tidy] })
}
