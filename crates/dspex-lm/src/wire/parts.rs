//! What every wire says of parts.

use dspex_core::lm::{Event, Part};
use dspex_core::value::{Media, MediaSource, Value};
use serde_json::Value as Json;

use super::inline::inline;

/// What a part is, for errors.
pub(super) fn name(part: &Part) -> &'static str {
    match part {
        Part::Text(_) => "text",
        Part::Media(media) => media.kind.name(),
        Part::Document(_) => "a document",
        Part::ToolCall(_) | Part::BrokenToolCall { .. } => "a call of a tool",
        Part::ToolResult { .. } => "the result of a call",
        Part::Reasoning(_) => "reasoning",
        Part::Citations(_) => "citations",
        _ => "a part of another kind",
    }
}

/// What media are and where, for errors.
pub(super) fn media_name(media: &Media) -> String {
    let (kind, format) =
        (media.kind.name(), inline(media).and_then(|i| i.format).unwrap_or("an unknown format"));
    match &media.source {
        MediaSource::Id(_) => format!("{kind} by an id"),
        MediaSource::Url(_) if inline(media).is_none() => format!("{kind} at such a URL"),
        _ => format!("{kind} of {format}"),
    }
}

/// Plain JSON of a value; what JSON cannot say is tagged.
pub(super) fn plain(value: &Value) -> Json {
    let text = value.to_json_text().ok();
    text.and_then(|t| serde_json::from_str(&t).ok()).unwrap_or_else(|| value.to_tagged())
}

/// Arguments of a call as an object. Those that are no JSON stand in one, as the model wrote them.
pub(super) fn arguments(part: &Part) -> Json {
    match part {
        Part::ToolCall(call) => plain(&Value::from(call.args.clone())),
        Part::BrokenToolCall { arguments, .. } => serde_json::json!({"arguments": arguments}),
        _ => Json::Null,
    }
}

/// A part that only a wire understands, as an event.
pub(super) fn opaque(wire: &str, choice: usize, data: Json) -> Event {
    Event::Part { choice, part: Part::Opaque { provider: wire.to_owned(), data } }
}

/// Text that says something.
pub(super) fn text_of(json: &Json) -> Option<String> {
    json.as_str().filter(|t| !t.is_empty()).map(str::to_owned)
}
