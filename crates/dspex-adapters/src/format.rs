//! How single fields and values are written in a prompt; shared by all adapters.

use std::fmt::Write as _;

use dspex_core::value::text::UnsupportedKind;
use dspex_core::{Direction, Error, ErrorKind, Field, FieldType, Result, Special, Stage, Value};
use serde_json::{Value as Json, json};

use crate::parse;
use crate::wording::{FieldWording, Wording, fill};

/// The marker of a section.
pub(crate) fn marker(name: &str) -> String {
    ["[[ ## ", name, " ## ]]"].concat()
}

/// A value as its section holds it.
///
/// Text under a text field is written as it is; a list under a text field becomes numbered passages; other
/// collections become JSON; everything else is spelled as Python spells it. Images and the like are parts in the turns
/// of users ([`parts`](crate::parts)) and JSON in those of the model.
pub(crate) fn field_value(field: &Field, value: &Value) -> Result<String> {
    let unsupported = |e: UnsupportedKind| {
        Error::new(ErrorKind::Unsupported {
            field: Some(field.name.clone()),
            kind: format!("values of kind {}", e.kind),
            stage: Stage::Render,
        })
    };
    match value {
        Value::List(items) if field.ty == FieldType::Str => passages(items).map_err(unsupported),
        Value::List(_)
        | Value::Tuple(_)
        | Value::Set(_)
        | Value::FrozenSet(_)
        | Value::Dict(_)
        | Value::Struct(_)
        | Value::Citations(_)
        | Value::ToolCalls(_)
        | Value::History(_) => value.to_json_text().map_err(unsupported),
        Value::Media(_) | Value::Document(_) if field.direction == Direction::Output => {
            value.to_json_text().map_err(unsupported)
        }
        Value::Media(_) | Value::Document(_) => {
            Err(unsupported(UnsupportedKind { kind: value.kind(), form: "text" }))
        }
        other => other.to_text().map_err(unsupported),
    }
}

/// A value as the section of an output in the model's turn holds it: [`field_value`], in which no control character of
/// JSON can be taken for a command of LaTeX. A wording of somebody else's has it as DSPy does.
pub(crate) fn output_value(field: &Field, value: &Value, wording: &Wording) -> Result<String> {
    let text = field_value(field, value)?;
    let holds_json = match value {
        Value::List(_) => field.ty != FieldType::Str,
        Value::Tuple(_)
        | Value::Set(_)
        | Value::FrozenSet(_)
        | Value::Dict(_)
        | Value::Struct(_)
        | Value::Citations(_)
        | Value::ToolCalls(_)
        | Value::History(_)
        | Value::Media(_)
        | Value::Document(_) => true,
        _ => false,
    };
    Ok(if holds_json && !wording.is_foreign() { parse::spell_controls(text) } else { text })
}

/// A list under a text field: nothing, one passage, or numbered ones.
fn passages(items: &[Value]) -> Result<String, UnsupportedKind> {
    let passages = items.iter().map(passage).collect::<Result<Vec<_>, _>>()?;
    Ok(match passages.as_slice() {
        [] => "N/A".to_owned(),
        [one] => one.clone(),
        many => {
            let mut out = String::new();
            for (i, passage) in many.iter().enumerate() {
                let newline = if i > 0 { "\n" } else { "" };
                let _ = write!(out, "{newline}[{}] {passage}", i + 1);
            }
            out
        }
    })
}

/// A passage between marks that it does not hold itself. Structs and collections are spelled as Python spells them, on
/// one line; of their text DSPy does not look for the marks. Single things, such as numbers, are no passages.
fn passage(item: &Value) -> Result<String, UnsupportedKind> {
    match item {
        Value::Str(text) if text.contains(['\n', '«', '»']) => {
            Ok(format!("«««\n    {}\n»»»", text.replace('\n', "\n    ")))
        }
        Value::Str(text) => Ok(format!("«{text}»")),
        Value::Struct(_)
        | Value::List(_)
        | Value::Tuple(_)
        | Value::Set(_)
        | Value::FrozenSet(_)
        | Value::Dict(_) => Ok(format!("«{}»", item.to_text()?)),
        other => Err(UnsupportedKind { kind: other.kind(), form: "a passage of text" }),
    }
}

/// The numbered list of fields.
pub(crate) fn field_list(fields: &[Field], wording: &FieldWording) -> String {
    let mut out = String::new();
    for (i, field) in fields.iter().enumerate() {
        if i > 0 {
            out.push('\n');
        }
        let (number, name, ty) = ((i + 1).to_string(), field.name.as_str(), field.ty.name());
        let mut values = vec![("number", number.as_str()), ("name", name), ("type", ty.as_str())];
        let template = match &field.description {
            Some(description) => {
                values.push(("description", description));
                &wording.described
            }
            None => &wording.plain,
        };
        out.push_str(&fill(template, &values));
        kinds(&field.ty, &mut |special| out.push_str(&special_note(special, field.direction, wording)));
        if let Some(constraints) = field.constraints_text() {
            out.push_str(&fill(&wording.constraints, &[("constraints", &constraints)]));
        }
    }
    // The space that a template may leave at its end is only wanted between lines.
    parse::strip(&out).to_owned()
}

/// The hint beside the place of an output, empty for text.
pub(crate) fn hint(field: &Field, wording: &FieldWording) -> String {
    match hint_of(&field.ty, wording) {
        Some(hint) => fill(&wording.note, &[("hint", &hint)]),
        None => String::new(),
    }
}

/// What is said of a type's form; nothing for text.
fn hint_of(ty: &FieldType, wording: &FieldWording) -> Option<String> {
    let list = |values: &mut dyn Iterator<Item = String>| values.collect::<Vec<_>>().join("; ");
    let text = |v: &Value| v.to_text().unwrap_or_default();
    let schema = || schema_text(ty, wording);
    Some(match ty {
        FieldType::Str | FieldType::Special(Special::Reasoning) => return None,
        FieldType::Special(Special::Code(_)) if wording.code_schema.is_empty() => return None,
        FieldType::Special(Special::Code(_)) => fill(&wording.code_schema, &[("schema", &schema())]),
        // A type with a name says what it is for.
        FieldType::Named(n) => match (hint_of(n.base(), wording), n.description()) {
            (hint, None) => return hint,
            (None, Some(description)) => description.to_owned(),
            (Some(hint), Some(description)) => format!("{hint} ({description})"),
        },
        FieldType::Bool => fill(&wording.boolean, &[]),
        FieldType::Int | FieldType::Float => fill(&wording.number, &[("type", &ty.name())]),
        FieldType::Enum(e) => fill(
            &wording.member,
            &[
                ("values", &list(&mut e.members.iter().map(|(_, v)| text(v)))),
                ("names", &list(&mut e.members.iter().map(|(name, _)| name.clone()))),
            ],
        ),
        FieldType::Literal(l) => fill(&wording.literal, &[("values", &list(&mut l.iter().map(text)))]),
        _ => fill(&wording.schema, &[("schema", &schema())]),
    })
}

/// The JSON Schema of a type as `json.dumps` writes it, with what the wording says of types in schemas.
fn schema_text(ty: &FieldType, wording: &FieldWording) -> String {
    let mut schema = ty.json_schema();
    document(&mut schema, wording);
    Value::from_tagged(&plain_keys(schema)).ok().and_then(|v| v.to_json_text().ok()).unwrap_or_default()
}

/// Puts the wording's descriptions of types into a schema: in each object, between the keys before and behind it.
fn document(schema: &mut Json, wording: &FieldWording) {
    let Json::Object(map) = schema else {
        schema.as_array_mut().into_iter().flatten().for_each(|item| document(item, wording));
        return;
    };
    map.values_mut().for_each(|inner| document(inner, wording));
    let title = map.get("title").and_then(Json::as_str).unwrap_or_default();
    let Some(doc) = wording.docs.get(title) else { return };
    if !map.contains_key("properties") || map.contains_key("description") {
        return;
    }
    let mut all: Vec<(String, Json)> = std::mem::take(map).into_iter().collect();
    let at = all.iter().position(|(key, _)| key != "type" && key.as_str() > "description");
    let description = Json::String(fill(doc, &[]));
    all.insert(at.unwrap_or(all.len()), ("description".to_owned(), description));
    map.extend(all);
}

/// `$defs` and `$ref` start like tags of values; as pairs of a mapping they are only keys.
fn plain_keys(schema: Json) -> Json {
    match schema {
        Json::Object(map) => {
            let pairs: Vec<Json> = map.into_iter().map(|(k, v)| json!([k, plain_keys(v)])).collect();
            json!({"$dict": pairs})
        }
        Json::Array(items) => Json::Array(items.into_iter().map(plain_keys).collect()),
        other => other,
    }
}

/// What the wording says of a type that needs words of its own.
fn special_note(special: &Special, direction: Direction, wording: &FieldWording) -> String {
    let (note, language) = match special {
        Special::Document => (&wording.document, None),
        Special::Citations => (&wording.citations, None),
        Special::ToolCalls => (&wording.tool_calls, None),
        // DSPy takes code that names no language for Python.
        Special::Code(language) => {
            let note = if direction == Direction::Input { &wording.code_given } else { &wording.code };
            (note, Some(language.as_deref().unwrap_or("python")))
        }
        _ => return String::new(),
    };
    if note.is_empty() {
        return String::new();
    }
    let language = language.unwrap_or_default();
    let note = fill(note, &[("language", language), ("fence", &language.to_lowercase())]);
    fill(&wording.special, &[("type", &special.name()), ("note", &note)])
}

/// Every type inside a type that has a meaning of its own to prompts, in order; not those of a struct's fields.
pub(crate) fn kinds(ty: &FieldType, each: &mut impl FnMut(&Special)) {
    match ty {
        FieldType::Special(s) => each(s),
        FieldType::List(Some(item)) | FieldType::Set(Some(item)) | FieldType::FrozenSet(Some(item)) => {
            kinds(item, each);
        }
        FieldType::Dict(Some(kv)) => {
            kinds(&kv.0, each);
            kinds(&kv.1, each);
        }
        FieldType::Tuple(Some(t)) => t.items.iter().for_each(|item| kinds(item, each)),
        FieldType::Union(u) => u.options.iter().for_each(|option| kinds(option, each)),
        FieldType::Named(n) => kinds(n.base(), each),
        _ => {}
    }
}
