//! The use-cases: authorise, load, apply the rule, save, tell.

pub mod alerts;
pub mod channel;
pub mod error;
pub mod events;
pub mod grid;
pub mod health;
pub mod notifications;
pub mod plans;
pub mod reports;
pub mod watch;

mod change;
mod deliver;
mod escalate;
mod gaps;
mod hub;
mod intake;
mod place;
mod tasks;
mod watchdog;

pub use error::Error;

use crate::{
    domain::policy::{BadSetting, Policies},
    store::alerts::Lane,
};
use channel::{Channel, InApp};
use chrono::Duration;
use hub::Hub;
use std::sync::Arc;
use xinqiao_kit::{deps::Deps, lifecycle::Hint};

/// What every use-case works with.
pub struct App {
    deps: Deps,
    policies: Policies,
    hub: Hub,
    channels: Vec<Arc<dyn Channel>>,
    red: Lanes,
    other: Lanes,
}

/// Wakes the workers of one lane.
#[derive(Debug, Default)]
struct Lanes {
    escalate: Hint,
    deliver: Hint,
}

impl App {
    /// The service over its surroundings, with the in-app channel.
    ///
    /// # Errors
    /// A county setting that makes no sense.
    pub fn new(deps: Deps) -> Result<Self, BadSetting> {
        let hub = Hub::default();
        let channels: Vec<Arc<dyn Channel>> = vec![Arc::new(InApp::new(hub.clone()))];
        Self::with_channels(deps, hub, channels)
    }

    fn with_channels(deps: Deps, hub: Hub, channels: Vec<Arc<dyn Channel>>) -> Result<Self, BadSetting> {
        let policies = Policies::from_settings(&deps.settings.crisis)?;
        Ok(Self { deps, policies, hub, channels, red: Lanes::default(), other: Lanes::default() })
    }

    fn lane(&self, lane: Lane) -> &Lanes {
        match lane {
            Lane::Red => &self.red,
            Lane::Other => &self.other,
        }
    }
}

/// Seconds of a setting, fractions included.
fn seconds(seconds: f64) -> Duration {
    std::time::Duration::try_from_secs_f64(seconds)
        .ok()
        .and_then(|duration| Duration::from_std(duration).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
