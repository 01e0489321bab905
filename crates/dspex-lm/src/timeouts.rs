//! How long a call may take.

use std::time::Duration;

/// How long the steps of a call may take.
///
/// ```
/// use dspex_lm::Timeouts;
/// use std::time::Duration;
/// let mut timeouts = Timeouts::default();
/// timeouts.total = Duration::from_secs(30);
/// assert_eq!(timeouts.connect, Duration::from_secs(10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timeouts {
    /// Until a connection stands. 10 seconds, unless set.
    pub connect: Duration,
    /// Until the first byte of the reply's body, connecting included. A reply that is not streamed comes only when the
    /// model has written all of it. 5 minutes, unless set.
    pub first_byte: Duration,
    /// Between bytes of the reply, once the first one came. 1 minute, unless set.
    pub idle: Duration,
    /// Until the reply is complete. 10 minutes, unless set. A deadline of the request counts where it is earlier.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(10),
            first_byte: Duration::from_mins(5),
            idle: Duration::from_mins(1),
            total: Duration::from_mins(10),
        }
    }
}
