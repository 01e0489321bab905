//! The ladder of forms of an answer: a strict schema, then any JSON object, then text.
//!
//! A request starts at the highest rung that the model declares and that its outputs allow. An endpoint that refuses a
//! form, and says so, is asked once more one rung lower. The model is told, so that the next request starts there.

use dspex_core::lm::{LmError, LmErrorKind, Reply, Request, ResponseFormat};
use dspex_core::{AttemptReason, ErrorKind, LanguageModel, Result};

use super::exchange::Exchange;

/// Asks, and goes down the ladder while the endpoint refuses the form. The request is left as it was sent last.
pub(super) async fn ask(
    exchange: &mut Exchange<'_>,
    lm: &dyn LanguageModel,
    request: &mut Request,
    mut reason: AttemptReason,
) -> Result<Reply> {
    loop {
        let e = match exchange.ask_for_all(lm, request, reason).await {
            Ok(reply) => return Ok(reply),
            Err(e) => e,
        };
        let refusal = match e.kind() {
            ErrorKind::Lm(said) => refusal(said),
            _ => None,
        };
        let Some((refusal, format)) = refusal.zip(request.response_format.clone()) else { return Err(e) };
        exchange.attempts.extend(e.attempts().iter().cloned());
        if refusal == Refusal::Form {
            lm.note_refused(&format);
        }
        request.response_format = lower(&format);
        reason = AttemptReason::LowerForm;
    }
}

/// What an endpoint refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// The form, whatever stands in it.
    Form,
    /// This schema; it may take another one.
    Schema,
}

/// The next rung.
fn lower(format: &ResponseFormat) -> Option<ResponseFormat> {
    match format {
        ResponseFormat::JsonSchema { .. } => Some(ResponseFormat::JsonObject),
        _ => None,
    }
}

/// How providers name the form of an answer in their messages.
const NAMES: [&str; 8] = [
    "response_format",
    "response format",
    "json_schema",
    "json schema",
    "json_object",
    "json mode",
    "structured output",
    "guided decoding",
];

/// Whether an error says that the form of the answer is refused. There is no code for it that providers share, so the
/// words count; a mistake costs one call.
fn refusal(e: &LmError) -> Option<Refusal> {
    if !matches!(e.kind, LmErrorKind::InvalidRequest | LmErrorKind::Unsupported) {
        return None;
    }
    let words = e.message.to_lowercase();
    if !NAMES.iter().any(|name| words.contains(name)) {
        return None;
    }
    Some(if words.contains("invalid schema") { Refusal::Schema } else { Refusal::Form })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_error_about_the_form_is_a_refusal() {
        let of = |kind, words: &str| refusal(&LmError::new(kind, words));
        let invalid = LmErrorKind::InvalidRequest;
        let unsupported =
            "Invalid parameter: 'response_format' of type 'json_schema' is not supported with this model.";
        assert_eq!(of(invalid, unsupported), Some(Refusal::Form));
        assert_eq!(of(LmErrorKind::Unsupported, "this wire has no JSON mode"), Some(Refusal::Form));
        let schema = "Invalid schema for response_format 'outputs': 'additionalProperties' is required";
        assert_eq!(of(invalid, schema), Some(Refusal::Schema));
        assert_eq!(of(invalid, "temperature must be at most 2"), None);
        assert_eq!(of(LmErrorKind::Server, unsupported), None);
    }
}
