//! What was tried before an answer, or before the last failure.

use dspex_core::lm::{FailedTry, LmError};
use dspex_resilience::{Attempt, Next};

use super::Failure;

/// What failed so far.
#[derive(Default)]
pub(super) struct Tries(pub(super) Vec<FailedTry>);

impl Tries {
    /// A try that is followed by another one.
    pub(super) fn see(&mut self, attempt: &Attempt<'_, Failure>) {
        if let (Some(Failure(e)), Next::Wait(wait)) = (attempt.error, attempt.next) {
            self.0.push(FailedTry::new(e, wait));
        }
    }

    pub(super) fn into_error(self, mut e: LmError) -> LmError {
        e.failed.splice(0..0, self.0);
        e
    }
}
