//! What stands behind the names of faults.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use http::{HeaderName, HeaderValue};
use jiff::{Timestamp, tz::TimeZone};

/// The forms in which servers tell when to come again.
///
/// ```
/// use dspex_testkit::RetryAfter;
/// use std::time::Duration;
/// let epoch = Duration::ZERO;
/// let header = |form: &str| form.parse::<RetryAfter>().map(|form| form.header(epoch));
/// assert_eq!(header("2")?, ("retry-after".into(), "2".into()));
/// assert_eq!(header("ms:1500")?, ("retry-after-ms".into(), "1500".into()));
/// assert_eq!(header("imf:5")?.1, "Thu, 01 Jan 1970 00:00:05 GMT");
/// assert_eq!(header("rfc850:5")?.1, "Thursday, 01-Jan-70 00:00:05 GMT");
/// assert_eq!(header("asctime:5")?.1, "Thu Jan  1 00:00:05 1970");
/// assert_eq!(header("soon")?.1, "soon");
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RetryAfter {
    /// Seconds, or any other text.
    Text(String),
    /// Milliseconds, in `retry-after-ms`.
    Ms(u64),
    /// A span in `x-ratelimit-reset-requests`: `2s`, `6m0s`.
    Reset(String),
    /// A date so many seconds from now, as today's HTTP writes it.
    Imf(i64),
    /// The same in the form of RFC 850.
    Rfc850(i64),
    /// The same in the form of C's `asctime`.
    Asctime(i64),
}

impl RetryAfter {
    /// The header's name and value, where it is so long after 1970.
    pub fn header(&self, since_epoch: Duration) -> (String, String) {
        let date = |offset: i64, form: &str| {
            let now = i64::try_from(since_epoch.as_secs()).unwrap_or(i64::MAX);
            let at = Timestamp::from_second(now.saturating_add(offset)).unwrap_or(Timestamp::UNIX_EPOCH);
            at.to_zoned(TimeZone::UTC).strftime(form).to_string()
        };
        let (name, value) = match self {
            Self::Text(text) => ("retry-after", text.clone()),
            Self::Ms(ms) => ("retry-after-ms", ms.to_string()),
            Self::Reset(span) => ("x-ratelimit-reset-requests", span.clone()),
            Self::Imf(offset) => ("retry-after", date(*offset, "%a, %d %b %Y %H:%M:%S GMT")),
            Self::Rfc850(offset) => ("retry-after", date(*offset, "%A, %d-%b-%y %H:%M:%S GMT")),
            Self::Asctime(offset) => ("retry-after", date(*offset, "%a %b %e %H:%M:%S %Y")),
        };
        (name.to_owned(), value)
    }
}

impl FromStr for RetryAfter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let Some((form, x)) = text.split_once(':') else { return Ok(Self::Text(text.to_owned())) };
        let seconds =
            || x.parse::<i64>().map_err(|_| format!("expected seconds behind `{form}:`, found `{x}`"));
        Ok(match form {
            "ms" => Self::Ms(x.parse().map_err(|_| format!("expected milliseconds, found `{x}`"))?),
            "reset" => Self::Reset(x.to_owned()),
            "imf" => Self::Imf(seconds()?),
            "rfc850" => Self::Rfc850(seconds()?),
            "asctime" => Self::Asctime(seconds()?),
            _ => Self::Text(text.to_owned()),
        })
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text(text) => f.write_str(text),
            Self::Ms(ms) => write!(f, "ms:{ms}"),
            Self::Reset(span) => write!(f, "reset:{span}"),
            Self::Imf(s) => write!(f, "imf:{s}"),
            Self::Rfc850(s) => write!(f, "rfc850:{s}"),
            Self::Asctime(s) => write!(f, "asctime:{s}"),
        }
    }
}

/// What is wrong with the counts of tokens.
///
/// ```
/// use dspex_testkit::UsageFault;
/// assert_eq!("negative".parse(), Ok(UsageFault::Negative));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum UsageFault {
    /// They are not there.
    Missing,
    /// They are null.
    Null,
    /// They are -1.
    Negative,
    /// They are 2^63.
    Huge,
}

/// How the lines of a stream end.
///
/// ```
/// use dspex_testkit::LineEnds;
/// assert_eq!("crlf".parse(), Ok(LineEnds::Crlf));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineEnds {
    /// In a carriage return and a line feed.
    Crlf,
    /// In a carriage return.
    Cr,
}

/// Types that are one of a few words.
macro_rules! words {
    ($type:ident: $($word:literal => $variant:ident),+) => {
        impl FromStr for $type {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                match text {
                    $($word => Ok(Self::$variant),)+
                    _ => Err(format!("expected one of {}, found `{text}`", [$(concat!("`", $word, "`")),+].join(", "))),
                }
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$variant => $word,)+
                })
            }
        }
    };
}

words!(UsageFault: "missing" => Missing, "null" => Null, "negative" => Negative, "huge" => Huge);
words!(LineEnds: "crlf" => Crlf, "cr" => Cr);

pub(super) fn status(text: &str) -> Result<u16, String> {
    let status = text.parse().ok().filter(|s| (200..600).contains(s));
    status.ok_or_else(|| format!("expected a status from 200 to 599, found `{text}`"))
}

pub(super) fn boolean(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| format!("expected true or false, found `{text}`"))
}

pub(super) fn url(text: &str) -> Result<String, String> {
    HeaderValue::from_str(text).map_err(|_| format!("expected a URL, found `{text}`"))?;
    Ok(text.to_owned())
}

pub(super) fn header(text: &str) -> Result<(String, String), String> {
    let wrong = || format!("expected a header as NAME=VALUE, found `{text}`");
    let (name, value) = text.split_once('=').ok_or_else(wrong)?;
    if name.parse::<HeaderName>().is_err() || HeaderValue::from_str(value).is_err() {
        return Err(wrong());
    }
    Ok((name.to_owned(), value.to_owned()))
}
