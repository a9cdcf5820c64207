//! Ids: UUIDv7 in the order in which they are made, and a type for each kind of thing that has one.

use crate::time::{Clock, SystemClock, Ts};
use rand::{Rng, SeedableRng as _, rngs::StdRng};
use std::sync::{Arc, Mutex, PoisonError};
use uuid::Uuid;

#[cfg(test)]
mod tests;
#[doc(hidden)]
pub mod typed;

/// Makes ids. Each is greater than the one before, also within a millisecond and when the clock is set back.
/// Clones share one sequence.
#[derive(Clone)]
pub struct Ids {
    clock: Arc<dyn Clock>,
    state: Arc<Mutex<State>>,
}

struct State {
    random: Box<dyn Rng + Send>,
    last_millis: u64,
    counter: u16,
}

/// The counter fills the 12 bits between the version and the variant of a UUIDv7 (RFC 9562, method 1).
const COUNTER_MAX: u16 = 0x0fff;
/// A millisecond starts somewhere in the lower half, so that the counter is hard to guess and has room to grow.
const COUNTER_START_MASK: u16 = 0x07ff;
const MILLIS_MAX: u64 = (1 << 48) - 1;

impl Ids {
    /// Ids from the clock and randomness that are given. The randomness must be of cryptographic quality outside tests.
    pub fn new(clock: Arc<dyn Clock>, random: impl Rng + Send + 'static) -> Self {
        let state = State { random: Box::new(random), last_millis: 0, counter: 0 };
        Self { clock, state: Arc::new(Mutex::new(state)) }
    }

    /// Ids from the clock of the machine and its randomness.
    pub fn system() -> Self {
        Self::with_clock(Arc::new(SystemClock))
    }

    /// Ids from a clock and the randomness of the machine.
    pub fn with_clock(clock: Arc<dyn Clock>) -> Self {
        Self::new(clock, StdRng::from_rng(&mut rand::rng()))
    }

    /// The same ids in each run, for tests.
    pub fn seeded(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self::new(clock, StdRng::seed_from_u64(seed))
    }

    /// A new UUIDv7, greater than all before.
    pub fn new_id(&self) -> Uuid {
        let now = u64::try_from(self.clock.now().millis()).unwrap_or(0).min(MILLIS_MAX);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.next(now)
    }

    /// A new typed id: `ids.new::<StudentId>()`.
    pub fn make<T: From<Uuid>>(&self) -> T {
        T::from(self.new_id())
    }
}

impl State {
    fn next(&mut self, now_millis: u64) -> Uuid {
        let random = self.random.next_u64();
        if now_millis > self.last_millis {
            self.last_millis = now_millis;
            self.counter = self.start_of_counter();
        } else if self.counter < COUNTER_MAX {
            self.counter += 1;
        } else {
            // More than the counter holds in one millisecond: the sequence runs ahead of the clock.
            self.last_millis = (self.last_millis + 1).min(MILLIS_MAX);
            self.counter = self.start_of_counter();
        }
        let high = (self.last_millis << 16) | 0x7000 | u64::from(self.counter);
        let low = (random >> 2) | (0b10 << 62);
        Uuid::from_u64_pair(high, low)
    }

    fn start_of_counter(&mut self) -> u16 {
        // The lowest 16 bits of a 32-bit word: the cast keeps just these.
        (self.random.next_u32() & u32::from(COUNTER_START_MASK)) as u16
    }
}

/// When a UUIDv7 was made, by its own word; `None` for other versions.
pub fn made_at(id: Uuid) -> Option<Ts> {
    let (seconds, nanos) = id.get_timestamp()?.to_unix();
    let micros =
        i64::try_from(seconds).ok()?.checked_mul(1_000_000)?.checked_add(i64::from(nanos / 1_000))?;
    Some(Ts::from_micros(micros))
}
