//! Anthropic, "Structured outputs": "JSON Schema limitations" and "Schema complexity limits".

use serde_json::Value as Json;

use super::{dangling, formats, goes_round, nodes, open_objects, unlisted, untyped};

const KEYWORDS: [&str; 16] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "allOf",
    "$ref",
    "$defs",
    "description",
    "default",
    "format",
    "pattern",
    "minItems",
];
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

pub(super) fn faults(schema: &Json) -> Vec<String> {
    let mut out = unlisted(schema, &KEYWORDS);
    out.extend(formats(schema, &FORMATS));
    out.extend(open_objects(schema));
    out.extend(untyped(schema));
    out.extend(dangling(schema));
    if goes_round(schema, schema, &[], &|_, _| true) {
        out.push("a recursive schema".into());
    }
    let (mut optional, mut unions) = (0, 0);
    for (place, map) in nodes(schema) {
        let required: Vec<&str> = map
            .get("required")
            .and_then(Json::as_array)
            .into_iter()
            .flatten()
            .filter_map(Json::as_str)
            .collect();
        let names = map.get("properties").and_then(Json::as_object).into_iter().flat_map(|p| p.keys());
        optional += names.filter(|n| !required.contains(&n.as_str())).count();
        unions += usize::from(map.contains_key("anyOf") || map.get("type").is_some_and(Json::is_array));
        if map.get("minItems").is_some_and(|n| n.as_u64().is_none_or(|n| n > 1)) {
            out.push(format!("{place}: `minItems` above 1"));
        }
        if map.get("pattern").and_then(Json::as_str).is_some_and(|p| p.contains("(?") || p.contains(r"\b")) {
            out.push(format!("{place}: a pattern with lookaround or `\\b`"));
        }
        let choices = map.get("enum").and_then(Json::as_array).into_iter().flatten();
        if choices.chain(map.get("const")).any(|v| v.is_object() || v.is_array()) {
            out.push(format!("{place}: a choice that is no scalar"));
        }
    }
    if optional > 24 {
        out.push(format!("{optional} properties that may be left out"));
    }
    if unions > 16 {
        out.push(format!("{unions} unions"));
    }
    out
}
