//! Committees, parent schools, visits, open days, parent sessions, messages, consents and partners.

pub mod app;
pub mod domain;
mod rpc;
pub mod store;

#[cfg(test)]
mod tests;

use std::sync::Arc;
use xinqiao_kit::{
    db::Migrations,
    deps::Deps,
    service::{BuildError, Built},
};

/// The tables of the service.
pub const MIGRATIONS: Migrations =
    Migrations::new("collaboration", &[("0001_init", include_str!("../migrations/0001_init.sql"))]);

/// Builds the service: its routes; nothing runs beside them.
///
/// # Errors
/// None today; other services have some.
pub async fn build(deps: Deps) -> Result<Built, BuildError> {
    let app = Arc::new(app::App::new(deps));
    Ok(Built { routes: rpc::routes(app), tasks: Vec::new() })
}
