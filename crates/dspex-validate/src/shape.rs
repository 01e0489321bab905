//! Shapes that only a JSON Schema says, checked by the `jsonschema` crate.

use std::sync::Arc;

use dspex_core::types::{NamedType, SchemaType};
use dspex_core::validation::{Violation, validator};
use dspex_core::{FieldType, Value};
use serde_json::Value as Json;

/// The type of what a JSON Schema takes. A schema that can be said as a [`FieldType`] becomes that; of another, each
/// value is checked against the schema itself.
///
/// ```
/// use dspex_validate::{DynTypeAdapter, shape};
/// use serde_json::json;
/// let either = shape("Shape", &json!({"oneOf": [
///     {"type": "object", "required": ["radius"], "properties": {"radius": {"type": "number"}}},
///     {"type": "object", "required": ["side"], "properties": {"side": {"type": "number"}}},
/// ]}))?;
/// let shapes = DynTypeAdapter::new(either);
/// assert!(shapes.validate_text(r#"{"radius": 2}"#).is_ok());
/// assert_eq!(shapes.validate_text(r#"{"height": 2}"#).unwrap_err().first().code, "schema");
/// # Ok::<(), dspex_core::validation::Violation>(())
/// ```
pub fn shape(name: &str, schema: &Json) -> Result<FieldType, Violation> {
    let known = FieldType::from_json_schema(schema);
    if !matches!(known, FieldType::Schema(_)) {
        return Ok(known);
    }
    let compiled = jsonschema::validator_for(schema)
        .map_err(|e| Violation::new("schema", format!("expected a JSON Schema, found a fault in it: {e}")))?;
    let compiled = Arc::new(compiled);
    let base = FieldType::Schema(Arc::new(SchemaType { name: name.to_owned(), schema: schema.clone() }));
    let step = validator("schema", move |value: Value| {
        let text = value.to_json_text().map_err(|e| Violation::new("schema", e.to_string()))?;
        let json: Json = serde_json::from_str(&text).map_err(|e| Violation::new("schema", e.to_string()))?;
        match compiled.iter_errors(&json).next() {
            None => Ok(value),
            Some(e) => Err(Violation::new("schema", e.to_string()).at(place(&e.instance_path().to_string()))),
        }
    });
    Ok(NamedType::new(name, base).with_step(step).into())
}

/// `/people/0/age` as `people[0].age`.
fn place(pointer: &str) -> String {
    let step = |step: &str| match step.parse::<usize>() {
        Ok(index) => format!("[{index}]"),
        Err(_) => format!(".{step}"),
    };
    pointer.split('/').skip(1).map(step).collect::<String>().trim_start_matches('.').to_owned()
}
