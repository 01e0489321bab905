//! `parse_value`: text, and JSON values that are no text, as values of a type.

use dspex_adapters::conformance::{coerce_text, coerce_value};
use dspex_core::{Error, ErrorKind, FieldType, ParsePolicy, SignatureParser, Value};
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, failed, member, same, text};

pub(super) fn run_text(corpus: &Corpus, row: &Json) -> Outcome {
    let ty = field_type(corpus, row)?;
    compare(corpus, row, coerce_text(text(row, "value")?, &ty, &ParsePolicy::compat()))
}

pub(super) fn run_value(corpus: &Corpus, row: &Json) -> Outcome {
    let ty = field_type(corpus, row)?;
    let value = corpus.value(member(row, "value")?)?;
    compare(corpus, row, coerce_value(value, &ty, &ParsePolicy::compat()))
}

/// The type of a row, which names it as a Python annotation; the table of annotations has its AST.
fn field_type(corpus: &Corpus, row: &Json) -> Result<FieldType, String> {
    let name = text(row, "type")?;
    match corpus.entry("units", "annotation_names").and_then(|names| names.get(name)) {
        Some(entry) => corpus.field_type(member(entry, "type")?, text(entry, "name")?),
        None => {
            let signature = SignatureParser::new()
                .parse(&format!("x -> y: {name}"))
                .map_err(|_| format!("not supported yet: the type `{name}`"))?;
            signature.outputs().first().map(|f| f.ty.clone()).ok_or_else(|| "malformed row: the type".into())
        }
    }
}

fn compare(corpus: &Corpus, row: &Json, found: Result<Value, Error>) -> Outcome {
    if row.get("error").is_some() {
        return match found {
            Ok(value) => Err(format!("expected an error, found {}", value.to_tagged())),
            Err(e) if matches!(e.kind(), ErrorKind::Unsupported { .. }) => Err(failed(&e)),
            Err(_) => Ok(()),
        };
    }
    let expected = corpus.value(member(row, "ok")?)?;
    let found = corpus.plain(found.map_err(|e| failed(&e))?);
    if found == expected {
        return Ok(());
    }
    same("the value", &found.to_tagged().to_string(), &expected.to_tagged().to_string())
}
