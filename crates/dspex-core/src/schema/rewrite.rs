//! A schema in a dialect: one walk, steered by the dialect's rules.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json, json};

use super::merge::{ANNOTATIONS, both};
use super::refs::{Source, prepare, target};
use super::rules::Rules;
use super::{UnsupportedSchema, enums, limits, words};
use crate::types::{EXTENSION, MARK};

/// Keywords that have a place of their own in the walk.
const STRUCTURE: [&str; 11] = [
    "type",
    "properties",
    "required",
    "additionalProperties",
    "patternProperties",
    "items",
    "prefixItems",
    "anyOf",
    "oneOf",
    "enum",
    "const",
];

/// The schema in the dialect of these rules.
pub(super) fn run(schema: &Json, rules: &'static Rules) -> Result<Json, UnsupportedSchema> {
    let source = prepare(schema, rules)?;
    let walk = Walk { rules, source: &source, opaque: only_serde_checks(&source) };
    let mut root = &source.root;
    while let Some(def) = walk.referred(root) {
        root = def;
    }
    let mut out = walk.schema(root, "", false)?;
    if rules.root_object && out["type"] != "object" {
        let found = if out.get("anyOf").is_some() { "a choice of types" } else { "what is no object" };
        return Err(rules.refuse(found, "", "put it into a field of an object"));
    }
    let mut defs = Map::new();
    let mut todo = names_in(&out);
    while let Some(name) = todo.pop_first() {
        if !defs.contains_key(&name)
            && let Some(def) = source.defs.get(&name)
        {
            let def = walk.schema(def, &format!("/$defs/{name}"), walk.opaque.contains(&name))?;
            todo.extend(names_in(&def));
            defs.insert(name, def);
        }
    }
    if !defs.is_empty() {
        defs.sort_keys();
        out["$defs"] = Json::Object(defs);
    }
    limits::check(&out, rules)?;
    Ok(out)
}

/// The definitions that a schema in a dialect refers to.
fn names_in(schema: &Json) -> BTreeSet<String> {
    match schema {
        Json::Object(map) => {
            let own = map.get("$ref").and_then(Json::as_str).and_then(target);
            map.values().flat_map(names_in).chain(own).collect()
        }
        Json::Array(items) => items.iter().flat_map(names_in).collect(),
        _ => BTreeSet::new(),
    }
}

/// The definitions of types that only serde checks, and what they refer to.
fn only_serde_checks(source: &Source) -> BTreeSet<String> {
    fn marked(schema: &Json, found: &mut BTreeSet<String>) {
        match schema {
            Json::Object(map) if map.get(MARK).is_some_and(|mark| mark == "schema") => {
                found.extend(names_in(schema));
            }
            Json::Object(map) => map.values().for_each(|s| marked(s, found)),
            Json::Array(items) => items.iter().for_each(|s| marked(s, found)),
            _ => {}
        }
    }
    let (mut out, mut todo) = (BTreeSet::new(), BTreeSet::new());
    std::iter::once(&source.root).chain(source.defs.values()).for_each(|s| marked(s, &mut todo));
    while let Some(name) = todo.pop_first() {
        let def = source.defs.get(&name);
        if out.insert(name) {
            todo.extend(def.map(names_in).unwrap_or_default());
        }
    }
    out
}

pub(super) struct Walk<'a> {
    pub rules: &'static Rules,
    pub source: &'a Source,
    /// The definitions in which a property that may be left out may not be `null`.
    opaque: BTreeSet<String>,
}

/// What a walk gives: a schema, or that there is none.
pub(super) type Out = Result<Json, UnsupportedSchema>;

impl<'a> Walk<'a> {
    /// What a schema that is only a reference refers to.
    pub(super) fn referred(&self, schema: &Json) -> Option<&'a Json> {
        self.source.defs.get(&target(schema.get("$ref")?.as_str()?)?)
    }

    /// A schema at a place. In what only serde checks (`opaque`), a property that may be left out may not be `null`.
    pub(super) fn schema(&self, schema: &Json, at: &str, opaque: bool) -> Out {
        let empty = Map::new();
        let map = match schema {
            Json::Object(map) => map,
            Json::Bool(false) => {
                return Err(self.rules.refuse("a place where nothing fits", at, "leave it out"));
            }
            _ => &empty,
        };
        let opaque = opaque || map.get(MARK).is_some_and(|mark| mark == "schema");
        let mut sentences = Vec::new();
        let mut out = self.bare(map, at, opaque, &mut sentences)?;
        let own = out.shift_remove("description");
        let description = map.get("description").and_then(Json::as_str);
        sentences.extend(own.as_ref().and_then(Json::as_str).map(str::to_owned));
        if let Some(description) = words::described(description, &sentences) {
            if out.contains_key("$ref") && !self.rules.ref_siblings {
                out = object([("anyOf", json!([out]))]);
            }
            out.insert("description".into(), json!(description));
        }
        Ok(Json::Object(out))
    }

    /// A schema without its own description; what has no keyword goes to the sentences.
    fn bare(
        &self,
        map: &Map<String, Json>,
        at: &str,
        opaque: bool,
        sentences: &mut Vec<String>,
    ) -> Result<Map<String, Json>, UnsupportedSchema> {
        if let Some(reference) = map.get("$ref") {
            return Ok(object([("$ref", reference.clone())]));
        }
        if let Some(values) = enums::values(map) {
            return Ok(any_of(enums::by_kind(&values, at, self.rules)?));
        }
        if map.contains_key("allOf") {
            let merged = self.merged(map, at)?;
            return self.bare(&merged, at, opaque, sentences);
        }
        for key in ["anyOf", "oneOf"] {
            if let Some(Json::Array(options)) = map.get(key) {
                return self.union(map, key, options, at, opaque, sentences);
            }
        }
        let kind = match map.get("type") {
            Some(Json::String(kind)) => kind.as_str(),
            Some(Json::Array(kinds)) => return self.kinds(map, kinds, at, opaque),
            _ if map.contains_key("properties") || map.contains_key("patternProperties") => "object",
            _ if map.contains_key("items") || map.contains_key("prefixItems") => "array",
            _ => return self.anything(at),
        };
        let mut out = object([("type", json!(kind))]);
        match kind {
            "object" => self.object(map, at, opaque, &mut out, sentences)?,
            "array" => self.array(map, at, opaque, &mut out, sentences)?,
            _ => {}
        }
        self.bounds(map, kind, &mut out, sentences);
        Ok(out)
    }

    /// The keywords that bound a value of one type.
    fn bounds(
        &self,
        map: &Map<String, Json>,
        kind: &str,
        out: &mut Map<String, Json>,
        sentences: &mut Vec<String>,
    ) {
        let rest = map.iter().filter(|(key, _)| {
            let key = key.as_str();
            key == "examples"
                || !STRUCTURE.contains(&key) && !ANNOTATIONS.contains(&key) && !key.starts_with(EXTENSION)
        });
        for (key, value) in rest {
            if (self.rules.keep)(kind, key, value) {
                out.insert(key.clone(), value.clone());
            } else {
                sentences.extend(words::sentence(kind, key, value));
            }
        }
    }

    fn union(
        &self,
        map: &Map<String, Json>,
        key: &str,
        options: &[Json],
        at: &str,
        opaque: bool,
        sentences: &mut Vec<String>,
    ) -> Result<Map<String, Json>, UnsupportedSchema> {
        // What stands beside the options holds for each of them.
        let (beside, rest): (Map<String, Json>, Map<String, Json>) = map
            .iter()
            .filter(|(k, _)| *k != key)
            .map(|(k, v)| (k.clone(), v.clone()))
            .partition(|(k, _)| STRUCTURE.contains(&k.as_str()));
        self.bounds(&rest, "", &mut Map::new(), sentences);
        let mut out = Vec::new();
        for (i, option) in options.iter().enumerate() {
            let at = format!("{at}/{key}/{i}");
            let option = match (beside.is_empty(), option) {
                (false, Json::Object(o)) => {
                    let o = self.referred(option).and_then(Json::as_object).unwrap_or(o);
                    Json::Object(both(&beside, o).ok_or_else(|| self.contradiction(&at))?)
                }
                _ => option.clone(),
            };
            out.push(self.schema(&option, &at, opaque)?);
        }
        Ok(any_of(out))
    }

    /// A schema with `allOf` as one without.
    fn merged(&self, map: &Map<String, Json>, at: &str) -> Result<Map<String, Json>, UnsupportedSchema> {
        let mut out = map.clone();
        let parts = out.shift_remove("allOf");
        for part in parts.as_ref().and_then(Json::as_array).into_iter().flatten() {
            let part = self.referred(part).unwrap_or(part);
            let part = part.as_object().ok_or_else(|| self.contradiction(at))?;
            out = both(&out, part).ok_or_else(|| self.contradiction(at))?;
        }
        Ok(out)
    }

    fn contradiction(&self, at: &str) -> UnsupportedSchema {
        let help = "write the parts as one type";
        self.rules.refuse("parts of a type that cannot be made one", at, help)
    }

    /// A list of types: a union of them, each with the keywords that are about it.
    fn kinds(
        &self,
        map: &Map<String, Json>,
        kinds: &[Json],
        at: &str,
        opaque: bool,
    ) -> Result<Map<String, Json>, UnsupportedSchema> {
        let options = kinds.iter().map(|kind| {
            let mut one = map.clone();
            one.retain(|key, _| !ANNOTATIONS.contains(&key.as_str()));
            if kind == "null" {
                one = Map::new();
            }
            one.insert("type".into(), kind.clone());
            self.schema(&Json::Object(one), at, opaque)
        });
        Ok(any_of(options.collect::<Result<_, _>>()?))
    }

    /// A value of any kind.
    pub(super) fn anything(&self, at: &str) -> Result<Map<String, Json>, UnsupportedSchema> {
        if !self.rules.any {
            return Err(self.rules.refuse("a value of any type", at, "name the types that it may have"));
        }
        let kinds = ["string", "number", "boolean", "null", "array"].map(|kind| json!({"type": kind}));
        let open = json!({"type": "object", "additionalProperties": true});
        Ok(object([("anyOf", kinds.into_iter().chain([open]).collect())]))
    }
}

/// Options, without doubles; one alone stands for itself.
pub(super) fn any_of(options: Vec<Json>) -> Map<String, Json> {
    let mut flat: Vec<Json> = Vec::new();
    for option in options {
        let inner = match option {
            Json::Object(ref map) if map.len() == 1 && map.contains_key("anyOf") => {
                option["anyOf"].as_array().cloned().unwrap_or_default()
            }
            other => vec![other],
        };
        for option in inner {
            if !flat.contains(&option) {
                flat.push(option);
            }
        }
    }
    match flat.len() {
        1 => into_map(flat.swap_remove(0)),
        _ => object([("anyOf", Json::Array(flat))]),
    }
}

fn object<const N: usize>(entries: [(&str, Json); N]) -> Map<String, Json> {
    entries.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
}

fn into_map(schema: Json) -> Map<String, Json> {
    match schema {
        Json::Object(map) => map,
        _ => Map::new(),
    }
}
