//! The dialect of Gemini: `responseJsonSchema`, which takes JSON Schema. The older `responseSchema`, a subset of `OpenAPI`
//! without `$ref`, tuples and free keys, is not used.
//!
//! Source: Google, "`GenerationConfig`: `responseJsonSchema`" in the reference of the Gemini API, which lists the
//! keywords, and "Structured outputs", which lists the formats and says that others are ignored.

use serde_json::Value as Json;

use super::rewrite;
use super::rules::{Limits, Recursion, Rules};
use super::{SchemaDialect, UnsupportedSchema};

/// Gemini's `responseJsonSchema`: properties may be left out, free keys and tuples can be said; enumerations are of text
/// and numbers; a type contains itself only by way of a property that may be left out.
///
/// ```
/// use dspex_core::schema::GEMINI;
/// use serde_json::json;
/// let schema = json!({"type": "object", "required": ["kind"], "properties": {"kind": {"const": "a"}}});
/// let kind = &GEMINI.transform(&schema)?["properties"]["kind"];
/// assert_eq!(kind, &json!({"type": "string", "enum": ["a"]}));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub const GEMINI: SchemaDialect = SchemaDialect { name: "gemini", transform };

const RULES: Rules = Rules {
    name: "gemini",
    root_object: false,
    all_required: false,
    free_keys: true,
    any: false,
    tuples: true,
    recursion: Recursion::WhereOptional,
    ref_siblings: false,
    constants: false,
    bool_enums: false,
    data_enums: false,
    keep,
    limits: Limits::NONE,
};

fn keep(kind: &str, key: &str, value: &Json) -> bool {
    match (kind, key) {
        ("string", "format") => matches!(value.as_str(), Some("date-time" | "date" | "time")),
        ("integer" | "number", "minimum" | "maximum") | ("array", "minItems" | "maxItems") => true,
        _ => false,
    }
}

fn transform(schema: &Json) -> Result<Json, UnsupportedSchema> {
    rewrite::run(schema, &RULES)
}
