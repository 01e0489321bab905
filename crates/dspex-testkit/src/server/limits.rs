//! Rate limits of a provider: buckets of requests and of tokens, and the headers that tell of them.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::time::Instant;

use super::share::duration;

/// Whose headers a server tells its limits with.
///
/// ```
/// use dspex_testkit::LimitHeaders;
/// assert_eq!("anthropic".parse(), Ok(LimitHeaders::Anthropic));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum LimitHeaders {
    /// `x-ratelimit-remaining-requests`, `retry-after-ms`, ...
    #[default]
    OpenAi,
    /// `anthropic-ratelimit-requests-remaining`, `retry-after`, ...
    Anthropic,
}

impl std::str::FromStr for LimitHeaders {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "openai" => Ok(Self::OpenAi),
            "anthropic" => Ok(Self::Anthropic),
            _ => Err(format!("expected openai or anthropic, found `{text}`")),
        }
    }
}

/// How many requests, and how many tokens, a server takes. A bucket of each refills steadily; what finds one empty is a 429
/// that tells when to come again. A request counts a token for each four bytes of its body, and those it may have written.
///
/// ```
/// use dspex_testkit::{LimitHeaders, RateLimit, Script, Answer, TestServer};
/// # dspex_testkit::block_on(async {
/// let limit = RateLimit::requests("10/s".parse()?).burst(20).tokens_per_minute(90_000).headers(LimitHeaders::OpenAi);
/// let server = TestServer::script(Script::always(Answer::text("Paris"))).rate_limit(limit).start().await;
/// # let _ = server;
/// # Ok::<(), String>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RateLimit {
    requests: Option<Rate>,
    burst: Option<u32>,
    tokens: Option<Rate>,
    headers: LimitHeaders,
}

/// So many in a span: `10/s`, `500/m`, `3/200ms`.
///
/// ```
/// use dspex_testkit::Rate;
/// assert_eq!("600/m".parse::<Rate>()?.per_second(), 10.0);
/// assert!("0/s".parse::<Rate>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    count: u32,
    span: Duration,
}

impl Rate {
    /// How many in a second.
    pub fn per_second(&self) -> f64 {
        f64::from(self.count) / self.span.as_secs_f64()
    }
}

impl std::str::FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("expected a rate such as 10/s or 500/m, found `{text}`");
        let (count, span) = text.split_once('/').ok_or_else(wrong)?;
        let one = if span.starts_with(|c: char| c.is_ascii_digit()) { "" } else { "1" };
        let span = duration(&format!("{one}{span}")).map_err(|_| wrong())?;
        let count = count.parse().ok().filter(|n| *n > 0).ok_or_else(wrong)?;
        if span.is_zero() { Err(wrong()) } else { Ok(Self { count, span }) }
    }
}

impl RateLimit {
    /// So many requests.
    pub fn requests(rate: Rate) -> Self {
        Self { requests: Some(rate), ..Self::default() }
    }

    /// So many requests at once after a pause; unless set, as many as the rate has.
    #[must_use]
    pub fn burst(mut self, burst: u32) -> Self {
        self.burst = Some(burst.max(1));
        self
    }

    /// So many tokens a minute, all of which may come at once.
    #[must_use]
    pub fn tokens_per_minute(mut self, tokens: u32) -> Self {
        self.tokens = Some(Rate { count: tokens.max(1), span: Duration::from_mins(1) });
        self
    }

    /// Whose headers tell of it.
    #[must_use]
    pub fn headers(mut self, headers: LimitHeaders) -> Self {
        self.headers = headers;
        self
    }
}

/// The buckets of a server.
#[derive(Debug)]
pub(super) struct Limits {
    buckets: Mutex<[Option<Bucket>; 2]>,
    headers: LimitHeaders,
}

#[derive(Debug)]
struct Bucket {
    per_second: f64,
    most: f64,
    level: f64,
    at: Instant,
}

/// What the buckets say of one request.
pub(super) struct Verdict {
    /// How long until it would be taken; zero where it is.
    pub(super) wait: Duration,
    pub(super) headers: Vec<(String, String)>,
}

impl Limits {
    pub(super) fn new(limit: RateLimit) -> Self {
        let bucket = |rate: Rate, most: u32| Bucket {
            per_second: rate.per_second(),
            most: f64::from(most),
            level: f64::from(most),
            at: Instant::now(),
        };
        let requests = limit.requests.map(|rate| bucket(rate, limit.burst.unwrap_or(rate.count)));
        let tokens = limit.tokens.map(|rate| bucket(rate, rate.count));
        Self { buckets: Mutex::new([requests, tokens]), headers: limit.headers }
    }

    /// Takes one request of so many tokens, or nothing.
    pub(super) fn take(&self, tokens: u64, since_epoch: Duration) -> Verdict {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let wanted = [1.0, tokens as f64];
        let mut wait = Duration::ZERO;
        for (bucket, wanted) in buckets.iter_mut().zip(wanted) {
            if let Some(bucket) = bucket {
                bucket.refill(now);
                wait = wait.max(bucket.until(wanted.min(bucket.most)));
            }
        }
        if wait.is_zero() {
            for (bucket, wanted) in buckets.iter_mut().zip(wanted) {
                if let Some(bucket) = bucket {
                    bucket.level -= wanted.min(bucket.most);
                }
            }
        }
        let mut headers = Vec::new();
        for (bucket, what) in buckets.iter().zip(["requests", "tokens"]) {
            if let Some(bucket) = bucket {
                self.tell(&mut headers, bucket, what, since_epoch);
            }
        }
        if !wait.is_zero() {
            headers.push(("retry-after".into(), wait.as_secs_f64().ceil().to_string()));
            if self.headers == LimitHeaders::OpenAi {
                headers.push(("retry-after-ms".into(), wait.as_millis().saturating_add(1).to_string()));
            }
        }
        Verdict { wait, headers }
    }

    fn tell(&self, headers: &mut Vec<(String, String)>, bucket: &Bucket, what: &str, since_epoch: Duration) {
        let (limit, left) = (bucket.most.to_string(), bucket.level.max(0.0).floor().to_string());
        let full = bucket.until(bucket.most);
        match self.headers {
            LimitHeaders::OpenAi => {
                headers.push((format!("x-ratelimit-limit-{what}"), limit));
                headers.push((format!("x-ratelimit-remaining-{what}"), left));
                headers.push((format!("x-ratelimit-reset-{what}"), span(full)));
            }
            LimitHeaders::Anthropic => {
                let at = i64::try_from((since_epoch + full).as_secs().saturating_add(1)).unwrap_or_default();
                let at = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
                headers.push((format!("anthropic-ratelimit-{what}-limit"), limit));
                headers.push((format!("anthropic-ratelimit-{what}-remaining"), left));
                headers.push((format!("anthropic-ratelimit-{what}-reset"), at.to_string()));
            }
        }
    }
}

impl Bucket {
    fn refill(&mut self, now: Instant) {
        let gained = now.duration_since(self.at).as_secs_f64() * self.per_second;
        (self.level, self.at) = ((self.level + gained).min(self.most), now);
    }

    /// How long until it holds so much.
    fn until(&self, wanted: f64) -> Duration {
        Duration::from_secs_f64(((wanted - self.level) / self.per_second).max(0.0))
    }
}

/// A span as OpenAI writes it: `20ms`, `1.5s`, `6m0s`.
fn span(span: Duration) -> String {
    let ms = span.as_millis();
    match ms {
        0..1_000 => format!("{ms}ms"),
        1_000..60_000 => format!("{}s", ms as f64 / 1_000.0),
        _ => format!("{}m{}s", ms / 60_000, (ms % 60_000) as f64 / 1_000.0),
    }
}

#[cfg(test)]
mod tests {
    use super::{LimitHeaders, Limits, RateLimit, span};
    use std::time::Duration;

    #[test]
    fn spans_are_written_as_openai_does() {
        let table = [(20, "20ms"), (1_500, "1.5s"), (360_000, "6m0s"), (0, "0ms")];
        for (ms, text) in table {
            assert_eq!(span(Duration::from_millis(ms)), text);
        }
    }

    #[test]
    fn a_bucket_refills_and_a_long_request_is_not_shut_out_for_ever() {
        crate::block_on(async {
            tokio::time::pause();
            let limit = RateLimit::requests("10/s".parse().unwrap()).burst(2).tokens_per_minute(600);
            let limits = Limits::new(limit.headers(LimitHeaders::OpenAi));
            let mut waits = Vec::new();
            for _ in 0..3 {
                waits.push(limits.take(1, Duration::ZERO).wait.as_millis());
            }
            assert_eq!(waits, [0, 0, 100]);
            tokio::time::advance(Duration::from_millis(101)).await;
            assert!(limits.take(1, Duration::ZERO).wait.is_zero());
            tokio::time::advance(Duration::from_mins(1)).await;
            assert!(limits.take(1_000_000, Duration::ZERO).wait.is_zero(), "more than the bucket ever holds");
            tokio::time::advance(Duration::from_secs(1)).await;
            let next = limits.take(20, Duration::ZERO);
            assert_eq!(next.wait, Duration::from_secs(1));
            assert!(next.headers.contains(&("retry-after".into(), "1".into())), "{:?}", next.headers);
        });
    }
}
