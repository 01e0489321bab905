//! `parse_value`: text and JSON values as values of a type.

use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, unsupported};

pub(super) fn run_text(corpus: &Corpus, row: &Json) -> Outcome {
    unsupported(corpus, row)
}

pub(super) fn run_value(corpus: &Corpus, row: &Json) -> Outcome {
    unsupported(corpus, row)
}
