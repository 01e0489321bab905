//! Limits of size, counted on the schema that is to be sent.

use std::collections::BTreeSet;

use serde_json::{Map, Value as Json};

use super::UnsupportedSchema;
use super::refs::{required, target};
use super::rules::{Limits, Rules};

/// Whether a schema is within the limits of a dialect.
pub(super) fn check(schema: &Json, rules: &Rules) -> Result<(), UnsupportedSchema> {
    let Limits { depth, properties, enum_values, characters, long_enum, optional, unions } = rules.limits;
    let mut count = Count::default();
    count.schema(schema, "", long_enum);
    if let (Some((values, limit)), Some((at, n))) = (long_enum, &count.long_enum) {
        let what = format!("a choice of more than {values} texts with {n} characters (at most {limit})");
        return Err(rules.refuse(what, at, "shorten the texts, or let the model answer with text"));
    }
    let depth_found = depth.map_or(0, |_| levels(schema, schema, &mut BTreeSet::new()));
    let counted = [
        ("levels of objects inside objects", depth, depth_found),
        ("properties", properties, count.properties),
        ("choices", enum_values, count.enum_values),
        ("characters of names and choices", characters, count.characters),
        ("properties that may be left out", optional, count.optional),
        ("unions of types", unions, count.unions),
    ];
    for (what, limit, found) in counted {
        if let Some(limit) = limit.filter(|limit| found > *limit) {
            let what = format!("{found} {what} (at most {limit})");
            return Err(rules.refuse(what, "", "ask for less at one time, in calls of their own"));
        }
    }
    Ok(())
}

/// What there is of each thing that is limited.
#[derive(Default)]
struct Count {
    properties: usize,
    optional: usize,
    enum_values: usize,
    characters: usize,
    unions: usize,
    long_enum: Option<(String, usize)>,
}

impl Count {
    fn schema(&mut self, schema: &Json, at: &str, long: Option<(usize, usize)>) {
        let Some(map) = schema.as_object() else { return };
        for (key, inner) in map {
            match (key.as_str(), inner) {
                ("properties", Json::Object(properties)) => {
                    self.properties += properties.len();
                    let required = required(map);
                    self.optional += properties.keys().filter(|n| !required.contains(n.as_str())).count();
                    self.named(properties, &format!("{at}/properties"), long);
                }
                ("$defs", Json::Object(defs)) => self.named(defs, "/$defs", long),
                ("anyOf", Json::Array(options)) => {
                    self.unions += 1;
                    self.each(options, &format!("{at}/anyOf"), long);
                }
                ("prefixItems", Json::Array(items)) => {
                    self.each(items, &format!("{at}/prefixItems"), long);
                }
                ("items" | "additionalProperties", _) => self.schema(inner, &format!("{at}/{key}"), long),
                ("enum", Json::Array(values)) => self.choices(values, at, long),
                ("const", one) => self.choices(std::slice::from_ref(one), at, long),
                _ => {}
            }
        }
    }

    fn named(&mut self, schemas: &Map<String, Json>, at: &str, long: Option<(usize, usize)>) {
        for (name, schema) in schemas {
            self.characters += name.chars().count();
            self.schema(schema, &format!("{at}/{name}"), long);
        }
    }

    fn each(&mut self, schemas: &[Json], at: &str, long: Option<(usize, usize)>) {
        schemas.iter().enumerate().for_each(|(i, schema)| self.schema(schema, &format!("{at}/{i}"), long));
    }

    fn choices(&mut self, values: &[Json], at: &str, long: Option<(usize, usize)>) {
        let characters: usize = values.iter().filter_map(Json::as_str).map(|s| s.chars().count()).sum();
        self.enum_values += values.len();
        self.characters += characters;
        if long.is_some_and(|(n, limit)| values.len() > n && characters > limit) {
            self.long_enum.get_or_insert_with(|| (at.to_owned(), characters));
        }
    }
}

/// Objects inside objects, by way of references too; one that goes round counts once.
fn levels<'a>(schema: &'a Json, root: &'a Json, open: &mut BTreeSet<&'a str>) -> usize {
    let Some(map) = schema.as_object() else { return 0 };
    if let Some(reference) = map.get("$ref").and_then(Json::as_str) {
        let def = target(reference).and_then(|name| root.get("$defs")?.get(name));
        let (Some(def), true) = (def, open.insert(reference)) else { return 0 };
        let found = levels(def, root, open);
        open.remove(reference);
        return found;
    }
    let own = usize::from(map.get("properties").is_some());
    let mut inner = 0;
    for (key, value) in map {
        let found = match (key.as_str(), value) {
            ("properties", Json::Object(schemas)) => schemas.values().map(|s| levels(s, root, open)).max(),
            ("anyOf" | "prefixItems", Json::Array(schemas)) => {
                schemas.iter().map(|s| levels(s, root, open)).max()
            }
            ("items" | "additionalProperties", schema) => Some(levels(schema, root, open)),
            _ => None,
        };
        inner = inner.max(found.unwrap_or(0));
    }
    own + inner
}
