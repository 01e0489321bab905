//! A clock that goes only when a test says so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use dspex_core::Clock;

/// A clock that stands still until [`advance`](Self::advance) moves it. Copies share their time.
///
/// ```
/// use dspex_core::Clock;
/// use dspex_testkit::ManualClock;
/// use std::time::Duration;
/// let clock = ManualClock::at(Duration::from_secs(1_000));
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.since_epoch(), Duration::from_secs(1_005));
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock {
    start: Instant,
    epoch: Duration,
    passed: Arc<Mutex<Duration>>,
}

impl ManualClock {
    /// A clock that shows a time since 1970.
    pub fn at(since_epoch: Duration) -> Self {
        Self { start: Instant::now(), epoch: since_epoch, passed: Arc::default() }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner) += by;
    }

    fn passed(&self) -> Duration {
        *self.passed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        self.start + self.passed()
    }

    fn since_epoch(&self) -> Duration {
        self.epoch + self.passed()
    }
}
