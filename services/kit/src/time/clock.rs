//! Where the time comes from. It is passed in, so that a test decides what time it is.

use super::Ts;
use chrono::Duration;
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now.
    fn now(&self) -> Ts;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Ts {
        (**self).now()
    }
}

/// The clock of the machine.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the machine for the time")]
    fn now(&self) -> Ts {
        Ts::from(chrono::Utc::now())
    }
}

/// A clock that stands still until it is told to move. Clones show the same time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `start`.
    pub fn at(start: Ts) -> Self {
        Self(Arc::new(AtomicI64::new(start.micros())))
    }

    /// Sets the clock, forwards or backwards.
    pub fn set(&self, to: Ts) {
        self.0.store(to.micros(), Ordering::SeqCst);
    }

    /// Moves the clock on by `by`.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Ts {
        Ts::from_micros(self.0.load(Ordering::SeqCst))
    }
}
