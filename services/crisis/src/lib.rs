//! Reports, alerts, the four-level grid, escalation, plans and notifications.
//!
//! A signal comes in (a report, a critical answer) and opens an alert or joins the pupil's open one. The alert's row carries when it
//! is due; workers let its time pass through the core in `domain::escalation` and write, in one transaction, the step, the
//! notifications and the timeline. Delivery and streams read what is committed. An acknowledgement holds the same row, so that no
//! step can pass it.

mod app;
mod domain;
mod rpc;
mod store;

use app::App;
use std::sync::Arc;
use xinqiao_kit::{
    db::Migrations,
    deps::Deps,
    service::{BuildError, Built},
};

/// The tables of the service.
pub const MIGRATIONS: Migrations = Migrations::new(
    "crisis",
    &[
        ("0001_grid", include_str!("../migrations/0001_grid.sql")),
        ("0002_alerts", include_str!("../migrations/0002_alerts.sql")),
        ("0003_plans", include_str!("../migrations/0003_plans.sql")),
    ],
);

/// The service over its surroundings: its routes, and the tasks that run beside them. The database must have been migrated.
///
/// # Errors
/// A county setting that makes no sense.
#[expect(clippy::unused_async, reason = "every service is built alike")]
pub async fn build(deps: Deps) -> Result<Built, BuildError> {
    let app = Arc::new(App::new(deps)?);
    Ok(Built { routes: rpc::routes(&app), tasks: app.tasks() })
}
