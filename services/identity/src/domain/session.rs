//! How long somebody stays logged in.

use super::{SessionId, UserId};
use chrono::Duration;
use xinqiao_kit::time::Ts;

/// Use is noted at most once in so many seconds: a busy session does not write on every call.
pub const USE_NOTED_SECONDS: i64 = 60;

/// How long sessions last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Without use.
    pub idle: Duration,
    /// In any case.
    pub absolute: Duration,
}

/// Somebody is logged in on a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// Who.
    pub user: UserId,
    /// What the client called itself.
    pub client: String,
    /// The state of the person's privileges when the token was made.
    pub privileges_version: i64,
    /// When the person logged in.
    pub create_time: Ts,
    /// When it was last used, to the minute.
    pub last_use_time: Ts,
    /// When it ends in any case.
    pub expire_time: Ts,
    /// When it was ended by somebody.
    pub end_time: Option<Ts>,
}

impl Session {
    /// When it ends if it is not used before.
    pub fn idle_expire_time(&self, lifetimes: Lifetimes) -> Ts {
        (self.last_use_time + lifetimes.idle).min(self.expire_time)
    }

    /// Whether it counts at `now`.
    pub fn is_live(&self, now: Ts, lifetimes: Lifetimes) -> bool {
        self.end_time.is_none() && now < self.idle_expire_time(lifetimes)
    }

    /// Whether use at `now` is to be noted.
    pub fn is_use_noted(&self, now: Ts) -> bool {
        now - self.last_use_time >= Duration::seconds(USE_NOTED_SECONDS)
    }
}
