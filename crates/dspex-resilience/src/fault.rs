//! What an error tells about itself, so that layers can decide without reading its words.

use std::time::Duration;

use crate::refusal::Refusal;

/// What kind of failure it is, by what may be done about it. Text never decides it: status, headers and codes do.
///
/// ```
/// use dspex_resilience::{Class, Outcome};
/// assert!(Class::Throttled.is_retried() && Class::Throttled.falls_on());
/// assert_eq!(Class::Throttled.outcome(), Outcome::Ignore, "a breaker is left alone by it");
/// assert_eq!(Class::from_status(503), Class::Transient);
/// assert!(!Class::from_status(422).is_retried());
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Class {
    /// The server or the way to it failed, and may not the next time: 5xx, 408, 409, a broken connection.
    Transient,
    /// No answer in time.
    Timeout,
    /// The server asks to come back later: 429.
    Throttled,
    /// The key is missing or refused.
    Auth,
    /// The account cannot pay.
    Billing,
    /// The request is longer than this server takes.
    TooLong,
    /// The content was declined.
    Content,
    /// The request is wrong, here and elsewhere.
    Caller,
    /// A layer refused before anything was sent: an open breaker, a wait that is too long.
    Unavailable,
    /// The caller ended it, or the caller's deadline passed.
    Cancelled,
}

impl Class {
    /// All classes.
    pub const ALL: &[Self] = &[
        Self::Transient,
        Self::Timeout,
        Self::Throttled,
        Self::Auth,
        Self::Billing,
        Self::TooLong,
        Self::Content,
        Self::Caller,
        Self::Unavailable,
        Self::Cancelled,
    ];

    /// The class's name, for events and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Timeout => "timeout",
            Self::Throttled => "throttled",
            Self::Auth => "auth",
            Self::Billing => "billing",
            Self::TooLong => "too_long",
            Self::Content => "content",
            Self::Caller => "caller",
            Self::Unavailable => "unavailable",
            Self::Cancelled => "cancelled",
        }
    }

    /// The class of an HTTP status that is an error. What only the body tells (an exhausted account behind a 429, a
    /// request that is too long behind a 400) is for the caller to say.
    pub fn from_status(status: u16) -> Self {
        match status {
            429 => Self::Throttled,
            401 | 403 => Self::Auth,
            402 => Self::Billing,
            408 | 409 | 425 => Self::Transient,
            501 | 505 => Self::Caller,
            500..=599 => Self::Transient,
            _ => Self::Caller,
        }
    }

    /// Whether the same request to the same server may succeed later.
    pub fn is_retried(self) -> bool {
        matches!(self, Self::Transient | Self::Timeout | Self::Throttled)
    }

    /// Whether another server may answer what this one did not. The request is at fault in the other cases, or the
    /// caller no longer waits.
    pub fn falls_on(self) -> bool {
        !matches!(self, Self::TooLong | Self::Content | Self::Caller | Self::Cancelled)
    }

    /// What a breaker makes of it.
    pub fn outcome(self) -> Outcome {
        match self {
            Self::Transient | Self::Timeout => Outcome::Failure(self),
            Self::Auth | Self::Billing => Outcome::Fatal(self),
            _ => Outcome::Ignore,
        }
    }
}

/// What a breaker makes of the end of a call.
///
/// ```
/// use dspex_resilience::{Class, Outcome, Refusal};
/// assert_eq!(Outcome::of(&Ok::<_, Refusal>(1)), Outcome::Success);
/// assert_eq!(Outcome::of(&Err::<u8, _>(Refusal::Deadline)), Outcome::Ignore);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Outcome {
    /// The server answered as it should.
    Success,
    /// The server failed.
    Failure(Class),
    /// No other call can succeed either: the key is refused, the account is empty. The breaker opens at once.
    Fatal(Class),
    /// It says nothing about the server: throttled, cancelled, the caller's own fault.
    Ignore,
}

impl Outcome {
    /// The outcome of a result.
    pub fn of<T, E: Fault>(result: &Result<T, E>) -> Self {
        result.as_ref().map_or_else(|e| e.class().outcome(), |_| Self::Success)
    }
}

/// An error that tells layers what they need. Everything but the class has a default that says nothing.
///
/// ```
/// use dspex_resilience::{Class, Fault, Refusal};
/// use std::time::Duration;
///
/// #[derive(Debug)]
/// enum MyError {
///     Status(u16, Option<Duration>),
///     Refused(Refusal),
/// }
///
/// impl From<Refusal> for MyError {
///     fn from(refusal: Refusal) -> Self {
///         Self::Refused(refusal)
///     }
/// }
///
/// impl Fault for MyError {
///     fn class(&self) -> Class {
///         match self {
///             Self::Status(status, _) => Class::from_status(*status),
///             Self::Refused(refusal) => refusal.class(),
///         }
///     }
///     fn retry_after(&self) -> Option<Duration> {
///         match self {
///             Self::Status(_, after) => *after,
///             Self::Refused(refusal) => refusal.retry_after(),
///         }
///     }
/// }
///
/// assert!(MyError::Status(429, Some(Duration::from_secs(2))).class().is_retried());
/// ```
pub trait Fault {
    /// What kind of failure it is.
    fn class(&self) -> Class;

    /// How long the server asks to wait, if it said so.
    fn retry_after(&self) -> Option<Duration> {
        None
    }

    /// What the server says about trying again (`x-should-retry`), if it said so. It wins over the class.
    fn should_retry(&self) -> Option<bool> {
        None
    }

    /// Whether a part of the reply was given on to the caller already. Then nothing is tried again, whatever the rest
    /// says: the caller would get the start twice.
    fn gave_output(&self) -> bool {
        false
    }
}

/// An error of a call, or the refusal of a layer: for callers whose own error type has no place for a refusal.
///
/// ```
/// use dspex_resilience::{Class, Fault, Failed, Refusal};
/// #[derive(Debug)]
/// struct Broken;
/// impl Fault for Broken {
///     fn class(&self) -> Class {
///         Class::Transient
///     }
/// }
/// let e: Failed<Broken> = Failed::Call(Broken);
/// assert!(e.class().is_retried());
/// assert!(matches!(Failed::<Broken>::from(Refusal::Deadline), Failed::Refused(_)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failed<E> {
    /// The call's own error.
    #[error("{0}")]
    Call(E),
    /// A layer refused or ended it.
    #[error("{0}")]
    Refused(Refusal),
}

impl<E> From<Refusal> for Failed<E> {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl<E: Fault> Failed<E> {
    fn fault(&self) -> &dyn Fault {
        match self {
            Self::Call(e) => e,
            Self::Refused(e) => e,
        }
    }
}

impl<E: Fault> Fault for Failed<E> {
    fn class(&self) -> Class {
        self.fault().class()
    }

    fn retry_after(&self) -> Option<Duration> {
        self.fault().retry_after()
    }

    fn should_retry(&self) -> Option<bool> {
        self.fault().should_retry()
    }

    fn gave_output(&self) -> bool {
        self.fault().gave_output()
    }
}
