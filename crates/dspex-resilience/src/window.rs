//! The shared back-off window: until when all calls with one key wait.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::deadline::Deadline;
use crate::refusal::Refusal;

/// Until when all calls with one key wait, because the server asked one of them to. It only ever extends. Clones share
/// one window.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use dspex_resilience::{Deadline, Window};
/// use std::time::Duration;
/// let window = Window::default();
/// window.extend(Duration::from_secs(5));
/// window.extend(Duration::from_secs(1));
/// assert_eq!(window.left(), Duration::from_secs(5), "never shorter");
/// window.wait(Deadline::NONE, Duration::from_secs(60)).await.unwrap();
/// assert!(window.left().is_zero());
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Window(Arc<Mutex<Option<Instant>>>);

impl Window {
    /// Closes it for that long from now, unless it is closed for longer. Tells whether it was extended.
    pub fn extend(&self, span: Duration) -> bool {
        let Some(until) = Instant::now().checked_add(span) else { return false };
        let mut window = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let later = window.is_none_or(|at| at < until);
        if later {
            *window = Some(until);
        }
        later
    }

    /// Until when it is closed, if it is.
    pub fn until(&self) -> Option<Instant> {
        let until = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        until.filter(|at| *at > Instant::now())
    }

    /// How long it stays closed; zero when it is open.
    pub fn left(&self) -> Duration {
        self.until().map_or(Duration::ZERO, |at| at.saturating_duration_since(Instant::now()))
    }

    /// Fails where the wait is longer than allowed, or reaches the deadline.
    ///
    /// Errors: [`Refusal::TooLong`], with what is left of the wait.
    pub fn check(&self, deadline: Deadline, longest: Duration) -> Result<(), Refusal> {
        let wait = self.left();
        if wait.is_zero() || (wait <= longest && deadline.allows(wait)) {
            return Ok(());
        }
        Err(Refusal::TooLong { wait, longest: deadline.left().map_or(longest, |left| left.min(longest)) })
    }

    /// Waits until it is open, also where it is extended meanwhile.
    ///
    /// Errors: as [`Window::check`], at once.
    pub async fn wait(&self, deadline: Deadline, longest: Duration) -> Result<(), Refusal> {
        while let Some(until) = self.until() {
            self.check(deadline, longest)?;
            sleep_until(until).await;
        }
        Ok(())
    }
}
