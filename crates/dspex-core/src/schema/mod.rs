//! Schemas for providers: one internal schema, and a transformer for each dialect of JSON Schema that providers take.
//!
//! The internal schema is [`FieldType::json_schema_lossless`](crate::FieldType::json_schema_lossless). A dialect is a
//! file with its rules and a row in [`SCHEMA_DIALECTS`]; `docs/schemas.md` has the rules as tables.

mod anthropic;
mod enums;
mod gbnf;
mod gemini;
mod json_schema;
mod limits;
mod merge;
mod openai;
mod refs;
mod rewrite;
mod rules;
mod shapes;
mod words;

use std::fmt;

use serde_json::Value as Json;

pub use anthropic::ANTHROPIC;
pub use gbnf::GBNF;
pub use gemini::GEMINI;
pub use json_schema::JSON_SCHEMA;
pub use openai::OPENAI;
pub use refs::resolve_refs;

/// A dialect of JSON Schema: what a provider takes of it.
///
/// ```
/// use dspex_core::schema::{GEMINI, OPENAI, SchemaDialect};
/// use serde_json::json;
/// let pair = json!({"type": "object", "required": ["at"], "properties": {
///     "at": {"type": "array", "prefixItems": [{"type": "number"}, {"type": "number"}], "minItems": 2, "maxItems": 2},
/// }});
/// let at = |dialect: SchemaDialect| Ok::<_, dspex_core::Error>(dialect.transform(&pair)?["properties"]["at"].clone());
/// assert_eq!(at(GEMINI)?["prefixItems"], json!([{"type": "number"}, {"type": "number"}]));
/// // Tuples are no part of OpenAI's strict mode.
/// assert_eq!(
///     at(OPENAI)?,
///     json!({"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2})
/// );
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct SchemaDialect {
    /// Name: `openai`, `gemini`, ...
    pub name: &'static str,
    transform: fn(&Json) -> Result<Json, UnsupportedSchema>,
}

/// Every dialect. To add one: a file and a row here.
///
/// ```
/// let names: Vec<&str> = dspex_core::schema::SCHEMA_DIALECTS.iter().map(|d| d.name).collect();
/// assert_eq!(names, ["openai", "anthropic", "gemini", "gbnf", "json_schema"]);
/// ```
pub const SCHEMA_DIALECTS: &[SchemaDialect] = &[OPENAI, ANTHROPIC, GEMINI, GBNF, JSON_SCHEMA];

impl SchemaDialect {
    /// The schema as this dialect has it. A value of the type fits the result; what the dialect has no keyword for
    /// stands in descriptions, in words.
    pub fn transform(&self, schema: &Json) -> Result<Json, UnsupportedSchema> {
        (self.transform)(schema)
    }
}

impl Default for SchemaDialect {
    /// [`OPENAI`]: what endpoints that speak chat completions are held to unless they say otherwise.
    fn default() -> Self {
        OPENAI
    }
}

impl PartialEq for SchemaDialect {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for SchemaDialect {}

impl fmt::Debug for SchemaDialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SchemaDialect").field(&self.name).finish()
    }
}

/// A schema that a dialect has no way to say; found before anything is sent.
///
/// ```
/// use dspex_core::{FieldType, schema::OPENAI};
/// use serde_json::json;
/// let ages = FieldType::dict(FieldType::Str, FieldType::Int).json_schema_lossless();
/// let e = OPENAI.transform(&json!({"type": "object", "properties": {"ages": ages}})).unwrap_err();
/// assert_eq!((e.dialect, e.pointer.as_str()), ("openai", "/properties/ages"));
/// assert_eq!(
///     e.to_string(),
///     "expected a schema that the dialect `openai` can say, found a mapping with free keys at `/properties/ages`"
/// );
/// assert!(e.help.contains("named fields"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected a schema that the dialect `{dialect}` can say, found {what} {}", place(.pointer))]
#[non_exhaustive]
pub struct UnsupportedSchema {
    /// The dialect.
    pub dialect: &'static str,
    /// What it cannot say.
    pub what: String,
    /// Where in the schema, as a JSON pointer (RFC 6901); empty for the whole of it.
    pub pointer: String,
    /// What to do.
    pub help: &'static str,
}

fn place(pointer: &str) -> String {
    if pointer.is_empty() { "at its root".to_owned() } else { format!("at `{pointer}`") }
}

impl UnsupportedSchema {
    /// What a dialect cannot say, where, and what to do.
    pub fn new(
        dialect: SchemaDialect,
        what: impl Into<String>,
        pointer: impl Into<String>,
        help: &'static str,
    ) -> Self {
        Self { dialect: dialect.name, what: what.into(), pointer: pointer.into(), help }
    }
}
