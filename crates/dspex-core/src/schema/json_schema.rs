//! Plain JSON Schema.
//!
//! Source: "JSON Schema: A Media Type for Describing JSON Documents" and "JSON Schema Validation", draft 2020-12.

use serde_json::Value as Json;

use super::{SchemaDialect, UnsupportedSchema};
use crate::types::EXTENSION;

/// JSON Schema 2020-12 as it is, without our own keywords; for endpoints that take all of it, and for documents.
///
/// ```
/// use dspex_core::{FieldType, schema::JSON_SCHEMA};
/// use serde_json::json;
/// let exact = FieldType::parse("frozenset[int]", None)?.json_schema_lossless();
/// assert_eq!(exact["x-dspex-type"], "frozenset");
/// let plain = JSON_SCHEMA.transform(&exact)?;
/// assert_eq!(plain, json!({"type": "array", "items": {"type": "integer"}, "uniqueItems": true}));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub const JSON_SCHEMA: SchemaDialect = SchemaDialect { name: "json_schema", transform };

#[expect(clippy::unnecessary_wraps, reason = "the other dialects have schemas that they refuse")]
fn transform(schema: &Json) -> Result<Json, UnsupportedSchema> {
    Ok(without_extensions(schema))
}

fn without_extensions(schema: &Json) -> Json {
    match schema {
        Json::Object(map) => {
            let kept = map.iter().filter(|(key, _)| !key.starts_with(EXTENSION));
            Json::Object(
                kept.map(|(key, inner)| {
                    let inner = match key.as_str() {
                        // Values, and no schemas.
                        "const" | "enum" | "default" | "examples" => inner.clone(),
                        // The keys of these are names.
                        "properties" | "$defs" | "patternProperties" => names(inner),
                        _ => without_extensions(inner),
                    };
                    (key.clone(), inner)
                })
                .collect(),
            )
        }
        Json::Array(items) => Json::Array(items.iter().map(without_extensions).collect()),
        other => other.clone(),
    }
}

fn names(schemas: &Json) -> Json {
    match schemas.as_object() {
        Some(map) => {
            Json::Object(map.iter().map(|(name, s)| (name.clone(), without_extensions(s))).collect())
        }
        None => schemas.clone(),
    }
}
