//! `majority`: completions, a field or none, and the completion that is elected.

use dspex_core::{Prediction, Record};
use dspex_evaluate::{majority, normalize_vote};
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, failed, list, member, same};

pub(super) fn run(corpus: &Corpus, row: &Json) -> Outcome {
    let completions: Vec<Record> =
        list(row, "completions")?.iter().map(|c| corpus.record(c)).collect::<Result<_, _>>()?;
    let prediction = Prediction::from_completions(completions).map_err(|e| failed(&e))?;
    let field = row.get("field").and_then(Json::as_str);
    let elected = majority(&prediction, field, normalize_vote).map_err(|e| failed(&e))?;
    same("the completion", &elected.into_inner(), &corpus.record(member(row, "result")?)?)
}
