//! llama.cpp, "GBNF Guide": "JSON Schemas → GBNF".

use serde_json::Value as Json;

use super::{beside_refs, dangling, formats, nodes, unlisted, untyped};

const KEYWORDS: [&str; 20] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "oneOf",
    "$ref",
    "$defs",
    "description",
    "format",
    "pattern",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minimum",
    "maximum",
];

pub(super) fn faults(schema: &Json) -> Vec<String> {
    let listed: Vec<&str> = KEYWORDS.into_iter().chain(["exclusiveMinimum", "exclusiveMaximum"]).collect();
    let mut out = unlisted(schema, &listed);
    out.extend(formats(schema, &["date-time", "date", "time", "uuid"]));
    // The converter sees nothing else where it sees a reference.
    out.extend(beside_refs(schema));
    // `{}` would be any object, and not anything.
    out.extend(untyped(schema));
    out.extend(dangling(schema));
    for (place, map) in nodes(schema) {
        let bound = |key: &&&str| map.contains_key(**key);
        let bounds = ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"];
        if map.get("type").is_none_or(|t| t != "integer") && bounds.iter().any(|b| bound(&b)) {
            out.push(format!("{place}: bounds of what is no whole number"));
        }
        let pattern = map.get("pattern").and_then(Json::as_str);
        if pattern.is_some_and(|p| !p.starts_with('^') || !p.ends_with('$') || p.contains(r"\d")) {
            out.push(format!("{place}: a pattern that is not anchored, or has classes"));
        }
        if map.contains_key("properties") && ["anyOf", "oneOf"].iter().any(|k| map.contains_key(*k)) {
            out.push(format!("{place}: properties beside options"));
        }
    }
    out
}
