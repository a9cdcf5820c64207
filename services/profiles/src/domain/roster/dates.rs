//! Dates and months, in the ways in which people write them.

use super::sheet::Kind;
use chrono::{Datelike as _, Days, NaiveDate};

/// Why a text is no date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateFault {
    /// In no form that we know.
    Format,
    /// In a good form, but there is no such day.
    Impossible,
}

/// Reads a date: a day number of a spreadsheet, `2013-9-1`, `2013/09/01`, `2013.9.1`, `2013年9月1日`, `20130901`; a time of day after it is left out.
///
/// # Errors
/// [`DateFault`].
pub fn date(kind: Kind, text: &str, from_1904: bool) -> Result<NaiveDate, DateFault> {
    let text = without_time(text);
    if let Some(serial) = serial(kind, text) {
        return day_of(serial, from_1904).ok_or(DateFault::Impossible);
    }
    let (year, month, day) = match parts(text).ok_or(DateFault::Format)?.as_slice() {
        [whole] if whole.len() == 8 => {
            (number(whole.get(..4)), number(whole.get(4..6)), number(whole.get(6..)))
        }
        [year, month, day] if year.len() == 4 => (number(Some(year)), number(Some(month)), number(Some(day))),
        _ => return Err(DateFault::Format),
    };
    let (year, month, day) = (year?, month?, day?);
    NaiveDate::from_ymd_opt(year as i32, month, day)
        .filter(|date| (1900..2100).contains(&date.year()))
        .ok_or(DateFault::Impossible)
}

/// The first day of a month: `202609`, `2026-09`, `2026/9`, `2026.9`, `2026年9月`, or any date in it.
///
/// # Errors
/// [`DateFault`].
pub fn month(kind: Kind, text: &str, from_1904: bool) -> Result<NaiveDate, DateFault> {
    let text = without_time(text);
    let (year, month) = match parts(text).as_deref() {
        Some([whole]) if whole.len() == 6 && kind != Kind::Day => {
            (number(whole.get(..4))?, number(whole.get(4..))?)
        }
        Some([year, month]) if year.len() == 4 && kind != Kind::Day && !text.ends_with('日') => {
            (number(Some(year))?, number(Some(month))?)
        }
        _ => {
            let day = date(kind, text, from_1904)?;
            (day.year() as u32, day.month())
        }
    };
    NaiveDate::from_ymd_opt(year as i32, month, 1)
        .filter(|date| (1990..2100).contains(&date.year()))
        .ok_or(DateFault::Impossible)
}

/// The number of a day: what a spreadsheet shows as a date, or five digits that stand alone.
fn serial(kind: Kind, text: &str) -> Option<u32> {
    let whole = text.split('.').next().unwrap_or_default();
    let plausible = kind == Kind::Day
        || whole.len() == 5
            && (kind == Kind::Number || text.len() == 5)
            && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    if plausible { whole.parse().ok() } else { None }
}

fn day_of(serial: u32, from_1904: bool) -> Option<NaiveDate> {
    // Excel believes that 1900 was a leap year: day 60 is the day that never was.
    let epoch = match (from_1904, serial) {
        (true, _) => NaiveDate::from_ymd_opt(1904, 1, 1)?,
        (false, 0 | 60) => return None,
        (false, 1..60) => NaiveDate::from_ymd_opt(1899, 12, 31)?,
        (false, _) => NaiveDate::from_ymd_opt(1899, 12, 30)?,
    };
    epoch.checked_add_days(Days::new(u64::from(serial))).filter(|date| date.year() < 2100)
}

/// The groups of digits of a date, if nothing else stands between them than what belongs into dates.
fn parts(text: &str) -> Option<Vec<&str>> {
    let text = text.trim_end_matches(['日', '号', '月', '年']);
    if !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '/' | '.' | '年' | '月' | ' ')) {
        return None;
    }
    let parts: Vec<&str> = text.split(['-', '/', '.', '年', '月']).map(str::trim).collect();
    let digits = parts.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()));
    digits.then_some(parts)
}

/// `2013-09-01 00:00:00` and `2013-09-01T00:00:00.000` without what follows the day.
fn without_time(text: &str) -> &str {
    match text.split_once([' ', 'T']) {
        Some((day, time))
            if time.contains(':')
                && time.chars().all(|c| c.is_ascii_digit() || matches!(c, ':' | '.' | 'Z')) =>
        {
            day
        }
        _ => text,
    }
}

fn number(digits: Option<&str>) -> Result<u32, DateFault> {
    digits.and_then(|digits| digits.parse().ok()).ok_or(DateFault::Format)
}
