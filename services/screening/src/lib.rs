//! Instruments, campaigns, responses, results, interviews and the list (P3.*).
//!
//! A campaign asks the pupils of a scope one instrument; answers are scored by the instrument's key and stored sealed; what is grave raises an
//! alert in the same transaction; what is above a cut-off opens an interview. Nobody enters the list on one questionnaire alone.

mod app;
mod domain;
mod rpc;
mod store;
#[cfg(test)]
mod tests;

use app::{App, Instruments};
use std::sync::Arc;
use xinqiao_kit::{
    db::Migrations,
    deps::Deps,
    service::{BuildError, Built},
};

/// The tables of screening.
pub const MIGRATIONS: Migrations =
    Migrations::new("screening", &[("0001_screening", include_str!("../migrations/0001_screening.sql"))]);

/// Builds the service over a migrated database: checks and stores the shipped instruments, then gives routes and tasks.
///
/// # Errors
/// A shipped instrument is broken, or the database fails.
pub async fn build(deps: Deps) -> Result<Built, BuildError> {
    let now = deps.clock.now();
    let instruments = Instruments::install(&deps.db, xinqiao_seeds::instruments::FILES, now).await?;
    let app = Arc::new(App::new(deps, instruments));
    Ok(Built { routes: rpc::routes(app.clone()), tasks: vec![app::opening_task(app)] })
}
