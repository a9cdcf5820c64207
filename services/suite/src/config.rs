//! The configuration of the whole program. `xinqiao.toml` beside this crate holds every key with its default.

use serde::Deserialize;
use std::{net::SocketAddr, path::Path, path::PathBuf};
use xinqiao_kit::{
    config::{ConfigError, Secret, load},
    telemetry::LogFormat,
};
use xinqiao_seeds::Settings;

/// Every key with its default.
pub const DEFAULTS: &str = include_str!("../xinqiao.toml");

/// The configuration, complete.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where embedded databases and keys live.
    pub data_dir: PathBuf,
    /// County settings laid over the defaults; empty for none.
    pub settings_file: String,
    /// Logs.
    pub log: Log,
    /// Where data is kept.
    pub database: Database,
    /// The front door.
    pub gateway: Gateway,
}

/// Logs.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// A tracing filter.
    pub filter: String,
    /// How lines look.
    pub format: LogFormat,
}

/// Where data is kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Empty for SQLite in the data folder.
    pub url: Secret,
}

/// The front door.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gateway {
    /// Address to listen on.
    pub listen: SocketAddr,
    /// Seconds for which an exchanged session is trusted.
    pub session_cache_seconds: f64,
    /// Seconds between heartbeats of open streams.
    pub heartbeat_seconds: f64,
}

impl Config {
    /// Reads defaults, then `file`, then the environment, then `flags`.
    ///
    /// # Errors
    /// Everything that is wrong, at once.
    pub fn read(file: Option<&Path>, flags: toml::Table) -> Result<Self, ConfigError> {
        load(DEFAULTS, file, std::env::vars(), flags)
    }

    /// The county settings that this configuration names.
    ///
    /// # Errors
    /// The file cannot be read or understood.
    pub fn settings(&self) -> Result<Settings, ConfigError> {
        let text = match self.settings_file.as_str() {
            "" => String::new(),
            path => std::fs::read_to_string(path).map_err(|e| ConfigError(vec![format!("{path}: {e}")]))?,
        };
        Settings::from_toml(&text).map_err(|e| ConfigError(vec![format!("{}: {e}", self.settings_file)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_complete_and_no_secret_is_printed() {
        let flags = toml::from_str("[database]\nurl = 'postgres://u:hunter2@h/d'\n").unwrap();
        let config = Config::read(None, flags).unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
        assert!(config.settings().is_ok());
    }
}
