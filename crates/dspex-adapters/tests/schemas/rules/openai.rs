//! OpenAI, "Structured model outputs": "Supported schemas".

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::{beside_refs, dangling, def, formats, nodes, open_objects, unlisted, untyped};

const KEYWORDS: [&str; 19] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "items",
    "enum",
    "const",
    "anyOf",
    "$ref",
    "$defs",
    "description",
    "pattern",
    "format",
    "multipleOf",
    "maximum",
    "exclusiveMaximum",
    "minimum",
    "exclusiveMinimum",
    "minItems",
];
const FORMATS: [&str; 9] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

pub(super) fn faults(schema: &Json) -> Vec<String> {
    let listed: Vec<&str> = KEYWORDS.into_iter().chain(["maxItems"]).collect();
    let mut out = unlisted(schema, &listed);
    out.extend(formats(schema, &FORMATS));
    out.extend(open_objects(schema));
    out.extend(beside_refs(schema));
    out.extend(untyped(schema));
    out.extend(dangling(schema));
    if schema["type"] != "object" || schema.get("anyOf").is_some() {
        out.push("the root is no object".into());
    }
    let (mut properties, mut choices, mut characters) = (0, 0, 0);
    for (place, map) in nodes(schema) {
        let names = || map.get("properties").and_then(Json::as_object).into_iter().flat_map(Map::keys);
        properties += names().count();
        characters += names().map(|n| n.chars().count()).sum::<usize>();
        let required =
            map.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str);
        let required: BTreeSet<&str> = required.collect();
        if !names().all(|name| required.contains(name.as_str())) {
            out.push(format!("{place}: a property is not required"));
        }
        if map.get("type").is_some_and(|t| t == "array") && !map.contains_key("items") {
            out.push(format!("{place}: a list without the type of its items"));
        }
        let values: Vec<&Json> =
            map.get("enum").and_then(Json::as_array).into_iter().flatten().chain(map.get("const")).collect();
        let length: usize = values.iter().filter_map(|v| v.as_str()).map(|s| s.chars().count()).sum();
        choices += values.len();
        characters += length;
        if values.len() > 250 && length > 15_000 {
            out.push(format!("{place}: a long enum"));
        }
        if values.iter().any(|v| v.is_object() || v.is_array()) {
            out.push(format!("{place}: a choice that is no scalar"));
        }
    }
    characters +=
        schema["$defs"].as_object().into_iter().flatten().map(|(n, _)| n.chars().count()).sum::<usize>();
    for (what, found, most) in
        [("properties", properties, 5_000), ("choices", choices, 1_000), ("characters", characters, 120_000)]
    {
        if found > most {
            out.push(format!("{found} {what}"));
        }
    }
    if depth(schema, schema, &mut Vec::new()) > 10 {
        out.push("more than ten levels".into());
    }
    out
}

/// Objects inside objects.
fn depth(schema: &Json, at: &Json, open: &mut Vec<String>) -> usize {
    let Some(map) = at.as_object() else {
        return at.as_array().into_iter().flatten().map(|s| depth(schema, s, open)).max().unwrap_or(0);
    };
    if let Some(reference) = map.get("$ref") {
        let name = reference.to_string();
        if open.contains(&name) {
            return 0;
        }
        open.push(name);
        let found = def(schema, reference).map_or(0, |d| depth(schema, d, open));
        open.pop();
        return found;
    }
    let inner = map.iter().filter(|(key, _)| !matches!(key.as_str(), "$defs" | "enum" | "const"));
    let inner = inner.map(|(key, s)| match (key.as_str(), s) {
        ("properties", Json::Object(of)) => of.values().map(|s| depth(schema, s, open)).max().unwrap_or(0),
        _ => depth(schema, s, open),
    });
    inner.max().unwrap_or(0) + usize::from(map.get("type").is_some_and(|t| t == "object"))
}
