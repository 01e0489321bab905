//! `example`: what single operations on examples and predictions give, each under its name.
//!
//! The rows hold results alone. What they were taken of is in the results themselves: an example of `q`, `a` and a
//! note, two completions of `a` and `b`, a score of one half.

use dspex_core::value::{StructValue, Value};
use dspex_core::{Error, ErrorKind, Example, Prediction, Record};
use serde_json::{Value as Json, json};

use crate::corpus::Corpus;
use crate::outcome::{Outcome, failed, same, text};

pub(super) fn run(_: &Corpus, name: &str, row: &Json) -> Outcome {
    let found = match name {
        "repr" => json!(example().to_string()),
        "len" => json!(example().len()),
        "keys" => json!(example().keys().collect::<Vec<_>>()),
        "keys_dspy" => json!(example().record().keys().collect::<Vec<_>>()),
        "inputs" => example().inputs().map_err(|e| failed(&e))?.to_tagged(),
        "labels" => example().labels().map_err(|e| failed(&e))?.to_tagged(),
        "toDict" => example().to_dict().to_tagged(),
        "without_repr" => json!(example().without(&["a"]).map_err(|e| failed(&e))?.to_string()),
        "copy_override" => example().with("a", "B").to_json(),
        "eq" => json!(example() == example().with_inputs(["a"])),
        "inputs_without_with_inputs" => return refused(Example::default().inputs(), "ValueError", row),
        "missing_attr" => return refused(example().get::<String>("missing"), "AttributeError", row),
        "prediction_repr" => json!(several()?.to_string()),
        "prediction_repr_single" => {
            let b = Value::List(vec![1.into()]);
            json!(Prediction::new(Record::new().with("a", "1").with("b", b)).to_string())
        }
        "completions_len" => json!(several()?.completions().len()),
        "completions_1" => several()?.completions().nth(1).map_or(Json::Null, Record::to_tagged),
        "completions_a" => {
            let prediction = several()?;
            let column = prediction.column("a").map_err(|e| failed(&e))?;
            json!(column.into_iter().map(Value::to_tagged).collect::<Vec<_>>())
        }
        "completions_ragged" => {
            let ragged = vec![pair("1", 2), Record::new().with("a", "3")];
            return refused(Prediction::from_completions(ragged), "AssertionError", row);
        }
        "prediction_score_ops" => {
            let score = Prediction::new(Record::new().with("score", 0.5)).score().map_err(|e| failed(&e))?;
            let sum = (score + 1.0).value();
            json!([sum, score < 0.6, score.value(), (1.5 / score).value()])
        }
        "to_dict_nested" => nested().to_dict().to_tagged(),
        _ => return Err("not supported yet".into()),
    };
    same("the result", &found, row)
}

fn example() -> Example {
    Example::new([("q", "Q"), ("a", "A"), ("dspy_uuid", "u")]).with_inputs(["q"])
}

fn pair(a: &str, b: i32) -> Record {
    Record::new().with("a", a).with("b", b)
}

fn several() -> Result<Prediction<Record>, String> {
    Prediction::from_completions(vec![pair("1", 2), pair("3", 4)]).map_err(|e| failed(&e))
}

/// A history, an example and structs, alone and in a list, as the fields of an example.
fn nested() -> Example {
    let of = |type_name: &str, fields| Value::Struct(StructValue { type_name: type_name.into(), fields });
    let person = || of("Person", Record::new().with("name", "Ann").with("age", 30));
    let messages = Value::List(vec![Record::new().with("q", 1).into()]);
    Example::default()
        .with("h", of("History", Record::new().with("messages", messages)))
        .with("e", Example::new([("x", 1)]).record().clone())
        .with("p", person())
        .with("l", Value::List(vec![person()]))
}

/// Both sides refuse; what here is a wrong configuration is, to Python, an error of a class.
fn refused<T>(found: Result<T, Error>, class: &str, row: &Json) -> Outcome {
    let expected = text(row, "$error")?;
    match found {
        Ok(_) => Err(format!("expected {expected}, found a result")),
        Err(e) if matches!(e.kind(), ErrorKind::Configuration { .. }) => same("the error", &class, &expected),
        Err(e) => Err(failed(&e)),
    }
}
