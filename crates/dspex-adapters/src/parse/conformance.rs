//! Single steps of reading and writing for the corpus of DSPy's behaviour, which looks at them one by one. Not an interface.

use dspex_core::{Error, Field, FieldType, ParsePolicy, Value};

type Result<T, E = Error> = std::result::Result<T, E>;

use super::coerce::{self, Coercion};
use super::fence;
use crate::format;
use crate::wording::Wording;

/// The version of Python's `json_repair` that [`loads`] follows.
pub const JSON_REPAIR: &str = "0.64.4";

/// The name of the field in errors.
const FIELD: &str = "value";

/// A value of a type from text.
pub fn coerce_text(text: &str, ty: &FieldType, policy: &ParsePolicy) -> Result<Value> {
    coerce::coerce_text(text, ty, &mut Coercion::new(policy, FIELD)).map_err(|m| m.into_error(FIELD))
}

/// A value of a type from a value that JSON gave.
pub fn coerce_value(value: Value, ty: &FieldType, policy: &ParsePolicy) -> Result<Value> {
    coerce::coerce_value(value, ty, &mut Coercion::new(policy, FIELD)).map_err(|m| m.into_error(FIELD))
}

/// What DSPy's `Code` makes of a text.
pub fn filter_code(text: &str) -> &str {
    fence::dspy_filter(text)
}

/// What DSPy's RLM makes of an answer that should be a Python program; the error is the language of another one.
pub fn python_program(text: &str) -> Result<String, String> {
    fence::python_program(text)
}

/// The value of JSON that may be broken; none where Python gives an error.
pub fn loads(text: &str) -> Option<Value> {
    super::repaired(text)
}

/// What stands behind the place of an output of a type, also of one that no prompt can carry yet.
pub fn hint(ty: &FieldType) -> String {
    format::hint(&Field::output(FIELD, ty.clone()), &Wording::default().field)
}
