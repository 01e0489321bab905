//! Google, Gemini API reference: `GenerationConfig.responseJsonSchema`; "Structured outputs".

use serde_json::{Map, Value as Json};

use super::{beside_refs, dangling, formats, goes_round, nodes, unlisted, untyped};

const KEYWORDS: [&str; 20] = [
    "$id",
    "$defs",
    "$ref",
    "$anchor",
    "type",
    "format",
    "title",
    "description",
    "enum",
    "items",
    "prefixItems",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
    "anyOf",
    "oneOf",
    "properties",
    "additionalProperties",
    "required",
];

pub(super) fn faults(schema: &Json) -> Vec<String> {
    let mut out = unlisted(schema, &KEYWORDS);
    out.extend(formats(schema, &["date-time", "date", "time"]));
    out.extend(beside_refs(schema));
    out.extend(untyped(schema));
    out.extend(dangling(schema));
    for (place, map) in nodes(schema) {
        let mut choices = map.get("enum").and_then(Json::as_array).into_iter().flatten();
        if choices.any(|v| !v.is_string() && !v.is_number()) {
            out.push(format!("{place}: a choice that is neither text nor a number"));
        }
    }
    let required = |map: &Map<String, Json>, name: &str| {
        map.get("required").and_then(Json::as_array).is_some_and(|r| r.iter().any(|n| n == name))
    };
    if goes_round(schema, schema, &[], &required) {
        out.push("a cycle of required properties".into());
    }
    out
}
