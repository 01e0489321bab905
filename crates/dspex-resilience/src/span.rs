//! The forms in which servers write times: seconds, spans with units, dates, instants.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The longest wait that a header can ask for: a day.
pub const LONGEST: Duration = Duration::from_hours(24);

/// No sound value is longer, in bytes.
const MOST_BYTES: usize = 64;

/// Numbers from here on are instants in seconds since 1970 (2001 is 1e9), and a thousand times that in milliseconds.
const AN_INSTANT: f64 = 1e9;

/// The text of a header without the space around it, unless it is too long to be sound.
pub(crate) fn short(text: &str) -> Option<&str> {
    (text.len() <= MOST_BYTES).then(|| text.trim())
}

/// A count.
pub(crate) fn whole(text: &str) -> Option<u64> {
    text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Digits with at most one point among them: no sign, no exponent, no `inf`.
fn decimal(text: &str) -> Option<f64> {
    let plain = text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    (plain && text.bytes().any(|b| b.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn seconds(number: f64) -> Duration {
    Duration::try_from_secs_f64(number).unwrap_or(LONGEST).min(LONGEST)
}

/// A number of seconds. (Also of milliseconds, divided later: hence not yet cut at [`LONGEST`].)
pub(crate) fn plain_seconds(text: &str) -> Option<Duration> {
    decimal(text).map(|n| Duration::try_from_secs_f64(n).unwrap_or(Duration::MAX))
}

/// A date in one of HTTP's three forms.
pub(crate) fn date(text: &str) -> Option<SystemTime> {
    httpdate::parse_http_date(text).ok()
}

/// How long until an instant; zero if it has passed.
#[expect(clippy::unnecessary_wraps, reason = "it ends chains of options")]
pub(crate) fn moment(at: SystemTime, now: SystemTime) -> Option<Duration> {
    Some(at.duration_since(now).unwrap_or_default().min(LONGEST))
}

/// A span with units, a number of seconds, an instant as a number, or one in RFC 3339.
pub(crate) fn span_or_moment(text: &str, now: SystemTime) -> Option<Duration> {
    if let Some(number) = decimal(text) {
        let since_1970 = match number {
            n if n >= AN_INSTANT * 1000.0 => n / 1000.0,
            n if n >= AN_INSTANT => n,
            n => return Some(seconds(n)),
        };
        let at = Duration::try_from_secs_f64(since_1970).ok().and_then(|d| UNIX_EPOCH.checked_add(d));
        return at.map_or(Some(LONGEST), |at| moment(at, now));
    }
    units(text).or_else(|| moment(rfc3339(text)?, now))
}

fn rfc3339(text: &str) -> Option<SystemTime> {
    text.parse::<jiff::Timestamp>().ok().map(SystemTime::from)
}

/// A span such as `1h2m3.5s`: numbers with units, the larger first as in the source of the header.
fn units(text: &str) -> Option<Duration> {
    let mut rest = text;
    let mut sum = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number = decimal(&rest[..end])?;
        rest = &rest[end..];
        let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        sum += number * unit(&rest[..end])?;
        rest = &rest[end..];
    }
    (!text.is_empty()).then(|| seconds(sum))
}

/// A unit in seconds.
fn unit(name: &str) -> Option<f64> {
    Some(match name {
        "d" => 86_400.0,
        "h" => 3600.0,
        "m" => 60.0,
        "s" => 1.0,
        "ms" => 1e-3,
        "us" | "µs" | "μs" => 1e-6,
        "ns" => 1e-9,
        _ => return None,
    })
}
