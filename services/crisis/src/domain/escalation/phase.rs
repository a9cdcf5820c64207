//! Where an alert stands in its escalation, and what is due when.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use xinqiao_kit::time::Ts;

/// Something is due at a time, and when that was decided.
///
/// Both are kept so that a clock that was set back is noticed: `armed` then lies in the future. What was to come after some minutes
/// still comes after those minutes, instead of a day later (R11).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// When it was decided.
    pub armed: Ts,
    /// When it is due.
    pub at: Ts,
}

impl Due {
    /// Due `wait` after `now`.
    pub fn after(now: Ts, wait: Duration) -> Self {
        Self { armed: now, at: now + wait.max(Duration::zero()) }
    }

    /// The same, unless the clock was set back since: then the whole wait counts again from `now`.
    #[must_use]
    pub fn healed(self, now: Ts) -> Self {
        if now < self.armed { Self::after(now, self.at - self.armed) } else { self }
    }

    /// Whether the time has come.
    pub fn is_reached(self, now: Ts) -> bool {
        self.at <= now
    }
}

/// What an open alert waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Waiting {
    /// The next step.
    Step,
    /// A device that takes a notification of the step before. If there is one by then, the next step comes `rest` later.
    Receipt {
        /// What is left of the step's time.
        rest: MicroDuration,
    },
}

/// A duration in whole microseconds, as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MicroDuration(pub i64);

impl From<Duration> for MicroDuration {
    fn from(duration: Duration) -> Self {
        Self(duration.num_microseconds().unwrap_or(i64::MAX))
    }
}

impl From<MicroDuration> for Duration {
    fn from(micros: MicroDuration) -> Self {
        Self::microseconds(micros.0)
    }
}

/// Where an alert stands and what is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Nobody has acknowledged it.
    Open {
        /// When the escalation goes on.
        due: Due,
        /// What with.
        waiting: Waiting,
    },
    /// Somebody takes care.
    Acknowledged {
        /// Until when an action must be recorded; none once one is.
        action_due: Option<Due>,
    },
    /// Being handled.
    InHand {
        /// Until when an action must be recorded; none once one is.
        action_due: Option<Due>,
    },
    /// The danger is over.
    Resolved,
    /// There was no danger.
    Unfounded,
}
