//! Types with a name and steps of their own: the steps before, the base type, the rules, the steps after.

use dspex_core::Value;
use dspex_core::types::NamedType;

use super::walk::{Exactness, Walk};
use super::{Coercion, Mismatch, coerce_value, from_text};

/// A value of a named type from text. The text goes to the base type as it is unless a step made something else of it.
pub(super) fn text(text: &str, named: &NamedType, cx: &mut Coercion<'_>) -> Result<Value, Mismatch> {
    let value = match named.before(text.into()).map_err(Mismatch::fault)? {
        Value::Str(text) => from_text(&text, named.base(), cx)?,
        value => coerce_value(value, named.base(), cx)?,
    };
    named.after(value).map_err(Mismatch::fault)
}

/// A value of a named type from a value, at any depth.
pub(super) fn value(walk: &mut Walk<'_, '_>, value: &Value, named: &NamedType) -> Result<Value, Mismatch> {
    let given = named.before(value.clone()).map_err(Mismatch::fault)?;
    if given != *value {
        walk.floor(Exactness::Lax);
    }
    let read = walk.validate(&given, named.base())?;
    named.after(read).map_err(Mismatch::fault)
}
