//! `decisions`: how DSPy asks for decisions, and what it makes of the evidence.
//!
//! A row names no signature. The type of an output is what its question says, and it has a type with values of its own
//! (`bool`, `Literal`) where DSPy's answer is a bare value.

use dspex_core::types::{DecisionConfig, DecisionType};
use dspex_core::{FieldType, Special, Value};
use serde_json::{Map, Value as Json};

use crate::corpus::Corpus;
use crate::outcome::{Outcome, same};

pub(super) fn run(_: &Corpus, row: &Json) -> Outcome {
    let questions = row["questions"].as_object().ok_or("malformed row: expected questions")?;
    let none = Map::new();
    let configs = row["fields"].as_object().unwrap_or(&none);
    if let Some(name) = configs.keys().find(|name| !questions.contains_key(*name)) {
        return Err(format!("malformed row: settings of `{name}`, which is no output"));
    }
    for (name, question) in questions {
        let config = configs.get(name).map_or_else(|| Ok(DecisionConfig::new()), read_config)?;
        one(question, &config, &row["answers"][name], &row["decoded"][name])
            .map_err(|e| format!("{name}: {e}"))?;
    }
    Ok(())
}

fn read_config(json: &Json) -> Result<DecisionConfig, String> {
    serde_json::from_value(json.clone()).map_err(|e| format!("malformed row: {e}"))
}

fn one(question: &Json, config: &DecisionConfig, answer: &Json, decoded: &Json) -> Outcome {
    let decision = decision_of(question).map_err(|e| e.to_string())?;
    let asked = decision.question(question["instructions"].as_str(), config).map_err(|e| e.to_string())?;
    same("the question", &asked, question)?;
    let answer = Value::from_tagged(answer).map_err(|e| e.to_string())?;
    let value = decision.decide(&answer, config).map_err(|e| e.to_string())?;
    FieldType::Special(Special::Decision(decision)).check(&value).map_err(|e| e.to_string())?;
    match (&value, decoded.get("$dspy")) {
        (Value::Struct(_), Some(_)) => same("the decision", &value.to_tagged(), decoded),
        (Value::Struct(s), None) => {
            same("the decision", &s.fields.get("value").map(Value::to_tagged), &Some(decoded.clone()))
        }
        _ => Err(format!("expected a decision, found {}", value.kind())),
    }
}

fn decision_of(question: &Json) -> Result<DecisionType, dspex_core::types::DecisionError> {
    let criteria = &question["criteria"];
    let pairs = || criteria.as_object().into_iter().flatten();
    match question["type"].as_str() {
        Some("noul") => DecisionType::noul_with(pairs().map(|(k, d)| (k == "true", d.clone()))),
        Some("choice") => DecisionType::choice(pairs().map(|(label, d)| (label.as_str(), d.clone()))),
        _ => DecisionType::score(criteria.as_array().into_iter().flatten().cloned()),
    }
}
