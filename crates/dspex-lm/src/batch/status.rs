//! How a batch stands.

use std::fmt;

/// How a batch stands, and how many of its requests have come to which end.
///
/// ```
/// use dspex_lm::BatchStatus;
/// let mut status = BatchStatus::default();
/// (status.total, status.succeeded, status.failed) = (5, 3, 1);
/// assert_eq!(status.to_string(), "running: 3 of 5 answered, 1 failed");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct BatchStatus {
    /// How it stands.
    pub state: BatchState,
    /// How many requests it has; 0 where the provider has not counted them yet.
    pub total: u64,
    /// How many were answered.
    pub succeeded: u64,
    /// How many failed, expired and cancelled ones included.
    pub failed: u64,
    /// Where the provider keeps what came of it.
    pub(crate) files: Vec<String>,
}

/// Where in its life a batch is.
///
/// ```
/// use dspex_lm::BatchState;
/// assert!(!BatchState::Running.is_over() && BatchState::Expired.is_over());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BatchState {
    /// It waits, or is worked on.
    #[default]
    Running,
    /// It was cancelled, and is about to end.
    Cancelling,
    /// Every request has come to an end of its own.
    Ended,
    /// Time ran out before all requests were answered.
    Expired,
    /// It was cancelled before all requests were answered.
    Cancelled,
    /// The provider refused it as a whole, for a reason.
    Failed(String),
}

impl BatchState {
    /// Whether nothing more will come of it, so that it can be collected.
    pub fn is_over(&self) -> bool {
        !matches!(self, Self::Running | Self::Cancelling)
    }
}

impl fmt::Display for BatchStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            BatchState::Running => "running",
            BatchState::Cancelling => "about to be cancelled",
            BatchState::Ended => "ended",
            BatchState::Expired => "expired",
            BatchState::Cancelled => "cancelled",
            BatchState::Failed(_) => "refused",
        };
        write!(f, "{state}: {} of {} answered, {} failed", self.succeeded, self.total, self.failed)
    }
}
