//! Reading JSON text without losing anything: whole numbers keep all their digits, `NaN` and the infinities are read.

use jiter::JsonValue;
use serde_json::{Map, Value as Json, json};

use super::tagged::TagError;
use super::text::float_repr;
use super::{Dict, Value};

/// Text that is not JSON, or JSON whose tags are not those of values.
///
/// ```
/// use dspex_core::Value;
/// let e = Value::from_json("[1,\n 2").unwrap_err();
/// assert_eq!((e.line(), e.is_syntax()), (2, true));
/// let e = Value::from_json(r#"{"$date": "soon"}"#).unwrap_err();
/// assert!(!e.is_syntax());
/// assert_eq!(e.to_string(), "expected a date under the tag $date, found \"soon\"");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct JsonError {
    message: String,
    line: usize,
    syntax: bool,
}

impl JsonError {
    /// The line at which reading stopped, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Whether the text is not JSON; otherwise it is, and a tag in it is not one of ours.
    pub fn is_syntax(&self) -> bool {
        self.syntax
    }
}

impl From<TagError> for JsonError {
    fn from(e: TagError) -> Self {
        Self { message: e.to_string(), line: 1, syntax: false }
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
        Ok(Self::from_tagged(&tagged(&parse(text)?).map_err(|key| twice(&key))?)?)
    }

    /// A value from JSON text that others wrote, such as a model: no key in it is a tag.
    ///
    /// ```
    /// use dspex_core::Value;
    /// assert_eq!(Value::from_plain_json("{\"$int\": \"5\"}")?.to_repr()?, "{'$int': '5'}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn from_plain_json(text: &str) -> Result<Self, JsonError> {
        plain(&parse(text)?).map_err(|key| twice(&key))
    }

    /// The value that JSON stands for: no key in it is a tag.
    ///
    /// ```
    /// use dspex_core::Value;
    /// let json = serde_json::json!({"$int": [1, null]});
    /// assert_eq!(Value::from_plain(&json).to_repr()?, "{'$int': [1, None]}");
    /// # Ok::<(), dspex_core::value::text::UnsupportedKind>(())
    /// ```
    pub fn from_plain(json: &Json) -> Self {
        match json {
            Json::Null => Self::None,
            Json::Bool(b) => Self::Bool(*b),
            Json::Number(n) => match (n.as_i64(), n.as_u64()) {
                (Some(i), _) => i.into(),
                (None, Some(u)) => u.into(),
                (None, None) => Self::Float(n.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(s) => s.as_str().into(),
            Json::Array(items) => Self::List(items.iter().map(Self::from_plain).collect()),
            Json::Object(map) => {
                Self::Dict(map.iter().map(|(k, v)| (Self::from(k.as_str()), Self::from_plain(v))).collect())
            }
        }
    }
}

fn parse(text: &str) -> Result<JsonValue<'_>, JsonError> {
    let bytes = text.as_bytes();
    let allow_inf_nan = true;
    let value = JsonValue::parse(bytes, allow_inf_nan).map_err(|e| JsonError {
        message: e.description(bytes),
        line: e.get_position(bytes).line,
        syntax: true,
    })?;
    // The reader gives an infinity for numbers beyond all doubles too.
    if !text.contains("Inf") && holds_infinity(&value) {
        let message = "a number is too big for a float".to_owned();
        return Err(JsonError { message, line: 1, syntax: true });
    }
    Ok(value)
}

fn holds_infinity(value: &JsonValue<'_>) -> bool {
    match value {
        JsonValue::Float(f) => f.is_infinite(),
        JsonValue::Array(items) => items.iter().any(holds_infinity),
        JsonValue::Object(entries) => entries.iter().any(|(_, v)| holds_infinity(v)),
        _ => false,
    }
}

/// The error of a key that comes twice: only one of its values could be kept.
fn twice(key: &str) -> JsonError {
    JsonError { message: format!("the key `{key}` comes twice"), line: 1, syntax: true }
}

/// The value as it stands; the error is a key that comes twice.
fn plain(value: &JsonValue<'_>) -> Result<Value, String> {
    Ok(match value {
        JsonValue::Null => Value::None,
        JsonValue::Bool(b) => Value::Bool(*b),
        JsonValue::Int(i) => Value::from(*i),
        JsonValue::BigInt(i) => Value::Int(i.clone().into()),
        JsonValue::Float(f) => Value::Float(*f),
        JsonValue::Str(s) => Value::from(s.as_ref()),
        JsonValue::Array(items) => Value::List(items.iter().map(plain).collect::<Result<_, _>>()?),
        JsonValue::Object(entries) => {
            let mut dict = Dict::new();
            for (key, value) in entries.iter() {
                if dict.insert(Value::from(key.as_ref()), plain(value)?).is_some() {
                    return Err(key.to_string());
                }
            }
            Value::Dict(dict)
        }
    })
}

/// JSON in which numbers that would lose digits are tagged; the error is a key that comes twice.
fn tagged(value: &JsonValue<'_>) -> Result<Json, String> {
    Ok(match value {
        JsonValue::Null => Json::Null,
        JsonValue::Bool(b) => json!(b),
        JsonValue::Int(i) => json!(i),
        JsonValue::BigInt(i) => json!({"$int": i.to_string()}),
        JsonValue::Float(f) if f.is_finite() => json!(f),
        JsonValue::Float(f) => json!({"$float": float_repr(*f)}),
        JsonValue::Str(s) => json!(s),
        JsonValue::Array(items) => Json::Array(items.iter().map(tagged).collect::<Result<_, _>>()?),
        JsonValue::Object(entries) => {
            let mut map = Map::new();
            for (key, value) in entries.iter() {
                if map.insert(key.to_string(), tagged(value)?).is_some() {
                    return Err(key.to_string());
                }
            }
            Json::Object(map)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_of_any_size_are_kept() {
        let table = [
            ("12345678901234567890123", "12345678901234567890123"),
            ("-12345678901234567890123", "-12345678901234567890123"),
            ("18446744073709551615", "18446744073709551615"),
            ("18446744073709551616", "18446744073709551616"),
            ("-9223372036854775809", "-9223372036854775809"),
            (r#"{"$int": 18446744073709551616}"#, "18446744073709551616"),
        ];
        for (text, number) in table {
            assert_eq!(Value::from_json(text), Ok(Value::Int(number.parse().unwrap())), "{text}");
        }
        assert!(Value::from_json("012345678901234567890123").is_err());
    }

    #[test]
    fn floats_are_the_nearest_doubles() {
        let text = "122.416294033786585";
        assert_eq!(Value::from_json(text), Ok(Value::Float(text.parse().unwrap())));
        assert_eq!(Value::from_json("-Infinity"), Ok(Value::Float(f64::NEG_INFINITY)));
        let e = Value::from_json(r#"{"a": [1e400]}"#).unwrap_err();
        assert_eq!(e.to_string(), "a number is too big for a float");
    }

    #[test]
    fn a_key_that_comes_twice_is_an_error() {
        let e = Value::from_json(r#"[{"n": 1, "n": 2}]"#).unwrap_err();
        assert_eq!((e.to_string().as_str(), e.is_syntax()), ("the key `n` comes twice", true));
    }

    #[test]
    fn nesting_is_bounded() {
        assert!(Value::from_json(&"[".repeat(100_000)).is_err());
        assert!(Value::from_json(&format!("{}{}", "[".repeat(5_000), "]".repeat(5_000))).is_err());
    }
}
