//! What a limiter learns of a server: how many calls at once, and how many a second.

use std::time::Duration;

use tokio::time::Instant;

use crate::bucket::{Bucket, Rate};

/// Bounds of a number of calls at once that follows the server: one more for each round of successes, half when it
/// throttles, a little less when it becomes slow.
///
/// ```
/// use dspex_resilience::Adaptive;
/// use std::time::Duration;
/// let adaptive = Adaptive::between(1, 64).slow(Duration::from_secs(20));
/// assert_eq!((adaptive.least, adaptive.most, adaptive.start), (1, 64, 64));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Adaptive {
    /// The least number of calls at once; at least 1.
    pub least: usize,
    /// The greatest.
    pub most: usize,
    /// The number at the start. The greatest, unless set.
    pub start: usize,
    /// A success that takes longer counts as a sign of too many. Nothing is looked at, unless set.
    pub slow: Option<Duration>,
}

impl Adaptive {
    /// Between two bounds, from the greatest on.
    pub fn between(least: usize, most: usize) -> Self {
        Self { least, most, start: most, slow: None }
    }

    /// Starts with that many.
    #[must_use]
    pub fn start(mut self, start: usize) -> Self {
        self.start = start;
        self
    }

    /// Calls that take longer are a sign of too many.
    #[must_use]
    pub fn slow(mut self, slow: Duration) -> Self {
        self.slow = Some(slow);
        self
    }
}

/// The number of calls at once: additive increase, multiplicative decrease.
#[derive(Debug)]
pub(crate) struct Concurrency {
    bounds: Adaptive,
    limit: f64,
    /// When it last became less. Calls that began before say nothing about the new number.
    lowered: Option<Instant>,
}

impl Concurrency {
    pub(crate) fn new(bounds: Adaptive) -> Self {
        let mut this = Self { bounds, limit: 0.0, lowered: None };
        this.set(bounds.start as f64);
        this
    }

    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it lies between two sizes")]
    pub(crate) fn limit(&self) -> usize {
        self.limit as usize
    }

    fn set(&mut self, limit: f64) {
        let least = self.bounds.least.max(1) as f64;
        self.limit = limit.clamp(least, (self.bounds.most as f64).max(least));
    }

    fn lower(&mut self, factor: f64, began: Instant, now: Instant) {
        if self.lowered.is_none_or(|at| began >= at) {
            self.set(self.limit * factor);
            self.lowered = Some(now);
        }
    }

    pub(crate) fn succeeded(&mut self, began: Instant, in_flight: usize, now: Instant) {
        if self.bounds.slow.is_some_and(|slow| now.saturating_duration_since(began) > slow) {
            self.lower(0.9, began, now);
        } else if in_flight.saturating_mul(2) >= self.limit() {
            // A number that is not used proves nothing.
            self.set(self.limit + 1.0 / self.limit);
        }
    }

    pub(crate) fn throttled(&mut self, began: Instant, now: Instant) {
        self.lower(0.5, began, now);
    }
}

/// A rate is measured only over so many answers; fewer say too little.
const ENOUGH: f64 = 5.0;

/// The rate of a server that tells nothing but when it has had enough. Between two moments at which it had, it answered
/// what came back to it in that time: so many calls in so many seconds is its rate. From then on calls are spaced by
/// it, a little faster with each second, until the server throttles again.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    /// When the server last had enough, and what it has answered since.
    empty: Option<(Instant, f64)>,
    rate: Option<f64>,
    pace: Option<Bucket>,
}

impl Learned {
    /// Calls a second, as last measured.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.rate
    }

    pub(crate) fn succeeded(&mut self) {
        if let Some((_, answered)) = &mut self.empty {
            *answered += 1.0;
        }
    }

    pub(crate) fn throttled(&mut self, began: Instant, now: Instant) {
        if let Some((since, answered)) = self.empty {
            if began < since {
                // It was sent before we knew: the same moment, seen once more.
                return;
            }
            let passed = now.saturating_duration_since(since).as_secs_f64();
            if answered >= ENOUGH && passed > 0.0 {
                let rate = answered / passed;
                self.rate = Some(rate);
                self.pace = Some(Bucket::new(Rate::per_minute(rate * 60.0).burst(1.0)));
            } else if let Some(rate) = &mut self.rate {
                // Throttled again with hardly an answer between: what was learned holds no longer.
                *rate /= 2.0;
            }
        }
        self.empty = Some((now, 0.0));
    }

    /// When the next call can go.
    pub(crate) fn ready(&mut self, now: Instant) -> Instant {
        let (Some(rate), Some((since, _)), Some(pace)) = (self.rate, self.empty, &mut self.pace) else {
            return now;
        };
        // One in a hundred more each second, and after half a minute much more: limits are raised, too.
        let quiet = now.saturating_duration_since(since).as_secs_f64();
        pace.set_rate(rate * (1.0 + 0.01 * quiet + (quiet / 30.0).powi(3)), now);
        pace.ready(1.0, now)
    }

    pub(crate) fn take(&mut self, now: Instant) {
        if let Some(pace) = &mut self.pace {
            pace.take(1.0, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_throttled_calls_of_one_moment_lower_the_number_once() {
        let began = Instant::now();
        let mut number = Concurrency::new(Adaptive::between(2, 64));
        let later = began + Duration::from_secs(1);
        for _ in 0..50 {
            number.throttled(began, later);
        }
        assert_eq!(number.limit(), 32);
        for n in 2..20 {
            number.throttled(began + Duration::from_secs(n), began + Duration::from_secs(n));
        }
        assert_eq!(number.limit(), 2, "not below the least");
    }

    #[test]
    fn successes_raise_the_number_only_where_it_is_used() {
        let now = Instant::now();
        let mut number = Concurrency::new(Adaptive::between(1, 64).start(4).slow(Duration::from_secs(1)));
        for _ in 0..100 {
            number.succeeded(now, 1, now);
        }
        assert_eq!(number.limit(), 4);
        for _ in 0..5 {
            number.succeeded(now, 4, now);
        }
        assert_eq!(number.limit(), 5, "one more for a round of successes");
        number.succeeded(now, 5, now + Duration::from_secs(2));
        assert_eq!(number.limit(), 4, "a slow one lowers it by a tenth");
    }

    #[test]
    fn the_rate_is_what_was_answered_between_two_moments_of_enough() {
        let start = Instant::now();
        let mut learned = Learned::default();
        learned.throttled(start, start);
        assert_eq!(learned.ready(start), start, "nothing is known yet");
        for _ in 0..40 {
            learned.succeeded();
        }
        let later = start + Duration::from_secs(4);
        learned.throttled(later, later);
        assert_eq!(learned.rate(), Some(10.0));
        learned.take(later);
        assert_eq!(learned.ready(later).duration_since(later).as_millis(), 100);
        let much_later = later + Duration::from_secs(600);
        learned.take(much_later);
        assert!(learned.ready(much_later) < much_later + Duration::from_millis(1), "it is forgotten in time");
    }
}
