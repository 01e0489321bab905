//! How an endpoint does: counted from the calls that are made anyway, readable at any time.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::breaker::{Breaker, BreakerState};
use crate::fault::Outcome;
use crate::headers::RateLimits;
use crate::window::Window;

/// How much the newest call counts in the averages.
const NEWEST: f64 = 0.2;

/// Counts how an endpoint does. Clones share the counts.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use dspex_resilience::{Class, Health, Outcome};
/// use std::time::Duration;
/// let health = Health::default();
/// let call = health.begin();
/// tokio::time::sleep(Duration::from_secs(2)).await;
/// call.end(Outcome::Success);
/// health.begin().end(Outcome::Failure(Class::Transient));
/// let report = health.report();
/// assert_eq!(report.latency, Some(Duration::from_secs(2)), "of calls that succeed");
/// assert_eq!((report.succeeded, report.failed, report.in_flight), (1, 1, 0));
/// assert_eq!(report.error_share, 0.2);
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Health {
    counts: Arc<Mutex<Counts>>,
    breaker: Option<Breaker>,
    window: Option<Window>,
}

#[derive(Debug, Default)]
struct Counts {
    in_flight: usize,
    succeeded: u64,
    failed: u64,
    latency: Option<f64>,
    error_share: f64,
    told: Option<RateLimits>,
}

/// How an endpoint does at one moment. See [`Health`].
///
/// ```
/// use dspex_resilience::{Breaker, BreakerPolicy, BreakerState, Health};
/// let breaker = Breaker::new("a", BreakerPolicy::default());
/// let report = Health::default().with_breaker(&breaker).report();
/// assert_eq!(report.breaker, Some(BreakerState::Closed));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HealthReport {
    /// The state of its breaker, if it has one.
    pub breaker: Option<BreakerState>,
    /// Until when its window is closed, if it is.
    pub closed_until: Option<Instant>,
    /// Calls under way.
    pub in_flight: usize,
    /// How long successes take: an average in which the newest counts a fifth.
    pub latency: Option<Duration>,
    /// The share of calls that failed, of 0 to 1, averaged likewise.
    pub error_share: f64,
    /// Calls that succeeded.
    pub succeeded: u64,
    /// Calls that failed, by the outcome that a breaker sees.
    pub failed: u64,
    /// What the server said last of its limits, if it ever did.
    pub told: Option<RateLimits>,
}

impl HealthReport {
    /// Whether a call would be let through now.
    pub fn is_available(&self) -> bool {
        let breaker = self.breaker.is_none_or(|state| {
            matches!(state, BreakerState::Closed | BreakerState::HalfOpen { probing: false })
        });
        breaker && self.closed_until.is_none()
    }
}

impl Health {
    /// Reports the state of a breaker, too.
    #[must_use]
    pub fn with_breaker(mut self, breaker: &Breaker) -> Self {
        self.breaker = Some(breaker.clone());
        self
    }

    /// Reports a back-off window, too.
    #[must_use]
    pub fn with_window(mut self, window: &Window) -> Self {
        self.window = Some(window.clone());
        self
    }

    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that a call begins.
    pub fn begin(&self) -> UnderWay {
        self.lock().in_flight += 1;
        UnderWay { health: self.clone(), began: Instant::now() }
    }

    /// Notes what the server says of its limits; to say nothing changes nothing.
    ///
    /// ```
    /// use dspex_resilience::{Health, RateLimits};
    /// use std::time::UNIX_EPOCH;
    /// let health = Health::default();
    /// let told = RateLimits::read(|name| (name == "x-ratelimit-remaining-requests").then_some("7"), UNIX_EPOCH);
    /// health.observe(&told);
    /// health.observe(&RateLimits::default());
    /// assert_eq!(health.report().told.unwrap().requests.remaining, Some(7));
    /// ```
    pub fn observe(&self, told: &RateLimits) {
        if *told != RateLimits::default() {
            self.lock().told = Some(*told);
        }
    }

    /// How it does now.
    pub fn report(&self) -> HealthReport {
        let counts = self.lock();
        HealthReport {
            breaker: self.breaker.as_ref().map(Breaker::state),
            closed_until: self.window.as_ref().and_then(Window::until),
            in_flight: counts.in_flight,
            latency: counts.latency.map(Duration::from_secs_f64),
            error_share: counts.error_share,
            succeeded: counts.succeeded,
            failed: counts.failed,
            told: counts.told,
        }
    }
}

/// A call that [`Health`] counts as under way until it is dropped.
///
/// ```
/// use dspex_resilience::Health;
/// let health = Health::default();
/// let call = health.begin();
/// assert_eq!(health.report().in_flight, 1);
/// drop(call);
/// assert_eq!(health.report().in_flight, 0);
/// ```
#[derive(Debug)]
#[must_use = "the call counts as over when it is dropped"]
pub struct UnderWay {
    health: Health,
    began: Instant,
}

impl UnderWay {
    /// Notes how the call ended. One that is ignored counts neither as a success nor as a failure.
    pub fn end(self, outcome: Outcome) {
        let mut counts = self.health.lock();
        let failed = match outcome {
            Outcome::Ignore => return,
            Outcome::Success => 0.0,
            Outcome::Failure(_) | Outcome::Fatal(_) => 1.0,
        };
        counts.error_share += (failed - counts.error_share) * NEWEST;
        if outcome == Outcome::Success {
            counts.succeeded += 1;
            let took = self.began.elapsed().as_secs_f64();
            counts.latency = Some(counts.latency.map_or(took, |old| old + (took - old) * NEWEST));
        } else {
            counts.failed += 1;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.health.lock().in_flight -= 1;
    }
}
