//! What a tool gave.

use serde::{Deserialize, Serialize};

use super::names_its_type;
use crate::types::{FieldType, NamedType, StructField, StructType};
use crate::value::Value;

/// What a tool gave for a call, as the value of a field.
///
/// ```
/// use dspex_core::types::builtin::ToolResult;
/// let result = ToolResult::new("weather", "sunny").for_call("call_1");
/// assert!(!result.is_error);
/// assert_eq!(serde_json::to_value(&result)?["call_id"], "call_1");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ToolResult {
    /// The tool.
    pub name: String,
    /// What it gave.
    pub content: serde_json::Value,
    /// The call that it answers.
    #[serde(default)]
    pub call_id: Option<String>,
    /// Whether the tool failed, so that `content` says why.
    #[serde(default)]
    pub is_error: bool,
}

impl ToolResult {
    /// What a tool gave.
    pub fn new(name: impl Into<String>, content: impl Into<serde_json::Value>) -> Self {
        Self { name: name.into(), content: content.into(), call_id: None, is_error: false }
    }

    /// The result as the answer to a call.
    #[must_use]
    pub fn for_call(mut self, id: impl Into<String>) -> Self {
        self.call_id = Some(id.into());
        self
    }

    /// The result as one of a tool that failed.
    #[must_use]
    pub fn failed(mut self) -> Self {
        self.is_error = true;
        self
    }
}

names_its_type!(ToolResult);

pub(super) fn named() -> NamedType {
    let optional = |name: &str, ty: FieldType, default: Value| StructField {
        required: false,
        default: Some(default),
        ..StructField::new(name, ty)
    };
    let fields = vec![
        StructField::new("name", FieldType::Str),
        StructField::new("content", FieldType::Any),
        optional("call_id", FieldType::optional(FieldType::Str), Value::None),
        optional("is_error", FieldType::Bool, false.into()),
    ];
    let structure = StructType { name: "ToolResult".into(), fields, ..StructType::default() };
    NamedType::new("ToolResult", FieldType::Struct(structure.into()))
}
