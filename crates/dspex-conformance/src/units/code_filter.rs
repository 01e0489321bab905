//! `code_filter`: what DSPy's `Code` and its RLM take out of a text.

use dspex_adapters::conformance::{filter_code, python_program};
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, same, text};

pub(super) fn run(_: &Corpus, row: &Json) -> Outcome {
    let input = text(row, "input")?;
    same("Code", &filter_code(input), &text(row, "Code")?)?;
    match (row["rlm_strip"].as_str(), python_program(input)) {
        (Some(wanted), found) => same("rlm_strip", &found.as_deref(), &Ok(wanted)),
        (None, Ok(found)) => Err(format!("rlm_strip: expected an error, found {found:?}")),
        (None, Err(_)) => Ok(()),
    }
}
