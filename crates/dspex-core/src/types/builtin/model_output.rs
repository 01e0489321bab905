//! A reply of a model as data.

use serde::{Deserialize, Serialize};

use super::{TokenUsage, names_its_type, token_usage};
use crate::types::{FieldType, NamedType, StructField, StructType};
use crate::value::Value;

/// A reply of a model as the value of a field: for programs that judge or compare replies.
///
/// ```
/// use dspex_core::types::builtin::{ModelOutput, TokenUsage};
/// let mut output = ModelOutput::new("Paris");
/// output.usage = Some(TokenUsage::new(12, 1));
/// assert_eq!(serde_json::to_value(&output)?["usage"]["total_tokens"], 13);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelOutput {
    /// What it wrote.
    pub text: String,
    /// The model.
    #[serde(default)]
    pub model: Option<String>,
    /// Why it ended: `stop`, `length`, ...
    #[serde(default)]
    pub finish_reason: Option<String>,
    /// What it cost in tokens.
    #[serde(default)]
    pub usage: Option<TokenUsage>,
}

impl ModelOutput {
    /// A reply of which only the text is known.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), model: None, finish_reason: None, usage: None }
    }
}

names_its_type!(ModelOutput);

pub(super) fn named() -> NamedType {
    let optional = |name: &str, ty: FieldType| StructField {
        required: false,
        default: Some(Value::None),
        ..StructField::new(name, FieldType::optional(ty))
    };
    let fields = vec![
        StructField::new("text", FieldType::Str),
        optional("model", FieldType::Str),
        optional("finish_reason", FieldType::Str),
        optional("usage", token_usage::named().into()),
    ];
    let structure = StructType { name: "ModelOutput".into(), fields, ..StructType::default() };
    NamedType::new("ModelOutput", FieldType::Struct(structure.into()))
}
