//! The time by which a call must be over, passed on explicitly from the outside in.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};

use crate::refusal::Refusal;

/// An absolute time by which a call must be over, or none. It is a small value that each layer takes and hands on, so
/// that every wait inside respects it.
///
/// ```
/// use dspex_resilience::Deadline;
/// use std::time::Duration;
/// let outer = Deadline::after(Duration::from_secs(30));
/// let inner = outer.or_after(Duration::from_secs(300));
/// assert_eq!(inner, outer, "the earlier of the two");
/// assert!(outer.allows(Duration::from_secs(10)) && !outer.allows(Duration::from_secs(31)));
/// assert_eq!(Deadline::NONE.left(), None);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Deadline(Option<Instant>);

impl Deadline {
    /// No deadline.
    pub const NONE: Self = Self(None);

    /// A deadline at a point in time of the monotonic clock.
    pub fn at(instant: Instant) -> Self {
        Self(Some(instant))
    }

    /// A deadline that far from now. A span beyond what the clock can tell is none.
    pub fn after(span: Duration) -> Self {
        Self(Instant::now().checked_add(span))
    }

    /// The point in time, if there is one.
    pub fn instant(self) -> Option<Instant> {
        self.0
    }

    /// What is left: zero when it has passed, `None` without a deadline.
    pub fn left(self) -> Option<Duration> {
        self.0.map(|at| at.saturating_duration_since(Instant::now()))
    }

    /// Whether it has passed.
    pub fn passed(self) -> bool {
        self.left().is_some_and(|left| left.is_zero())
    }

    /// Whether a wait of that length ends before it.
    pub fn allows(self, wait: Duration) -> bool {
        self.left().is_none_or(|left| wait < left)
    }

    /// The earlier of this and of a span from now.
    #[must_use]
    pub fn or_after(self, span: Duration) -> Self {
        match (self.0, Self::after(span).0) {
            (Some(a), Some(b)) => Self(Some(a.min(b))),
            (a, b) => Self(a.or(b)),
        }
    }

    /// Runs a future up to the deadline; what runs longer is dropped.
    ///
    /// Errors: [`Refusal::Deadline`] when it passes first, also when it has passed before: then nothing is polled.
    pub async fn run<T, E: From<Refusal>>(self, future: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let Some(at) = self.0 else { return future.await };
        if self.passed() {
            return Err(Refusal::Deadline.into());
        }
        timeout_at(at, future).await.unwrap_or_else(|_| Err(Refusal::Deadline.into()))
    }
}
