//! `string_signatures`: strings and the signatures that DSPy reads from them, or the class of its error.

use dspex_core::{Field, Signature, SignatureParser};
use serde_json::Value as Json;

use crate::corpus::{Corpus, direction};
use crate::outcome::{Outcome, list, member, same, text};

pub(super) fn run(corpus: &Corpus, row: &Json) -> Outcome {
    let parsed = SignatureParser::new().compat().parse(text(row, "input")?);
    if let Some(error) = row.get("error") {
        let class = text(error, "class")?;
        return match parsed {
            Ok(s) => Err(format!("expected {class}, found the signature `{s}`")),
            Err(e) => same("the error", &e.class, &class),
        };
    }
    let ok = member(row, "ok")?;
    let found = parsed.map_err(|e| format!("expected a signature, found {}: {e}", e.class))?;
    heading(&found, ok)?;
    let fields: Vec<&Field> = found.fields().collect();
    let expected = list(ok, "fields")?;
    same("the number of fields", &fields.len(), &expected.len())?;
    for (found, expected) in fields.into_iter().zip(expected) {
        field(corpus, found, expected).map_err(|why| format!("field `{}`: {why}", found.name))?;
    }
    Ok(())
}

/// The signature in short and its instructions.
pub(super) fn heading(found: &Signature, expected: &Json) -> Outcome {
    same("the signature", &found.to_string().as_str(), &text(expected, "signature")?)?;
    same("the instructions", &found.instructions(), &text(expected, "instructions")?)
}

fn field(corpus: &Corpus, found: &Field, expected: &Json) -> Outcome {
    let undefined = member(expected, "type_undefined")?.as_bool().ok_or("malformed row: `type_undefined`")?;
    same("the name", &found.name.as_str(), &text(expected, "name")?)?;
    same("the direction", &found.direction, &direction(expected)?)?;
    same("the prefix", &found.prefix.as_str(), &text(expected, "prefix")?)?;
    same("the description", &found.stored_description().as_str(), &text(expected, "desc")?)?;
    same("whether the type was left out", &found.type_undefined, &undefined)?;
    let spelled = text(expected, "annotation").unwrap_or_default();
    same("the type", &found.ty, &corpus.field_type(member(expected, "type")?, spelled)?)
}
