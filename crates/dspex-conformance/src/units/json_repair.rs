//! `json_repair_loads`: what a reader of broken JSON gives, and the version of it that is followed.

use dspex_adapters::conformance::{JSON_REPAIR, loads};
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, member, same, text};

pub(super) fn run(corpus: &Corpus, row: &Json) -> Outcome {
    let found = loads(text(row, "input")?);
    if row.get("error").is_some() {
        return match found {
            Some(value) => Err(format!("expected an error, found {}", value.to_tagged())),
            None => Ok(()),
        };
    }
    let expected = corpus.value(member(row, "ok")?)?;
    let found = found.ok_or("expected a value, found an error")?;
    if found == expected {
        return Ok(());
    }
    same("the value", &found.to_tagged().to_string(), &expected.to_tagged().to_string())
}

pub(super) fn version(_: &Corpus, row: &Json) -> Outcome {
    same("the version", &row.as_str(), &Some(JSON_REPAIR))
}
