//! How many calls a second a server takes, learned from when it throttles.

use std::time::Duration;

use tokio::time::Instant;

use crate::bucket::{Bucket, Rate};

/// A rate is measured only over so many calls; fewer say too little.
const ENOUGH: f64 = 5.0;
/// A span that holds a longer pause, or that is longer in all, tells how much was asked and not how much could be.
const LONGEST_PAUSE: Duration = Duration::from_millis(1500);
const LONGEST_SPAN: Duration = Duration::from_mins(2);

/// The rate of a server that tells nothing but when it has had enough. Between two moments at which it had, it took what
/// came back to it in that time: so many calls in so many seconds is its rate. From then on calls are spaced by it, a
/// little faster with each second, until the server throttles again.
#[derive(Debug, Default)]
pub(crate) struct Learned {
    /// Since when calls are counted: a moment at which the server had enough.
    since: Option<Instant>,
    /// Calls sent since then that it did not throttle.
    taken: f64,
    /// A count that waits for the last throttled calls to be known: since when, until when, how many.
    closing: Option<(Option<Instant>, Instant, f64)>,
    /// When the server last had enough.
    throttled: Option<Instant>,
    /// Since when nobody could have called and did not: no call was under way and no window closed.
    idle: Option<Instant>,
    rate: Option<f64>,
    /// Whether the rate was about the same the time before. The first time it may be far too low: while calls waited
    /// for a window, what came back to the server may have been more than it can keep.
    confirmed: bool,
    pace: Option<Bucket>,
}

impl Learned {
    /// Calls a second, as last measured.
    pub(crate) fn rate(&self) -> Option<f64> {
        self.rate
    }

    pub(crate) fn throttled(&mut self, began: Instant, now: Instant) {
        if self.throttled.is_some_and(|at| began <= at) {
            // It was sent before we knew: the same moment, seen once more.
            if let Some((since, _, taken)) = &mut self.closing
                && since.is_none_or(|since| began > since)
            {
                *taken -= 1.0;
            }
            return;
        }
        self.closing = Some((self.since, now, self.taken - 1.0));
        (self.throttled, self.taken) = (Some(now), 0.0);
    }

    /// Nothing is under way from then on, or all wait until then.
    pub(crate) fn idle_from(&mut self, at: Instant) {
        self.idle = self.idle.max(Some(at));
    }

    /// A call is sent: the window is open again, so all that were throttled with the one before are known. `first`:
    /// while no other is under way.
    pub(crate) fn sent(&mut self, first: bool, now: Instant) {
        if let Some((since, until, taken)) = self.closing.take() {
            self.measure(since, until, taken);
        }
        let paused = first && self.idle.is_some_and(|at| now.saturating_duration_since(at) > LONGEST_PAUSE);
        if paused {
            (self.since, self.taken) = (None, 0.0);
        }
        self.taken += 1.0;
        if let Some(pace) = &mut self.pace {
            pace.take(1.0, now);
        }
    }

    fn measure(&mut self, since: Option<Instant>, until: Instant, taken: f64) {
        let span = since.map(|since| until.saturating_duration_since(since)).filter(|s| !s.is_zero());
        let Some(span) = span.filter(|span| *span <= LONGEST_SPAN) else {
            self.since = Some(until);
            return;
        };
        if taken < ENOUGH {
            // It goes on counting; the windows space the calls meanwhile.
            self.taken += taken.max(0.0);
            return;
        }
        let rate = taken / span.as_secs_f64();
        self.confirmed = self.rate.is_some_and(|before| rate < before * 1.25);
        self.rate = Some(rate);
        self.pace = Some(Bucket::new(Rate::per_minute(rate * 60.0).burst(1.0)));
        self.since = Some(until);
    }

    /// When the next call can go.
    pub(crate) fn ready(&mut self, now: Instant) -> Instant {
        let (Some(rate), Some(at), Some(pace)) = (self.rate, self.throttled, &mut self.pace) else {
            return now;
        };
        // One in a hundred more each second, and after half a minute much more: limits are raised, too.
        let quiet = now.saturating_duration_since(at).as_secs_f64();
        let growth =
            if self.confirmed { 1.0 + 0.01 * quiet + (quiet / 30.0).powi(3) } else { (quiet / 4.0).exp2() };
        pace.set_rate(rate * growth, now);
        pace.ready(1.0, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_is_what_was_taken_between_two_moments_of_enough() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut learned = Learned::default();
        learned.sent(true, start);
        learned.throttled(start, after(1));
        assert_eq!(learned.ready(after(2)), after(2), "nothing is known yet");
        for _ in 0..43 {
            learned.sent(false, after(2));
        }
        // Three of them are throttled, and one that is much older.
        for began in [2, 2, 2, 0] {
            learned.throttled(after(began), after(5));
        }
        learned.sent(false, after(6));
        assert_eq!(learned.rate(), Some(10.0));
        let wait = learned.ready(after(6)).duration_since(after(6)).as_millis();
        assert!((80..=100).contains(&wait), "{wait}");
        learned.sent(false, after(600));
        assert!(learned.ready(after(600)) < after(600) + Duration::from_millis(1), "it is forgotten in time");
    }

    #[test]
    fn a_few_calls_measure_nothing_but_add_up() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut learned = Learned::default();
        for n in 0..4 {
            learned.sent(false, after(n));
            learned.sent(false, after(n));
            learned.sent(false, after(n));
            learned.throttled(after(n), after(n) + Duration::from_millis(1));
        }
        assert_eq!(learned.rate(), None);
        learned.sent(false, after(9));
        assert_eq!(learned.rate(), Some(2.0), "six in three seconds");
    }

    #[test]
    fn what_nobody_asked_for_is_not_taken_for_what_nobody_could_have() {
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        for (pause, measured) in [(1, true), (2, false)] {
            let mut learned = Learned::default();
            learned.sent(true, start);
            learned.throttled(start, after(1));
            learned.idle_from(after(1));
            for n in 0..10 {
                learned.sent(true, after(1 + (n + 1) * pause));
                learned.idle_from(after(1 + (n + 1) * pause));
            }
            let last = after(1 + 10 * pause);
            learned.throttled(last, last + Duration::from_secs(1));
            learned.sent(false, last + Duration::from_secs(2));
            assert_eq!(learned.rate().is_some(), measured, "pauses of {pause} s");
        }
        let mut learned = Learned::default();
        learned.sent(true, start);
        learned.throttled(start, after(1));
        for n in 2..200 {
            learned.sent(false, after(n));
        }
        learned.throttled(after(199), after(200));
        learned.sent(false, after(201));
        assert_eq!(learned.rate(), None, "more than two minutes");
    }
}
