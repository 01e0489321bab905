//! Whether an argument keeps to its schema, for the words that schemas of tools are written in: those of Rust types, of
//! pydantic, and of most tools that other protocols describe.
//!
//! A schema with a word beyond these goes to the crate `jsonschema` as a whole, where the feature of that name is on, and
//! is refused where it is off: an argument never passes because half of its schema was read.

use std::collections::BTreeSet;

use regex::Regex;
use serde_json::{Map, Value as Json};

use crate::signature::Constraint;
use crate::value::Value;

/// Why an argument is not taken.
#[derive(Debug, PartialEq)]
pub(super) enum Fault {
    /// It breaks its schema.
    Invalid(String),
    /// Its schema has a word that is not checked here.
    Unchecked(String),
}

/// Words that bind the value and are not checked here. All others that are not known bind nothing: JSON Schema says so.
const UNCHECKED: [&str; 16] = [
    "not",
    "if",
    "then",
    "else",
    "contains",
    "minContains",
    "maxContains",
    "propertyNames",
    "dependentRequired",
    "dependentSchemas",
    "dependencies",
    "additionalItems",
    "unevaluatedItems",
    "unevaluatedProperties",
    "$dynamicRef",
    "$recursiveRef",
];

/// How many references may follow each other before a value is looked into: a longer chain leads back to itself.
const MOST_HOPS: usize = 64;

/// What is wrong with an argument by its schema, if anything is.
pub(super) fn fault(value: &Value, schema: &Json, definitions: Option<&Json>) -> Option<Fault> {
    let text = match value.to_json_text() {
        Ok(text) => text,
        Err(e) => return Some(Fault::Invalid(e.to_string())),
    };
    let instance: Json = serde_json::from_str(&text).unwrap_or(Json::Null);
    let mut root = schema.clone();
    if let (Some(definitions), Some(map)) = (definitions, root.as_object_mut()) {
        map.insert("$defs".into(), definitions.clone());
    }
    let check = Check { root: &root };
    // First the whole schema: which of its words are reached must not hang on the value.
    let found = check.words(&root).and_then(|()| check.any(&instance, &root, "", 0));
    match found.err()? {
        Fault::Unchecked(keyword) => by_library(&root, &instance, keyword),
        invalid @ Fault::Invalid(_) => Some(invalid),
    }
}

#[cfg(feature = "jsonschema")]
fn by_library(schema: &Json, instance: &Json, _keyword: String) -> Option<Fault> {
    let found = match jsonschema::validator_for(schema) {
        Ok(validator) => validator.validate(instance).err().map(|e| e.to_string()),
        Err(e) => Some(format!("its schema is no JSON Schema: {e}")),
    };
    found.map(Fault::Invalid)
}

#[cfg(not(feature = "jsonschema"))]
#[expect(clippy::unnecessary_wraps, reason = "with the feature, the value may be found to be right")]
fn by_library(_schema: &Json, _instance: &Json, keyword: String) -> Option<Fault> {
    Some(Fault::Unchecked(keyword))
}

struct Check<'a> {
    /// The schema in which references are looked up.
    root: &'a Json,
}

type Found = Result<(), Fault>;

impl Check<'_> {
    /// Whether every word of a schema is checked here.
    fn words(&self, schema: &Json) -> Found {
        let Json::Object(map) = schema else {
            return if schema.is_boolean() { Ok(()) } else { unchecked("schema", schema) };
        };
        for (word, says) in map {
            let known = match (word.as_str(), says) {
                (word, _) if UNCHECKED.contains(&word) => false,
                ("$ref", Json::String(target)) => self.target(target).is_some(),
                ("type", says) => kinds(says).is_some(),
                ("enum" | "required", says) => says.is_array(),
                ("anyOf" | "oneOf" | "allOf" | "prefixItems", Json::Array(all)) => {
                    all.iter().try_for_each(|s| self.words(s))?;
                    true
                }
                ("properties" | "patternProperties" | "$defs" | "definitions", Json::Object(all)) => {
                    all.values().try_for_each(|s| self.words(s))?;
                    word != "patternProperties" || all.keys().all(|p| Regex::new(p).is_ok())
                }
                ("items" | "additionalProperties", Json::Object(_) | Json::Bool(_)) => {
                    self.words(says)?;
                    true
                }
                ("$ref" | "anyOf" | "oneOf" | "allOf" | "prefixItems" | "properties", _) => false,
                ("patternProperties" | "items" | "additionalProperties", _) => false,
                ("uniqueItems", says) => says.is_boolean(),
                (word, _) => Constraint::readable(word, map),
            };
            if !known {
                return unchecked(word, says);
            }
        }
        Ok(())
    }

    fn target(&self, reference: &str) -> Option<&Json> {
        self.root.pointer(reference.strip_prefix('#')?)
    }

    /// Checks one value by one schema; `hops` counts the references that led here.
    fn any(&self, value: &Json, schema: &Json, place: &str, hops: usize) -> Found {
        let Json::Object(map) = schema else {
            return match schema {
                Json::Bool(false) => broken(place, format!("{value} is there, and nothing may be")),
                _ => Ok(()),
            };
        };
        if let Some(reference) = map.get("$ref").and_then(Json::as_str) {
            let target = self.target(reference).filter(|_| hops < MOST_HOPS);
            let Some(target) = target else { return unchecked("$ref", &map["$ref"]) };
            self.any(value, target, place, hops + 1)?;
        }
        kind_fits(value, map, place)?;
        self.options(value, map, place, hops)?;
        for rule in Constraint::of_schema_for(kind(value), map) {
            if rule.check(&Value::from_plain(value)).is_err() {
                let word = rule.schema_keyword(kind(value)).unwrap_or(rule.keyword());
                return broken(place, format!("{} breaks `\"{word}\": {}`", shown(value), map[word]));
            }
        }
        match value {
            Json::Object(given) => self.object(given, map, place),
            Json::Array(items) => self.array(items, map, place),
            _ => Ok(()),
        }
    }

    /// `anyOf`, `oneOf` and `allOf`.
    fn options(&self, value: &Json, map: &Map<String, Json>, place: &str, hops: usize) -> Found {
        let all = |word: &str| map.get(word).and_then(Json::as_array);
        for schema in all("allOf").into_iter().flatten() {
            self.any(value, schema, place, hops)?;
        }
        for (word, most) in [("anyOf", usize::MAX), ("oneOf", 1)] {
            let Some(options) = all(word) else { continue };
            let mut fitting = 0;
            for option in options {
                match self.any(value, option, place, hops) {
                    Ok(()) => fitting += 1,
                    Err(Fault::Invalid(_)) => {}
                    Err(unchecked) => return Err(unchecked),
                }
            }
            if fitting == 0 {
                return broken(place, format!("{} is not valid under any of `{word}`", shown(value)));
            }
            if fitting > most {
                return broken(place, format!("{} is valid under {fitting} of `{word}`", shown(value)));
            }
        }
        Ok(())
    }

    fn object(&self, given: &Map<String, Json>, map: &Map<String, Json>, place: &str) -> Found {
        let required = map.get("required").and_then(Json::as_array).into_iter().flatten();
        if let Some(name) = required.filter_map(Json::as_str).find(|name| !given.contains_key(*name)) {
            return broken(place, format!("\"{name}\" is a required property"));
        }
        let part = |word: &str| map.get(word).and_then(Json::as_object);
        let patterns: Vec<(Regex, &Json)> = part("patternProperties")
            .into_iter()
            .flatten()
            .filter_map(|(pattern, schema)| Some((Regex::new(pattern).ok()?, schema)))
            .collect();
        for (name, value) in given {
            let place = format!("{place}.{name}");
            let named = part("properties").and_then(|p| p.get(name));
            let matched = patterns.iter().filter(|(p, _)| p.is_match(name)).map(|(_, schema)| *schema);
            let mut schemas: Vec<&Json> = named.into_iter().chain(matched).collect();
            if schemas.is_empty() {
                schemas.extend(map.get("additionalProperties"));
            }
            schemas.into_iter().try_for_each(|schema| self.any(value, schema, &place, 0))?;
        }
        Ok(())
    }

    fn array(&self, items: &[Json], map: &Map<String, Json>, place: &str) -> Found {
        let first = map.get("prefixItems").and_then(Json::as_array).map_or(&[][..], Vec::as_slice);
        for (i, item) in items.iter().enumerate() {
            if let Some(schema) = first.get(i).or_else(|| map.get("items")) {
                self.any(item, schema, &format!("{place}[{i}]"), 0)?;
            }
        }
        if map.get("uniqueItems") == Some(&Json::Bool(true)) {
            let mut seen = BTreeSet::new();
            if let Some(twice) = items.iter().find(|item| !seen.insert(normal(item).to_string())) {
                return broken(place, format!("{} stands there twice", shown(twice)));
            }
        }
        Ok(())
    }
}

/// `type`, `enum` and `const`.
fn kind_fits(value: &Json, map: &Map<String, Json>, place: &str) -> Found {
    if let Some(says) = map.get("type") {
        let of = kind(value);
        let fits = |wanted: &&str| *wanted == of || (*wanted == "number" && of == "integer");
        if !kinds(says).is_some_and(|all| all.iter().any(fits)) {
            return broken(place, format!("{} is not of type {says}", shown(value)));
        }
    }
    let same = |one: &Json| normal(one) == normal(value);
    if let Some(all) = map.get("enum").and_then(Json::as_array)
        && !all.iter().any(same)
    {
        return broken(place, format!("{} is not one of {}", shown(value), map["enum"]));
    }
    match map.get("const") {
        Some(one) if !same(one) => broken(place, format!("{} is not {one}", shown(value))),
        _ => Ok(()),
    }
}

/// The types that `type` names; none where it is malformed.
fn kinds(says: &Json) -> Option<Vec<&str>> {
    const KINDS: [&str; 7] = ["string", "integer", "number", "boolean", "null", "array", "object"];
    let one = std::slice::from_ref(says);
    let all = says.as_array().map_or(one, Vec::as_slice).iter();
    all.map(|kind| kind.as_str().filter(|kind| KINDS.contains(kind))).collect()
}

/// The type of a value. A whole number with a point is an integer, as the specification says.
fn kind(value: &Json) -> &'static str {
    match value {
        Json::Null => "null",
        Json::Bool(_) => "boolean",
        Json::String(_) => "string",
        Json::Array(_) => "array",
        Json::Object(_) => "object",
        Json::Number(n) if n.as_f64().is_some_and(|f| f.fract() == 0.0) => "integer",
        Json::Number(_) => "number",
    }
}

/// The value with one spelling for equal values: `1` for `1.0`, keys in order.
fn normal(value: &Json) -> Json {
    match value {
        Json::Number(n) => match n.as_f64() {
            // Above this, a double does not say which whole number is meant.
            Some(f) if n.is_f64() && f.fract() == 0.0 && f.abs() < 9e15 => {
                #[expect(clippy::cast_possible_truncation, reason = "it is whole and in range")]
                let whole = f as i64;
                whole.into()
            }
            _ => value.clone(),
        },
        Json::Array(items) => items.iter().map(normal).collect(),
        Json::Object(map) => {
            let mut pairs: Vec<_> = map.iter().map(|(key, value)| (key.clone(), normal(value))).collect();
            pairs.sort_by(|a, b| a.0.cmp(&b.0));
            pairs.into_iter().collect()
        }
        other => other.clone(),
    }
}

/// A value for a message, not longer than a line.
fn shown(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(80) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

fn broken(place: &str, message: String) -> Found {
    let place = place.trim_start_matches('.');
    Err(Fault::Invalid(if place.is_empty() { message } else { format!("{message}, at `{place}`") }))
}

fn unchecked(word: &str, says: &Json) -> Found {
    let names_word = UNCHECKED.contains(&word);
    Err(Fault::Unchecked(if names_word { word.to_owned() } else { format!("{word}: {}", shown(says)) }))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(value: &Json, schema: &Json) -> Option<Fault> {
        fault(&Value::from_plain(value), schema, None)
    }

    #[test]
    fn every_word_that_binds_is_held() {
        let point = json!({"$ref": "#/$defs/P", "$defs": {"P": {
            "type": "object", "required": ["x"], "additionalProperties": false,
            "properties": {"x": {"type": "number"}, "next": {"anyOf": [{"$ref": "#/$defs/P"}, {"type": "null"}]}},
        }}});
        let cases = [
            (json!({"type": ["string", "null"]}), json!(null), json!(1)),
            (json!({"type": "integer"}), json!(2.0), json!(2.5)),
            (json!({"type": "number"}), json!(2), json!("2")),
            (json!({"type": "integer", "minimum": 1, "exclusiveMaximum": 5}), json!(1), json!(5)),
            (json!({"type": "number", "multipleOf": 0.5}), json!(1.5), json!(1.7)),
            (json!({"minLength": 2}), json!([]), json!("a")),
            (json!({"type": "string", "pattern": "^a+$"}), json!("aa"), json!("ab")),
            (json!({"type": "array", "maxItems": 1}), json!([1]), json!([1, 2])),
            (json!({"type": "object", "minProperties": 1}), json!({"a": 1}), json!({})),
            (json!({"enum": [5, "x"]}), json!(5.0), json!("5")),
            (json!({"const": {"a": 1, "b": 2}}), json!({"b": 2, "a": 1}), json!({"a": 1})),
            (json!({"oneOf": [{"type": "integer"}, {"minimum": 3}]}), json!(1), json!(4)),
            (json!({"allOf": [{"type": "integer"}, {"minimum": 3}]}), json!(4), json!(1)),
            (json!({"type": "array", "items": {"type": "string"}}), json!(["a"]), json!(["a", 1])),
            (json!({"prefixItems": [{"type": "string"}], "items": false}), json!(["a"]), json!(["a", "b"])),
            (json!({"uniqueItems": true}), json!([1, "1"]), json!([1, 1.0])),
            (
                json!({"patternProperties": {"^n": {"type": "integer"}}, "additionalProperties": false}),
                json!({"n1": 1}),
                json!({"m": 1}),
            ),
            (
                point.clone(),
                json!({"x": 1, "next": {"x": 2, "next": null}}),
                json!({"x": 1, "next": {"y": 2}}),
            ),
            (point, json!({"x": 1.5}), json!({"x": 1, "y": 2})),
        ];
        for (schema, good, bad) in cases {
            assert_eq!(of(&good, &schema), None, "{good} by {schema}");
            assert!(matches!(of(&bad, &schema), Some(Fault::Invalid(_))), "{bad} by {schema}");
        }
    }

    #[test]
    fn a_fault_says_where_it_stands() {
        let schema = json!({"type": "array", "items": {"properties": {"age": {"type": "integer"}}}});
        let found = of(&json!([{"age": 1}, {"age": "old"}]), &schema);
        assert_eq!(found, Some(Fault::Invalid("\"old\" is not of type \"integer\", at `[1].age`".into())));
    }

    /// Schemas with a word beyond those here: a value that keeps to each, and one that breaks it.
    fn beyond() -> Vec<(Json, Json, Json)> {
        vec![
            (json!({"not": {"type": "string"}}), json!(1), json!("a")),
            (json!({"items": {"if": {"minimum": 1}, "then": {"multipleOf": 2}}}), json!([2]), json!([3])),
            (json!({"contains": {"const": 1}}), json!([1]), json!([2])),
            (json!({"type": "string", "pattern": "^(?!a)"}), json!("b"), json!("a")),
        ]
    }

    #[test]
    fn a_word_beyond_these_is_seen_without_a_value() {
        for (schema, ..) in beyond() {
            let found = Check { root: &schema }.words(&schema);
            assert!(matches!(found, Err(Fault::Unchecked(_))), "{schema}: {found:?}");
        }
        let circle = json!({"$ref": "#/$defs/A", "$defs": {"A": {"$ref": "#/$defs/A"}}});
        let found = Check { root: &circle }.any(&json!(1), &circle, "", 0);
        assert_eq!(found, Err(Fault::Unchecked("$ref: \"#/$defs/A\"".into())));
    }

    #[test]
    #[cfg(not(feature = "jsonschema"))]
    fn a_word_beyond_these_is_refused_whatever_the_value() {
        for (schema, good, bad) in beyond() {
            for value in [good, bad] {
                assert!(matches!(of(&value, &schema), Some(Fault::Unchecked(_))), "{value} by {schema}");
            }
        }
    }

    #[test]
    #[cfg(feature = "jsonschema")]
    fn a_word_beyond_these_is_checked_with_the_feature() {
        for (schema, good, bad) in beyond() {
            assert_eq!(of(&good, &schema), None, "{good} by {schema}");
            assert!(matches!(of(&bad, &schema), Some(Fault::Invalid(_))), "{bad} by {schema}");
        }
    }
}
