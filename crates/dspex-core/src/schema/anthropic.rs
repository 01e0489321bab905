//! The dialect of Anthropic's structured outputs: `output_config.format`, and the `input_schema` of strict tools.
//!
//! Source: Anthropic, "Structured outputs", sections "JSON Schema limitations" and "Schema complexity limits".

use serde_json::Value as Json;

use super::rewrite;
use super::rules::{Limits, Recursion, Rules};
use super::{SchemaDialect, UnsupportedSchema};

/// Anthropic's structured outputs: every object is closed, properties may be left out; no bounds of numbers, text and
/// lists; a type that contains itself is unrolled to a few levels.
///
/// ```
/// use dspex_core::schema::ANTHROPIC;
/// use serde_json::json;
/// let schema = json!({"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}});
/// assert_eq!(
///     ANTHROPIC.transform(&schema)?,
///     json!({
///         "type": "object",
///         "properties": {"n": {"type": "integer", "description": "At least 1."}},
///         "additionalProperties": false,
///     })
/// );
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub const ANTHROPIC: SchemaDialect = SchemaDialect { name: "anthropic", transform };

/// The string formats that the page lists.
const FORMATS: [&str; 10] =
    ["date-time", "time", "date", "duration", "email", "hostname", "uri", "ipv4", "ipv6", "uuid"];

const RULES: Rules = Rules {
    name: "anthropic",
    root_object: true,
    all_required: false,
    free_keys: false,
    any: false,
    tuples: false,
    recursion: Recursion::Unrolled,
    ref_siblings: false,
    constants: true,
    bool_enums: true,
    data_enums: false,
    keep,
    limits: Limits { optional: Some(24), unions: Some(16), ..Limits::NONE },
};

fn keep(kind: &str, key: &str, value: &Json) -> bool {
    match (kind, key) {
        ("string", "format") => value.as_str().is_some_and(|f| FORMATS.contains(&f)),
        ("string", "pattern") => value.as_str().is_some_and(is_simple),
        ("array", "minItems") => value.as_u64().is_some_and(|n| n <= 1),
        _ => false,
    }
}

/// Whether an expression has none of what the page excludes: backreferences, lookaround, word boundaries.
fn is_simple(pattern: &str) -> bool {
    let boundary_or_back = |(_, c): (usize, char)| matches!(c, 'b' | 'B' | '1'..='9' | 'k');
    let escaped = pattern.char_indices().zip(pattern.chars().skip(1)).filter(|((_, c), _)| *c == '\\');
    let mut escapes = escaped.map(|((at, _), next)| (at, next));
    !["(?=", "(?!", "(?<"].iter().any(|look| pattern.contains(look)) && !escapes.any(boundary_or_back)
}

fn transform(schema: &Json) -> Result<Json, UnsupportedSchema> {
    rewrite::run(schema, &RULES)
}
