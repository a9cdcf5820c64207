//! What can be set. Every queue, body, stream and wait has a limit here or in the policy of its method.

use std::time::Duration;

/// Configuration of the gateway. The defaults fit a county behind one reverse proxy or none.
#[derive(Debug, Clone, PartialEq)]
pub struct GatewayConfig {
    /// How long an exchanged session is trusted before identity is asked again: the longest that a revoked one still works.
    pub session_cache: Duration,
    /// How many exchanged sessions are remembered.
    pub session_cache_entries: usize,
    /// Whether session cookies are for HTTPS only. Browsers treat `localhost` as safe.
    pub cookie_secure: bool,
    /// Reverse proxies in front whose `X-Forwarded-For` is believed: 0 for none.
    pub trusted_proxies: usize,
    /// Origins of web pages that may call from elsewhere (CORS). None by default.
    pub cors_origins: Vec<String>,
    /// Whether to tell browsers to come over HTTPS only (HSTS).
    pub strict_transport: bool,

    /// Connections open at once.
    pub max_connections: usize,
    /// Calls in flight at once; beyond it the less urgent are turned away, alerts never.
    pub max_in_flight: usize,
    /// The longest path with its query, in bytes.
    pub max_uri_bytes: usize,
    /// The largest header block of a request, in bytes.
    pub max_header_bytes: u32,
    /// The largest answer of a service, in bytes.
    pub max_answer_bytes: usize,
    /// How long the headers of a request may take.
    pub header_timeout: Duration,
    /// How long the body of a request may take, besides the time that its size needs at 64 KiB a second.
    pub body_timeout: Duration,
    /// Bytes of large bodies that are held at once.
    pub max_held_body_bytes: usize,
    /// How long open calls may take to finish once the gateway is told to stop.
    pub drain: Duration,

    /// How often a stream on which nothing happens gets a sign of life, and its session is looked at again.
    pub heartbeat: Duration,
    /// How long a stream's HTTP status is held back for a first message or an error.
    pub stream_hold: Duration,
    /// How long the reader of a stream may not read before it is dropped.
    pub slow_reader: Duration,
    /// Streams that one account may have open, those of alerts not counted.
    pub max_streams_per_account: usize,

    /// Rate limits.
    pub rates: Rates,
}

/// A token bucket: how many calls at once, and how many a second in the long run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rate {
    /// Calls a second.
    pub per_second: f64,
    /// Calls at once.
    pub burst: f64,
}

/// Rate limits by the class that a method's policy names. Alerts have none.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Reads of one account.
    pub read: Rate,
    /// Writes of one account.
    pub write: Rate,
    /// Imports and exports of one account.
    pub heavy: Rate,
    /// Log-ins and codes from one address. A school's computer room is one address.
    pub login: Rate,
    /// Session tokens from one address that count for nothing: guesses, or sessions that have ended.
    pub bad_tokens: Rate,
}

impl Default for GatewayConfig {
    fn default() -> Self {
        Self {
            session_cache: Duration::from_secs(5),
            session_cache_entries: 100_000,
            cookie_secure: true,
            trusted_proxies: 0,
            cors_origins: Vec::new(),
            strict_transport: false,
            max_connections: 20_000,
            max_in_flight: 2_000,
            max_uri_bytes: 8 * 1024,
            max_header_bytes: 32 * 1024,
            max_answer_bytes: 64 * 1024 * 1024,
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(30),
            max_held_body_bytes: 512 * 1024 * 1024,
            drain: Duration::from_secs(20),
            heartbeat: Duration::from_secs(15),
            stream_hold: Duration::from_millis(500),
            slow_reader: Duration::from_secs(20),
            max_streams_per_account: 20,
            rates: Rates::default(),
        }
    }
}

impl Default for Rates {
    fn default() -> Self {
        Self {
            read: Rate { per_second: 100.0, burst: 400.0 },
            write: Rate { per_second: 30.0, burst: 150.0 },
            heavy: Rate { per_second: 0.5, burst: 20.0 },
            login: Rate { per_second: 20.0, burst: 600.0 },
            bad_tokens: Rate { per_second: 20.0, burst: 500.0 },
        }
    }
}
