//! JSON Schema of a type, as pydantic writes it and DSPy prints it: `type` first, other keys by the alphabet.

use std::collections::BTreeMap;

use serde_json::{Map, Value as Json, json};

use super::{FieldType, NamedType, Special, StructField, StructType};
use crate::signature::Constraint;

impl FieldType {
    /// The JSON Schema of the type as prompts show it; structs stand under `$defs`.
    pub fn json_schema(&self) -> Json {
        sort_type_first(self.json_schema_as_declared())
    }

    /// The JSON Schema of the type with the fields of structs in the order in which they were declared, for
    /// providers: a model that is held to a schema writes its properties in their order.
    ///
    /// ```
    /// use dspex_core::FieldType;
    /// let verdict = FieldType::from_json_schema(&serde_json::json!({
    ///     "type": "object", "title": "Verdict",
    ///     "properties": {"why": {"type": "string"}, "guilty": {"type": "boolean"}},
    /// }));
    /// let names = |schema: serde_json::Value| schema["properties"].as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    /// assert_eq!(names(verdict.json_schema_as_declared()), ["why", "guilty"]);
    /// assert_eq!(names(verdict.json_schema()), ["guilty", "why"]);
    /// ```
    pub fn json_schema_as_declared(&self) -> Json {
        let mut defs = BTreeMap::new();
        let schema = self.schema(&mut defs);
        let named = match self {
            Self::Struct(s) => Some(s.name.clone()),
            Self::Enum(e) => Some(e.name.clone()),
            Self::Special(s) => Some(s.name()),
            _ => None,
        };
        // A named type at the top stands there itself, unless it contains itself.
        let own = named.filter(|name| !refers_to(&defs, name)).and_then(|name| defs.remove(&name));
        with_defs(own.unwrap_or(schema), defs)
    }

    pub(super) fn schema(&self, defs: &mut BTreeMap<String, Json>) -> Json {
        match self {
            Self::Str => json!({"type": "string"}),
            Self::Int => json!({"type": "integer"}),
            Self::Float => json!({"type": "number"}),
            Self::Bool => json!({"type": "boolean"}),
            Self::None => json!({"type": "null"}),
            Self::Any => json!({}),
            Self::Bytes => json!({"type": "string", "format": "binary"}),
            Self::Complex => json!({"type": "string"}),
            Self::Date => json!({"type": "string", "format": "date"}),
            Self::DateTime => json!({"type": "string", "format": "date-time"}),
            Self::Time => json!({"type": "string", "format": "time"}),
            Self::TimeDelta => json!({"type": "string", "format": "duration"}),
            Self::Decimal => json!({"anyOf": [{"type": "number"}, {"type": "string"}]}),
            Self::Uuid => json!({"type": "string", "format": "uuid"}),
            Self::List(item) => json!({"type": "array", "items": item_schema(item.as_deref(), defs)}),
            Self::Set(item) | Self::FrozenSet(item) => {
                json!({"type": "array", "items": item_schema(item.as_deref(), defs), "uniqueItems": true})
            }
            Self::Tuple(None) => json!({"type": "array", "items": {}}),
            Self::Tuple(Some(t)) if t.variadic => {
                json!({"type": "array", "items": item_schema(t.items.first(), defs)})
            }
            Self::Tuple(Some(t)) if t.items.is_empty() => {
                json!({"type": "array", "maxItems": 0, "minItems": 0})
            }
            Self::Tuple(Some(t)) => {
                let items: Vec<_> = t.items.iter().map(|i| i.schema(defs)).collect();
                json!({"type": "array", "maxItems": items.len(), "minItems": items.len(), "prefixItems": items})
            }
            Self::Dict(Some(kv)) if kv.1 != Self::Any => {
                json!({"type": "object", "additionalProperties": kv.1.schema(defs)})
            }
            Self::Dict(_) => json!({"type": "object", "additionalProperties": true}),
            Self::Literal(values) => choice(values.iter()),
            Self::Union(u) => json!({"anyOf": u.options.iter().map(|o| o.schema(defs)).collect::<Vec<_>>()}),
            Self::Enum(e) => {
                let mut schema = choice(e.members.iter().map(|(_, v)| v));
                schema["title"] = json!(e.name);
                defs.insert(e.name.clone(), schema);
                reference(&e.name)
            }
            Self::Struct(s) => {
                if !defs.contains_key(&s.name) {
                    // Held first, so that a struct that contains itself ends here.
                    defs.insert(s.name.clone(), Json::Null);
                    let schema = struct_schema(s, defs);
                    defs.insert(s.name.clone(), schema);
                }
                reference(&s.name)
            }
            Self::Ref(name) => reference(name),
            // Labels make poor names of definitions.
            Self::Special(Special::Decision(decision)) => decision.schema(),
            Self::Special(s) => {
                if let Some((name, definition)) = s.definition() {
                    defs.insert(name.to_owned(), definition);
                }
                defs.insert(s.name(), s.schema());
                reference(&s.name())
            }
            Self::Named(n) => named_schema(n, defs),
            Self::Schema(s) => {
                let mut schema = s.schema.clone();
                // Definitions stand at the top, which is where references look for them.
                if let Some(Json::Object(own)) = schema.as_object_mut().and_then(|s| s.shift_remove("$defs"))
                {
                    own.into_iter().for_each(|(name, def)| {
                        defs.entry(name).or_insert(def);
                    });
                }
                schema
            }
        }
    }
}

/// The base's schema with the name, what it is for, and the rules.
fn named_schema(named: &NamedType, defs: &mut BTreeMap<String, Json>) -> Json {
    let mut schema = named.base().schema(defs);
    schema["title"] = json!(named.name());
    if let Some(description) = named.description() {
        schema["description"] = json!(description);
    }
    constrain(&mut schema, named.constraints(), named.base());
    schema
}

fn item_schema(item: Option<&FieldType>, defs: &mut BTreeMap<String, Json>) -> Json {
    item.map_or_else(|| json!({}), |i| i.schema(defs))
}

pub(super) fn reference(name: &str) -> Json {
    json!({"$ref": format!("#/$defs/{name}")})
}

/// A choice among values: `const` for one, `enum` for more, with the type that all of them share.
pub(super) fn choice<'a>(values: impl Iterator<Item = &'a crate::Value>) -> Json {
    let values: Vec<Json> = values.map(crate::Value::to_tagged).collect();
    let kind = |v: &Json| match v {
        Json::String(_) => Some("string"),
        Json::Bool(_) => Some("boolean"),
        Json::Number(n) if n.is_f64() => Some("number"),
        Json::Number(_) => Some("integer"),
        _ => None,
    };
    let mut out = Map::new();
    if let Some(first) = values.first().and_then(kind)
        && values.iter().all(|v| kind(v) == Some(first))
    {
        out.insert("type".into(), json!(first));
    }
    match values.as_slice() {
        [one] => out.insert("const".into(), one.clone()),
        _ => out.insert("enum".into(), Json::Array(values)),
    };
    Json::Object(out)
}

fn struct_schema(s: &StructType, defs: &mut BTreeMap<String, Json>) -> Json {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for field in &s.fields {
        let name = field.alias.as_ref().unwrap_or(&field.name);
        properties.insert(name.clone(), property(field, name, defs));
        if field.required {
            required.push(json!(name));
        }
    }
    let mut schema = json!({"type": "object", "properties": properties, "title": s.name});
    if !required.is_empty() {
        schema["required"] = Json::Array(required);
    }
    if let Some(d) = &s.description {
        schema["description"] = json!(d);
    }
    if s.closed {
        schema["additionalProperties"] = json!(false);
    }
    schema
}

fn property(field: &StructField, name: &str, defs: &mut BTreeMap<String, Json>) -> Json {
    let mut schema = field.ty.schema(defs);
    constrain(&mut schema, &field.constraints, &field.ty);
    // Pydantic titles a property unless its schema is that of a named type, alone or beside `null`.
    let names_a_type = schema.get("$ref").is_some()
        || matches!(field.ty.without_none(), FieldType::Struct(_) | FieldType::Enum(_) | FieldType::Ref(_));
    if !names_a_type {
        schema["title"] = json!(title(name));
    }
    if let Some(d) = &field.description {
        schema["description"] = json!(d);
    }
    if let (false, false, Some(default)) = (field.required, field.hidden_default, &field.default) {
        schema["default"] = default.to_tagged();
    }
    schema
}

/// Writes rules as pydantic does: beside the type that they are about, or, where there are several,
/// under their Python names.
pub(super) fn constrain(schema: &mut Json, constraints: &[Constraint], ty: &FieldType) {
    let ty = ty.without_none();
    let several = matches!(ty, FieldType::Union(_) | FieldType::Any);
    let mut place = schema;
    while !several && place.get("anyOf").is_some() {
        let options = place["anyOf"].as_array_mut().map(|o| o.iter_mut());
        match options.and_then(|mut o| o.find(|o| o["type"] != "null")) {
            Some(option) => place = option,
            None => return,
        }
    }
    let kind = place["type"].as_str().unwrap_or_default().to_owned();
    for constraint in constraints {
        let key = if several { Some(constraint.keyword()) } else { constraint.schema_keyword(&kind) };
        let argument = match (constraint.argument().to_tagged(), &ty) {
            (bound, FieldType::Decimal) => json!(bound.as_f64()),
            (argument, _) => argument,
        };
        if let Some(key) = key {
            place[key] = argument;
        }
    }
}

/// `full_name` to `Full Name`, as Python's `str.title` after underscores became spaces.
fn title(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut start = true;
    for c in name.chars() {
        let c = if c == '_' { ' ' } else { c };
        if start {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
        start = !c.is_alphabetic();
    }
    out
}

fn refers_to(defs: &BTreeMap<String, Json>, name: &str) -> bool {
    let needle = format!("\"#/$defs/{name}\"");
    defs.values().any(|schema| schema.to_string().contains(&needle))
}

pub(super) fn with_defs(mut schema: Json, defs: BTreeMap<String, Json>) -> Json {
    if !defs.is_empty() {
        schema["$defs"] = Json::Object(defs.into_iter().collect());
    }
    schema
}

/// A schema with `type` first in each object and the other keys by the alphabet, all the way down.
pub fn sort_type_first(schema: Json) -> Json {
    match schema {
        Json::Object(map) => {
            let mut entries: Vec<_> = map.into_iter().collect();
            entries.sort_by(|(a, _), (b, _)| (a != "type", a).cmp(&(b != "type", b)));
            Json::Object(entries.into_iter().map(|(k, v)| (k, sort_type_first(v))).collect())
        }
        Json::Array(items) => Json::Array(items.into_iter().map(sort_type_first).collect()),
        other => other,
    }
}
