//! When school is in: yellow alerts wait for it, orange and red ones do not.

use chrono::{Datelike as _, Duration, Timelike as _};
use xinqiao_kit::time::Ts;

/// Days to look ahead for the next day of school. A calendar without any day of school is refused when it is made.
const DAYS_AHEAD: i64 = 8;

/// Days and hours of school, Shanghai time. A local default (county settings).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    days: [bool; 7],
    from_hour: u32,
    until_hour: u32,
}

/// A calendar in which school is never in, or whose days or hours do not exist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("school_days must name days from 1 (Monday) to 7, school_hours a first and a later hour up to 24")]
pub struct NoSchool;

impl Calendar {
    /// School on these days (1 is Monday) from one hour until another.
    ///
    /// # Errors
    /// [`NoSchool`] if that is never.
    pub fn new(days: &[u32], hours: [u32; 2]) -> Result<Self, NoSchool> {
        let mut week = [false; 7];
        for day in days {
            let index = day.checked_sub(1).and_then(|index| usize::try_from(index).ok()).ok_or(NoSchool)?;
            *week.get_mut(index).ok_or(NoSchool)? = true;
        }
        let [from_hour, until_hour] = hours;
        let possible = week.contains(&true) && from_hour < until_hour && until_hour <= 24;
        if possible { Ok(Self { days: week, from_hour, until_hour }) } else { Err(NoSchool) }
    }

    /// Whether school is in.
    pub fn is_open(&self, at: Ts) -> bool {
        let local = at.shanghai();
        let day = usize::try_from(local.weekday().num_days_from_monday()).unwrap_or_default();
        self.days.get(day).copied().unwrap_or_default()
            && (self.from_hour..self.until_hour).contains(&local.hour())
    }

    /// The first moment of school from `at` on: `at` itself while school is in.
    pub fn next_open(&self, at: Ts) -> Ts {
        if self.is_open(at) {
            return at;
        }
        let morning = Duration::hours(i64::from(self.from_hour));
        (0..DAYS_AHEAD)
            .map(|days| Ts::start_of(at.shanghai_date() + Duration::days(days)) + morning)
            .find(|opening| *opening > at && self.is_open(*opening))
            .unwrap_or(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Ts {
        text.parse().unwrap()
    }

    #[test]
    fn school_is_in_on_weekdays_from_eight_to_six() {
        let calendar = Calendar::new(&[1, 2, 3, 4, 5], [8, 18]).unwrap();
        for (now, next) in [
            ("2026-11-23T09:00:00+08:00", "2026-11-23T09:00:00+08:00"), // a Monday morning
            ("2026-11-23T07:59:59+08:00", "2026-11-23T08:00:00+08:00"),
            ("2026-11-23T18:00:00+08:00", "2026-11-24T08:00:00+08:00"),
            ("2026-11-27T20:00:00+08:00", "2026-11-30T08:00:00+08:00"), // a Friday evening
            ("2026-11-28T12:00:00+08:00", "2026-11-30T08:00:00+08:00"), // a Saturday
        ] {
            assert_eq!(calendar.next_open(at(now)), at(next), "{now}");
            assert_eq!(calendar.is_open(at(now)), now == next, "{now}");
        }
    }

    #[test]
    fn a_calendar_without_school_is_refused() {
        for (days, hours) in [
            (&[][..], [8, 18]),
            (&[0][..], [8, 18]),
            (&[8][..], [8, 18]),
            (&[1][..], [18, 8]),
            (&[1][..], [8, 25]),
        ] {
            assert_eq!(Calendar::new(days, hours), Err(NoSchool), "{days:?} {hours:?}");
        }
    }
}
