//! Blocks of content, each from a part.

use base64::Engine as _;
use dspex_core::lm::LmError;
use dspex_core::value::{Citation, Document, DocumentType, Media, MediaKind, MediaSource};
use serde_json::{Value as Json, json};

use crate::wire::Call;
use crate::wire::inline::{inline, remote};
use crate::wire::parts::media_name;

/// A text. One that says nothing is refused by the provider, and left out.
pub(super) fn text(text: &str) -> Option<Json> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}))
}

pub(super) fn media(call: &Call<'_>, media: &Media, cites: bool) -> Result<Option<Json>, LmError> {
    let block = match media.kind {
        MediaKind::Image => source(media, "image/png").map(|s| json!({"type": "image", "source": s})),
        MediaKind::File => file(media, cites),
        _ => None,
    };
    if block.is_none() {
        call.cannot(&media_name(media))?;
    }
    Ok(block)
}

/// Where the bytes are: here, at a URL, or kept by the provider.
fn source(media: &Media, otherwise: &str) -> Option<Json> {
    if let MediaSource::Id(id) = &media.source {
        return Some(json!({"type": "file", "file_id": id}));
    }
    if let Some(url) = remote(media) {
        return Some(json!({"type": "url", "url": url}));
    }
    let inline = inline(media)?;
    let format = inline.format.unwrap_or(otherwise);
    Some(json!({"type": "base64", "media_type": format, "data": inline.base64}))
}

/// A file: a PDF or a text as a document, a picture as an image.
fn file(media: &Media, cites: bool) -> Option<Json> {
    let format = inline(media).and_then(|i| i.format).unwrap_or("application/pdf");
    let source = if format.starts_with("image/") {
        return source(media, format).map(|s| json!({"type": "image", "source": s}));
    } else if format.starts_with("text/") || format == "application/json" {
        let bytes = base64::engine::general_purpose::STANDARD.decode(inline(media)?.base64).ok()?;
        json!({"type": "text", "media_type": "text/plain", "data": String::from_utf8(bytes).ok()?})
    } else if format == "application/pdf" {
        source(media, format)?
    } else {
        return None;
    };
    let mut block = json!({"type": "document", "source": source});
    if let Some(name) = media.name.as_ref().filter(|n| !n.is_empty()) {
        block["title"] = json!(name);
    }
    // Either all documents of a request may be cited, or none.
    if cites {
        block["citations"] = json!({"enabled": true});
    }
    Some(block)
}

pub(super) fn document(d: &Document, cites: bool) -> Json {
    let is_url = d.data.starts_with("https://") || d.data.starts_with("http://");
    let source = match d.media_type {
        DocumentType::Pdf if is_url => json!({"type": "url", "url": d.data}),
        DocumentType::Pdf => json!({"type": "base64", "media_type": "application/pdf", "data": d.data}),
        DocumentType::Text => json!({"type": "text", "media_type": "text/plain", "data": d.data}),
    };
    let mut block = json!({"type": "document", "source": source});
    for (key, text) in [("title", &d.title), ("context", &d.context)] {
        if let Some(text) = text.as_ref().filter(|t| !t.is_empty()) {
            block[key] = json!(text);
        }
    }
    if cites {
        block["citations"] = json!({"enabled": true});
    }
    block
}

/// How places in documents are told: by characters, by pages, by blocks.
const PLACES: [(&str, &str, &str); 3] = [
    ("char_location", "start_char_index", "end_char_index"),
    ("page_location", "start_page_number", "end_page_number"),
    ("content_block_location", "start_block_index", "end_block_index"),
];

/// A citation as the provider writes it, if it tells the place as the provider does.
pub(super) fn citation(c: &Citation) -> Option<Json> {
    let (kind, start, end) = PLACES.into_iter().find(|(kind, ..)| *kind == c.kind)?;
    Some(json!({
        "type": kind,
        "cited_text": c.cited_text,
        "document_index": c.document_index,
        "document_title": c.document_title,
        start: c.start_char_index,
        end: c.end_char_index,
    }))
}

/// A citation of a document of the request. One of something else, as of a page that was searched for, is none.
pub(super) fn cited(json: &Json, text: &str) -> Option<Citation> {
    let (kind, start, end) = PLACES.into_iter().find(|(kind, ..)| json["type"] == *kind)?;
    Some(Citation {
        kind: kind.to_owned(),
        cited_text: json["cited_text"].as_str()?.to_owned(),
        document_index: json["document_index"].as_i64()?,
        document_title: json["document_title"].as_str().map(str::to_owned),
        start_char_index: json[start].as_i64()?,
        end_char_index: json[end].as_i64()?,
        supported_text: Some(text.to_owned()).filter(|t| !t.is_empty()),
    })
}
