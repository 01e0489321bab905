//! JSON Schema that carries all of a type: what plain JSON Schema cannot say stands under keywords of our own, which
//! validators pass over. It is what schemas for providers are made of; prompts never show it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Map, Value as Json, json};

use super::from_schema::Reader;
use super::json_schema::{choice, constrain, reference, with_defs};
use super::{
    DecisionType, EnumType, FieldType, SchemaType, Special, StructField, StructType, TupleType, UnionSyntax,
    builtin,
};
use crate::signature::Constraint;
use crate::value::Value;

/// How our keywords start.
pub(crate) const EXTENSION: &str = "x-dspex-";
/// The type of a value, where its schema could be that of another type: Python's annotation, or of a collection the
/// name before the brackets; `schema` for a shape that only its schema says.
pub(crate) const MARK: &str = builtin::SCHEMA_KEY;
/// The type of the keys of a mapping.
pub(crate) const KEY: &str = "x-dspex-key";
/// How a union was written.
const SYNTAX: &str = "x-dspex-union";
/// The names of the members of an enumeration.
const NAMES: &str = "x-dspex-names";
/// The name of a field whose name in JSON is another.
const NAME: &str = "x-dspex-name";
/// The name of a shape, where another type has its name.
const SHAPE: &str = "x-dspex-shape";
/// A default that the schema leaves out, and the rules of a field where JSON Schema says them otherwise.
const DEFAULT: &str = "x-dspex-default";
const HIDDEN: &str = "x-dspex-hidden-default";
const CONSTRAINTS: &str = "x-dspex-constraints";
const BY_NAME: &str = "x-dspex-by-name";
const TYPED_DICT: &str = "x-dspex-typed-dict";
/// Whether the members of an enumeration are whole numbers too.
const INTEGER: &str = "x-dspex-integer";
/// What a decision is about.
const DECISION: &str = "x-dspex-decision";

impl FieldType {
    /// The JSON Schema of the type with all that the type says. [`FieldType::from_json_schema`] gives back an equal
    /// type; keywords that start with `x-dspex-` have what JSON Schema has no words for. Structs stand under `$defs`.
    ///
    /// A [named type](super::NamedType) of your own is code, and comes out as its base with its rules. Two structs of one
    /// name come out as the first of them, and a [`FieldType::Ref`] that stands in no struct of its
    /// name as a reference that points nowhere.
    ///
    /// ```
    /// use dspex_core::FieldType;
    /// let ty = FieldType::parse("dict[int, tuple[bytes, ...]]", None)?;
    /// assert_eq!(FieldType::from_json_schema(&ty.json_schema_lossless()), ty);
    /// // What prompts show is less than the type.
    /// let shown = FieldType::from_json_schema(&ty.json_schema());
    /// assert_eq!(shown.annotation(), "dict[str, list[str]]");
    /// # Ok::<(), dspex_core::SignatureError>(())
    /// ```
    pub fn json_schema_lossless(&self) -> Json {
        let mut defs = BTreeMap::new();
        let schema = self.exact(&mut defs);
        with_defs(schema, defs)
    }

    fn exact(&self, defs: &mut BTreeMap<String, Json>) -> Json {
        let mut schema = match self {
            Self::List(item) | Self::Set(item) | Self::FrozenSet(item) => {
                let mut schema = json!({"type": "array"});
                if let Some(item) = item {
                    schema["items"] = item.exact(defs);
                }
                if !matches!(self, Self::List(_)) {
                    schema["uniqueItems"] = json!(true);
                }
                schema
            }
            Self::Tuple(Some(t)) if t.variadic => {
                json!({"type": "array", "items": t.items.first().map_or_else(|| json!({}), |i| i.exact(defs))})
            }
            Self::Tuple(Some(t)) if !t.items.is_empty() => {
                let (n, items) = (t.items.len(), t.items.iter().map(|i| i.exact(defs)).collect::<Vec<_>>());
                json!({"type": "array", "prefixItems": items, "minItems": n, "maxItems": n})
            }
            Self::Tuple(None) => json!({"type": "array"}),
            Self::Dict(None) => json!({"type": "object"}),
            Self::Dict(Some(kv)) => {
                let mut schema = json!({"type": "object", "additionalProperties": kv.1.exact(defs)});
                if kv.0 != Self::Str {
                    schema[KEY] = kv.0.exact(defs);
                }
                schema
            }
            Self::Union(u) => {
                let mut schema =
                    json!({"anyOf": u.options.iter().map(|o| o.exact(defs)).collect::<Vec<_>>()});
                if u.syntax == UnionSyntax::Pep604 {
                    schema[SYNTAX] = json!("pep604");
                }
                schema
            }
            Self::Enum(e) => {
                let mut schema = choice(e.members.iter().map(|(_, v)| v));
                schema["title"] = json!(e.name);
                schema[NAMES] = e.members.iter().map(|(name, _)| json!(name)).collect();
                if e.integer {
                    schema[INTEGER] = json!(true);
                }
                defs.insert(e.name.clone(), schema);
                reference(&e.name)
            }
            Self::Struct(s) => {
                if !defs.contains_key(&s.name) {
                    // Held first, so that a struct that contains itself ends here.
                    defs.insert(s.name.clone(), Json::Null);
                    let schema = s.exact(defs);
                    defs.insert(s.name.clone(), schema);
                }
                reference(&s.name)
            }
            Self::Schema(s) => s.exact(defs),
            Self::Named(n) => {
                let mut schema = n.base().exact(defs);
                if let Some(d) = n.description() {
                    schema["description"] = json!(d);
                }
                constrain(&mut schema, n.constraints(), n.base());
                schema
            }
            Self::Special(Special::Decision(decision)) => {
                let mut schema = decision.schema();
                schema[DECISION] = decision.to_json();
                schema
            }
            other => other.schema(defs),
        };
        if let Some(mark) = self.mark() {
            schema[MARK] = json!(mark);
        }
        schema
    }

    /// What the schema needs beside it to be read as this type.
    fn mark(&self) -> Option<String> {
        Some(match self {
            Self::FrozenSet(_) => "frozenset".into(),
            Self::Tuple(Some(t)) if !t.variadic && !t.items.is_empty() => return None,
            Self::Tuple(Some(t)) if t.items.is_empty() => self.annotation(),
            Self::Tuple(_) => "tuple".into(),
            Self::Special(Special::Decision(_)) => return None,
            Self::Schema(_) => "schema".into(),
            Self::Named(n) if builtin::find(n.name()).as_ref() == Some(self) => n.name().to_owned(),
            Self::Bytes | Self::Complex | Self::TimeDelta | Self::Decimal | Self::Special(_) => {
                self.annotation()
            }
            _ => return None,
        })
    }
}

impl StructType {
    fn exact(&self, defs: &mut BTreeMap<String, Json>) -> Json {
        let json_name = |f: &StructField| f.alias.clone().unwrap_or_else(|| f.name.clone());
        let properties: Map<String, Json> =
            self.fields.iter().map(|f| (json_name(f), f.exact(defs))).collect();
        let required: Vec<String> = self.fields.iter().filter(|f| f.required).map(json_name).collect();
        let mut schema = json!({"type": "object", "title": self.name, "properties": properties});
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        if let Some(d) = &self.description {
            schema["description"] = json!(d);
        }
        if self.closed {
            schema["additionalProperties"] = json!(false);
        }
        if self.by_name {
            schema[BY_NAME] = json!(true);
        }
        if self.typed_dict {
            schema[TYPED_DICT] = json!(true);
        }
        schema
    }
}

impl StructField {
    fn exact(&self, defs: &mut BTreeMap<String, Json>) -> Json {
        let mut schema = self.ty.exact(defs);
        constrain(&mut schema, &self.constraints, &self.ty);
        if Constraint::beside(&schema, &self.ty) != self.constraints {
            let rules = self.constraints.iter().map(|c| json!([c.keyword(), c.argument().to_tagged()]));
            schema[CONSTRAINTS] = rules.collect();
        }
        if self.ty == FieldType::Any && !self.constraints.is_empty() {
            schema[MARK] = json!("Any");
        }
        if self.alias.is_some() {
            schema[NAME] = json!(self.name);
        }
        if let Some(d) = &self.description {
            schema["description"] = json!(d);
        }
        if let Some(default) = &self.default {
            let key = if self.hidden_default || self.required { DEFAULT } else { "default" };
            schema[key] = default.to_tagged();
        }
        if self.hidden_default {
            schema[HIDDEN] = json!(true);
        }
        schema
    }

    /// What a property's schema says beyond what JSON Schema says of it.
    pub(super) fn with_extensions(mut self, schema: &Json) -> Self {
        if let Some(name) = schema.get(NAME).and_then(Json::as_str) {
            self.alias = Some(std::mem::replace(&mut self.name, name.to_owned()));
        }
        if let Some(default) = schema.get(DEFAULT) {
            self.default = Value::from_tagged(default).ok();
        }
        self.hidden_default = schema.get(HIDDEN).is_some();
        if let Some(rules) = schema.get(CONSTRAINTS).and_then(Json::as_array) {
            let rule = |r: &Json| Constraint::from_keyword(r[0].as_str()?, &Value::from_tagged(&r[1]).ok()?);
            self.constraints = rules.iter().filter_map(rule).collect();
        }
        self
    }
}

impl SchemaType {
    /// A reference to the shape, which stands among the definitions under its name, or near it.
    fn exact(&self, defs: &mut BTreeMap<String, Json>) -> Json {
        let mut schema = self.schema.clone();
        if let Some(Json::Object(own)) = schema.as_object_mut().and_then(|s| s.shift_remove("$defs")) {
            own.into_iter().for_each(|(name, def)| {
                defs.entry(name).or_insert(def);
            });
        }
        let mut key = self.name.clone();
        while defs.get(&key).is_some_and(|def| *def != schema) {
            key.push('_');
        }
        let mut out = reference(&key);
        if key != self.name {
            out[SHAPE] = json!(self.name);
        }
        defs.insert(key, schema);
        out
    }
}

impl Reader<'_> {
    /// The type that our own keywords say; none where they say nothing.
    pub(super) fn marked(&mut self, map: &Map<String, Json>) -> Option<FieldType> {
        if let Some(names) = map.get(NAMES).and_then(Json::as_array) {
            return enumeration(map, names);
        }
        if let Some(decision) = map.get(DECISION) {
            return DecisionType::from_json(decision).map(|d| FieldType::Special(Special::Decision(d)));
        }
        let item = |reader: &mut Self| map.get("items").map(|i| Box::new(reader.read(i, None)));
        Some(match map.get(MARK)?.as_str()? {
            "frozenset" => FieldType::FrozenSet(item(self)),
            "tuple" => {
                FieldType::Tuple(item(self).map(|item| TupleType { items: vec![*item], variadic: true }))
            }
            "schema" => return self.shape(map),
            annotation => FieldType::parse(annotation, None).ok()?,
        })
    }

    fn shape(&self, map: &Map<String, Json>) -> Option<FieldType> {
        let key = map.get("$ref")?.as_str()?.strip_prefix("#/$defs/")?;
        let name = map.get(SHAPE).and_then(Json::as_str).unwrap_or(key);
        Some(self.opaque(self.defs.get(key)?, Some(name)))
    }

    /// The definitions to which a schema leads.
    pub(super) fn reachable(&self, schema: &Json) -> Map<String, Json> {
        let (mut found, mut todo) = (BTreeSet::new(), vec![schema]);
        while let Some(schema) = todo.pop() {
            match schema {
                Json::Object(map) => {
                    let name =
                        map.get("$ref").and_then(Json::as_str).and_then(|r| r.strip_prefix("#/$defs/"));
                    if let Some((name, def)) = name.and_then(|n| Some((n, self.defs.get(n)?)))
                        && found.insert(name)
                    {
                        todo.push(def);
                    }
                    todo.extend(map.values());
                }
                Json::Array(items) => todo.extend(items),
                _ => {}
            }
        }
        let kept = self.defs.iter().filter(|(name, _)| found.contains(name.as_str()));
        kept.map(|(name, def)| (name.clone(), def.clone())).collect()
    }
}

/// The syntax in which a union was written.
pub(super) fn syntax(map: &Map<String, Json>) -> UnionSyntax {
    if map.contains_key(SYNTAX) { UnionSyntax::Pep604 } else { UnionSyntax::Typing }
}

/// Whether a field with an alias may come under its own name.
pub(super) fn by_name(map: &Map<String, Json>) -> bool {
    map.contains_key(BY_NAME)
}

/// Whether a struct is a typed dictionary of Python's.
pub(super) fn typed_dict(map: &Map<String, Json>) -> bool {
    map.contains_key(TYPED_DICT)
}

fn enumeration(map: &Map<String, Json>, names: &[Json]) -> Option<FieldType> {
    let one = map.get("const").map(std::slice::from_ref);
    let values = one.or_else(|| map.get("enum")?.as_array().map(Vec::as_slice))?;
    let member =
        |(name, value): (&Json, &Json)| Some((name.as_str()?.to_owned(), Value::from_tagged(value).ok()?));
    Some(FieldType::Enum(Arc::new(EnumType {
        name: map.get("title")?.as_str()?.to_owned(),
        members: names.iter().zip(values).map(member).collect::<Option<_>>()?,
        integer: map.contains_key(INTEGER),
    })))
}
