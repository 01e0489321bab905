//! Dates, times and spans, as pydantic's lax mode reads them: ISO 8601 text, or seconds since 1970.

use dspex_core::value::TimeDelta;
use dspex_core::{FieldType, Value};

use super::scalar::Found;
use super::walk::Exactness;

/// Numbers beyond this are milliseconds.
const WATERSHED: i64 = 20_000_000_000;
/// 0000-01-01 and the last second of 9999, in seconds since 1970.
const FIRST: i64 = -62_167_219_200;
const LAST: i64 = 253_402_300_799;
const DAY: i64 = 86_400;

/// A value of a type of time.
pub(super) fn read(value: &Value, ty: &FieldType) -> Found {
    let text = match value {
        Value::Str(s) => Some(s.as_bytes()),
        Value::Bytes(b) => Some(b.as_slice()),
        _ => None,
    };
    let lax = |value| (value, Exactness::Lax);
    match (ty, value) {
        (FieldType::Date, Value::Date(_))
        | (FieldType::DateTime, Value::DateTime(_))
        | (FieldType::Time, Value::Time(_))
        | (FieldType::TimeDelta, Value::TimeDelta(_)) => Some((value.clone(), Exactness::Exact)),
        (FieldType::Date, _) => date(value, text).map(lax),
        (FieldType::DateTime, _) => match (moment(value, text), text) {
            (Some(moment), _) => moment.value().map(lax),
            (None, Some(text)) if text.len() == 10 => Day::parse(text)?.midnight().value().map(lax),
            _ => None,
        },
        (FieldType::Time, _) => match text {
            Some(text) => Clock::parse(text)?.value().map(lax),
            None => Clock::from_number(value)?.value().map(lax),
        },
        (FieldType::TimeDelta, _) => {
            let micros = match text {
                Some(text) => span(text)?,
                None => span_of_number(value)?,
            };
            Some(lax(Value::TimeDelta(TimeDelta::from_micros(i64::try_from(micros).ok()?))))
        }
        _ => None,
    }
}

fn date(value: &Value, text: Option<&[u8]>) -> Option<Value> {
    if let Some(text) = text {
        if text.len() == 10
            && let Some(day) = Day::parse(text)
        {
            return day.value();
        }
        if let Some(number) = whole(text) {
            let (seconds, micros) = seconds_and_micros(number)?;
            let (day, rest) = Day::from_seconds(seconds)?;
            if rest == 0 && micros == 0 {
                return day.value();
            }
        }
    }
    // A point in time at midnight is a date too.
    let moment = moment(value, text)?;
    let midnight = moment.clock.second == 0 && moment.clock.micro == 0;
    if midnight { moment.day.value() } else { None }
}

fn moment(value: &Value, text: Option<&[u8]>) -> Option<Moment> {
    match value {
        _ if text.is_some() => Moment::parse(text?),
        Value::Int(i) => Moment::from_seconds(i.to_i64()?, 0),
        Value::Float(f) => Moment::from_float(*f),
        Value::Date(d) => Some(Day::parse(d.to_string().as_bytes())?.midnight()),
        _ => None,
    }
}

#[derive(Clone, Copy)]
struct Day {
    year: u16,
    month: u8,
    of_month: u8,
}

impl Day {
    /// The first ten bytes as a date.
    fn parse(text: &[u8]) -> Option<Self> {
        let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *text.get(..10)? else { return None };
        let year = u16::from(two(y1, y2)?) * 100 + u16::from(two(y3, y4)?);
        let (month, day) = (two(m1, m2)?, two(d1, d2)?);
        let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
        let most = match month {
            1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
            4 | 6 | 9 | 11 => 30,
            2 => 28 + u8::from(leap),
            _ => return None,
        };
        (1..=most).contains(&day).then_some(Self { year, month, of_month: day })
    }

    /// The day, and the seconds of it that have passed.
    fn from_seconds(seconds: i64) -> Option<(Self, u32)> {
        if !(FIRST..=LAST).contains(&seconds) {
            return None;
        }
        let mut days = seconds.div_euclid(DAY) - FIRST / DAY;
        // 400 years have the same number of days wherever they start.
        let mut year = u16::try_from(days / 146_097 * 400).ok()?;
        days %= 146_097;
        loop {
            let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
            let length = 365 + i64::from(leap);
            if days < length {
                let february = 28 + i64::from(leap);
                let mut month = 1;
                for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] {
                    if days < length {
                        break;
                    }
                    days -= length;
                    month += 1;
                }
                let of_month = u8::try_from(days + 1).ok()?;
                let rest = u32::try_from(seconds.rem_euclid(DAY)).ok()?;
                return Some((Self { year, month, of_month }, rest));
            }
            days -= length;
            year += 1;
        }
    }

    fn midnight(self) -> Moment {
        Moment { day: self, clock: Clock { second: 0, micro: 0, offset: None } }
    }

    fn text(self) -> Option<String> {
        // Python has no year 0.
        (self.year > 0).then(|| format!("{:04}-{:02}-{:02}", self.year, self.month, self.of_month))
    }

    fn value(self) -> Option<Value> {
        self.text()?.parse().ok().map(Value::Date)
    }
}

/// A time of day, with an offset from UTC in seconds or without.
#[derive(Clone, Copy)]
struct Clock {
    second: u32,
    micro: u32,
    offset: Option<i32>,
}

impl Clock {
    fn parse(text: &[u8]) -> Option<Self> {
        let (mut clock, rest) = Self::parse_start(text)?;
        clock.offset = match rest {
            [] => None,
            [b'Z' | b'z'] => Some(0),
            [b'+', rest @ ..] => Some(offset(rest)?),
            // A true minus sign stands for a minus.
            [b'-', rest @ ..] | [0xe2, 0x88, 0x92, rest @ ..] => Some(-offset(rest)?),
            _ => return None,
        };
        Some(clock)
    }

    /// The time at the start of the text, and the rest.
    fn parse_start(text: &[u8]) -> Option<(Self, &[u8])> {
        let [h1, h2, b':', m1, m2, rest @ ..] = text else { return None };
        let (hour, minute) = (two(*h1, *h2)?, two(*m1, *m2)?);
        let (second, micro, rest) = match rest {
            [b':', s1, s2, rest @ ..] => {
                let (micro, rest) = fraction(rest)?;
                (two(*s1, *s2)?, micro, rest)
            }
            [b':', ..] => return None,
            rest => (0, 0, rest),
        };
        if hour > 23 || minute > 59 || second > 59 {
            return None;
        }
        let second = u32::from(hour) * 3600 + u32::from(minute) * 60 + u32::from(second);
        Some((Self { second, micro, offset: None }, rest))
    }

    fn from_seconds(second: u32, micro: u32) -> Option<Self> {
        let second = second.checked_add(micro / 1_000_000)?;
        let clock = Self { second, micro: micro % 1_000_000, offset: Some(0) };
        (i64::from(second) < DAY).then_some(clock)
    }

    fn from_number(value: &Value) -> Option<Self> {
        match value {
            Value::Int(i) => Self::from_seconds(u32::try_from(i.to_i64()?).ok()?, 0),
            Value::Float(f) if f.is_finite() => {
                let micro = micros_of(f.fract().abs());
                Self::from_seconds(u32::try_from(floor(*f)).ok()?, micro)
            }
            _ => None,
        }
    }

    fn text(self) -> String {
        let (h, m, s) = (self.second / 3600, self.second / 60 % 60, self.second % 60);
        format!("{h:02}:{m:02}:{s:02}.{:06}", self.micro)
    }

    fn value(self) -> Option<Value> {
        format!("{}{}", self.text(), self.offset_text()).parse().ok().map(Value::Time)
    }

    fn offset_text(self) -> String {
        match self.offset {
            None => String::new(),
            Some(0) => "Z".into(),
            Some(o) => {
                let sign = if o < 0 { '-' } else { '+' };
                format!("{sign}{:02}:{:02}", o.abs() / 3600, o.abs() / 60 % 60)
            }
        }
    }
}

/// A point in time.
struct Moment {
    day: Day,
    clock: Clock,
}

impl Moment {
    fn parse(text: &[u8]) -> Option<Self> {
        let iso = || {
            let day = Day::parse(text)?;
            let [b'T' | b't' | b' ' | b'_', clock @ ..] = text.get(10..)? else { return None };
            Some(Self { day, clock: Clock::parse(clock)? })
        };
        if let Some(moment) = iso() {
            return Some(moment);
        }
        if let Some(number) = whole(text) {
            return Self::from_seconds(number, 0);
        }
        Self::from_float(float(text)?)
    }

    fn from_float(number: f64) -> Option<Self> {
        if number.is_nan() {
            return None;
        }
        let seconds = if number.abs() > WATERSHED as f64 { number / 1000.0 } else { number };
        let whole = floor(seconds);
        // A second that rounds up to the next is carried over.
        Self::from_seconds(whole, micros_of(seconds - whole as f64))
    }

    fn from_seconds(number: i64, micros: u32) -> Option<Self> {
        let (seconds, more) = seconds_and_micros(number)?;
        let micros = micros.checked_add(more)?;
        let seconds = seconds.checked_add(i64::from(micros / 1_000_000))?;
        let (day, rest) = Day::from_seconds(seconds)?;
        Some(Self { day, clock: Clock::from_seconds(rest, micros % 1_000_000)? })
    }

    fn value(&self) -> Option<Value> {
        format!("{}T{}{}", self.day.text()?, self.clock.text(), self.clock.offset_text())
            .parse()
            .ok()
            .map(Value::DateTime)
    }
}

/// The number of two digits.
fn two(a: u8, b: u8) -> Option<u8> {
    (a.is_ascii_digit() && b.is_ascii_digit()).then(|| (a - b'0') * 10 + (b - b'0'))
}

/// A fraction of a second in microseconds, and what stands behind it. Digits beyond the sixth are dropped.
fn fraction(text: &[u8]) -> Option<(u32, &[u8])> {
    let [b'.' | b',', rest @ ..] = text else { return Some((0, text)) };
    let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let digit = |i: usize| rest[..length].get(i).map_or(0, |b| u32::from(b - b'0'));
    let micros = (0..6).fold(0, |sum, i| sum * 10 + digit(i));
    (length > 0).then(|| (micros, &rest[length..]))
}

/// An offset from UTC, `02:00` or `0200`, in seconds.
fn offset(text: &[u8]) -> Option<i32> {
    let (hours, minutes) = match *text {
        [h1, h2, b':', m1, m2] | [h1, h2, m1, m2] => (two(h1, h2)?, two(m1, m2)?),
        _ => return None,
    };
    (hours < 24 && minutes < 60).then(|| i32::from(hours) * 3600 + i32::from(minutes) * 60)
}

/// A whole number of digits only, with a sign or without.
fn whole(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?;
    text.parse().ok().filter(|n| *n != i64::MIN)
}

/// A number with a point. Words such as `nan` are none.
fn float(text: &[u8]) -> Option<f64> {
    let text = std::str::from_utf8(text).ok()?;
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let point = digits.find(|c: char| !c.is_ascii_digit());
    let plain = point.is_some_and(|i| i > 0 && digits[i..].starts_with('.'));
    if plain { text.parse().ok() } else { None }
}

#[expect(clippy::cast_possible_truncation, reason = "beyond 64 bits it saturates, and no date is there")]
fn floor(f: f64) -> i64 {
    f.floor() as i64
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a part of one second")]
fn micros_of(part: f64) -> u32 {
    (part * 1_000_000.0).round() as u32
}

/// A number since 1970 in seconds, or in milliseconds where it is large.
fn seconds_and_micros(number: i64) -> Option<(i64, u32)> {
    if number.checked_abs()? <= WATERSHED {
        return Some((number, 0));
    }
    let micros = u32::try_from(number.rem_euclid(1000)).ok()? * 1000;
    Some((number.div_euclid(1000), micros))
}

/// The longest span that Python has, in days.
const MAX_DAYS: i128 = 999_999_999;

fn within(micros: i128) -> Option<i128> {
    (micros.abs() / 1_000_000 / i128::from(DAY) <= MAX_DAYS).then_some(micros)
}

fn span_of_number(value: &Value) -> Option<i128> {
    match value {
        Value::Bool(b) => Some(i128::from(*b) * 1_000_000),
        Value::Int(i) => within(i128::from(i.to_i64()?) * 1_000_000),
        Value::Float(f) if !f.is_nan() => {
            let whole = i128::from(floor(f.abs()));
            let micros = whole * 1_000_000 + i128::from(micros_of(f.abs().fract()));
            within(if *f < 0.0 { -micros } else { micros })
        }
        _ => None,
    }
}

/// A span as text in microseconds: `P1DT2H`, `1 day, 02:00:00`, `02:00:00`, `1d`.
fn span(text: &[u8]) -> Option<i128> {
    let (minus, body) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] | rest => (false, rest),
    };
    let micros = match body {
        [] => return None,
        [b'P', rest @ ..] => iso_span(rest)?,
        rest if rest.len() < 5 || rest.iter().any(|b| matches!(b, b'd' | b'D')) => days_and_time(rest)?,
        rest => hours_span(rest)?,
    };
    within(if minus { -micros } else { micros })
}

/// Digits at the start as a number, and the rest.
fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let length = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let number = std::str::from_utf8(&text[..length]).ok()?.parse().ok()?;
    Some((number, &text[length..]))
}

fn iso_span(mut text: &[u8]) -> Option<i128> {
    let (mut micros, mut in_time, mut any, mut fraction_seen) = (0i128, false, text.len(), false);
    while let [first, ..] = text {
        if *first == b'T' {
            if std::mem::replace(&mut in_time, true) {
                return None;
            }
            text = &text[1..];
            continue;
        }
        let (value, rest) = number(text)?;
        if fraction_seen {
            return None;
        }
        let (part, rest) = match rest {
            [b'.' | b',', rest @ ..] => {
                fraction_seen = true;
                let length = rest.iter().take_while(|b| b.is_ascii_digit()).count();
                let digits = std::str::from_utf8(&rest[..length]).ok()?;
                (format!("0.{digits}0").parse::<f64>().ok()?, &rest[length..])
            }
            rest => (0.0, rest),
        };
        let [unit, rest @ ..] = rest else { return None };
        let length = match (in_time, unit) {
            (true, b'H') => 3600,
            (true, b'M') => 60,
            (true, b'S') => 1,
            (false, b'Y') => 365 * DAY,
            (false, b'M') => 30 * DAY,
            (false, b'W') => 7 * DAY,
            (false, b'D') => DAY,
            _ => return None,
        };
        let seconds = i64::from(value).checked_mul(length)?;
        if in_time {
            u32::try_from(seconds).ok()?;
        }
        micros += i128::from(seconds) * 1_000_000;
        let extra = part * length as f64;
        micros += i128::from(floor(extra)) * 1_000_000 + i128::from(micros_of(extra - extra.trunc()));
        text = rest;
        any += 1;
    }
    (any >= 2).then_some(micros)
}

fn days_and_time(text: &[u8]) -> Option<i128> {
    let (days, rest) = number(text)?;
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let [b'd' | b'D', rest @ ..] = rest else { return None };
    let rest = match rest {
        [b'a', b'y', b's', rest @ ..]
        | [b'A', b'Y', b'S', rest @ ..]
        | [b'a', b'y', rest @ ..]
        | [b'A', b'Y', rest @ ..] => rest,
        [b'a' | b'A', ..] => return None,
        rest => rest,
    };
    let rest = rest.strip_prefix(b",").unwrap_or(rest);
    let rest = rest.strip_prefix(b" ").unwrap_or(rest);
    let day = i128::from(DAY) * 1_000_000;
    let time = if rest.is_empty() { 0 } else { hours_span(rest).filter(|t| *t < day)? };
    Some(i128::from(days) * day + time)
}

/// Hours of any number, minutes and seconds.
fn hours_span(text: &[u8]) -> Option<i128> {
    let colon = text.iter().position(|b| *b == b':')?;
    let (hours, rest) = text.split_at(colon);
    if text.len() < 5 || hours.len() > 10 || !hours.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let hours = std::str::from_utf8(hours).ok()?;
    let hours: i64 = if hours.is_empty() { 0 } else { hours.parse().ok()? };
    if hours > 2_400_000_000 {
        return None;
    }
    // Digits beyond microseconds are dropped.
    let rest = rest.get(..13).unwrap_or(rest);
    let clock = [b"00".as_slice(), rest].concat();
    let (clock, tail) = Clock::parse_start(&clock)?;
    let seconds = i128::from(hours) * 3600 + i128::from(clock.second);
    tail.is_empty().then(|| seconds * 1_000_000 + i128::from(clock.micro))
}
