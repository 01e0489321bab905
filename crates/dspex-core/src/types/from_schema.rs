//! From JSON Schema, as schemars writes it for Rust types, to a field type.

use std::sync::Arc;

use serde_json::{Map, Value as Json};

use super::lossless::{self, EXTENSION, KEY};
use super::{EnumType, FieldType, SchemaType, StructField, StructType, TupleType, UnionSyntax};
use crate::signature::Constraint;
use crate::value::Value;

impl FieldType {
    /// The type that a JSON Schema describes. What this cannot say as a type of its own is kept as
    /// [`FieldType::Schema`], so that nothing is lost.
    ///
    /// ```
    /// use dspex_core::FieldType;
    /// let t = FieldType::from_json_schema(&serde_json::json!({"type": ["integer", "null"]}));
    /// assert_eq!(t.annotation(), "Optional[int]");
    /// ```
    pub fn from_json_schema(schema: &Json) -> Self {
        let (root, defs) = named_root(schema);
        Reader { defs: &defs, open: Vec::new() }.read(&root, None)
    }
}

pub(super) struct Reader<'a> {
    pub(super) defs: &'a Map<String, Json>,
    /// Names of the definitions being read, to stop at a type that contains itself.
    open: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn read(&mut self, schema: &Json, name: Option<&str>) -> FieldType {
        let Some(map) = schema.as_object() else {
            return FieldType::Any; // `true`: anything goes
        };
        let name = name.or_else(|| map.get("title").and_then(Json::as_str));
        self.known(map, name).unwrap_or_else(|| self.opaque(schema, name))
    }

    pub(super) fn opaque(&self, schema: &Json, name: Option<&str>) -> FieldType {
        let mut schema = schema.clone();
        if let Some(map) = schema.as_object_mut() {
            map.shift_remove("$schema");
            map.shift_remove("$defs");
        }
        let defs = self.reachable(&schema);
        if let (Some(map), false) = (schema.as_object_mut(), defs.is_empty()) {
            map.insert("$defs".into(), Json::Object(defs));
        }
        FieldType::Schema(Arc::new(SchemaType { name: name.unwrap_or("object").to_owned(), schema }))
    }

    fn known(&mut self, map: &Map<String, Json>, name: Option<&str>) -> Option<FieldType> {
        if let Some(special) = special(map) {
            return Some(special);
        }
        if let Some(marked) = self.marked(map) {
            return Some(marked);
        }
        if let Some(reference) = map.get("$ref").and_then(Json::as_str) {
            return self.reference(reference);
        }
        if let Some(one) = map.get("const") {
            return Some(FieldType::Literal(vec![Value::from_tagged(one).ok()?]));
        }
        if let Some(values) = map.get("enum").and_then(Json::as_array) {
            return choice(values, name);
        }
        if let Some(options) = map.get("anyOf").and_then(Json::as_array) {
            let options = options.iter().map(|o| self.read(o, None)).collect();
            return Some(FieldType::union(options, lossless::syntax(map)));
        }
        if let Some(options) = map.get("oneOf").and_then(Json::as_array) {
            // schemars writes a unit enum whose variants carry docs as one `const` per variant.
            let consts: Option<Vec<Json>> = options.iter().map(|o| o.get("const").cloned()).collect();
            return consts.and_then(|values| choice(&values, name));
        }
        if map.contains_key("allOf") {
            return None;
        }
        match map.get("type") {
            Some(Json::String(kind)) => self.of_kind(kind, map, name),
            Some(Json::Array(_)) if is_decimal(map) => Some(FieldType::Decimal),
            Some(Json::Array(kinds)) => {
                let options =
                    kinds.iter().map(|k| self.of_kind(k.as_str()?, map, name)).collect::<Option<Vec<_>>>()?;
                Some(FieldType::union(options, UnionSyntax::Typing))
            }
            // Only words about the value, nothing that binds it.
            None if map.keys().all(|k| {
                matches!(k.as_str(), "title" | "description" | "$schema" | "default")
                    || k.starts_with(EXTENSION)
            }) =>
            {
                Some(FieldType::Any)
            }
            _ => None,
        }
    }

    fn reference(&mut self, reference: &str) -> Option<FieldType> {
        let name = reference.strip_prefix("#/$defs/")?;
        if self.open.iter().any(|n| n == name) {
            return Some(FieldType::Ref(name.into()));
        }
        let schema = self.defs.get(name)?.clone();
        self.open.push(name.to_owned());
        let ty = self.read(&schema, Some(name));
        self.open.pop();
        Some(ty)
    }

    fn of_kind(&mut self, kind: &str, map: &Map<String, Json>, name: Option<&str>) -> Option<FieldType> {
        let format = map.get("format").and_then(Json::as_str);
        Some(match kind {
            "string" => match format {
                Some("date") => FieldType::Date,
                Some("date-time" | "partial-date-time") => FieldType::DateTime,
                Some("time" | "partial-time") => FieldType::Time,
                Some("uuid") => FieldType::Uuid,
                _ => FieldType::Str,
            },
            "integer" => FieldType::Int,
            "number" => FieldType::Float,
            "boolean" => FieldType::Bool,
            "null" => FieldType::None,
            "array" => self.array(map),
            "object" => return self.object(map, name),
            _ => return None,
        })
    }

    fn array(&mut self, map: &Map<String, Json>) -> FieldType {
        if let Some(items) = map.get("prefixItems").and_then(Json::as_array) {
            let items = items.iter().map(|i| self.read(i, None)).collect();
            return FieldType::Tuple(Some(TupleType { items, variadic: false }));
        }
        let item = map.get("items").map(|i| Box::new(self.read(i, None)));
        if map.get("uniqueItems") == Some(&Json::Bool(true)) {
            FieldType::Set(item)
        } else {
            FieldType::List(item)
        }
    }

    fn object(&mut self, map: &Map<String, Json>, name: Option<&str>) -> Option<FieldType> {
        let additional = map.get("additionalProperties");
        if let Some(patterns) = map.get("patternProperties").and_then(Json::as_object)
            && !map.contains_key("properties")
        {
            // This is how schemars writes a map whose keys are whole numbers.
            let mut patterns = patterns.iter();
            return match (patterns.next(), patterns.next()) {
                (Some((pattern, value)), None) if matches!(pattern.as_str(), r"^\d+$" | r"^-?\d+$") => {
                    Some(FieldType::dict(FieldType::Int, self.read(value, None)))
                }
                _ => None,
            };
        }
        let Some(properties) = map.get("properties").and_then(Json::as_object) else {
            return Some(match additional {
                Some(Json::Object(_)) => {
                    let value = self.read(additional?, None);
                    let key = map.get(KEY).map_or(FieldType::Str, |key| self.read(key, None));
                    FieldType::dict(key, value)
                }
                Some(Json::Bool(false)) => self.structure(&Map::new(), map, name),
                _ => FieldType::Dict(None),
            });
        };
        // Named fields beside free ones (`#[serde(flatten)]` of a map) are more than a struct can say.
        if matches!(additional, Some(Json::Object(_))) || map.contains_key("patternProperties") {
            return None;
        }
        Some(self.structure(properties, map, name))
    }

    fn structure(
        &mut self,
        properties: &Map<String, Json>,
        map: &Map<String, Json>,
        name: Option<&str>,
    ) -> FieldType {
        let name = name.unwrap_or("object").to_owned();
        let required = |field: &str| {
            map.get("required").and_then(Json::as_array).is_some_and(|r| r.iter().any(|n| n == field))
        };
        self.open.push(name.clone());
        let fields = properties
            .iter()
            .map(|(field, schema)| {
                let ty = self.read(schema, None);
                StructField {
                    description: text(schema, "description"),
                    required: required(field),
                    default: schema.get("default").and_then(|d| Value::from_tagged(d).ok()),
                    constraints: Constraint::beside(schema, &ty),
                    ..StructField::new(field, ty)
                }
                .with_extensions(schema)
            })
            .collect();
        self.open.pop();
        FieldType::Struct(Arc::new(StructType {
            name,
            description: map.get("description").and_then(Json::as_str).map(str::to_owned),
            fields,
            closed: map.get("additionalProperties") == Some(&Json::Bool(false)),
            by_name: lossless::by_name(map),
            typed_dict: lossless::typed_dict(map),
        }))
    }
}

/// One of DSPy's own types, which a Rust type names in a comment.
fn special(map: &Map<String, Json>) -> Option<FieldType> {
    let comment = map.get("$comment")?.as_str().filter(|c| c.starts_with("dspy."))?;
    let ty = FieldType::parse(comment, None).ok().filter(|t| matches!(t, FieldType::Special(_)))?;
    let optional = map.get("type").and_then(Json::as_array).is_some_and(|t| t.iter().any(|t| t == "null"));
    Some(if optional { FieldType::optional(ty) } else { ty })
}

impl Constraint {
    /// The rules beside the type of a field. The number of a tuple's items is part of its type.
    pub(super) fn beside(schema: &Json, ty: &FieldType) -> Vec<Self> {
        let stated = schema.as_object().map(Self::of_schema).unwrap_or_default();
        let is_tuple = matches!(ty.without_none(), FieldType::Tuple(_));
        stated.into_iter().filter(|c| !is_tuple && c.fits(ty)).collect()
    }
}

/// Whether a schema is the one that schemars writes for exact decimals: digits as text, or a number.
fn is_decimal(map: &Map<String, Json>) -> bool {
    map.get("type") == Some(&serde_json::json!(["string", "number"]))
        && map.get("pattern").and_then(Json::as_str).is_some_and(|p| p.starts_with(r"^-?\d+(\.\d+)?"))
}

/// A schema and its definitions. A root that is referred to as a whole becomes one of them, so that the reference means
/// it also where the type stands in another.
fn named_root(schema: &Json) -> (Json, Map<String, Json>) {
    let mut defs = schema.get("$defs").and_then(Json::as_object).cloned().unwrap_or_default();
    let mut root = schema.clone();
    if let Some(map) = root.as_object_mut() {
        map.shift_remove("$defs");
        map.shift_remove("$schema");
    }
    let name = schema.get("title").and_then(Json::as_str).unwrap_or("object").to_owned();
    let to = format!("#/$defs/{name}");
    let mut found = retarget(&mut root, &to);
    defs.values_mut().for_each(|def| found |= retarget(def, &to));
    if found && !defs.contains_key(&name) {
        defs.insert(name, std::mem::replace(&mut root, serde_json::json!({"$ref": to})));
    }
    (root, defs)
}

/// Lets references to the root point elsewhere; whether there were any.
fn retarget(schema: &mut Json, to: &str) -> bool {
    match schema {
        Json::Object(map) => map.iter_mut().fold(false, |found, (key, inner)| {
            found
                | match inner {
                    Json::String(reference) if key == "$ref" && reference == "#" => {
                        to.clone_into(reference);
                        true
                    }
                    _ => retarget(inner, to),
                }
        }),
        Json::Array(items) => items.iter_mut().fold(false, |found, item| found | retarget(item, to)),
        _ => false,
    }
}

fn text(schema: &Json, key: &str) -> Option<String> {
    schema.get(key).and_then(Json::as_str).map(str::to_owned)
}

/// A choice among values: of a named type an enumeration, otherwise a literal.
fn choice(values: &[Json], name: Option<&str>) -> Option<FieldType> {
    let values = values.iter().map(|v| Value::from_tagged(v).ok()).collect::<Option<Vec<_>>>()?;
    let all_text = values.iter().all(|v| v.as_str().is_some());
    Some(match name {
        Some(name) if all_text => FieldType::Enum(Arc::new(EnumType {
            name: name.to_owned(),
            members: values.into_iter().map(|v| (v.as_str().unwrap_or_default().to_owned(), v)).collect(),
            integer: false,
        })),
        _ => FieldType::Literal(values),
    })
}
