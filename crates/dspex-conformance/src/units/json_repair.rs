//! `json_repair_loads`: what a reader of broken JSON gives.

use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, unsupported};

pub(super) fn run(corpus: &Corpus, row: &Json) -> Outcome {
    unsupported(corpus, row)
}

pub(super) fn version(corpus: &Corpus, row: &Json) -> Outcome {
    unsupported(corpus, row)
}
