//! Replies that say nothing.

use dspex_core::lm::{FinishReason, LmError, LmErrorKind, Part, Reply};

/// The error of a reply in which no completion says anything. One that ran out of tokens while it thought, or that a
/// filter stopped, says at least that.
pub(super) fn check(reply: &Reply) -> Result<(), LmError> {
    let says = |part: &Part| match part {
        Part::Text(text) => !text.trim().is_empty(),
        Part::Reasoning(_) | Part::CachePoint { .. } => false,
        _ => true,
    };
    let silent = |finish: &FinishReason| matches!(finish, FinishReason::Stop | FinishReason::Other(_));
    if reply.choices.iter().any(|c| !silent(&c.finish) || c.parts.iter().any(says)) {
        return Ok(());
    }
    let message = "expected an answer, found a reply that says nothing";
    let error = LmError::new(LmErrorKind::Empty, message).with_usage(reply.usage);
    Err(error.with_request_id(reply.request_id.clone()))
}
