//! A call of a function that a model writes down.

use serde::{Deserialize, Serialize};

use super::{json_object, names_its_type};
use crate::signature::Constraint;
use crate::types::{FieldType, NamedType, StructField, StructType};
use crate::validation::before;
use crate::value::{Record, Value};

/// A call of a function that a model writes down as the value of a field: a name, and arguments by name.
///
/// A reply may also give it as chat completions do: under `function`, the arguments as JSON in a text.
///
/// ```
/// use dspex_core::{Record, types::builtin::FunctionCall};
/// let call = FunctionCall::new("weather", &Record::new().with("place", "Oslo"));
/// assert_eq!(serde_json::to_value(&call)?["arguments"]["place"], "Oslo");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FunctionCall {
    /// The function.
    pub name: String,
    /// Arguments by name.
    pub arguments: serde_json::Map<String, serde_json::Value>,
}

impl FunctionCall {
    /// A call. Values that JSON cannot say are tagged, as in saved programs.
    pub fn new(name: impl Into<String>, arguments: &Record) -> Self {
        let json = |(k, v): (&str, &Value)| (k.to_owned(), v.to_tagged());
        Self { name: name.into(), arguments: arguments.iter().map(json).collect() }
    }
}

names_its_type!(FunctionCall);

pub(super) fn named() -> NamedType {
    let name = StructField {
        constraints: vec![Constraint::MinLength(1)],
        ..StructField::new("name", FieldType::Str)
    };
    let arguments = StructField::new("arguments", FieldType::dict(FieldType::Str, FieldType::Any));
    let structure =
        StructType { name: "FunctionCall".into(), fields: vec![name, arguments], ..StructType::default() };
    NamedType::new("FunctionCall", FieldType::Struct(structure.into()))
        .with_step(before("wire_form", |value| Ok(plain(value))))
}

/// A call as chat completions write it, in the form of the type.
fn plain(value: Value) -> Value {
    let value = json_object(value);
    let Value::Dict(d) = &value else { return value };
    if let Some(inner @ Value::Dict(_)) = d.get_str("function") {
        return plain(inner.clone());
    }
    let arguments = match d.get_str("arguments").or_else(|| d.get_str("args")) {
        Some(text @ Value::Str(_)) => json_object(text.clone()),
        Some(other) => other.clone(),
        None => return value,
    };
    let rest = d.iter().filter(|(k, _)| !matches!(k.as_str(), Some("arguments" | "args")));
    let rest = rest.map(|(k, v)| (k.clone(), v.clone()));
    Value::Dict(rest.chain([("arguments".into(), arguments)]).collect())
}
