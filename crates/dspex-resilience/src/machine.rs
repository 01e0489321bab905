//! The states of a breaker, as a function of events and times: nothing here reads a clock.

use std::time::Duration;

use tokio::time::Instant;

use crate::breaker::{BreakerPolicy, BreakerState};
use crate::fault::{Class, Outcome};

/// How many parts the span of the share has. Whole parts are forgotten.
const PARTS: usize = 10;

/// A call that was let through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Which period of the breaker it belongs to. Calls that began before a change say nothing about what is now.
    period: u64,
    pub(crate) probe: bool,
}

/// Why a call was not let through.
#[derive(Debug)]
pub(crate) struct Shut {
    pub(crate) until: Instant,
    pub(crate) cause: Class,
    pub(crate) probing: bool,
}

/// A change of state that an outcome made.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Opened { wait: Duration, cause: Class },
    Closed,
}

#[derive(Clone, Copy, Debug)]
enum State {
    Closed,
    Open {
        until: Instant,
        cause: Class,
    },
    /// A probe is under way, or was dropped.
    HalfOpen {
        probing: bool,
        cause: Class,
    },
}

#[derive(Debug)]
pub(crate) struct Machine {
    policy: BreakerPolicy,
    state: State,
    period: u64,
    /// How often it opened without closing between.
    opened: u32,
    in_a_row: u32,
    counts: Counts,
}

impl Machine {
    pub(crate) fn new(policy: BreakerPolicy) -> Self {
        let counts = Counts::new(policy.over);
        Self { policy, state: State::Closed, period: 0, opened: 0, in_a_row: 0, counts }
    }

    pub(crate) fn state(&self, now: Instant) -> BreakerState {
        match self.state {
            State::Closed => BreakerState::Closed,
            State::Open { until, .. } if until > now => BreakerState::Open { until },
            State::Open { .. } => BreakerState::HalfOpen { probing: false },
            State::HalfOpen { probing, .. } => BreakerState::HalfOpen { probing },
        }
    }

    pub(crate) fn enter(&mut self, now: Instant) -> Result<Entry, Shut> {
        match self.state {
            State::Closed => Ok(Entry { period: self.period, probe: false }),
            State::Open { until, cause } if until > now => Err(Shut { until, cause, probing: false }),
            State::HalfOpen { probing: true, cause } => Err(Shut { until: now, cause, probing: true }),
            State::Open { cause, .. } | State::HalfOpen { cause, .. } => {
                self.state = State::HalfOpen { probing: true, cause };
                self.period += 1;
                Ok(Entry { period: self.period, probe: true })
            }
        }
    }

    pub(crate) fn is_stale(&self, entry: Entry) -> bool {
        entry.period != self.period
    }

    pub(crate) fn record(&mut self, entry: Entry, outcome: Outcome, now: Instant) -> Option<Change> {
        if self.is_stale(entry) {
            return None;
        }
        let outcome = match outcome {
            Outcome::Fatal(_) if !self.policy.fatal => Outcome::Ignore,
            outcome => outcome,
        };
        match (outcome, entry.probe) {
            (Outcome::Success, true) => {
                self.close();
                Some(Change::Closed)
            }
            (Outcome::Success, false) => {
                self.in_a_row = 0;
                self.counts.add(now, false);
                None
            }
            (Outcome::Failure(cause) | Outcome::Fatal(cause), true) | (Outcome::Fatal(cause), false) => {
                Some(self.open(now, cause))
            }
            (Outcome::Failure(cause), false) => {
                self.in_a_row = self.in_a_row.saturating_add(1);
                self.counts.add(now, true);
                self.is_too_much(now).then(|| self.open(now, cause))
            }
            (Outcome::Ignore, true) => {
                if let State::HalfOpen { probing, .. } = &mut self.state {
                    *probing = false;
                }
                None
            }
            (Outcome::Ignore, false) => None,
        }
    }

    fn is_too_much(&mut self, now: Instant) -> bool {
        if self.policy.in_a_row.is_some_and(|most| self.in_a_row >= most.max(1)) {
            return true;
        }
        let (failed, all) = self.counts.sum(now);
        all >= self.policy.least_calls && f64::from(failed) >= self.policy.share * f64::from(all)
    }

    fn open(&mut self, now: Instant, cause: Class) -> Change {
        let doubled = 2_u32.saturating_pow(self.opened);
        let wait = self.policy.open_for.saturating_mul(doubled).min(self.policy.open_at_most);
        self.state = State::Open { until: now.checked_add(wait).unwrap_or(now), cause };
        self.opened = self.opened.saturating_add(1);
        self.period += 1;
        self.forget();
        Change::Opened { wait, cause }
    }

    fn close(&mut self) {
        self.state = State::Closed;
        self.opened = 0;
        self.period += 1;
        self.forget();
    }

    fn forget(&mut self) {
        self.in_a_row = 0;
        self.counts = Counts::new(self.policy.over);
    }
}

/// Failures and calls over the last span, in parts.
#[derive(Debug)]
struct Counts {
    part: Duration,
    began: Option<Instant>,
    /// The number of the newest part, counted from the beginning.
    newest: u128,
    parts: [(u32, u32); PARTS],
}

impl Counts {
    fn new(over: Duration) -> Self {
        let part = (over / u32::try_from(PARTS).unwrap_or(1)).max(Duration::from_nanos(1));
        Self { part, began: None, newest: 0, parts: [(0, 0); PARTS] }
    }

    fn add(&mut self, now: Instant, failed: bool) {
        let index = self.turn(now);
        let (failures, all) = &mut self.parts[index];
        *failures = failures.saturating_add(u32::from(failed));
        *all = all.saturating_add(1);
    }

    fn sum(&mut self, now: Instant) -> (u32, u32) {
        self.turn(now);
        self.parts.iter().fold((0, 0), |sum: (u32, u32), part| {
            (sum.0.saturating_add(part.0), sum.1.saturating_add(part.1))
        })
    }

    /// Forgets what is too old; gives the place of the newest part.
    fn turn(&mut self, now: Instant) -> usize {
        let began = *self.began.get_or_insert(now);
        let number = now.saturating_duration_since(began).as_nanos() / self.part.as_nanos();
        let place = |n: u128| usize::try_from(n % PARTS as u128).unwrap_or(0);
        let passed = number.saturating_sub(self.newest).min(PARTS as u128);
        for n in 0..passed {
            self.parts[place(number - n)] = (0, 0);
        }
        self.newest = self.newest.max(number);
        place(self.newest)
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
