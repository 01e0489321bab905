//! How many calls at once a server takes, learned from how it does.

use std::time::Duration;

use tokio::time::Instant;

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
        if self.lowered.is_none_or(|at| began > at) {
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
}
