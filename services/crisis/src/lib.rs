//! Reports, alerts, the four-level grid, escalation, plans and notifications.

mod domain;
mod store;
