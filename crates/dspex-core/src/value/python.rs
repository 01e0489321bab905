//! Values as Python's `str()` writes them, where prompts otherwise spell them their own way.

use super::Value;
use super::scalar::TimeDelta;
use super::text::{UnsupportedKind, bytes_repr};

impl Value {
    /// The value as an f-string of Python writes it: members of enumerations by their names, bytes as a literal, dates
    /// with times in Python's spelling; else as [`to_text`](Self::to_text).
    ///
    /// ```
    /// use dspex_core::Value;
    /// use dspex_core::value::TimeDelta;
    /// assert_eq!(Value::from(vec!["a", "b"]).to_python_str()?, "['a', 'b']");
    /// assert_eq!(Value::Bytes(b"ab".to_vec()).to_python_str()?, "b'ab'");
    /// assert_eq!(Value::DateTime("2024-05-06T07:08:09.5Z".parse().unwrap()).to_python_str()?,
    ///     "2024-05-06 07:08:09.500000+00:00");
    /// assert_eq!(Value::TimeDelta(TimeDelta::from_micros(-1_000_000)).to_python_str()?, "-1 day, 23:59:59");
    /// # Ok::<(), dspex_core::value::text::UnsupportedKind>(())
    /// ```
    pub fn to_python_str(&self) -> Result<String, UnsupportedKind> {
        Ok(match self {
            Self::Enum(e) => format!("{}.{}", e.type_name, e.member),
            Self::Bytes(bytes) => bytes_repr(bytes),
            Self::Complex(..) => self.to_repr()?,
            Self::DateTime(at) => {
                let text = at.to_string();
                match text.split_once('T') {
                    Some((date, time)) => [date, " ", &clock(time)].concat(),
                    None => text,
                }
            }
            Self::Time(time) => clock(&time.to_string()),
            Self::TimeDelta(span) => span_text(*span),
            other => other.to_text()?,
        })
    }
}

/// A time of day with six digits of a second, if any, and an offset in numbers.
fn clock(time: &str) -> String {
    let (time, offset) = match time.find(['+', '-', 'Z']) {
        Some(at) if &time[at..] == "Z" => (&time[..at], "+00:00"),
        Some(at) => time.split_at(at),
        None => (time, ""),
    };
    match time.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{fraction:0<6}{offset}"),
        None => [time, offset].concat(),
    }
}

/// A span as days, which may be less than none, and a time of day.
fn span_text(span: TimeDelta) -> String {
    const DAY: i64 = 86_400_000_000;
    let (days, rest) = (span.as_micros().div_euclid(DAY), span.as_micros().rem_euclid(DAY));
    let (seconds, micros) = (rest / 1_000_000, rest % 1_000_000);
    let days = match days {
        0 => String::new(),
        1 | -1 => format!("{days} day, "),
        _ => format!("{days} days, "),
    };
    let fraction = if micros == 0 { String::new() } else { format!(".{micros:06}") };
    format!("{days}{}:{:02}:{:02}{fraction}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
