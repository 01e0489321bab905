//! Values as the plain JSON that DSPy writes for them and reads as demonstrations.
//!
//! JSON lacks kinds that values have (dates, tuples, members of enumerations). What the plain form loses of a value
//! stands once more, without loss, under the key `dspex`.

use dspex_core::value::{ToolCall, ToolCallResult};
use dspex_core::{Record, Value};
use serde_json::{Map, Number, Value as Json, json};

/// A value as plain JSON: what Python's `json` would write, and text where it would refuse.
pub(super) fn to_plain(value: &Value) -> Json {
    match value {
        Value::None => Json::Null,
        Value::Bool(b) => json!(b),
        // Whole numbers beyond 64 bits are text: DSPy's reader of JSON would round them.
        Value::Int(i) => match i.to_string() {
            text if text.starts_with('-') => text.parse::<i64>().map_or(json!(text), |n| json!(n)),
            text => text.parse::<u64>().map_or(json!(text), |n| json!(n)),
        },
        Value::Float(f) => Number::from_f64(*f).map_or(Json::Null, Json::Number),
        Value::Str(s) => json!(s),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) | Value::FrozenSet(items) => {
            Json::Array(items.iter().map(to_plain).collect())
        }
        Value::Dict(d) => Json::Object(d.iter().map(|(k, v)| (key(k), to_plain(v))).collect()),
        Value::Struct(s) => Json::Object(record_to_plain(&s.fields)),
        Value::Enum(e) => to_plain(&e.value),
        Value::ToolCalls(calls) => {
            let made: Vec<Json> = calls.tool_calls.iter().map(call).collect();
            let mut out = json!({"tool_calls": made});
            if let Some(results) = &calls.tool_call_results {
                out["tool_call_results"] = to_plain(&ToolCallResult::all_to_value(results));
            }
            out
        }
        Value::History(history) => {
            json!({"messages": history.messages.iter().map(record_to_plain).collect::<Vec<_>>()})
        }
        other => json!(text(other)),
    }
}

/// A record as a plain JSON object.
pub(super) fn record_to_plain(record: &Record) -> Map<String, Json> {
    record.iter().map(|(name, value)| (name.to_owned(), to_plain(value))).collect()
}

fn key(value: &Value) -> String {
    match value {
        Value::Bool(b) => b.to_string(),
        other => text(other),
    }
}

/// The text of a value; one that has none is written as DSPy saves its own types, or in its lossless form.
fn text(value: &Value) -> String {
    if let Some(marked) = value.to_dspy_marked() {
        return marked;
    }
    value.to_text().unwrap_or_else(|_| value.to_tagged().to_string())
}

fn call(call: &ToolCall) -> Json {
    let mut out = Map::new();
    if let Some(id) = &call.id {
        out.insert("id".into(), json!(id));
    }
    out.insert("name".into(), json!(call.name));
    out.insert("args".into(), Json::Object(record_to_plain(&call.args)));
    Json::Object(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_json_is_what_dspy_writes() {
        let table = [
            (json!({"$tuple": [1, {"$date": "2024-01-31"}]}), json!([1, "2024-01-31"])),
            (json!({"$enum": "Level", "member": "LOW", "value": 1}), json!(1)),
            (json!({"$dict": [[1, "a"], [true, "b"]]}), json!({"1": "a", "true": "b"})),
            (json!({"$float": "nan"}), Json::Null),
            (json!({"$int": "18446744073709551616"}), json!("18446744073709551616")),
            (json!({"$int": "18446744073709551615"}), json!(u64::MAX)),
            (json!({"$model": "Person", "fields": {"name": "Ann"}}), json!({"name": "Ann"})),
            (
                json!({"$media": "image", "url": "http://x/y.png"}),
                json!(
                    "<<CUSTOM-TYPE-START-IDENTIFIER>>[{\"type\": \"image_url\", \"image_url\": \
                     {\"url\": \"http://x/y.png\"}}]<<CUSTOM-TYPE-END-IDENTIFIER>>"
                ),
            ),
        ];
        for (tagged, plain) in table {
            let value = Value::from_tagged(&tagged).unwrap();
            assert_eq!(to_plain(&value), plain, "{tagged}");
        }
    }
}
