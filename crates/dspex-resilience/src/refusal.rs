//! Why a layer refused or ended a call by itself.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::fault::{Class, Fault};

/// Why a layer refused a call, or ended it, without the word of the server. An error type that passes through the
/// layers has a `From<Refusal>`.
///
/// ```
/// use dspex_resilience::{Class, Fault, Refusal};
/// use std::time::Duration;
/// let e = Refusal::TooLong { wait: Duration::from_secs(3600), longest: Duration::from_secs(60) };
/// assert_eq!(e.to_string(), "expected to wait at most 60s, found that the server asks for 3600s; try again then");
/// assert_eq!(e.retry_after(), Some(Duration::from_secs(3600)));
/// assert_eq!(e.class(), Class::Unavailable);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The breaker is open: nothing was sent.
    #[error("{0}")]
    Open(Open),
    /// The server asked, of this call or of another with the same key, for a longer wait than is allowed.
    #[error("expected to wait at most {longest:?}, found that the server asks for {wait:?}; try again then")]
    TooLong {
        /// What is left of the wait.
        wait: Duration,
        /// The longest wait that is allowed.
        longest: Duration,
    },
    /// One attempt, or one part of it, took too long.
    #[error("expected {what} within {limit:?}, found none; try again, or give more time")]
    TimedOut {
        /// What did not come: `a reply`, `the first byte`.
        what: &'static str,
        /// How long was waited.
        limit: Duration,
    },
    /// The caller's deadline passed.
    #[error("expected to be done by the caller's deadline, found that it passed; give more time")]
    Deadline,
}

/// The breaker is open, or another call is already trying whether it may close.
///
/// ```
/// use dspex_resilience::{Breaker, BreakerPolicy, Class, Outcome};
/// let breaker = Breaker::new("mirror", BreakerPolicy::default());
/// breaker.enter().unwrap().record(Outcome::Fatal(Class::Auth));
/// let open = breaker.enter().unwrap_err();
/// assert_eq!((&*open.key, open.cause), ("mirror", Class::Auth));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Open {
    /// What the breaker stands before.
    pub key: Arc<str>,
    /// Until when nothing is let through.
    pub until: Instant,
    /// The time until then, as of when the call was refused; zero while a probe is under way.
    pub wait: Duration,
    /// The class of the failure that opened it.
    pub cause: Class,
    /// Whether the wait is over and one call is trying right now.
    pub probing: bool,
}

impl fmt::Display for Open {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (key, cause) = (&self.key, self.cause.name());
        write!(
            f,
            "expected {key} to be in order, found that its breaker is open after failures ({cause}); "
        )?;
        if self.probing {
            return f.write_str("one call is trying it now");
        }
        write!(f, "it is tried again in {:?}", self.wait)
    }
}

impl std::error::Error for Open {}

impl Fault for Refusal {
    fn class(&self) -> Class {
        match self {
            Self::Open(_) | Self::TooLong { .. } => Class::Unavailable,
            Self::TimedOut { .. } => Class::Timeout,
            Self::Deadline => Class::Cancelled,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Open(open) => Some(open.wait),
            Self::TooLong { wait, .. } => Some(*wait),
            Self::TimedOut { .. } | Self::Deadline => None,
        }
    }
}
