//! What replies hold beside their words: what belongs to a message, and counts of tokens.

use dspex_core::Usage;
use dspex_core::lm::{Event, Part};
use serde_json::{Map, Value as Json};

use super::NAME;
use crate::wire::body::count;

pub(super) fn text_of(json: &Json) -> Option<String> {
    json.as_str().filter(|t| !t.is_empty()).map(str::to_owned)
}

pub(super) fn list(json: &Json) -> impl Iterator<Item = (u64, &Json)> {
    (0..).zip(json.as_array().into_iter().flatten())
}

pub(super) fn opaque(data: Json) -> Event {
    Event::Part { choice: 0, part: Part::Opaque { provider: NAME.to_owned(), data } }
}

/// What belongs to a message and only the provider understands: what it rests on, and of which phase it is.
pub(super) fn annotate(item: &Json, events: &mut Vec<Event>) {
    let mut own = Map::new();
    let annotations =
        list(&item["content"]).flat_map(|(_, c)| c["annotations"].as_array().into_iter().flatten());
    let annotations: Vec<Json> = annotations.cloned().collect();
    if !annotations.is_empty() {
        own.insert("annotations".to_owned(), annotations.into());
    }
    if item["phase"].is_string() {
        own.insert("phase".to_owned(), item["phase"].clone());
    }
    if !own.is_empty() {
        events.push(opaque(Json::Object(own)));
    }
}

/// The counts of tokens; none where nothing is said of them.
pub(super) fn usage(said: &Json) -> Option<Usage> {
    let said = said.as_object()?;
    let of = |map: Option<&Json>, key: &str| match map.and_then(|m| m.get(key)) {
        None | Some(Json::Null) => Some(0),
        Some(n) => count(n),
    };
    let all = || {
        let (input, output) = (count(said.get("input_tokens")?)?, count(said.get("output_tokens")?)?);
        let (of_input, of_output) = (said.get("input_tokens_details"), said.get("output_tokens_details"));
        let mut usage = Usage::tokens(input, output);
        usage.cached_read_tokens = of(of_input, "cached_tokens")?;
        usage.cached_write_tokens = of(of_input, "cache_write_tokens")?;
        usage.reasoning_tokens = of(of_output, "reasoning_tokens")?;
        usage.audio_tokens = of(of_input, "audio_tokens")?.saturating_add(of(of_output, "audio_tokens")?);
        Some(usage)
    };
    Some(all().unwrap_or_else(Usage::uncounted))
}
