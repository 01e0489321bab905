//! What servers say in headers about waiting and limits, read without an HTTP client and without a clock of its own.
//!
//! Each function takes a look-up of headers by their lower-case name and the time of day. A value that cannot be read,
//! or that is longer than any sound one, counts as absent. Waits are at most [`LONGEST`], so that sums with them cannot
//! overflow and one bad header cannot close a key for a year.

use std::time::{Duration, SystemTime};

use crate::span::{LONGEST, date, moment, plain_seconds, short, span_or_moment, whole};

/// How long the server asks to wait before the next attempt.
///
/// The most specific word wins: `retry-after-ms` (milliseconds), then `retry-after` (seconds, whole or decimal, or a date
/// in any of HTTP's three forms), then the reset of the limit that is used up, i.e. whose `remaining` is 0; of two that
/// are, the later. A date in the past is a wait of zero. Dates count from the reply's own `date` header where there is
/// one, since the server's clock may differ from ours, and from `now` otherwise.
///
/// ```
/// use dspex_resilience::retry_after;
/// use std::time::{Duration, UNIX_EPOCH};
/// let headers = [("retry-after-ms", "1500"), ("retry-after", "2")];
/// let find = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
/// assert_eq!(retry_after(find, UNIX_EPOCH), Some(Duration::from_millis(1500)));
/// assert_eq!(retry_after(|_| Some("abc"), UNIX_EPOCH), None);
/// ```
pub fn retry_after<'a>(header: impl Fn(&str) -> Option<&'a str>, now: SystemTime) -> Option<Duration> {
    let get = |name: &str| header(name).and_then(short);
    let now = get("date").and_then(date).unwrap_or(now);
    let millis = || plain_seconds(get("retry-after-ms")?).map(|ms| ms / 1000);
    let seconds = || {
        let text = get("retry-after")?;
        plain_seconds(text).or_else(|| moment(date(text)?, now))
    };
    millis().or_else(seconds).or_else(|| RateLimits::read(header, now).exhausted()).map(|d| d.min(LONGEST))
}

/// What the server says about trying again: `x-should-retry: true` or `false`. Other values say nothing.
///
/// ```
/// use dspex_resilience::should_retry;
/// assert_eq!(should_retry(|_| Some("false")), Some(false));
/// assert_eq!(should_retry(|_| Some("maybe")), None);
/// ```
pub fn should_retry<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<bool> {
    match header("x-should-retry").and_then(short)? {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

/// What is left of one limit. Each part is absent where the server does not tell it.
///
/// ```
/// use dspex_resilience::Allowance;
/// let mut allowance = Allowance::default();
/// allowance.remaining = Some(0);
/// assert!(allowance.is_exhausted());
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Allowance {
    /// How much is allowed in a period, in requests or tokens.
    pub limit: Option<u64>,
    /// How much of it is left.
    pub remaining: Option<u64>,
    /// How long until all of it is there again.
    pub reset: Option<Duration>,
}

impl Allowance {
    /// Whether nothing is left.
    pub fn is_exhausted(&self) -> bool {
        self.remaining == Some(0)
    }

    fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The limits that a server tells with its replies, for requests and for tokens.
///
/// Read are OpenAI's `x-ratelimit-{limit,remaining,reset}-{requests,tokens}` (spans such as `6m0s`, `20ms`, or seconds),
/// Anthropic's `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-*` (instants in RFC 3339; of the three
/// limits of tokens the one with the least left counts), and the unspecific `x-ratelimit-*` and `ratelimit-*` (seconds,
/// or an instant in Unix seconds or milliseconds as some routers of models send) as those of requests.
///
/// ```
/// use dspex_resilience::RateLimits;
/// use std::time::{Duration, UNIX_EPOCH};
/// let headers = [("x-ratelimit-remaining-tokens", "0"), ("x-ratelimit-reset-tokens", "6m0s")];
/// let find = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
/// let limits = RateLimits::read(find, UNIX_EPOCH);
/// assert_eq!(limits.tokens.reset, Some(Duration::from_secs(360)));
/// assert_eq!(limits.exhausted(), Some(Duration::from_secs(360)));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RateLimits {
    /// The limit of requests.
    pub requests: Allowance,
    /// The limit of tokens.
    pub tokens: Allowance,
}

impl RateLimits {
    /// Reads the limits from headers; `now` is the time of day, for those that are instants.
    pub fn read<'a>(header: impl Fn(&str) -> Option<&'a str>, now: SystemTime) -> Self {
        let get = |name: &str| header(name).and_then(short);
        let now = get("date").and_then(date).unwrap_or(now);
        let read = |name: &dyn Fn(&str) -> String| Allowance {
            limit: get(&name("limit")).and_then(whole),
            remaining: get(&name("remaining")).and_then(whole),
            reset: get(&name("reset")).and_then(|text| span_or_moment(text, now)),
        };
        let openai = |what: &str| read(&|part| format!("x-ratelimit-{part}-{what}"));
        let anthropic = |what: &str| read(&|part| format!("anthropic-ratelimit-{what}-{part}"));
        let plain = |prefix: &str| read(&|part| format!("{prefix}ratelimit-{part}"));
        let first = |all: &[Allowance]| all.iter().copied().find(|a| !a.is_empty()).unwrap_or_default();
        let told =
            ["tokens", "input-tokens", "output-tokens"].map(anthropic).into_iter().filter(|a| !a.is_empty());
        let tightest = told.min_by_key(|a| a.remaining.unwrap_or(u64::MAX)).unwrap_or_default();
        Self {
            requests: first(&[openai("requests"), anthropic("requests"), plain("x-"), plain("")]),
            tokens: first(&[openai("tokens"), tightest]),
        }
    }

    /// How long until the limits that are used up are there again; `None` if none is, or if no reset was told.
    pub fn exhausted(&self) -> Option<Duration> {
        [self.requests, self.tokens].into_iter().filter(Allowance::is_exhausted).filter_map(|a| a.reset).max()
    }
}
