//! Scalars beyond numbers and text: decimals, dates, times, spans, UUIDs. Each is made by parsing its text form.

use std::fmt;
use std::str::FromStr;

/// Text that is not of the form of a scalar.
///
/// ```
/// use dspex_core::value::Date;
/// let e = "6 May 2024".parse::<Date>().unwrap_err();
/// assert_eq!(e.to_string(), "expected a date such as 2024-05-06, found \"6 May 2024\"");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found:?}")]
pub struct ScalarError {
    expected: &'static str,
    found: String,
}

impl ScalarError {
    pub(crate) fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.chars().take(80).collect() }
    }
}

/// An exact decimal number, kept as written (`1.50` keeps its zero).
///
/// ```
/// use dspex_core::value::Decimal;
/// let price: Decimal = "1.50".parse()?;
/// assert_eq!(price.to_string(), "1.50");
/// assert_ne!(price, "1.5".parse()?, "what is written counts");
/// assert!("1,50".parse::<Decimal>().is_err());
/// # Ok::<(), dspex_core::value::ScalarError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Decimal(String);

impl FromStr for Decimal {
    type Err = ScalarError;

    fn from_str(s: &str) -> Result<Self, ScalarError> {
        let bad = || ScalarError::new("a decimal number", s);
        let body = s.strip_prefix(['+', '-']).unwrap_or(s);
        if matches!(body.to_ascii_lowercase().as_str(), "nan" | "inf" | "infinity") {
            return Ok(Self(s.to_owned()));
        }
        let (mantissa, exponent) = body.split_once(['e', 'E']).map_or((body, None), |(m, e)| (m, Some(e)));
        let digits = mantissa.replacen('.', "", 1);
        if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(bad());
        }
        if let Some(e) = exponent {
            let e = e.strip_prefix(['+', '-']).unwrap_or(e);
            if e.is_empty() || !e.bytes().all(|b| b.is_ascii_digit()) {
                return Err(bad());
            }
        }
        Ok(Self(s.to_owned()))
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A calendar date, `2024-05-06`.
///
/// ```
/// use dspex_core::value::Date;
/// assert_eq!("2024-02-29".parse::<Date>()?.to_string(), "2024-02-29");
/// assert!("2023-02-29".parse::<Date>().is_err(), "there was no such day");
/// # Ok::<(), dspex_core::value::ScalarError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Date(jiff::civil::Date);

impl FromStr for Date {
    type Err = ScalarError;

    fn from_str(s: &str) -> Result<Self, ScalarError> {
        s.parse().map(Self).map_err(|_| ScalarError::new("a date such as 2024-05-06", s))
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A time of day, `07:08:09`, with or without an offset from UTC.
///
/// ```
/// use dspex_core::value::Time;
/// assert_eq!("07:08:09".parse::<Time>()?.to_string(), "07:08:09");
/// assert_eq!("07:08:09+02:00".parse::<Time>()?.to_string(), "07:08:09+02:00");
/// assert!("25:00:00".parse::<Time>().is_err());
/// # Ok::<(), dspex_core::value::ScalarError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Time {
    civil: jiff::civil::Time,
    offset: Option<jiff::tz::Offset>,
}

impl FromStr for Time {
    type Err = ScalarError;

    fn from_str(s: &str) -> Result<Self, ScalarError> {
        // An offset is read only behind a date, so any date is put before the time.
        let (civil, offset) = pieces(&format!("1970-01-01T{s}"))
            .ok_or_else(|| ScalarError::new("a time such as 07:08:09", s))?;
        Ok(Self { civil: civil.time(), offset })
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.civil.fmt(f)?;
        write_offset(f, self.offset)
    }
}

/// A date and time, `2024-05-06T07:08:09`, with or without an offset from UTC.
///
/// ```
/// use dspex_core::value::DateTime;
/// let noon: DateTime = "2024-05-06T12:00:00Z".parse()?;
/// let there: DateTime = "2024-05-06T14:00:00+02:00".parse()?;
/// assert_eq!(there.to_string(), "2024-05-06T14:00:00+02:00");
/// assert_ne!(noon, there, "the offset counts, though the moment is the same");
/// # Ok::<(), dspex_core::value::ScalarError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct DateTime {
    civil: jiff::civil::DateTime,
    offset: Option<jiff::tz::Offset>,
}

impl FromStr for DateTime {
    type Err = ScalarError;

    fn from_str(s: &str) -> Result<Self, ScalarError> {
        let (civil, offset) = pieces(s)
            .ok_or_else(|| ScalarError::new("a date and time such as 2024-05-06T07:08:09+02:00", s))?;
        Ok(Self { civil, offset })
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.civil.fmt(f)?;
        write_offset(f, self.offset)
    }
}

/// A date and time and the offset behind them.
fn pieces(s: &str) -> Option<(jiff::civil::DateTime, Option<jiff::tz::Offset>)> {
    let pieces = jiff::fmt::temporal::DateTimeParser::new().parse_pieces(s).ok()?;
    Some((pieces.date().to_datetime(pieces.time()?), pieces.to_numeric_offset()))
}

/// Writes an offset from UTC in hours and minutes.
fn write_offset(f: &mut fmt::Formatter<'_>, offset: Option<jiff::tz::Offset>) -> fmt::Result {
    match offset {
        None => Ok(()),
        Some(o) if o.seconds() == 0 => f.write_str("Z"),
        Some(o) => {
            let minutes = o.seconds() / 60;
            let sign = if minutes < 0 { '-' } else { '+' };
            write!(f, "{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
        }
    }
}

/// A span of time in whole microseconds, as Python's `timedelta`. It is written in ISO 8601's form.
///
/// ```
/// use dspex_core::value::TimeDelta;
/// let span = TimeDelta::from_micros(90_500_000);
/// assert_eq!(span.as_secs_f64(), 90.5);
/// assert_eq!(span.to_string(), "PT1M30.5S");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimeDelta {
    micros: i64,
}

impl TimeDelta {
    /// A span of so many microseconds.
    pub fn from_micros(micros: i64) -> Self {
        Self { micros }
    }

    /// The span in microseconds.
    pub fn as_micros(self) -> i64 {
        self.micros
    }

    /// The span in seconds.
    pub fn as_secs_f64(self) -> f64 {
        self.micros as f64 / 1e6
    }
}

impl fmt::Display for TimeDelta {
    /// The ISO 8601 form, `PT1M30S`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, abs) = if self.micros < 0 {
            ("-", self.micros.unsigned_abs())
        } else {
            ("", self.micros.unsigned_abs())
        };
        let (days, rest) = (abs / 86_400_000_000, abs % 86_400_000_000);
        let (secs, micros) = (rest / 1_000_000, rest % 1_000_000);
        write!(f, "{sign}P")?;
        if days > 0 {
            write!(f, "{days}D")?;
        }
        if secs > 0 || micros > 0 || days == 0 {
            f.write_str("T")?;
            let (h, m, s) = (secs / 3600, secs / 60 % 60, secs % 60);
            if h > 0 {
                write!(f, "{h}H")?;
            }
            if m > 0 {
                write!(f, "{m}M")?;
            }
            if micros > 0 {
                write!(f, "{s}.{}S", format!("{micros:06}").trim_end_matches('0'))?;
            } else if s > 0 || (h == 0 && m == 0) {
                write!(f, "{s}S")?;
            }
        }
        Ok(())
    }
}

/// A UUID. It is written in its hyphenated form.
///
/// ```
/// use dspex_core::value::Uuid;
/// let id: Uuid = "67E5504410B1426F9247BB680E5FE0C8".parse()?;
/// assert_eq!(id.to_string(), "67e55044-10b1-426f-9247-bb680e5fe0c8");
/// # Ok::<(), dspex_core::value::ScalarError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Uuid(uuid::Uuid);

impl FromStr for Uuid {
    type Err = ScalarError;

    fn from_str(s: &str) -> Result<Self, ScalarError> {
        uuid::Uuid::parse_str(s).map(Self).map_err(|_| ScalarError::new("a UUID", s))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
