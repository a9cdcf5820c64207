//! Schools, classes, staff, pupils, guardians, three-colour records, support teams and referrals.

pub mod app;
pub mod domain;
pub mod error;
mod rpc;
mod spreadsheet;
pub mod store;

use app::App;
use std::sync::Arc;
use xinqiao_kit::{
    db::Migrations,
    deps::Deps,
    service::{BuildError, Built},
};

/// The tables of profiles.
pub const MIGRATIONS: Migrations = Migrations::new(
    "profiles",
    &[
        ("0001_people", include_str!("../migrations/0001_people.sql")),
        ("0002_records", include_str!("../migrations/0002_records.sql")),
        ("0003_imports", include_str!("../migrations/0003_imports.sql")),
    ],
);

/// Builds the service: its gRPC routes, and beside them the work on imports of rosters.
///
/// # Errors
/// None today.
pub async fn build(deps: Deps) -> Result<Built, BuildError> {
    let app = Arc::new(App::new(deps));
    Ok(Built { routes: rpc::routes(&app), tasks: vec![app::roster_task(app)] })
}

#[cfg(test)]
mod tests;
