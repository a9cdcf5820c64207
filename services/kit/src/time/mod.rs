//! Time: instants that both engines sort alike, a clock that is passed in, the county's calendar.

mod clock;
mod school_year;
mod storage;
#[cfg(test)]
mod tests;

pub use clock::{Clock, ManualClock, SystemClock};
pub use school_year::{SchoolYear, Term, school_year};

use chrono::{DateTime, Duration, FixedOffset, NaiveDate, SubsecRound as _, TimeZone as _, Utc};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::{
    fmt,
    ops::{Add, Sub},
    str::FromStr,
};

/// How an instant is written as text: always 27 characters, so that texts sort as the instants do.
const FORMAT: &str = "%Y-%m-%dT%H:%M:%S%.6fZ";
/// China has one time zone and no summer time.
const SHANGHAI_SECONDS_EAST: i32 = 8 * 3600;

/// An instant in UTC, to the microsecond, between the years 1 and 9999.
///
/// In PostgreSQL it is a `timestamptz`, in SQLite a text of fixed width; written in DDL as `timestamptz`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ts(DateTime<Utc>);

impl Ts {
    /// The instant that many microseconds after 1970-01-01T00:00:00Z; what lies out of range becomes the nearest end of it.
    pub fn from_micros(micros: i64) -> Self {
        match DateTime::from_timestamp_micros(micros) {
            Some(time) => Self::from(time),
            None if micros < 0 => Self(first()),
            None => Self(last()),
        }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.0.timestamp_micros()
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn millis(self) -> i64 {
        self.0.timestamp_millis()
    }

    /// The same instant as chrono has it.
    pub fn utc(self) -> DateTime<Utc> {
        self.0
    }

    /// The same instant on the clocks of the county.
    pub fn shanghai(self) -> DateTime<FixedOffset> {
        self.0.with_timezone(&shanghai_offset())
    }

    /// The date in the county at this instant.
    pub fn shanghai_date(self) -> NaiveDate {
        self.shanghai().date_naive()
    }

    /// Midnight in the county at the start of `date`.
    pub fn start_of(date: NaiveDate) -> Self {
        let midnight = date.and_time(chrono::NaiveTime::MIN);
        match shanghai_offset().from_local_datetime(&midnight).earliest() {
            Some(time) => Self::from(time.with_timezone(&Utc)),
            None => Self(last()),
        }
    }
}

fn first() -> DateTime<Utc> {
    Utc.timestamp_opt(-62_135_596_800, 0).single().unwrap_or(DateTime::<Utc>::MIN_UTC)
}

fn last() -> DateTime<Utc> {
    Utc.timestamp_opt(253_402_300_799, 999_999_000).single().unwrap_or(DateTime::<Utc>::MAX_UTC)
}

fn shanghai_offset() -> FixedOffset {
    FixedOffset::east_opt(SHANGHAI_SECONDS_EAST).unwrap_or_else(|| chrono::Offset::fix(&Utc))
}

impl From<DateTime<Utc>> for Ts {
    fn from(time: DateTime<Utc>) -> Self {
        Self(time.trunc_subsecs(6).clamp(first(), last()))
    }
}

impl From<Ts> for DateTime<Utc> {
    fn from(ts: Ts) -> Self {
        ts.0
    }
}

impl From<Ts> for prost_types::Timestamp {
    fn from(ts: Ts) -> Self {
        let nanos = i32::try_from(ts.0.timestamp_subsec_nanos()).unwrap_or_default();
        Self { seconds: ts.0.timestamp(), nanos }
    }
}

/// A protobuf timestamp that no calendar has: nanoseconds out of range or a year before 1 or after 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an instant between the years 1 and 9999")]
pub struct OutOfRange;

impl TryFrom<prost_types::Timestamp> for Ts {
    type Error = OutOfRange;

    fn try_from(t: prost_types::Timestamp) -> Result<Self, OutOfRange> {
        let nanos = u32::try_from(t.nanos).ok().filter(|n| *n < 1_000_000_000).ok_or(OutOfRange)?;
        let time = DateTime::from_timestamp(t.seconds, nanos).ok_or(OutOfRange)?;
        if time < first() || time > last() + Duration::nanoseconds(999) {
            return Err(OutOfRange);
        }
        Ok(Self::from(time))
    }
}

impl Add<Duration> for Ts {
    type Output = Self;

    /// Later by `by`; stays at the end of the range.
    fn add(self, by: Duration) -> Self {
        match self.0.checked_add_signed(by) {
            Some(time) => Self::from(time),
            None if by < Duration::zero() => Self(first()),
            None => Self(last()),
        }
    }
}

impl Sub<Duration> for Ts {
    type Output = Self;

    /// Earlier by `by`; stays at the end of the range.
    fn sub(self, by: Duration) -> Self {
        match self.0.checked_sub_signed(by) {
            Some(time) => Self::from(time),
            None if by < Duration::zero() => Self(last()),
            None => Self(first()),
        }
    }
}

impl Sub for Ts {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.0 - earlier.0
    }
}

impl fmt::Display for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format(FORMAT))
    }
}

impl fmt::Debug for Ts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Ts {
    type Err = chrono::ParseError;

    /// Reads RFC 3339 with any offset and any number of fraction digits.
    fn from_str(text: &str) -> Result<Self, chrono::ParseError> {
        DateTime::parse_from_rfc3339(text).map(|time| Self::from(time.with_timezone(&Utc)))
    }
}

impl Serialize for Ts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Ts {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
