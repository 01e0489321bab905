//! `answer_passage_match`: an answer or several, passages, and whether one contains one.

use dspex_core::{Example, Prediction, Record};
use dspex_evaluate::answer_passage_match;
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, failed, member, same};

pub(super) fn run(corpus: &Corpus, row: &Json) -> Outcome {
    let example = Example::new([("answer", corpus.value(member(row, "gold")?)?)]);
    let passages = corpus.value(member(row, "context")?)?;
    let prediction = Prediction::new(Record::new().with("context", passages));
    let score = answer_passage_match("answer").compare(&example, &prediction).map_err(|e| failed(&e))?;
    same("the match", &Some(score == 1.0), &member(row, "result")?.as_bool())
}
