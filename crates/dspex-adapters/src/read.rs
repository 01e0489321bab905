//! One value by itself, read as a reply's field is read.

use dspex_core::{FieldType, Note, ParsePolicy, Result, Value};

use crate::parse;

/// A value of a type from text, with a note of each thing that was mended. `place` names it in errors and notes.
///
/// ```
/// use dspex_adapters::read_text;
/// use dspex_core::{FieldType, ParsePolicy, Value};
/// let (value, notes) = read_text("ages", "[36, 41,]", &FieldType::list(FieldType::Int), &ParsePolicy::default())?;
/// assert_eq!(value, Value::from(vec![36, 41]));
/// assert_eq!(notes[0].rule.id(), "repaired_json");
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn read_text(
    place: &str,
    text: &str,
    ty: &FieldType,
    policy: &ParsePolicy,
) -> Result<(Value, Vec<Note>)> {
    parse::lone(place, policy, |cx| parse::coerce_text(text, ty, cx))
}

/// A value of a type from a value, as JSON gives it.
///
/// ```
/// use dspex_adapters::read_value;
/// use dspex_core::{FieldType, ParsePolicy, Value};
/// let read = |v: Value| read_value("age", v, &FieldType::Int, &ParsePolicy::default());
/// assert_eq!(read("36".into())?.0, Value::from(36));
/// assert_eq!(read(3.5.into()).unwrap_err().to_string(), "expected `age` to be int, found 3.5");
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn read_value(
    place: &str,
    value: Value,
    ty: &FieldType,
    policy: &ParsePolicy,
) -> Result<(Value, Vec<Note>)> {
    parse::lone(place, policy, |cx| parse::coerce_value(value, ty, cx))
}
