//! `format_field_value`: a value as the section of a text field and of a field of any type holds it.

use dspex_adapters::ChatAdapter;
use dspex_core::{Adapter, Field, FieldType, Record, RenderCall, Signature, Value};
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, failed, member, same, text};

pub(super) fn run(corpus: &Corpus, row: &Json) -> Outcome {
    let value = corpus.value(member(row, "value")?)?;
    for (ty, key) in [(FieldType::Str, "as_str_field"), (FieldType::Any, "as_any_field")] {
        let found = written(ty, &value);
        if row.get(format!("{key}_error")).is_some() {
            if let Ok(found) = found {
                return Err(format!("{key}: expected an error, found {found:?}"));
            }
            continue;
        }
        same(key, &found?.as_str(), &text(row, key)?)?;
    }
    Ok(())
}

/// What the chat adapter writes for a value, cut from a whole turn.
fn written(ty: FieldType, value: &Value) -> Result<String, String> {
    let fields = [Field::input("x", ty), Field::output("y", FieldType::Str)];
    let signature = Signature::new(fields).map_err(|e| e.to_string())?;
    let inputs = Record::new().with("x", value.clone());
    let request = ChatAdapter::new().render(&RenderCall::new(&signature, &inputs)).map_err(|e| failed(&e))?;
    let user = request.messages.last().map(dspex_core::lm::Message::text).unwrap_or_default();
    let body = user.strip_prefix("[[ ## x ## ]]\n").ok_or("expected a section for the input")?;
    let (value, _) = body.rsplit_once("\n\n").ok_or("expected a reminder behind the section")?;
    Ok(value.to_owned())
}
