//! Budgets: token buckets by account and by address, and how many calls may be in flight. Alerts pass always.

use crate::config::{GatewayConfig, Rate, Rates};
use std::{
    collections::HashMap,
    hash::{BuildHasher as _, RandomState},
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use xinqiao_proto::api::v1::RateClass;

/// Whose budget it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Payer {
    Account(String),
    Address(IpAddr),
}

/// What a call is counted against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Budget {
    Class(i32),
    /// Session tokens from an address that counted for nothing.
    BadTokens,
}

const SHARDS: usize = 16;
/// Buckets in one shard; when it is full, those that have filled up again are forgotten.
const MAX_BUCKETS: usize = 20_000;

/// All token buckets.
#[derive(Debug)]
pub(crate) struct Buckets {
    rates: Rates,
    hasher: RandomState,
    shards: Vec<Shard>,
}

type Shard = Mutex<HashMap<(Budget, Payer), Bucket>>;

#[derive(Debug, Clone, Copy)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    /// The bucket as it is by now.
    fn filled(self, rate: Rate, now: Instant) -> Self {
        let since = now.saturating_duration_since(self.at).as_secs_f64();
        Self { tokens: (self.tokens + since * rate.per_second).min(rate.burst), at: now }
    }

    /// Whether it holds a call, or when it will.
    fn ready(self, rate: Rate) -> Result<(), Duration> {
        if self.tokens >= 1.0 {
            return Ok(());
        }
        let seconds = (1.0 - self.tokens) / rate.per_second.max(1e-6);
        Err(Duration::from_secs_f64(seconds.min(3600.0)))
    }
}

impl Buckets {
    pub(crate) fn new(rates: Rates) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self { rates, hasher: RandomState::new(), shards }
    }

    fn rate(&self, budget: Budget) -> Option<Rate> {
        match budget {
            Budget::BadTokens => Some(self.rates.bad_tokens),
            Budget::Class(class) => match RateClass::try_from(class) {
                Ok(RateClass::Alert) => None,
                Ok(RateClass::Write) => Some(self.rates.write),
                Ok(RateClass::Login) => Some(self.rates.login),
                Ok(RateClass::Heavy) => Some(self.rates.heavy),
                Ok(RateClass::Read | RateClass::Unspecified) | Err(_) => Some(self.rates.read),
            },
        }
    }

    /// Takes one call from a budget, or tells how long to wait for it.
    pub(crate) fn take(&self, budget: Budget, payer: Payer) -> Result<(), Duration> {
        self.take_at(Instant::now(), budget, payer)
    }

    /// Whether a budget has a call left, without taking it; or how long to wait for one.
    pub(crate) fn look(&self, budget: Budget, payer: Payer) -> Result<(), Duration> {
        let Some(rate) = self.rate(budget) else { return Ok(()) };
        let key = (budget, payer);
        let Some(shard) = self.shard(&key) else { return Ok(()) };
        let buckets = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = buckets.get(&key).map(|bucket| bucket.filled(rate, Instant::now()));
        bucket.map_or(Ok(()), |bucket| bucket.ready(rate))
    }

    fn shard(&self, key: &(Budget, Payer)) -> Option<&Shard> {
        self.shards.get(self.hasher.hash_one(key) as usize % SHARDS)
    }

    fn take_at(&self, now: Instant, budget: Budget, payer: Payer) -> Result<(), Duration> {
        let Some(rate) = self.rate(budget) else { return Ok(()) };
        let key = (budget, payer);
        let Some(shard) = self.shard(&key) else { return Ok(()) };
        let mut buckets = shard.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= MAX_BUCKETS {
            buckets.retain(|(budget, _), bucket| {
                self.rate(*budget).is_some_and(|rate| bucket.filled(rate, now).tokens < rate.burst)
            });
            if buckets.len() >= MAX_BUCKETS {
                // So many who all spend at once: forgetting them harms nobody but gives each a full bucket again.
                buckets.clear();
            }
        }
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: rate.burst, at: now });
        *bucket = bucket.filled(rate, now);
        bucket.ready(rate)?;
        bucket.tokens -= 1.0;
        Ok(())
    }
}

/// Calls in flight, and streams by account.
#[derive(Debug)]
pub(crate) struct Flight {
    max: usize,
    now: Arc<AtomicUsize>,
    max_streams: usize,
    streams: Arc<Mutex<HashMap<String, usize>>>,
    /// Room for large bodies, in KiB.
    held: Arc<Semaphore>,
}

/// Bodies up to this size are not counted: alerts and answers of pupils are far below.
const SMALL_BODY_BYTES: usize = 256 * 1024;

/// Room for a large body for as long as this lives; nothing for a small one.
#[derive(Debug)]
pub(crate) struct Room(#[expect(dead_code, reason = "held for its drop")] Option<OwnedSemaphorePermit>);

/// A call that is in flight for as long as this lives.
#[derive(Debug)]
pub(crate) struct Ticket(Arc<AtomicUsize>);

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A stream of an account for as long as this lives.
#[derive(Debug)]
pub(crate) struct StreamTicket(Arc<Mutex<HashMap<String, usize>>>, String);

impl Drop for StreamTicket {
    fn drop(&mut self) {
        let mut streams = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = streams.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                streams.remove(&self.1);
            }
        }
    }
}

impl Flight {
    pub(crate) fn new(config: &GatewayConfig) -> Self {
        Self {
            max: config.max_in_flight,
            now: Arc::default(),
            max_streams: config.max_streams_per_account,
            streams: Arc::default(),
            held: Arc::new(Semaphore::new(config.max_held_body_bytes / 1024)),
        }
    }

    /// Room for a body of so many bytes; `None` if too many large ones are held already.
    pub(crate) fn hold(&self, bytes: usize) -> Option<Room> {
        if bytes <= SMALL_BODY_BYTES {
            return Some(Room(None));
        }
        let kib = u32::try_from(bytes / 1024).ok()?;
        self.held.clone().try_acquire_many_owned(kib).ok().map(|permit| Room(Some(permit)))
    }

    /// Lets a call in unless there is too much to do for its class: heavy work is turned away first, alerts never.
    pub(crate) fn enter(&self, class: RateClass) -> Option<Ticket> {
        let share = match class {
            RateClass::Alert => usize::MAX,
            RateClass::Heavy => self.max / 2,
            RateClass::Write => self.max,
            RateClass::Read | RateClass::Login | RateClass::Unspecified => self.max * 4 / 5,
        };
        let ticket = Ticket(self.now.clone());
        (self.now.fetch_add(1, Ordering::Relaxed) < share).then_some(ticket)
    }

    /// Lets an account open another stream.
    pub(crate) fn open_stream(&self, account: &str, class: RateClass) -> Option<StreamTicket> {
        let mut streams = self.streams.lock().unwrap_or_else(PoisonError::into_inner);
        let count = streams.entry(account.to_owned()).or_default();
        if *count >= self.max_streams && class != RateClass::Alert {
            return None;
        }
        *count += 1;
        Some(StreamTicket(self.streams.clone(), account.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> Payer {
        Payer::Account(name.to_owned())
    }

    #[test]
    fn a_bucket_allows_a_burst_and_then_its_rate() {
        let rate = Rate { per_second: 2.0, burst: 3.0 };
        let buckets = Buckets::new(Rates { write: rate, ..Rates::default() });
        let write = Budget::Class(RateClass::Write as i32);
        let start = Instant::now();
        let take =
            |millis, who: &str| buckets.take_at(start + Duration::from_millis(millis), write, account(who));
        assert_eq!((0..5).filter(|_| take(0, "a").is_ok()).count(), 3);
        assert_eq!(take(0, "a"), Err(Duration::from_millis(500)));
        assert_eq!(take(0, "b"), Ok(()));
        assert_eq!(take(500, "a"), Ok(()));
        assert!(take(500, "a").is_err());
        assert_eq!((0..9).filter(|_| take(60_000, "a").is_ok()).count(), 3);
    }

    #[test]
    fn alerts_are_never_limited_and_never_shed() {
        let none = Rate { per_second: 0.0, burst: 0.0 };
        let rates = Rates { read: none, write: none, heavy: none, login: none, bad_tokens: none };
        let buckets = Buckets::new(rates);
        assert!(buckets.take(Budget::Class(RateClass::Alert as i32), account("a")).is_ok());
        assert!(buckets.take(Budget::Class(RateClass::Read as i32), account("a")).is_err());
        let config =
            GatewayConfig { max_in_flight: 0, max_streams_per_account: 0, ..GatewayConfig::default() };
        let flight = Flight::new(&config);
        assert!(flight.enter(RateClass::Write).is_none());
        assert!(flight.enter(RateClass::Alert).is_some());
        assert!(flight.open_stream("a", RateClass::Read).is_none());
        assert!(flight.open_stream("a", RateClass::Alert).is_some());
    }

    #[test]
    fn heavy_work_is_turned_away_before_reads_and_reads_before_writes() {
        let flight = Flight::new(&GatewayConfig { max_in_flight: 10, ..GatewayConfig::default() });
        let mut held = Vec::new();
        let mut fill = |class, count| {
            let tickets: Vec<_> = (0..20).map_while(|_| flight.enter(class)).collect();
            assert_eq!(tickets.len(), count, "{class:?}");
            held.extend(tickets);
        };
        fill(RateClass::Heavy, 5);
        fill(RateClass::Read, 3);
        fill(RateClass::Write, 2);
        drop(held);
        assert!(flight.enter(RateClass::Heavy).is_some());
    }

    #[test]
    fn large_bodies_wait_for_room_and_small_ones_never() {
        let flight =
            Flight::new(&GatewayConfig { max_held_body_bytes: 1024 * 1024, ..GatewayConfig::default() });
        let large = flight.hold(1024 * 1024);
        assert!(large.is_some() && flight.hold(512 * 1024).is_none() && flight.hold(64 * 1024).is_some());
        drop(large);
        assert!(flight.hold(512 * 1024).is_some());
    }

    #[test]
    fn an_account_that_closes_a_stream_may_open_another() {
        let flight = Flight::new(&GatewayConfig { max_streams_per_account: 1, ..GatewayConfig::default() });
        let first = flight.open_stream("a", RateClass::Read);
        assert!(first.is_some() && flight.open_stream("a", RateClass::Read).is_none());
        drop(first);
        assert!(flight.open_stream("a", RateClass::Read).is_some());
    }
}
