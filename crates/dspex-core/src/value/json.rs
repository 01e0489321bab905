//! Reading JSON text without losing anything: whole numbers keep all their digits, `NaN` and the infinities are read.

use jiter::JsonValue;
use serde_json::{Map, Value as Json, json};

use super::tagged::TagError;
use super::text::float_repr;
use super::{Record, Value};

/// Text that is not JSON, or JSON whose tags are not those of values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    message: String,
    line: usize,
}

impl JsonError {
    /// The line at which reading stopped, from 1.
    pub fn line(&self) -> usize {
        self.line
    }
}

impl From<TagError> for JsonError {
    fn from(e: TagError) -> Self {
        Self { message: e.to_string(), line: 1 }
    }
}

impl Value {
    /// A value from JSON text; objects with a tag become values of kinds that JSON lacks.
    ///
    /// ```
    /// use dspex_core::Value;
    /// let v = Value::from_json("[12345678901234567890123, {\"$tuple\": [1]}]")?;
    /// assert_eq!(v.to_repr()?, "[12345678901234567890123, (1,)]");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        Ok(Self::from_tagged(&read(text)?)?)
    }
}

impl Record {
    /// A record from the text of a JSON object.
    pub fn from_json(text: &str) -> Result<Self, JsonError> {
        Ok(Self::from_tagged(&read(text)?)?)
    }
}

/// JSON in which numbers that would lose digits are tagged.
fn read(text: &str) -> Result<Json, JsonError> {
    let bytes = text.as_bytes();
    let allow_inf_nan = true;
    JsonValue::parse(bytes, allow_inf_nan)
        .map(|v| tagged(&v))
        .map_err(|e| JsonError { message: e.description(bytes), line: e.get_position(bytes).line })
}

fn tagged(value: &JsonValue<'_>) -> Json {
    match value {
        JsonValue::Null => Json::Null,
        JsonValue::Bool(b) => json!(b),
        JsonValue::Int(i) => json!(i),
        JsonValue::BigInt(i) => json!({"$int": i.to_string()}),
        JsonValue::Float(f) if f.is_finite() => json!(f),
        JsonValue::Float(f) => json!({"$float": float_repr(*f)}),
        JsonValue::Str(s) => json!(s),
        JsonValue::Array(items) => Json::Array(items.iter().map(tagged).collect()),
        // Of a key that comes twice the last value counts, as everywhere.
        JsonValue::Object(entries) => {
            Json::Object(entries.iter().map(|(k, v)| (k.to_string(), tagged(v))).collect::<Map<_, _>>())
        }
    }
}
