//! What a call cost in tokens.

use serde::{Deserialize, Serialize};

use super::names_its_type;
use crate::signature::Constraint;
use crate::types::{FieldType, NamedType, StructField, StructType};
use crate::validation::{Violation, before, validator};
use crate::value::{StructValue, Value};

/// Tokens that a model read and wrote, as a value of a field.
///
/// A reply may also use the names of chat completions (`prompt_tokens`, `completion_tokens`). A total that is not given is
/// the sum; one that is not the sum is refused.
///
/// ```
/// use dspex_core::types::builtin::TokenUsage;
/// let usage = TokenUsage::new(12, 30);
/// assert_eq!(usage.total_tokens, 42);
/// assert_eq!(serde_json::to_value(usage)?["output_tokens"], 30);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TokenUsage {
    /// Tokens read.
    pub input_tokens: u64,
    /// Tokens written.
    pub output_tokens: u64,
    /// Both.
    pub total_tokens: u64,
}

impl TokenUsage {
    /// So many read and so many written.
    pub fn new(input_tokens: u64, output_tokens: u64) -> Self {
        Self { input_tokens, output_tokens, total_tokens: input_tokens.saturating_add(output_tokens) }
    }
}

names_its_type!(TokenUsage);

/// Names that other interfaces have for the same counts.
const SYNONYMS: [(&str, &str); 2] =
    [("prompt_tokens", "input_tokens"), ("completion_tokens", "output_tokens")];

pub(super) fn named() -> NamedType {
    let count = |name: &str, ty: FieldType, required| StructField {
        constraints: vec![Constraint::ge(0)],
        required,
        ..StructField::new(name, ty)
    };
    let fields = vec![
        count("input_tokens", FieldType::Int, true),
        count("output_tokens", FieldType::Int, true),
        count("total_tokens", FieldType::optional(FieldType::Int), false),
    ];
    let structure = StructType { name: "TokenUsage".into(), fields, ..StructType::default() };
    NamedType::new("TokenUsage", FieldType::Struct(structure.into()))
        .with_step(before("synonyms", |value| Ok(renamed(value))))
        .with_step(validator("total", total))
}

fn renamed(value: Value) -> Value {
    let value = super::json_object(value);
    let Value::Dict(d) = &value else { return value };
    let ours = |k: &Value| {
        let synonym =
            SYNONYMS.iter().find(|(theirs, ours)| k.as_str() == Some(theirs) && d.get_str(ours).is_none());
        synonym.map_or_else(|| k.clone(), |(_, ours)| (*ours).into())
    };
    Value::Dict(d.iter().map(|(k, v)| (ours(k), v.clone())).collect())
}

fn total(value: Value) -> Result<Value, Violation> {
    let Value::Struct(StructValue { type_name, mut fields }) = value else { return Ok(value) };
    let count = |name: &str| fields.get(name).and_then(Value::as_i64);
    if let (Some(input), Some(output)) = (count("input_tokens"), count("output_tokens")) {
        let sum = input.saturating_add(output);
        match count("total_tokens") {
            Some(total) if total != sum => {
                let message = format!("expected {sum}, the sum, found {total}");
                return Err(Violation::new("total", message).at("total_tokens"));
            }
            _ => fields.insert("total_tokens", sum),
        };
    }
    Ok(Value::Struct(StructValue { type_name, fields }))
}
