//! Time, as something that a test can replace.

use std::fmt;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Tells the time. A context has one, so that a test can set the time and wait for nothing.
///
/// ```
/// use dspex_core::Clock;
/// use std::time::{Duration, Instant};
///
/// /// A clock that stands still.
/// #[derive(Debug)]
/// struct Still(Instant);
///
/// impl Clock for Still {
///     fn now(&self) -> Instant {
///         self.0
///     }
///     fn since_epoch(&self) -> Duration {
///         Duration::from_secs(1_700_000_000)
///     }
/// }
///
/// let clock = Still(Instant::now());
/// assert_eq!(clock.now(), clock.now());
/// assert_eq!(clock.since_epoch().as_secs(), 1_700_000_000);
/// ```
pub trait Clock: Send + Sync + fmt::Debug {
    /// The time for measuring spans.
    fn now(&self) -> Instant;

    /// The time of day, as the span since 1970.
    fn since_epoch(&self) -> Duration;
}

/// The machine's clock: what a [`Context`](crate::Context) uses unless it is given another.
///
/// ```
/// use dspex_core::{Clock, SystemClock};
/// let before = SystemClock.now();
/// assert!(SystemClock.now() >= before);
/// assert!(SystemClock.since_epoch().as_secs() > 1_700_000_000, "it is after 2023");
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Instant {
        Instant::now()
    }

    #[expect(clippy::disallowed_methods, reason = "this is the one place that reads the machine's clock")]
    fn since_epoch(&self) -> Duration {
        SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
    }
}
