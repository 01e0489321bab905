//! `annotation_names`: what prompts show of a type.

use dspex_adapters::conformance;
use dspex_core::value::text::float_repr;
use serde_json::Value as Json;

use crate::checker;
use crate::corpus::Corpus;
use crate::outcome::{Outcome, member, same, text};

pub(super) fn run(corpus: &Corpus, row: &Json) -> Outcome {
    let name = text(row, "name")?;
    let ast = member(row, "type")?;
    let ty = corpus.field_type(ast, name)?;
    let allows_none = member(row, "allows_none")?.as_bool().ok_or("malformed row: `allows_none`")?;
    same("the name", &ty.name().as_str(), &name)?;
    same("whether None is allowed", &ty.allows_none(), &allows_none)?;
    let wanted = text(row, "translated_output")?;
    let wanted = wanted.strip_prefix("{x}").ok_or("malformed row: `translated_output`")?;
    checker::hint(corpus, ast, wanted, &conformance::hint(&ty))?;
    match row.get("json_schema") {
        Some(schema) => {
            same("the schema", &dumps(&ty.json_schema()), &dumps(&checker::without_dspy_docs(schema)))
        }
        None => Ok(()),
    }
}

/// JSON with the order of its keys and the kinds of its numbers.
fn dumps(json: &Json) -> String {
    match json {
        Json::Object(map) => {
            let members: Vec<_> =
                map.iter().map(|(k, v)| format!("{}: {}", Json::from(k.as_str()), dumps(v))).collect();
            format!("{{{}}}", members.join(", "))
        }
        Json::Array(items) => format!("[{}]", items.iter().map(dumps).collect::<Vec<_>>().join(", ")),
        Json::Number(n) if n.is_f64() => n.as_f64().map(float_repr).unwrap_or_default(),
        other => other.to_string(),
    }
}
