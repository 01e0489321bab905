//! Replies that say nothing.

use dspex_core::Usage;
use dspex_core::lm::{Event, FinishReason, LmError, LmErrorKind, Part, Reply};

/// The error of a reply in which no completion says anything. One that ran out of tokens while it thought, or that a
/// filter stopped, says at least that.
pub(crate) fn check(reply: &Reply) -> Result<(), LmError> {
    if reply.choices.iter().any(|c| ends_for_a_reason(&c.finish) || c.parts.iter().any(says)) {
        return Ok(());
    }
    Err(error(reply.usage, reply.request_id.clone()))
}

fn says(part: &Part) -> bool {
    match part {
        Part::Text(text) => !text.trim().is_empty(),
        Part::Reasoning(_) | Part::CachePoint { .. } => false,
        _ => true,
    }
}

fn ends_for_a_reason(finish: &FinishReason) -> bool {
    !matches!(finish, FinishReason::Stop | FinishReason::Other(_))
}

fn error(usage: Usage, request_id: Option<String>) -> LmError {
    let message = "expected an answer, found a reply that says nothing";
    LmError::new(LmErrorKind::Empty, message).with_usage(usage).with_request_id(request_id)
}

/// What was said in a stream so far.
#[derive(Debug, Default)]
pub(super) struct Heard {
    something: bool,
    usage: Usage,
}

impl Heard {
    /// The event, or the error of a stream that ends without having said anything.
    pub(super) fn hear(&mut self, event: Event) -> Result<Event, LmError> {
        match &event {
            Event::Text { text, .. } => self.something |= !text.trim().is_empty(),
            Event::ToolCall { .. } => self.something = true,
            Event::Part { part, .. } => self.something |= says(part),
            Event::Finish { reason, .. } => self.something |= ends_for_a_reason(reason),
            Event::Usage(usage) => self.usage = *usage,
            Event::Done { request_id, .. } if !self.something => {
                return Err(error(self.usage, request_id.clone()));
            }
            _ => {}
        }
        Ok(event)
    }
}
