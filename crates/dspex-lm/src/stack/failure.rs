//! What the layers need to know of an error of a model.

use std::time::Duration;

use dspex_core::lm::{LmError, LmErrorKind};
use dspex_resilience::{Class, Fault, Refusal};

/// An error of a model, as the layers see it.
#[derive(Clone, Debug)]
pub(crate) struct Failure(pub(crate) LmError);

impl Fault for Failure {
    fn class(&self) -> Class {
        match self.0.kind {
            LmErrorKind::Transport | LmErrorKind::Server | LmErrorKind::Empty => Class::Transient,
            LmErrorKind::Timeout => Class::Timeout,
            LmErrorKind::RateLimit => Class::Throttled,
            LmErrorKind::Auth => Class::Auth,
            LmErrorKind::Billing => Class::Billing,
            LmErrorKind::ContextOverflow => Class::TooLong,
            LmErrorKind::Refusal => Class::Content,
            LmErrorKind::Unavailable => Class::Unavailable,
            // A protocol that is not kept, an unknown model and a wrong address are the same the next time, but another
            // endpoint may do better.
            _ => Class::Caller,
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        self.0.retry_after
    }

    fn should_retry(&self) -> Option<bool> {
        self.0.should_retry
    }

    fn gave_output(&self) -> bool {
        // Of a stream that broke after its first event nothing comes here; a whole reply that broke was given to nobody.
        false
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        let retry_after = refusal.retry_after();
        let kind = match &refusal {
            Refusal::Open(open) => match open.cause {
                Class::Auth => LmErrorKind::Auth,
                Class::Billing => LmErrorKind::Billing,
                _ => LmErrorKind::Unavailable,
            },
            Refusal::TooLong { .. } => LmErrorKind::RateLimit,
            Refusal::TimedOut { .. } | Refusal::Deadline => LmErrorKind::Timeout,
            _ => LmErrorKind::Unavailable,
        };
        let mut error = LmError::new(kind, refusal.to_string());
        error.retry_after = retry_after;
        // Nothing was sent, or what was sent came to no end in time: the layers have had their say.
        error.should_retry = matches!(kind, LmErrorKind::Auth | LmErrorKind::Billing).then_some(false);
        Self(error)
    }
}
