//! References: where they point, which go round, and schemas without them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value as Json, json};

use super::UnsupportedSchema;
use super::json_schema::JSON_SCHEMA;
use super::rules::{Recursion, Rules, UNROLLED};

/// More than this, and unrolling has gone out of hand: twice the properties that any provider takes, with their types.
const MOST_NODES: usize = 20_000;

/// A schema and its definitions, apart.
pub(super) struct Source {
    pub root: Json,
    pub defs: Map<String, Json>,
}

/// The schema with each `$ref` replaced by what it refers to, and no definitions. A type that contains itself is put
/// into itself `depth` times; then an option is dropped, a list is empty and a property is left out.
///
/// A schema without an end, or one that grows beyond all measure, is [`UnsupportedSchema`].
///
/// ```
/// use dspex_core::schema::resolve_refs;
/// use serde_json::json;
/// let tree = json!({
///     "$ref": "#/$defs/Tree",
///     "$defs": {"Tree": {"type": "object", "properties": {
///         "name": {"type": "string"},
///         "leaves": {"type": "array", "items": {"$ref": "#/$defs/Tree"}},
///     }}},
/// });
/// let flat = resolve_refs(&tree, 1)?;
/// let empty = json!({"type": "array", "items": {"type": "null"}, "maxItems": 0});
/// assert_eq!(flat["properties"]["leaves"], empty);
/// assert!(!flat.to_string().contains("$ref"));
/// let deeper = resolve_refs(&tree, 2)?;
/// assert_eq!(deeper["properties"]["leaves"]["items"]["properties"]["leaves"], empty);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn resolve_refs(schema: &Json, depth: usize) -> Result<Json, UnsupportedSchema> {
    let name = JSON_SCHEMA.name;
    let source = split(schema, name)?;
    let all = source.defs.keys().cloned().collect();
    Unroller { dialect: name, defs: &source.defs, names: &all, depth: depth.max(1), nodes: 0 }
        .schema(&source.root)
}

/// The schema for a dialect: what it may not hold of recursion is unrolled.
pub(super) fn prepare(schema: &Json, rules: &Rules) -> Result<Source, UnsupportedSchema> {
    let source = split(schema, rules.name)?;
    let names = match rules.recursion {
        Recursion::Kept => return Ok(source),
        Recursion::Unrolled => on_cycles(&source.defs, false),
        Recursion::WhereOptional => on_cycles(&source.defs, true),
    };
    if names.is_empty() {
        return Ok(source);
    }
    let mut unroller =
        Unroller { dialect: rules.name, defs: &source.defs, names: &names, depth: UNROLLED, nodes: 0 };
    let root = unroller.schema(&source.root)?;
    let kept = source.defs.iter().filter(|(name, _)| !names.contains(*name));
    let defs = kept
        .map(|(name, def)| Ok((name.clone(), unroller.schema(def)?)))
        .collect::<Result<_, UnsupportedSchema>>()?;
    Ok(Source { root, defs })
}

/// Root and definitions; a reference to the root becomes one to a definition.
fn split(schema: &Json, dialect: &'static str) -> Result<Source, UnsupportedSchema> {
    let mut root = schema.clone();
    let mut defs = Map::new();
    if let Some(map) = root.as_object_mut() {
        for key in ["$defs", "definitions"] {
            if let Some(Json::Object(own)) = map.shift_remove(key) {
                defs.extend(own);
            }
        }
    }
    let mut refs = references(&root, false);
    refs.extend(defs.values().flat_map(|d| references(d, false)));
    if refs.contains("#") {
        let title = root["title"].as_str().unwrap_or("Root");
        let mut name = title.to_owned();
        while defs.contains_key(&name) {
            name.push('_');
        }
        defs.insert(name.clone(), root);
        root = json!({"$ref": format!("#/$defs/{name}")});
        let to = |schema: &mut Json| retarget(schema, &format!("#/$defs/{name}"));
        defs.values_mut().for_each(to);
        refs.remove("#");
    }
    match refs.iter().find(|r| target(r).is_none_or(|name| !defs.contains_key(&name))) {
        None => Ok(Source { root, defs }),
        Some(reference) => Err(UnsupportedSchema {
            dialect,
            what: format!("a reference to `{reference}`"),
            pointer: String::new(),
            help: "put what it refers to under `$defs` of the same schema",
        }),
    }
}

/// The name of the definition to which a reference points.
pub(super) fn target(reference: &str) -> Option<String> {
    let name = reference.strip_prefix("#/$defs/").or_else(|| reference.strip_prefix("#/definitions/"))?;
    (!name.contains('/')).then(|| name.replace("~1", "/").replace("~0", "~"))
}

/// The `$ref`s of a schema. With `forced`, only those that every value must follow as far as properties say.
fn references(schema: &Json, forced: bool) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    collect(schema, forced, &mut found);
    found
}

fn collect(schema: &Json, forced: bool, found: &mut BTreeSet<String>) {
    let Json::Object(map) = schema else {
        schema.as_array().into_iter().flatten().for_each(|s| collect(s, forced, found));
        return;
    };
    for (key, inner) in map {
        match (key.as_str(), inner) {
            ("$ref", Json::String(reference)) => {
                found.insert(reference.clone());
            }
            ("properties", Json::Object(properties)) => {
                let required = required(map);
                let followed =
                    properties.iter().filter(|(name, _)| !forced || required.contains(name.as_str()));
                followed.for_each(|(_, s)| collect(s, forced, found));
            }
            ("patternProperties", Json::Object(patterns)) => {
                patterns.values().for_each(|s| collect(s, forced, found));
            }
            ("const" | "enum" | "default" | "examples" | "$defs" | "definitions", _) => {}
            (key, _) if key.starts_with(crate::types::EXTENSION) => {}
            _ => collect(inner, forced, found),
        }
    }
}

/// Lets references to the root point elsewhere.
fn retarget(schema: &mut Json, to: &str) {
    match schema {
        Json::Object(map) => map.iter_mut().for_each(|(key, inner)| match inner {
            Json::String(reference) if key == "$ref" && reference == "#" => to.clone_into(reference),
            _ => retarget(inner, to),
        }),
        Json::Array(items) => items.iter_mut().for_each(|item| retarget(item, to)),
        _ => {}
    }
}

/// The properties that must be there.
pub(super) fn required(map: &Map<String, Json>) -> BTreeSet<&str> {
    map.get("required").and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_str).collect()
}

/// The definitions from which a way leads back to themselves.
fn on_cycles(defs: &Map<String, Json>, forced: bool) -> BTreeSet<String> {
    let edges: BTreeMap<&str, BTreeSet<String>> = defs
        .iter()
        .map(|(name, def)| {
            (name.as_str(), references(def, forced).iter().filter_map(|r| target(r)).collect())
        })
        .collect();
    let reaches_itself = |start: &str| {
        let (mut seen, mut todo) = (BTreeSet::new(), vec![start]);
        while let Some(name) = todo.pop() {
            for next in edges.get(name).into_iter().flatten() {
                if next == start {
                    return true;
                }
                if seen.insert(next.as_str()) {
                    todo.push(next);
                }
            }
        }
        false
    };
    defs.keys().filter(|name| reaches_itself(name)).cloned().collect()
}

/// Puts definitions in the place of references to them.
struct Unroller<'a> {
    dialect: &'static str,
    defs: &'a Map<String, Json>,
    /// The definitions that are put in.
    names: &'a BTreeSet<String>,
    depth: usize,
    nodes: usize,
}

impl Unroller<'_> {
    fn schema(&mut self, schema: &Json) -> Result<Json, UnsupportedSchema> {
        let refuse = |what: &str, help| UnsupportedSchema {
            dialect: self.dialect,
            what: what.to_owned(),
            pointer: String::new(),
            help,
        };
        let endless =
            refuse("a type that contains itself without an end", "make the field that holds it optional");
        let large = refuse(
            "a type that contains itself in too many places to be written out",
            "let it contain itself in fewer places, or ask for JSON without a schema",
        );
        let out = self.expand(schema, &mut Vec::new());
        if self.nodes > MOST_NODES { Err(large) } else { out.ok_or(endless) }
    }

    /// The schema without the references; none where no value can end.
    fn expand(&mut self, schema: &Json, open: &mut Vec<String>) -> Option<Json> {
        self.nodes += 1;
        if self.nodes > MOST_NODES {
            return None;
        }
        let Some(map) = schema.as_object() else { return Some(schema.clone()) };
        let name = map.get("$ref").and_then(Json::as_str).and_then(target);
        if let Some(name) = name.filter(|n| self.names.contains(n)) {
            return self.definition(&name, map, open);
        }
        let mut out = Map::new();
        for (key, inner) in map {
            match (key.as_str(), inner) {
                ("properties", Json::Object(properties)) => {
                    let (mut kept, required) = (Map::new(), required(map));
                    for (name, property) in properties {
                        match self.expand(property, open) {
                            Some(property) => _ = kept.insert(name.clone(), property),
                            None if required.contains(name.as_str()) => return None,
                            None => {}
                        }
                    }
                    out.insert(key.clone(), Json::Object(kept));
                }
                ("patternProperties", Json::Object(patterns)) => {
                    let kept = patterns.iter().filter_map(|(p, s)| Some((p.clone(), self.expand(s, open)?)));
                    out.insert(key.clone(), Json::Object(kept.collect()));
                }
                ("anyOf" | "oneOf", Json::Array(options)) => {
                    let kept: Vec<_> = options.iter().filter_map(|o| self.expand(o, open)).collect();
                    if kept.is_empty() {
                        return None;
                    }
                    out.insert(key.clone(), Json::Array(kept));
                }
                ("allOf" | "prefixItems", Json::Array(parts)) => {
                    let parts = parts.iter().map(|p| self.expand(p, open)).collect::<Option<Vec<_>>>()?;
                    out.insert(key.clone(), Json::Array(parts));
                }
                ("items", Json::Object(_)) => match self.expand(inner, open) {
                    Some(item) => _ = out.insert(key.clone(), item),
                    None if map.get("minItems").and_then(Json::as_u64).is_some_and(|n| n > 0) => return None,
                    None => {
                        out.insert(key.clone(), json!({"type": "null"}));
                        out.insert("maxItems".into(), json!(0));
                    }
                },
                ("additionalProperties", Json::Object(_)) => {
                    out.insert(key.clone(), self.expand(inner, open).unwrap_or(json!(false)));
                }
                _ => {
                    out.entry(key.clone()).or_insert_with(|| inner.clone());
                }
            }
        }
        Some(Json::Object(out))
    }

    /// What a reference refers to, with the words beside the reference in the place of its own.
    fn definition(&mut self, name: &str, beside: &Map<String, Json>, open: &mut Vec<String>) -> Option<Json> {
        if open.iter().filter(|o| *o == name).count() >= self.depth {
            return None;
        }
        open.push(name.to_owned());
        let body = self.defs.get(name).cloned();
        let out = body.and_then(|body| self.expand(&body, open));
        open.pop();
        let mut out = out?;
        if let Some(map) = out.as_object_mut() {
            map.extend(beside.iter().filter(|(key, _)| *key != "$ref").map(|(k, v)| (k.clone(), v.clone())));
        }
        Some(out)
    }
}
