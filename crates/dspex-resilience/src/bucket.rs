//! A token bucket whose level can be corrected afterwards.
//!
//! The crate `governor` was considered: its cells cannot be given back or corrected by what a call really used, and its
//! rate is fixed, while the one here is learned. So this is our own.

use std::time::Duration;

use tokio::time::Instant;

/// How much is allowed: so much a minute, and so much at once.
///
/// ```
/// use dspex_resilience::Rate;
/// let rate = Rate::per_minute(600.0);
/// assert_eq!((rate.per_minute, rate.burst), (600.0, 10.0), "at once, what comes in a second");
/// assert_eq!(Rate::per_minute(60_000.0).burst(5000.0).burst, 5000.0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Rate {
    /// How many come back in a minute. Not a number or below zero counts as zero.
    pub per_minute: f64,
    /// How many can be used at once after a pause.
    pub burst: f64,
}

impl Rate {
    /// So many a minute, and at once what comes in a second, at least one.
    pub fn per_minute(per_minute: f64) -> Self {
        Self { per_minute, burst: (per_minute / 60.0).max(1.0) }
    }

    /// With another amount at once; less than one counts as one.
    #[must_use]
    pub fn burst(mut self, burst: f64) -> Self {
        self.burst = burst;
        self
    }
}

/// The longest time that anything here reckons with.
const FAR: Duration = Duration::from_hours(24);
/// Sums of fractions are a little off; a bucket that lacks less than this lacks nothing.
const NOTHING: f64 = 1e-6;

#[derive(Debug)]
pub(crate) struct Bucket {
    per_second: f64,
    burst: f64,
    level: f64,
    at: Option<Instant>,
}

impl Bucket {
    pub(crate) fn new(rate: Rate) -> Self {
        let burst = rate.burst.max(1.0);
        Self { per_second: (rate.per_minute / 60.0).max(0.0), burst, level: burst, at: None }
    }

    pub(crate) fn set_rate(&mut self, per_second: f64, now: Instant) {
        self.refill(now);
        self.per_second = per_second.max(0.0);
    }

    fn refill(&mut self, now: Instant) {
        let passed = self.at.map_or(Duration::ZERO, |at| now.saturating_duration_since(at));
        self.level = (self.level + passed.as_secs_f64() * self.per_second).min(self.burst);
        self.at = Some(now);
    }

    /// When that many can be taken. More than fits at once can be taken from a full bucket, which then owes the rest.
    pub(crate) fn ready(&mut self, amount: f64, now: Instant) -> Instant {
        self.refill(now);
        let lacks = amount.min(self.burst) - self.level;
        if lacks <= NOTHING {
            return now;
        }
        let wait = Duration::try_from_secs_f64(lacks / self.per_second).unwrap_or(FAR).min(FAR);
        now + wait.max(Duration::from_nanos(1))
    }

    pub(crate) fn take(&mut self, amount: f64, now: Instant) {
        self.refill(now);
        self.level -= amount;
    }

    /// Gives back what was taken and not used; a negative amount takes more.
    pub(crate) fn give(&mut self, amount: f64, now: Instant) {
        self.refill(now);
        self.level = (self.level + amount).min(self.burst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_taken_too_much_comes_back_and_what_is_owed_is_waited_for() {
        let now = Instant::now();
        let mut bucket = Bucket::new(Rate::per_minute(600.0).burst(100.0));
        bucket.take(100.0, now);
        assert_eq!(bucket.ready(10.0, now), now + Duration::from_secs(1));
        bucket.give(60.0, now);
        assert_eq!(bucket.ready(50.0, now), now);
        bucket.give(-160.0, now);
        assert_eq!(bucket.ready(1.0, now).duration_since(now).as_millis(), 10_100);
        assert_eq!(bucket.ready(1e9, now + Duration::from_secs(20)), now + Duration::from_secs(20));
    }

    #[test]
    fn rates_that_make_no_sense_stop_everything_and_do_not_panic() {
        let now = Instant::now();
        for rate in [0.0, -5.0, f64::NAN] {
            let mut bucket = Bucket::new(Rate::per_minute(rate));
            bucket.take(1.0, now);
            assert_eq!(bucket.ready(1.0, now), now + FAR, "{rate}");
        }
    }
}
