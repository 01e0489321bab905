//! The providers' rules, written down from their pages: a walk over a schema that lists what breaks them.

mod anthropic;
mod gbnf;
mod gemini;
mod openai;

use serde_json::{Map, Value as Json};

/// What in a schema breaks the rules of a dialect.
pub(crate) fn faults(dialect: &str, schema: &Json) -> Vec<String> {
    match dialect {
        "openai" => openai::faults(schema),
        "anthropic" => anthropic::faults(schema),
        "gemini" => gemini::faults(schema),
        "gbnf" => gbnf::faults(schema),
        "json_schema" => own_keywords(schema),
        other => panic!("no rules are written down for {other}"),
    }
}

/// Our own keywords go to nobody.
fn own_keywords(schema: &Json) -> Vec<String> {
    schema.to_string().contains("\"x-dspex").then(|| "a keyword of ours".to_owned()).into_iter().collect()
}

/// Every schema inside a schema, itself included, with its place.
fn nodes(schema: &Json) -> Vec<(String, &Map<String, Json>)> {
    let mut out = Vec::new();
    visit(schema, "", &mut out);
    out
}

fn visit<'a>(schema: &'a Json, place: &str, out: &mut Vec<(String, &'a Map<String, Json>)>) {
    let Some(map) = schema.as_object() else { return };
    out.push((place.to_owned(), map));
    for (key, inner) in map {
        match (key.as_str(), inner) {
            (
                "properties" | "$defs" | "definitions" | "patternProperties" | "dependentSchemas",
                Json::Object(of),
            ) => {
                of.iter().for_each(|(name, s)| visit(s, &format!("{place}/{key}/{name}"), out));
            }
            ("anyOf" | "oneOf" | "allOf" | "prefixItems", Json::Array(of)) => {
                of.iter().enumerate().for_each(|(i, s)| visit(s, &format!("{place}/{key}/{i}"), out));
            }
            (
                "items"
                | "additionalProperties"
                | "not"
                | "if"
                | "then"
                | "else"
                | "contains"
                | "propertyNames",
                _,
            ) => {
                visit(inner, &format!("{place}/{key}"), out);
            }
            _ => {}
        }
    }
}

/// Keywords that a dialect does not list.
fn unlisted(schema: &Json, listed: &[&str]) -> Vec<String> {
    nodes(schema)
        .iter()
        .flat_map(|(place, map)| map.keys().map(move |key| (place, key)))
        .filter(|(_, key)| !listed.contains(&key.as_str()))
        .map(|(place, key)| format!("{place}: `{key}` is no keyword here"))
        .collect()
}

/// Formats that a dialect does not list.
fn formats(schema: &Json, listed: &[&str]) -> Vec<String> {
    let of = |map: &Map<String, Json>| map.get("format").map(|f| f.as_str().unwrap_or_default().to_owned());
    nodes(schema)
        .into_iter()
        .filter_map(|(place, map)| Some((place, of(map)?)))
        .filter(|(_, format)| !listed.contains(&format.as_str()))
        .map(|(place, format)| format!("{place}: the format `{format}`"))
        .collect()
}

/// Objects with other keys than those that are named.
fn open_objects(schema: &Json) -> Vec<String> {
    nodes(schema)
        .into_iter()
        .filter(|(_, map)| map.get("type").is_some_and(|t| t == "object"))
        .filter(|(_, map)| map.get("additionalProperties") != Some(&Json::Bool(false)))
        .map(|(place, _)| format!("{place}: the object is open"))
        .collect()
}

/// Keywords beside `$ref`, as far as they do not start with `$`.
fn beside_refs(schema: &Json) -> Vec<String> {
    nodes(schema)
        .into_iter()
        .filter(|(_, map)| map.contains_key("$ref") && map.keys().any(|key| !key.starts_with('$')))
        .map(|(place, _)| format!("{place}: something beside `$ref`"))
        .collect()
}

/// Schemas that name no type, where every one must.
fn untyped(schema: &Json) -> Vec<String> {
    nodes(schema)
        .into_iter()
        .filter(|(_, map)| {
            !["type", "anyOf", "$ref", "enum", "const"].iter().any(|key| map.contains_key(*key))
        })
        .map(|(place, _)| format!("{place}: no type"))
        .collect()
}

fn def<'a>(schema: &'a Json, reference: &Json) -> Option<&'a Json> {
    schema.pointer(reference.as_str()?.strip_prefix('#')?)
}

/// References that point nowhere.
fn dangling(schema: &Json) -> Vec<String> {
    nodes(schema)
        .into_iter()
        .filter_map(|(place, map)| Some((place, map.get("$ref")?)))
        .filter(|(_, reference)| def(schema, reference).is_none())
        .map(|(place, reference)| format!("{place}: {reference} points nowhere"))
        .collect()
}

/// Whether a walk along `$ref`s comes to a definition again; `follow` says which properties it follows.
fn goes_round(
    schema: &Json,
    at: &Json,
    open: &[String],
    follow: &dyn Fn(&Map<String, Json>, &str) -> bool,
) -> bool {
    let Some(map) = at.as_object() else {
        return at.as_array().into_iter().flatten().any(|s| goes_round(schema, s, open, follow));
    };
    if let Some(reference) = map.get("$ref") {
        let name = reference.to_string();
        if open.contains(&name) {
            return true;
        }
        let deeper = [open, &[name]].concat();
        return def(schema, reference).is_some_and(|d| goes_round(schema, d, &deeper, follow));
    }
    map.iter().any(|(key, inner)| match (key.as_str(), inner) {
        ("properties", Json::Object(of)) => {
            of.iter().any(|(name, s)| follow(map, name) && goes_round(schema, s, open, follow))
        }
        ("$defs" | "enum" | "const", _) => false,
        _ => goes_round(schema, inner, open, follow),
    })
}
