//! `normalize_text`: pairs of a text and what is compared of it.

use dspex_evaluate::text::normalize_text;
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, same};

pub(super) fn run(_: &Corpus, row: &Json) -> Outcome {
    match row.as_array().map(Vec::as_slice) {
        Some([Json::String(text), Json::String(plain)]) => same("the text", &normalize_text(text), plain),
        _ => Err("malformed row: expected two texts".into()),
    }
}
