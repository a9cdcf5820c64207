//! Logs: text for people at a terminal, JSON lines for a collector. Never a name, an answer, a phone number.

use std::io::IsTerminal as _;
use tracing_subscriber::{EnvFilter, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _};

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One readable line an event.
    Text,
    /// One JSON object an event.
    Json,
}

/// Starts logging to standard error for the whole process. A second call changes nothing.
///
/// `filter` is a tracing filter, such as `info,xinqiao_crisis=debug`.
///
/// # Errors
/// The filter does not parse.
pub fn init(filter: &str, format: LogFormat) -> Result<(), String> {
    let filter = EnvFilter::try_new(filter).map_err(|e| e.to_string())?;
    let registry = tracing_subscriber::registry().with(filter);
    let colours = std::io::stderr().is_terminal();
    let outcome = match format {
        LogFormat::Text => {
            registry.with(fmt::layer().with_writer(std::io::stderr).with_ansi(colours).compact()).try_init()
        }
        LogFormat::Json => registry.with(fmt::layer().with_writer(std::io::stderr).json()).try_init(),
    };
    // A subscriber is already there: tests and embedding programs bring their own.
    outcome.or(Ok(()))
}
