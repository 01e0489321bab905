//! Fields and values as XML.

use dspex_core::{Error, ErrorKind, Field, FieldType, Result, Stage, Value};
use serde_json::Value as Json;
use unicode_ident::{is_xid_continue, is_xid_start};

use crate::format::output_value;
use crate::nested;
use crate::wording::Wording;

/// What stands for a value in a structure.
const PLACE: &str = "...";

/// A value between tags, on lines of its own.
pub(super) fn block(name: &str, value: &str) -> String {
    ["<", name, ">\n", value, "\n</", name, ">"].concat()
}

/// Where the value of a field goes, as a system message shows it.
pub(super) fn place(field: &Field, hint: &str) -> String {
    block(&field.name, &["{", &field.name, "}", hint].concat())
}

/// The tags inside the tags of an output; none where it is written as a block.
pub(crate) fn skeleton(field: &Field) -> Option<String> {
    if !is_nested(&field.ty) {
        return None;
    }
    let schema = nested::schema(&field.ty);
    let mut out = String::new();
    write_schema(&mut out, &field.name, &schema, &schema["$defs"], &mut Vec::new());
    Some(out)
}

/// An output in the model's turn of a demonstration.
///
/// DSPy writes `&` and `<` as entities in text and in what is nested, but not in a block of another type, which it then
/// cannot read back; that is done for `compat` only.
pub(super) fn output(field: &Field, value: &Value, wording: &Wording, compat: bool) -> Result<String> {
    if is_nested(&field.ty)
        && let Some(plain) = plain(field, value)?
    {
        let mut out = String::new();
        write_value(&mut out, &field.name, None, &plain);
        return Ok(out);
    }
    let text = output_value(field, value, wording)?;
    Ok(block(&field.name, &if compat && field.ty != FieldType::Str { text } else { escaped(&text) }))
}

/// Whether an output of a type is tags inside tags. Types with a meaning of their own are not, nor lists of them.
fn is_nested(ty: &FieldType) -> bool {
    match ty {
        FieldType::List(Some(item)) => !matches!(**item, FieldType::Special(_)),
        FieldType::Dict(Some(_)) | FieldType::Struct(_) => true,
        FieldType::Union(u) => match u.options.as_slice() {
            [one, FieldType::None] | [FieldType::None, one] => {
                !matches!(one, FieldType::Union(_)) && is_nested(one)
            }
            _ => false,
        },
        _ => false,
    }
}

/// A list or mapping of what JSON has; none for a value of another kind.
fn plain(field: &Field, value: &Value) -> Result<Option<Value>> {
    let unsupported = || {
        let kind = format!("values of kind {} inside others", value.kind());
        Error::new(ErrorKind::Unsupported { field: Some(field.name.clone()), kind, stage: Stage::Render })
    };
    match value {
        Value::List(_)
        | Value::Tuple(_)
        | Value::Set(_)
        | Value::FrozenSet(_)
        | Value::Dict(_)
        | Value::Struct(_) => {
            let json = value.to_json_text().map_err(|_| unsupported())?;
            Value::from_plain_json(&json).map(Some).map_err(|_| unsupported())
        }
        _ => Ok(None),
    }
}

fn write_value(out: &mut String, tag: &str, key: Option<&str>, value: &Value) {
    out.push('<');
    out.push_str(tag);
    if let Some(key) = key {
        out.push_str(" key=");
        push_quoted(out, key);
    }
    match value {
        Value::None => return out.push_str(" />"),
        Value::List(items) if items.is_empty() => return out.push_str(" />"),
        _ => out.push('>'),
    }
    match value {
        Value::List(items) => items.iter().for_each(|item| write_value(out, "item", None, item)),
        Value::Dict(entries) => {
            for (name, value) in entries.iter() {
                let name = name.as_str().unwrap_or_default();
                let (tag, key) = if is_tag(name) { (name, None) } else { ("entry", Some(name)) };
                write_value(out, tag, key, value);
            }
        }
        other => out.push_str(&escaped(&other.to_text().unwrap_or_default())),
    }
    push_end(out, tag);
}

fn write_schema<'a>(out: &mut String, tag: &str, schema: &'a Json, defs: &'a Json, open: &mut Vec<&'a str>) {
    let leaf = |out: &mut String| {
        push_start(out, tag);
        out.push_str(PLACE);
        push_end(out, tag);
    };
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.rsplit('/').next()) {
        if open.contains(&name) {
            return leaf(out);
        }
        open.push(name);
        write_schema(out, tag, &defs[name], defs, open);
        open.pop();
        return;
    }
    if let Some(options) = schema["anyOf"].as_array().filter(|o| !o.is_empty()) {
        let option = options.iter().find(|o| o["type"] != "null").unwrap_or(&options[0]);
        return write_schema(out, tag, option, defs, open);
    }
    if schema["type"] == "array" {
        push_start(out, tag);
        write_schema(out, "item", &schema["items"], defs, open);
        return push_end(out, tag);
    }
    match schema["properties"].as_object().filter(|p| !p.is_empty()) {
        Some(properties) => {
            push_start(out, tag);
            properties.iter().for_each(|(name, inner)| write_schema(out, name, inner, defs, open));
            push_end(out, tag);
        }
        None => leaf(out),
    }
}

fn push_start(out: &mut String, tag: &str) {
    out.extend(["<", tag, ">"]);
}

fn push_end(out: &mut String, tag: &str) {
    out.extend(["</", tag, ">"]);
}

/// Text with `&` and `<` as entities.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// An attribute's value in the quotes that it needs.
fn push_quoted(out: &mut String, text: &str) {
    let quote = if text.contains('"') && !text.contains('\'') { '\'' } else { '"' };
    out.push(quote);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\n' => out.push_str("&#10;"),
            '\r' => out.push_str("&#13;"),
            '\t' => out.push_str("&#9;"),
            '"' if quote == '"' => out.push_str("&quot;"),
            c => out.push(c),
        }
    }
    out.push(quote);
}

/// Whether a key can be a tag: a Python identifier that may have hyphens and full stops within.
fn is_tag(key: &str) -> bool {
    let mut chars = key.chars();
    chars.next().is_some_and(|c| c == '_' || is_xid_start(c))
        && chars.all(|c| matches!(c, '-' | '.') || is_xid_continue(c))
}
