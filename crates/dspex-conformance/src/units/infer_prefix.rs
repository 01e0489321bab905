//! `infer_prefix`: pairs of a name and its label.

use dspex_core::infer_prefix;
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, same};

pub(super) fn run(_: &Corpus, row: &Json) -> Outcome {
    match row.as_array().map(Vec::as_slice) {
        Some([Json::String(name), Json::String(label)]) => same("the label", &infer_prefix(name), label),
        _ => Err("malformed row: expected a name and a label".into()),
    }
}
