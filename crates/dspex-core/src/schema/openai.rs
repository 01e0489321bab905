//! The dialect of OpenAI's strict mode, and of servers that follow it.
//!
//! Source: OpenAI, "Structured model outputs", sections "Supported schemas" and "Some type-specific keywords are not yet
//! supported"; the refusal of keywords beside `$ref`, of `oneOf` and of `prefixItems` is the API's own message.

use serde_json::Value as Json;

use super::rewrite;
use super::rules::{Limits, Recursion, Rules};
use super::{SchemaDialect, UnsupportedSchema};

/// OpenAI's strict mode: the root is an object, every object is closed, every property is required and one that may be
/// left out is nullable; mappings with free keys cannot be said; `$ref` may go round.
///
/// ```
/// use dspex_core::schema::OPENAI;
/// use serde_json::json;
/// let schema = json!({"type": "object", "properties": {"tag": {"type": "string", "minLength": 2}}});
/// assert_eq!(
///     OPENAI.transform(&schema)?,
///     json!({
///         "type": "object",
///         "properties": {
///             "tag": {"anyOf": [{"type": "string"}, {"type": "null"}], "description": "At least 2 characters."},
///         },
///         "required": ["tag"],
///         "additionalProperties": false,
///     })
/// );
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub const OPENAI: SchemaDialect = SchemaDialect { name: "openai", transform };

/// The string formats that the guide lists.
const FORMATS: [&str; 9] =
    ["date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"];

const RULES: Rules = Rules {
    name: "openai",
    root_object: true,
    all_required: true,
    free_keys: false,
    any: false,
    tuples: false,
    recursion: Recursion::Kept,
    ref_siblings: false,
    constants: true,
    bool_enums: true,
    data_enums: false,
    keep,
    limits: Limits {
        depth: Some(10),
        properties: Some(5_000),
        enum_values: Some(1_000),
        characters: Some(120_000),
        long_enum: Some((250, 15_000)),
        ..Limits::NONE
    },
};

fn keep(kind: &str, key: &str, value: &Json) -> bool {
    match (kind, key) {
        ("string", "format") => value.as_str().is_some_and(|f| FORMATS.contains(&f)),
        ("string", "pattern") => true,
        (
            "integer" | "number",
            "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum" | "multipleOf",
        )
        | ("array", "minItems" | "maxItems") => true,
        _ => false,
    }
}

fn transform(schema: &Json) -> Result<Json, UnsupportedSchema> {
    rewrite::run(schema, &RULES)
}
