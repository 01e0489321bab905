//! What DSPy does to text between its markers of custom types: it becomes parts of the message, whoever wrote it.
//!
//! An input that carries such markers can thereby slip an image or any other part into the prompt, so this is done
//! only where a caller asks for DSPy's very messages ([`RenderCall::compat`](dspex_core::RenderCall::compat)).

use std::sync::LazyLock;

use dspex_core::lm::Part;
use dspex_core::value::{Media, MediaKind, MediaSource};
use regex::Regex;
use serde_json::Value as Json;

use crate::parse;

static MARKED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?s)<<CUSTOM-TYPE-START-IDENTIFIER>>(.*?)<<CUSTOM-TYPE-END-IDENTIFIER>>").ok()
});

/// The parts of a user's turn: its text, and what stands between markers.
pub(crate) fn expand(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut from = 0;
    for found in MARKED.as_ref().into_iter().flat_map(|m| m.captures_iter(text)) {
        let (Some(whole), Some(inside)) = (found.get(0), found.get(1)) else { continue };
        if whole.start() > from {
            parts.push(Part::Text(text[from..whole.start()].to_owned()));
        }
        let inside = inside.as_str().trim();
        match blocks(inside) {
            Some(blocks) => parts.extend(blocks.into_iter().map(part)),
            None => parts.push(Part::Text(inside.to_owned())),
        }
        from = whole.end();
    }
    if from < text.len() || parts.is_empty() {
        parts.push(Part::Text(text[from..].to_owned()));
    }
    parts
}

/// The blocks that JSON between markers holds: sound, quoted once more, or to be repaired.
fn blocks(inside: &str) -> Option<Vec<Json>> {
    let json = serde_json::from_str(inside)
        .or_else(|_| {
            serde_json::from_str(&format!("\"{inside}\"")).and_then(|s: String| serde_json::from_str(&s))
        })
        .ok()
        .or_else(|| parse::repaired(inside).map(|v| v.to_tagged()))?;
    match json {
        Json::Array(blocks) if !blocks.is_empty() => Some(blocks),
        _ => None,
    }
}

fn part(block: Json) -> Part {
    let text = |path: &str| block.pointer(path).and_then(Json::as_str).map(str::to_owned);
    match (block["type"].as_str(), text("/text"), text("/image_url/url")) {
        (Some("text"), Some(text), _) => Part::Text(text),
        (Some("image_url"), _, Some(url)) => Part::Media(Media {
            kind: MediaKind::Image,
            source: MediaSource::Url(url),
            format: None,
            name: None,
        }),
        _ => Part::Opaque { provider: "openai".into(), data: block },
    }
}
