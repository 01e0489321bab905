//! DSPy's own types: what their classes take, and a rule of the policy for each step beyond.

use std::sync::LazyLock;

use dspex_core::types::UnionType;
use dspex_core::value::{Dict, Document, Media};
use dspex_core::{FieldType, ParseRule, Special, Value};

use super::walk::{Exactness, Walk};
use super::{Coercion, Mismatch, candidate, tools};
use crate::parse::{fence, repair};

type Read = Result<Value, Mismatch>;

static DOCUMENT: LazyLock<FieldType> = LazyLock::new(|| fields_of(Special::Document));
static CITATIONS: LazyLock<FieldType> = LazyLock::new(|| fields_of(Special::Citations));

/// The struct that has the fields of DSPy's class.
fn fields_of(special: Special) -> FieldType {
    let mut schema = FieldType::Special(special).json_schema();
    // With a title, a choice would be an enumeration of that name.
    for property in schema["properties"].as_object_mut().into_iter().flat_map(|p| p.values_mut()) {
        property.as_object_mut().map(|p| p.shift_remove("title"));
    }
    FieldType::from_json_schema(&schema)
}

/// The type whose value is the text of a field rather than JSON in it: code or a document, optional or not.
pub(super) fn verbatim<'t>(ty: &'t FieldType, cx: &Coercion<'_>) -> Option<&'t FieldType> {
    let is_text = |ty: &FieldType| matches!(ty, FieldType::Special(Special::Code(_) | Special::Document));
    let ty = match ty {
        FieldType::Union(UnionType { options, .. }) => match options.as_slice() {
            [one, FieldType::None] | [FieldType::None, one] => one,
            _ => return None,
        },
        other => other,
    };
    (is_text(ty) && cx.applies(ParseRule::VerbatimText)).then_some(ty)
}

/// Code or a document from the text of a field: the text itself, unless all of it is an object of the type's fields.
pub(super) fn from_verbatim(text: &str, ty: &FieldType, optional: bool, cx: &mut Coercion<'_>) -> Read {
    if optional && matches!(text.trim(), "null" | "None") {
        cx.note(ParseRule::NullText, format!("read `{}` as no value", text.trim()));
        return Ok(Value::None);
    }
    if let Some(object) = object(text, ty) {
        let before = cx.notes.len();
        match Walk::new(cx).validate(&object, ty) {
            Ok(value) => return Ok(value),
            Err(_) => cx.notes.truncate(before),
        }
    }
    Walk::new(cx).validate(&text.into(), ty)
}

/// The JSON object that is the whole text, or the whole of its fenced block, where it has the type's main field.
fn object(text: &str, ty: &FieldType) -> Option<Value> {
    let key = if matches!(ty, FieldType::Special(Special::Document)) { "data" } else { "code" };
    let blocks = fence::blocks(text.trim());
    let inner = match blocks.as_slice() {
        [one] if one.is_whole(text.trim()) && one.info == "json" => one.code.as_str(),
        _ => text,
    };
    let value = repair::strict_json(inner.trim())?;
    value.as_dict()?.get_str(key).is_some_and(|v| v.as_str().is_some()).then_some(value)
}

/// A value of one of these types from the text of a field, as DSPy reads it: what the text may be as JSON, and if that
/// is none, the text itself.
pub(super) fn from_text(text: &str, ty: &FieldType, cx: &mut Coercion<'_>) -> Read {
    let candidate = candidate(text, ty)?;
    let before = cx.notes.len();
    match Walk::new(cx).validate(&candidate.value, ty) {
        Ok(value) => super::accept(value, &candidate, text, ty, cx),
        Err(error) if error.unsupported || error.rule.is_some() => Err(error),
        Err(error) => {
            cx.notes.truncate(before);
            Walk::new(cx).validate(&text.into(), ty).map_err(|second| match second.rule {
                Some(_) => second,
                None => error,
            })
        }
    }
}

/// A value against one of these types.
pub(super) fn read(walk: &mut Walk<'_, '_>, value: &Value, special: &Special, ty: &FieldType) -> Read {
    if matches!(value, Value::Media(_) | Value::Document(_) | Value::Citations(_)) {
        return ty.check(value).map(|()| value.clone()).map_err(|_| Mismatch::new(ty, value));
    }
    walk.floor(Exactness::Strict);
    match special {
        Special::Reasoning => {
            walk.add_fields(1);
            text_or_key(value, "content").map(Value::from).ok_or_else(|| Mismatch::new(ty, value))
        }
        Special::Code(language) => {
            walk.add_fields(1);
            let text = text_or_key(value, "code").ok_or_else(|| Mismatch::new(ty, value))?;
            code(walk, text, language.as_deref(), ty)
        }
        Special::Image | Special::Audio | Special::File => media(walk, value, special, ty),
        Special::Document => document(walk, value, ty),
        Special::Citations => citations(walk, value, ty),
        Special::ToolCalls => tools::calls(walk, value, ty),
        Special::History => tools::history(walk, value, ty),
        Special::Decision(decision) => super::decision::read(walk, value, decision, ty),
        // A tool is a function, and no reply can be one.
        Special::Tool => match value {
            Value::Tool(_) => Ok(value.clone()),
            _ => Err(Mismatch::new(ty, value)),
        },
        _ => Err(Mismatch::unsupported(ty)),
    }
}

fn text_or_key<'v>(value: &'v Value, key: &str) -> Option<&'v str> {
    match value {
        Value::Str(text) => Some(text),
        Value::Dict(d) => d.get_str(key)?.as_str(),
        _ => None,
    }
}

fn code(walk: &mut Walk<'_, '_>, text: &str, language: Option<&str>, ty: &FieldType) -> Read {
    let Some(taken) = fence::code(text, language, walk.cx.policy) else {
        return Err(Mismatch::words(ty.name(), text).by(ParseRule::SeveralFences));
    };
    if let Some(note) = taken.note {
        walk.cx.note(ParseRule::FencedCode, note);
    }
    Ok(taken.code.into())
}

fn media(walk: &mut Walk<'_, '_>, value: &Value, special: &Special, ty: &FieldType) -> Read {
    let known = match value {
        Value::Dict(d) => known_fields(special, d).and_then(|d| Value::from_fields(special, d.into())),
        Value::Str(text) if *special == Special::Audio || *special == Special::File => {
            data_uri(special, text)
        }
        _ => None,
    };
    if let Some(media) = known {
        return Ok(media);
    }
    if !walk.cx.applies(ParseRule::MediaReference) {
        return Err(Mismatch::new(ty, value));
    }
    // What can only mean one thing: an image by its place, or by the id that a provider gave out.
    let meant = match value {
        Value::Str(text) if *special == Special::Image => {
            let media = Media::image_url(text.trim()).ok();
            media.filter(|_| !text.trim().starts_with("data:") || is_image(text.trim())).map(Value::Media)
        }
        Value::Dict(_) => Value::from_fields(special, value.clone()),
        _ => None,
    };
    let meant = meant.ok_or_else(|| Mismatch::new(ty, value))?;
    walk.floor(Exactness::Mended);
    walk.cx.note(ParseRule::MediaReference, "taken by its place or id, not from the fields of DSPy's class");
    Ok(meant)
}

fn is_image(uri: &str) -> bool {
    uri.starts_with("data:image/") && uri.contains(',')
}

/// The fields that DSPy's class takes, if these are ones.
fn known_fields(special: &Special, given: &Dict) -> Option<Dict> {
    let names: &[&str] = match special {
        Special::Image => &["url"],
        Special::Audio => &["data", "audio_format"],
        _ => &["file_data", "file_id", "filename"],
    };
    let mut out = Dict::new();
    for (key, value) in given.iter() {
        names.contains(&key.as_str()?).then_some(())?;
        let value = match (special, value) {
            // DSPy looks for a place inside a place.
            (Special::Image, Value::Dict(_)) => {
                let mut inner = value;
                while let Value::Dict(d) = inner {
                    inner = d.get_str("url")?;
                }
                inner.clone()
            }
            (Special::File, Value::Str(text)) => text.trim().into(),
            (Special::File, Value::None) => continue,
            _ => value.clone(),
        };
        out.insert(key.clone(), value);
    }
    Some(out)
}

fn data_uri(special: &Special, text: &str) -> Option<Value> {
    use dspex_core::value::{Audio, File};
    match special {
        Special::Audio => Audio::from_data_uri(text).ok().map(Value::from),
        _ => File::from_data_uri(text.trim_end(), None).ok().map(Value::from),
    }
}

fn document(walk: &mut Walk<'_, '_>, value: &Value, ty: &FieldType) -> Read {
    match value {
        Value::Str(text) => {
            walk.add_fields(1);
            Ok(Document::new(text).into())
        }
        Value::Dict(_) => {
            let fields = walk.validate(value, &DOCUMENT)?;
            Value::from_fields(&Special::Document, fields).ok_or_else(|| Mismatch::new(ty, value))
        }
        _ => Err(Mismatch::new(ty, value)),
    }
}

/// A list of citations, alone or under their name, or a single one.
fn citations(walk: &mut Walk<'_, '_>, value: &Value, ty: &FieldType) -> Read {
    let cites = |value: &Value| value.as_dict().is_some_and(|d| d.get_str("cited_text").is_some());
    let list = match value {
        Value::List(items) if items.iter().all(cites) => value.clone(),
        Value::Dict(d) => match d.get_str("citations") {
            Some(list @ Value::List(_)) => list.clone(),
            None if cites(value) => Value::List(vec![value.clone()]),
            _ => return Err(Mismatch::new(ty, value)),
        },
        _ => return Err(Mismatch::new(ty, value)),
    };
    let object = Value::Dict([("citations".into(), list)].into_iter().collect());
    let fields = walk.validate(&object, &CITATIONS)?;
    Value::from_fields(&Special::Citations, fields).ok_or_else(|| Mismatch::new(ty, value))
}
