//! Guessing is slowed down, per login name and address, and never locked out: whoever must receive an alert can log in
//! again within a minute, whatever others try in their name.

use chrono::Duration;
use xinqiao_kit::time::Ts;

/// Attempts that cost nothing.
pub const FREE_ATTEMPTS: i32 = 5;
/// The longest wait between two attempts.
pub const MAX_DELAY_SECONDS: i64 = 60;
/// After so long without an attempt everything is forgotten.
pub const FORGET_MINUTES: i64 = 60;

/// The attempts so far that have not ended in a log-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempts {
    /// How many.
    pub count: i32,
    /// When the next is taken.
    pub next_time: Ts,
    /// When the last was taken.
    pub last_time: Ts,
}

/// It is too early for another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooEarly {
    /// How long to wait.
    pub wait: Duration,
}

/// Counts one more attempt at `now`, before it is known how it ends.
///
/// # Errors
/// How long to wait first.
pub fn attempt(before: Attempts, now: Ts) -> Result<Attempts, TooEarly> {
    let wait = before.next_time - now;
    // A wait that is longer than any we give comes from a clock that was set back: it is not held against anybody.
    if wait > Duration::zero() && wait <= Duration::seconds(MAX_DELAY_SECONDS) {
        return Err(TooEarly { wait });
    }
    let remembered = now - before.last_time < Duration::minutes(FORGET_MINUTES);
    let count = if remembered { before.count.saturating_add(1) } else { 1 };
    Ok(Attempts { count, next_time: now + delay(count), last_time: now })
}

/// 1, 2, 4, ... seconds after the free attempts.
fn delay(count: i32) -> Duration {
    let beyond = count - FREE_ATTEMPTS;
    match u32::try_from(beyond) {
        Ok(beyond) => Duration::seconds(
            1_i64.checked_shl(beyond).map_or(MAX_DELAY_SECONDS, |s| s.clamp(1, MAX_DELAY_SECONDS)),
        ),
        Err(_) => Duration::zero(),
    }
}
