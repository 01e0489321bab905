//! `string_metrics`: a prediction, an answer and the scores of the one against the other.

use dspex_evaluate::text::{em_score, f1_score, hotpot_f1_score, precision_score};
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, member, same, text};

pub(super) fn run(_: &Corpus, row: &Json) -> Outcome {
    let (prediction, answer) = (text(row, "pred")?, text(row, "gold")?);
    same("EM", &Some(em_score(prediction, answer)), &member(row, "EM")?.as_bool())?;
    let scores = [
        ("F1", f1_score as fn(&str, &str) -> f64),
        ("HotPotF1", hotpot_f1_score),
        ("precision", precision_score),
    ];
    for (name, score) in scores {
        same(name, &Some(score(prediction, answer)), &member(row, name)?.as_f64())?;
    }
    Ok(())
}
