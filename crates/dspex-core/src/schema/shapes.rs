//! Objects and lists in a dialect.

use serde_json::{Map, Value as Json, json};

use super::UnsupportedSchema;
use super::merge::ANNOTATIONS;
use super::refs;
use super::rewrite::{Walk, any_of};
use crate::types::{EXTENSION, FieldType, KEY};

impl Walk<'_> {
    pub(super) fn object(
        &self,
        map: &Map<String, Json>,
        at: &str,
        opaque: bool,
        out: &mut Map<String, Json>,
        sentences: &mut Vec<String>,
    ) -> Result<(), UnsupportedSchema> {
        let named = map.get("properties").and_then(Json::as_object);
        let free = self.free_values(map, sentences);
        if free.is_some() && !self.rules.free_keys {
            let help = "give it named fields, or make it a list of objects with a key and a value";
            return Err(self.rules.refuse("a mapping with free keys", at, help));
        }
        let mut properties = Map::new();
        let (mut required, needed) = (Vec::new(), refs::required(map));
        for (name, property) in named.into_iter().flatten() {
            let at = format!("{at}/properties/{}", name.replace('~', "~0").replace('/', "~1"));
            let mut schema = self.schema(property, &at, opaque)?;
            let must = needed.contains(name.as_str());
            if !must && self.rules.all_required && !opaque && !self.takes_null(&schema) {
                schema = nullable(schema);
            }
            if must || self.rules.all_required {
                required.push(json!(name));
            }
            properties.insert(name.clone(), schema);
        }
        if named.is_some() || free.is_none() {
            out.insert("properties".into(), Json::Object(properties));
        }
        if !required.is_empty() || self.rules.all_required {
            out.insert("required".into(), Json::Array(required));
        }
        let additional = match free {
            None => json!(false),
            Some(any) if is_any(&any) => json!(true),
            Some(value) => self.schema(&value, &format!("{at}/additionalProperties"), opaque)?,
        };
        out.insert("additionalProperties".into(), additional);
        Ok(())
    }

    /// What values of keys that are not named are like; none where there are no such keys.
    fn free_values(&self, map: &Map<String, Json>, sentences: &mut Vec<String>) -> Option<Json> {
        if let Some(key) = map.get(KEY) {
            sentences.push(format!("Each key is written as text and means {}.", self.name_of(key)));
        }
        let patterns = map.get("patternProperties").and_then(Json::as_object).filter(|p| !p.is_empty());
        if let Some(patterns) = patterns {
            let keys: Vec<String> = patterns.keys().map(|p| format!("`{p}`")).collect();
            sentences.push(format!("Each key matches {}.", keys.join(" or ")));
            let values: Vec<Json> = patterns.values().cloned().collect();
            return Some(match values.as_slice() {
                [one] => one.clone(),
                _ => json!({"anyOf": values}),
            });
        }
        match map.get("additionalProperties") {
            Some(Json::Bool(false)) => None,
            Some(Json::Object(schema)) => Some(Json::Object(schema.clone())),
            Some(_) => Some(json!({})),
            None if map.contains_key("properties") => None,
            None => Some(json!({})),
        }
    }

    pub(super) fn array(
        &self,
        map: &Map<String, Json>,
        at: &str,
        opaque: bool,
        out: &mut Map<String, Json>,
        sentences: &mut Vec<String>,
    ) -> Result<(), UnsupportedSchema> {
        let place = |i: usize| format!("{at}/prefixItems/{i}");
        if let Some(Json::Array(items)) = map.get("prefixItems") {
            let each = items.iter().enumerate().map(|(i, item)| self.schema(item, &place(i), opaque));
            let each = each.collect::<Result<Vec<_>, _>>()?;
            if self.rules.tuples {
                out.insert("prefixItems".into(), Json::Array(each));
                return Ok(());
            }
            let union = any_of(each);
            if union.contains_key("anyOf") {
                let names: Vec<String> = items.iter().map(|item| self.name_of(item)).collect();
                sentences.push(format!("In this order: {}.", names.join(", ")));
            }
            out.insert("items".into(), Json::Object(union));
            return Ok(());
        }
        let item = match map.get("items") {
            // Nothing stands in it, so that any type will do.
            _ if map.get("maxItems").and_then(Json::as_u64) == Some(0) => json!({"type": "null"}),
            Some(item) => self.schema(item, &format!("{at}/items"), opaque)?,
            None => Json::Object(self.anything(at)?),
        };
        out.insert("items".into(), item);
        Ok(())
    }

    /// The name of a type, as prompts have it.
    fn name_of(&self, schema: &Json) -> String {
        let mut schema = schema.clone();
        if let Some(map) = schema.as_object_mut() {
            map.insert("$defs".into(), Json::Object(self.source.defs.clone()));
        }
        FieldType::from_json_schema(&schema).name()
    }

    fn takes_null(&self, schema: &Json) -> bool {
        let is_null = |option: &Json| option.is_null() || option["type"] == "null";
        let options = |of: &Json| ["anyOf", "oneOf", "enum"].iter().any(|key| holds(&of[*key], is_null));
        is_null(schema) || options(schema) || self.referred(schema).is_some_and(options)
    }
}

fn holds(options: &Json, is: impl Fn(&Json) -> bool) -> bool {
    options.as_array().into_iter().flatten().any(is)
}

/// The schema or `null`; the description stays outside.
fn nullable(mut schema: Json) -> Json {
    let description = schema.as_object_mut().and_then(|map| map.shift_remove("description"));
    let mut out = any_of(vec![schema, json!({"type": "null"})]);
    if let Some(description) = description {
        out.insert("description".into(), description);
    }
    Json::Object(out)
}

fn is_any(schema: &Json) -> bool {
    schema.as_object().is_some_and(|map| {
        map.keys().all(|key| ANNOTATIONS.contains(&key.as_str()) || key.starts_with(EXTENSION))
    })
}
