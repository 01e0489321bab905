//! `enum` and `const` by the kinds of their values: each kind is a type of its own, and `null` one beside them.

use serde_json::{Map, Value as Json, json};

use super::UnsupportedSchema;
use super::rules::Rules;

/// The choices of `enum` or `const`, where there are any.
pub(super) fn values(map: &Map<String, Json>) -> Option<Vec<Json>> {
    match (map.get("const"), map.get("enum")) {
        (Some(one), _) => Some(vec![one.clone()]),
        (None, Some(Json::Array(many))) => Some(many.clone()),
        _ => None,
    }
}

/// The schemas of the choices, one for each kind of value, in the order in which the kinds come.
pub(super) fn by_kind(values: &[Json], at: &str, rules: &Rules) -> Result<Vec<Json>, UnsupportedSchema> {
    let mut groups: Vec<(&str, Vec<Json>)> = Vec::new();
    for value in values {
        let kind = kind(value);
        match groups.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, group)) => group.push(value.clone()),
            None => groups.push((kind, vec![value.clone()])),
        }
    }
    groups.into_iter().map(|(kind, group)| of_one_kind(kind, group, at, rules)).collect()
}

fn of_one_kind(kind: &str, values: Vec<Json>, at: &str, rules: &Rules) -> Result<Json, UnsupportedSchema> {
    match kind {
        "null" => return Ok(json!({"type": "null"})),
        "boolean" if !rules.bool_enums => {
            return Ok(match values.as_slice() {
                [one] => json!({"type": "boolean", "description": format!("Always {one}.")}),
                _ => json!({"type": "boolean"}),
            });
        }
        "array" | "object" if !rules.data_enums => {
            let what = format!("a choice that is a JSON {kind}");
            return Err(rules.refuse(what, at, "choose among text, numbers and truth values"));
        }
        _ => {}
    }
    let mut out = Map::new();
    // Beside a type, a grammar would be made of the type.
    if !matches!(kind, "array" | "object") {
        out.insert("type".into(), json!(kind));
    }
    match values.as_slice() {
        [one] if rules.constants => out.insert("const".into(), one.clone()),
        _ => out.insert("enum".into(), Json::Array(values)),
    };
    Ok(Json::Object(out))
}

fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::Number(n) if n.is_f64() => "number",
        Json::Number(_) => "integer",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
    }
}
