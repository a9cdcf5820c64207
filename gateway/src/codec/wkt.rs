//! The well-known types whose JSON is a string: times, durations, field masks.

use super::{
    scalar::Fault,
    wire::{Layout, Malformed, Raw, Values, put_bytes, put_tag, put_varint},
};
use chrono::{DateTime, NaiveDate};

/// 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z.
const SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
/// Ten thousand years.
const MAX_DURATION_SECONDS: i64 = 315_576_000_000;

fn take_digits(rest: &mut &str, count: usize) -> Option<u32> {
    let (digits, tail) = rest.split_at_checked(count)?;
    *rest = tail;
    digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())?
}

fn take(rest: &mut &str, prefix: char) -> Option<()> {
    *rest = rest.strip_prefix(prefix)?;
    Some(())
}

/// Nanoseconds of up to nine digits of a fraction.
fn take_fraction(rest: &mut &str) -> Option<u32> {
    let count = rest.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=9).contains(&count) {
        return None;
    }
    Some(take_digits(rest, count)? * 10_u32.pow(9 - count as u32))
}

/// RFC 3339, with `T`, and `Z` or an offset.
fn parse_timestamp(text: &str) -> Option<(i64, u32)> {
    let rest = &mut { text };
    let year = take_digits(rest, 4)?;
    take(rest, '-')?;
    let month = take_digits(rest, 2)?;
    take(rest, '-')?;
    let date = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, take_digits(rest, 2)?)?;
    take(rest, 'T')?;
    let hour = take_digits(rest, 2)?;
    take(rest, ':')?;
    let minute = take_digits(rest, 2)?;
    take(rest, ':')?;
    let time = date.and_hms_opt(hour, minute, take_digits(rest, 2)?)?;
    let nanos = if take(rest, '.').is_some() { take_fraction(rest)? } else { 0 };
    let offset = if take(rest, 'Z').is_some() {
        0
    } else {
        let sign = if take(rest, '+').is_some() { 1 } else { take(rest, '-').map(|()| -1)? };
        let hours = take_digits(rest, 2).filter(|hours| *hours < 24)?;
        take(rest, ':')?;
        let minutes = take_digits(rest, 2).filter(|minutes| *minutes < 60)?;
        sign * i64::from(hours * 3600 + minutes * 60)
    };
    let seconds = time.and_utc().timestamp() - offset;
    (rest.is_empty() && SECONDS.contains(&seconds)).then_some((seconds, nanos))
}

/// `3.5s`, `-0.25s`.
fn parse_duration(text: &str) -> Option<(i64, i32)> {
    let text = text.strip_suffix('s')?;
    let (negative, rest) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, fraction) = rest.split_once('.').map_or((rest, None), |(whole, part)| (whole, Some(part)));
    if whole.is_empty() || whole.len() > 12 || !whole.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let seconds: i64 = whole.parse().ok().filter(|seconds| *seconds <= MAX_DURATION_SECONDS)?;
    let nanos = match fraction {
        None => 0,
        Some(mut part) => {
            let nanos = take_fraction(&mut part)?;
            i32::try_from(nanos).ok().filter(|_| part.is_empty())?
        }
    };
    Some(if negative { (-seconds, -nanos) } else { (seconds, nanos) })
}

/// Writes seconds and nanos, the two fields that both types have.
fn put_seconds(out: &mut Vec<u8>, seconds: i64, nanos: i32) {
    if seconds != 0 {
        put_tag(out, 1, Layout::Varint);
        put_varint(out, seconds as u64);
    }
    if nanos != 0 {
        put_tag(out, 2, Layout::Varint);
        put_varint(out, i64::from(nanos) as u64);
    }
}

fn get_seconds(wire: &[u8]) -> Result<(i64, i32), Malformed> {
    let (mut seconds, mut nanos) = (0, 0);
    let mut values = Values::new(wire);
    while let Some((number, value)) = values.step()? {
        match (number, value) {
            (1, Raw::Varint(bits)) => seconds = bits as i64,
            (2, Raw::Varint(bits)) => nanos = bits as i32,
            (1 | 2, _) => return Err(Malformed("seconds and nanos are varints")),
            _ => {}
        }
    }
    Ok((seconds, nanos))
}

/// The fraction of a second with 0, 3, 6 or 9 digits.
fn fraction(nanos: u32) -> String {
    match nanos {
        0 => String::new(),
        _ if nanos.is_multiple_of(1_000_000) => format!(".{:03}", nanos / 1_000_000),
        _ if nanos.is_multiple_of(1_000) => format!(".{:06}", nanos / 1_000),
        _ => format!(".{nanos:09}"),
    }
}

pub(super) fn read_timestamp(text: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    let (seconds, nanos) = parse_timestamp(text).ok_or_else(|| Fault::wrong_type("timestamp"))?;
    put_seconds(out, seconds, i32::try_from(nanos).unwrap_or_default());
    Ok(())
}

pub(super) fn write_timestamp(wire: &[u8]) -> Result<String, Malformed> {
    let (seconds, nanos) = get_seconds(wire)?;
    let nanos = u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000);
    let time = DateTime::from_timestamp(seconds, 0).filter(|_| SECONDS.contains(&seconds));
    let (Some(time), Some(nanos)) = (time, nanos) else {
        return Err(Malformed("a timestamp is out of range"));
    };
    Ok(format!("{}{}Z", time.format("%Y-%m-%dT%H:%M:%S"), fraction(nanos)))
}

pub(super) fn read_duration(text: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    let (seconds, nanos) = parse_duration(text).ok_or_else(|| Fault::wrong_type("duration"))?;
    put_seconds(out, seconds, nanos);
    Ok(())
}

pub(super) fn write_duration(wire: &[u8]) -> Result<String, Malformed> {
    let (seconds, nanos) = get_seconds(wire)?;
    let in_range =
        seconds.unsigned_abs() <= MAX_DURATION_SECONDS as u64 && nanos.unsigned_abs() < 1_000_000_000;
    if !in_range || (seconds > 0 && nanos < 0) || (seconds < 0 && nanos > 0) {
        return Err(Malformed("a duration is out of range"));
    }
    let sign = if seconds < 0 || nanos < 0 { "-" } else { "" };
    Ok(format!("{sign}{}{}s", seconds.unsigned_abs(), fraction(nanos.unsigned_abs())))
}

/// `displayName` to `display_name`. Names as in the .proto are taken as they are.
fn to_snake(part: &str) -> String {
    let mut snake = String::with_capacity(part.len() + 4);
    for character in part.chars() {
        if character.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(character.to_ascii_lowercase());
    }
    snake
}

fn to_camel(part: &str) -> String {
    let mut camel = String::with_capacity(part.len());
    let mut upper = false;
    for character in part.chars() {
        if character == '_' {
            upper = true;
        } else if std::mem::take(&mut upper) {
            camel.push(character.to_ascii_uppercase());
        } else {
            camel.push(character);
        }
    }
    camel
}

pub(super) fn read_field_mask(text: &str, out: &mut Vec<u8>) -> Result<(), Fault> {
    for path in text.split(',').filter(|path| !path.is_empty()) {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'.' || byte == b'*';
        if !path.bytes().all(allowed) {
            return Err(Fault::wrong_type("field_mask"));
        }
        put_bytes(out, 1, to_snake(path).as_bytes());
    }
    Ok(())
}

pub(super) fn write_field_mask(wire: &[u8]) -> Result<String, Malformed> {
    let mut text = String::new();
    let mut values = Values::new(wire);
    while let Some((number, value)) = values.step()? {
        let (1, Raw::Bytes(path)) = (number, value) else { continue };
        let path = std::str::from_utf8(path).map_err(|_| Malformed("a path is not UTF-8"))?;
        if !text.is_empty() {
            text.push(',');
        }
        text.push_str(&to_camel(path));
    }
    Ok(text)
}
