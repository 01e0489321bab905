//! `answer_exact_match`: an answer or several, a prediction, how much is enough, and whether they match.

use dspex_core::{Example, Prediction, Record, Value};
use dspex_evaluate::answer_exact_match;
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, failed, member, same};

pub(super) fn run(corpus: &Corpus, row: &Json) -> Outcome {
    let value = |key: &str| -> Result<Value, String> { corpus.value(member(row, key)?) };
    let example = Example::new([("answer", value("gold")?)]);
    let prediction = Prediction::new(Record::new().with("answer", value("pred")?));
    let metric = match row.get("frac").and_then(Json::as_f64) {
        Some(frac) => answer_exact_match("answer").frac(frac),
        None => answer_exact_match("answer"),
    };
    let score = metric.compare(&example, &prediction).map_err(|e| failed(&e))?;
    same("the match", &Some(score == 1.0), &member(row, "result")?.as_bool())
}
