//! `dpr_normalize`: pairs of a text and its tokens.

use dspex_evaluate::text::dpr_normalize;
use serde_json::{Value as Json, json};

use crate::corpus::Corpus;
use crate::outcome::{Outcome, same};

pub(super) fn run(_: &Corpus, row: &Json) -> Outcome {
    match row.as_array().map(Vec::as_slice) {
        Some([Json::String(text), tokens @ Json::Array(_)]) => {
            same("the tokens", &json!(dpr_normalize(text)), tokens)
        }
        _ => Err("malformed row: expected a text and its tokens".into()),
    }
}
