//! The lossless JSON form of values: plain JSON where JSON has the kind, a one-key object (`{"$date": ...}`) where not.
//!
//! Data files, saved demos, transcripts and `--json` output use this form; prompts do not.

use base64::Engine as _;
use serde_json::{Map, Number, Value as Json, json};

use super::{
    Dict, EnumMember, History, Int, Media, MediaKind, MediaSource, Record, StructValue, TimeDelta, Tool,
    ToolCall, ToolCallResult, ToolCalls, Value,
};
use crate::types::{Special, decision};

/// JSON that is not the lossless form of a value.
///
/// ```
/// use dspex_core::Value;
/// let e = Value::from_tagged(&serde_json::json!({"$tuple": 1})).unwrap_err();
/// assert_eq!(e.to_string(), "expected a list under the tag $tuple, found 1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}{}, found {found}", .tag.as_ref().map(|t| format!(" under the tag {t}")).unwrap_or_default())]
pub struct TagError {
    tag: Option<String>,
    expected: &'static str,
    found: String,
}

/// Whole numbers beyond this are tagged, since readers that hold numbers as doubles would change them.
const SAFE: i64 = 1 << 53;

const BASE64: base64::engine::GeneralPurpose = base64::engine::general_purpose::STANDARD;

impl Value {
    /// The lossless JSON form.
    ///
    /// ```
    /// use dspex_core::Value;
    /// use serde_json::json;
    /// assert_eq!(Value::from(vec![1, 2]).to_tagged(), json!([1, 2]));
    /// assert_eq!(Value::Tuple(vec![Value::from(1)]).to_tagged(), json!({"$tuple": [1]}));
    /// assert_eq!(Value::Float(f64::NAN).to_tagged(), json!({"$float": "nan"}));
    /// ```
    pub fn to_tagged(&self) -> Json {
        match self {
            Self::None => Json::Null,
            Self::Bool(b) => json!(b),
            Self::Int(i) => match i.to_i64() {
                Some(n) if (-SAFE..=SAFE).contains(&n) => json!(n),
                _ => json!({"$int": i.to_string()}),
            },
            Self::Float(f) => Number::from_f64(*f)
                .map_or_else(|| json!({"$float": super::text::float_repr(*f)}), Json::Number),
            Self::Complex(re, im) => {
                json!({"$complex": [Self::Float(*re).to_tagged(), Self::Float(*im).to_tagged()]})
            }
            Self::Str(s) => json!(s),
            Self::Bytes(b) => json!({"$bytes": BASE64.encode(b)}),
            Self::Decimal(d) => json!({"$decimal": d.to_string()}),
            Self::Date(d) => json!({"$date": d.to_string()}),
            Self::DateTime(d) => json!({"$datetime": d.to_string()}),
            Self::Time(t) => json!({"$time": t.to_string()}),
            Self::TimeDelta(t) => json!({"$timedelta_seconds": t.as_secs_f64()}),
            Self::Uuid(u) => json!({"$uuid": u.to_string()}),
            Self::List(v) => Json::Array(v.iter().map(Self::to_tagged).collect()),
            Self::Tuple(v) => json!({"$tuple": v.iter().map(Self::to_tagged).collect::<Vec<_>>()}),
            Self::Set(v) => json!({"$set": v.iter().map(Self::to_tagged).collect::<Vec<_>>()}),
            Self::FrozenSet(v) => json!({"$frozenset": v.iter().map(Self::to_tagged).collect::<Vec<_>>()}),
            Self::Dict(d) => dict_to_tagged(d),
            Self::Enum(e) => json!({"$enum": e.type_name, "member": e.member, "value": e.value.to_tagged()}),
            Self::Struct(s) if decision::is_name(&s.type_name) => class(&s.type_name, &s.fields.to_tagged()),
            Self::Struct(s) => json!({"$model": s.type_name, "fields": s.fields.to_tagged()}),
            Self::Media(m) => media_to_tagged(m),
            Self::Document(_) => json!({"$dspy": "Document", "fields": self.fields()}),
            Self::Citations(_) => json!({"$dspy": "Citations", "fields": self.fields()}),
            Self::Tool(tool) => {
                let mut map = tool.to_json();
                map.insert("$dspy".into(), json!("Tool"));
                Json::Object(map)
            }
            Self::ToolCalls(calls) => calls_to_tagged(calls),
            Self::History(history) => {
                let messages: Vec<Json> = history.messages.iter().map(Record::to_tagged).collect();
                class("History", &json!({"messages": messages}))
            }
        }
    }

    /// A value from its lossless JSON form. Objects without a tag become mappings.
    pub fn from_tagged(json: &Json) -> Result<Self, TagError> {
        Ok(match json {
            Json::Null => Self::None,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => number(n),
            Json::String(s) => Self::Str(s.clone()),
            Json::Array(items) => Self::List(items_from(items)?),
            Json::Object(map) => match map.keys().find(|k| k.starts_with('$')) {
                None => Self::Dict(
                    map.iter()
                        .map(|(k, v)| Ok((Self::Str(k.clone()), Self::from_tagged(v)?)))
                        .collect::<Result<_, TagError>>()?,
                ),
                Some(tag) => {
                    if let Some(other) = map.keys().find(|k| *k != tag && !beside(tag).contains(&k.as_str()))
                    {
                        return Err(error(tag, "no other key beside it", &json!(other)));
                    }
                    from_tag(tag, &map[tag], map)?
                }
            },
        })
    }
}

impl Record {
    /// The lossless JSON form of every field, in order.
    pub fn to_tagged(&self) -> Json {
        Json::Object(self.iter().map(|(k, v)| (k.to_owned(), v.to_tagged())).collect())
    }

    /// A record from a JSON object of values in their lossless form.
    pub fn from_tagged(json: &Json) -> Result<Self, TagError> {
        let map = json.as_object().ok_or_else(|| TagError {
            tag: None,
            expected: "an object",
            found: head(json),
        })?;
        map.iter().map(|(k, v)| Ok((k.clone(), Value::from_tagged(v)?))).collect()
    }
}

fn number(n: &Number) -> Value {
    if let Some(i) = n.as_i64() {
        Value::from(i)
    } else if let Some(u) = n.as_u64() {
        Value::from(u)
    } else {
        Value::Float(n.as_f64().unwrap_or(f64::NAN))
    }
}

fn items_from(items: &[Json]) -> Result<Vec<Value>, TagError> {
    items.iter().map(Value::from_tagged).collect()
}

fn dict_to_tagged(d: &Dict) -> Json {
    // A text key that starts like a tag would be read back as one, so such mappings are written as pairs too.
    let plain = d.keys().all(|k| k.as_str().is_some_and(|k| !k.starts_with('$')));
    if plain {
        Json::Object(
            d.iter()
                .map(|(k, v)| (k.as_str().unwrap_or_default().to_owned(), v.to_tagged()))
                .collect::<Map<_, _>>(),
        )
    } else {
        json!({"$dict": d.iter().map(|(k, v)| json!([k.to_tagged(), v.to_tagged()])).collect::<Vec<_>>()})
    }
}

fn media_to_tagged(m: &Media) -> Json {
    let (form, place) = match &m.source {
        MediaSource::Url(u) => ("url", u),
        MediaSource::Base64(b) => ("base64", b),
        MediaSource::Id(id) => ("id", id),
    };
    json!({"$media": m.kind.name(), form: place, "format": m.format, "name": m.name})
}

/// A value of one of DSPy's classes.
fn class(name: &str, fields: &Json) -> Json {
    json!({"$dspy": name, "fields": fields})
}

fn calls_to_tagged(calls: &ToolCalls) -> Json {
    let made = calls.tool_calls.iter().map(|c| {
        class("ToolCalls.ToolCall", &json!({"id": c.id, "name": c.name, "args": c.args.to_tagged()}))
    });
    let result = |r: &ToolCallResult| {
        let value = r.value.to_tagged();
        let fields = json!({"call_id": r.call_id, "name": r.name, "value": value, "is_error": r.is_error});
        class("ToolCallResults.ToolCallResult", &fields)
    };
    let results = calls.tool_call_results.as_ref().map(|results| {
        let results: Vec<Json> = results.iter().map(result).collect();
        class("ToolCallResults", &json!({"tool_call_results": results}))
    });
    class("ToolCalls", &json!({"tool_calls": made.collect::<Vec<_>>(), "tool_call_results": results}))
}

/// The keys that belong to a tag.
fn beside(tag: &str) -> &'static [&'static str] {
    match tag {
        "$enum" => &["member", "value"],
        "$model" => &["fields"],
        "$dspy" => &["fields", "language", "criteria", "name", "desc", "args", "has_kwargs"],
        "$media" => &["url", "base64", "id", "format", "name"],
        _ => &[],
    }
}

/// JSON in an error: short enough to read.
fn head(json: &Json) -> String {
    let mut text = json.to_string();
    if text.len() > 80 {
        text = text.chars().take(80).collect::<String>() + "...";
    }
    text
}

fn error(tag: &str, expected: &'static str, found: &Json) -> TagError {
    TagError { tag: Some(tag.to_owned()), expected, found: head(found) }
}

fn from_tag(tag: &str, inner: &Json, map: &Map<String, Json>) -> Result<Value, TagError> {
    let text = || inner.as_str().ok_or_else(|| error(tag, "text", inner));
    let array = || inner.as_array().ok_or_else(|| error(tag, "a list", inner));
    let fail = |expected| error(tag, expected, inner);
    Ok(match tag {
        "$tuple" => Value::Tuple(items_from(array()?)?),
        "$set" => Value::Set(items_from(array()?)?),
        "$frozenset" => Value::FrozenSet(items_from(array()?)?),
        "$int" => Value::Int(match inner {
            Json::Number(n) => n.to_string().parse::<Int>().map_err(|_| fail("a whole number"))?,
            // A number too big for JSON's reader, which tags it once more.
            Json::Object(_) => match Value::from_tagged(inner)? {
                Value::Int(i) => i,
                _ => return Err(fail("a whole number")),
            },
            _ => text()?.parse::<Int>().map_err(|_| fail("a whole number"))?,
        }),
        "$float" => Value::Float(match text()? {
            "nan" => f64::NAN,
            "inf" => f64::INFINITY,
            "-inf" => f64::NEG_INFINITY,
            _ => return Err(fail("nan, inf or -inf")),
        }),
        "$complex" => match array()?.as_slice() {
            [re, im] => {
                let part = |j| Value::from_tagged(j)?.as_f64().ok_or_else(|| fail("two numbers"));
                Value::Complex(part(re)?, part(im)?)
            }
            _ => return Err(fail("two numbers")),
        },
        "$bytes" => Value::Bytes(BASE64.decode(text()?).map_err(|_| fail("base64 text"))?),
        "$decimal" => Value::Decimal(text()?.parse().map_err(|_| fail("a decimal number"))?),
        "$date" => Value::Date(text()?.parse().map_err(|_| fail("a date"))?),
        "$datetime" => Value::DateTime(text()?.parse().map_err(|_| fail("a date and time"))?),
        "$time" => Value::Time(text()?.parse().map_err(|_| fail("a time"))?),
        "$timedelta_seconds" => {
            let seconds = inner.as_f64().ok_or_else(|| fail("seconds"))?;
            #[expect(clippy::cast_possible_truncation, reason = "a span beyond i64 microseconds saturates")]
            let micros = (seconds * 1e6).round() as i64;
            Value::TimeDelta(TimeDelta::from_micros(micros))
        }
        "$uuid" => Value::Uuid(text()?.parse().map_err(|_| fail("a UUID"))?),
        "$dict" => Value::Dict(
            array()?
                .iter()
                .map(|pair| match pair.as_array().map(Vec::as_slice) {
                    Some([k, v]) => Ok((Value::from_tagged(k)?, Value::from_tagged(v)?)),
                    _ => Err(fail("pairs of key and value")),
                })
                .collect::<Result<_, _>>()?,
        ),
        "$enum" => Value::Enum(EnumMember {
            type_name: text()?.to_owned(),
            member: map
                .get("member")
                .and_then(Json::as_str)
                .ok_or_else(|| fail("a member beside it"))?
                .to_owned(),
            value: Box::new(Value::from_tagged(map.get("value").unwrap_or(&Json::Null))?),
        }),
        "$model" => Value::Struct(StructValue {
            type_name: text()?.to_owned(),
            fields: Record::from_tagged(map.get("fields").ok_or_else(|| fail("fields beside it"))?)?,
        }),
        "$media" => {
            media_from(text()?, map).ok_or_else(|| fail("image, audio or file with url, base64 or id"))?
        }
        "$dspy" => dspy_from(text()?, map)?.ok_or_else(|| fail("a type of DSPy that is supported here"))?,
        _ => return Err(fail("a tag that is known")),
    })
}

fn media_from(kind: &str, map: &Map<String, Json>) -> Option<Value> {
    let kind = match kind {
        "image" => MediaKind::Image,
        "audio" => MediaKind::Audio,
        "file" => MediaKind::File,
        _ => return None,
    };
    let get = |k: &str| map.get(k).and_then(Json::as_str).map(str::to_owned);
    let source = get("url")
        .map(MediaSource::Url)
        .or_else(|| get("base64").map(MediaSource::Base64))
        .or_else(|| get("id").map(MediaSource::Id))?;
    Some(Value::Media(Media { kind, source, format: get("format"), name: get("name") }))
}

/// The fields of a value, and of the values in it, without the tags that say of which class they are.
fn without_tags(fields: &Map<String, Json>) -> Json {
    let inner = |json: &Json| match json.get("$dspy").and(json.get("fields")).and_then(Json::as_object) {
        Some(fields) => without_tags(fields),
        None => json.clone(),
    };
    let each = |json: &Json| match json {
        Json::Array(items) => items.iter().map(inner).collect(),
        other => inner(other),
    };
    Json::Object(fields.iter().map(|(k, v)| (k.clone(), each(v))).collect())
}

/// Values of DSPy's own types, as the conformance corpus and DSPy's demos carry them.
fn dspy_from(name: &str, map: &Map<String, Json>) -> Result<Option<Value>, TagError> {
    if name == "Tool" {
        return Ok(Tool::from_json(&Json::Object(map.clone())).map(Value::Tool));
    }
    let Some(fields) = map.get("fields").and_then(Json::as_object) else { return Ok(None) };
    let get = |k: &str| fields.get(k).and_then(Json::as_str).map(str::to_owned);
    let own = |special: &Special| {
        let object = Value::from_plain_json(&without_tags(fields).to_string()).ok()?;
        Value::from_fields(special, object)
    };
    Ok(match name {
        "Code" => get("code").map(Value::Str),
        "Reasoning" => get("content").map(Value::Str),
        "Image" => own(&Special::Image),
        "Audio" => own(&Special::Audio),
        "File" => own(&Special::File),
        "Document" => own(&Special::Document),
        "Citations" => own(&Special::Citations),
        "ToolCalls" => {
            let calls = fields.get("tool_calls").and_then(Json::as_array);
            let calls = calls.into_iter().flatten().map(call_from).collect::<Result<_, _>>()?;
            let results = results_from(fields.get("tool_call_results").unwrap_or(&Json::Null))?;
            Some(Value::ToolCalls(ToolCalls { tool_calls: calls, tool_call_results: results }))
        }
        "History" => {
            let messages = fields.get("messages").and_then(Json::as_array);
            let messages =
                messages.into_iter().flatten().map(Record::from_tagged).collect::<Result<_, _>>()?;
            Some(Value::History(History { messages }))
        }
        _ if decision::is_name(name) => Some(Value::Struct(StructValue {
            type_name: name.to_owned(),
            fields: Record::from_tagged(&Json::Object(fields.clone()))?,
        })),
        _ => None,
    })
}

fn call_from(call: &Json) -> Result<ToolCall, TagError> {
    let call = call.get("fields").unwrap_or(call);
    Ok(ToolCall {
        id: call.get("id").and_then(Json::as_str).map(str::to_owned),
        name: call.get("name").and_then(Json::as_str).unwrap_or_default().to_owned(),
        args: Record::from_tagged(call.get("args").unwrap_or(&json!({})))?,
    })
}

fn results_from(results: &Json) -> Result<Option<Vec<ToolCallResult>>, TagError> {
    let Some(results) = results.pointer("/fields/tool_call_results").and_then(Json::as_array) else {
        return Ok(None);
    };
    let result = |result: &Json| {
        let fields = result.get("fields").unwrap_or(result);
        Ok(ToolCallResult {
            call_id: fields.get("call_id").and_then(Json::as_str).map(str::to_owned),
            name: fields.get("name").and_then(Json::as_str).unwrap_or_default().to_owned(),
            value: Value::from_tagged(fields.get("value").unwrap_or(&Json::Null))?,
            is_error: fields.get("is_error").and_then(Json::as_bool).unwrap_or(false),
        })
    };
    results.iter().map(result).collect::<Result<_, _>>().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_alone() {
        let e = Value::from_tagged(&json!({"a": 1, "$int": "5"})).unwrap_err();
        assert_eq!(e.to_string(), "expected no other key beside it under the tag $int, found \"a\"");
        assert_eq!(Record::from_tagged(&json!([])).unwrap_err().to_string(), "expected an object, found []");
    }
}
