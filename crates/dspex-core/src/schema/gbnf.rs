//! The dialect of endpoints that turn a schema into a grammar: llama.cpp's server, and Ollama, which uses its converter.
//!
//! Source: llama.cpp, "GBNF Guide" (`grammars/README.md`), section "JSON Schemas → GBNF", and what its converter
//! (`json-schema-to-grammar.cpp`) takes `{}` for: any object, rather than any value.

use serde_json::Value as Json;

use super::rewrite;
use super::rules::{Limits, Recursion, Rules};
use super::{SchemaDialect, UnsupportedSchema};

/// llama.cpp's schemas for grammars: free keys, `$ref` that goes round and any value can be said; no tuples, and bounds
/// of whole numbers only. What it does not know it leaves out silently, so that nothing of that kind is sent.
///
/// ```
/// use dspex_core::schema::GBNF;
/// use serde_json::json;
/// let schema = json!({"type": "object", "properties": {"x": {"type": "number", "minimum": 0}}});
/// let x = &GBNF.transform(&schema)?["properties"]["x"];
/// assert_eq!(x, &json!({"type": "number", "description": "At least 0."}));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub const GBNF: SchemaDialect = SchemaDialect { name: "gbnf", transform };

const RULES: Rules = Rules {
    name: "gbnf",
    root_object: false,
    all_required: false,
    free_keys: true,
    any: true,
    tuples: false,
    recursion: Recursion::Kept,
    ref_siblings: false,
    constants: true,
    bool_enums: true,
    data_enums: true,
    keep,
    limits: Limits::NONE,
};

fn keep(kind: &str, key: &str, value: &Json) -> bool {
    match (kind, key) {
        ("string", "format") => matches!(value.as_str(), Some("date-time" | "date" | "time" | "uuid")),
        ("string", "pattern") => value.as_str().is_some_and(is_convertible),
        ("string", "minLength" | "maxLength") | ("array", "minItems" | "maxItems") => true,
        ("integer", "minimum" | "maximum" | "exclusiveMinimum" | "exclusiveMaximum") => value.is_i64(),
        _ => false,
    }
}

/// Whether the converter takes an expression: it must be anchored at both ends, and it knows no classes such as `\d` and
/// no groups with `?`.
fn is_convertible(pattern: &str) -> bool {
    let mut escaped = pattern.split('\\').skip(1);
    pattern.starts_with('^')
        && pattern.ends_with('$')
        && !pattern.contains("(?")
        && !escaped.any(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
}

fn transform(schema: &Json) -> Result<Json, UnsupportedSchema> {
    rewrite::run(schema, &RULES)
}
