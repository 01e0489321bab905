//! Decisions: from the evidence that a model gives, or from a value as prompts show it.

use dspex_core::types::{DecisionConfig, DecisionType};
use dspex_core::{FieldType, Value};

use super::Mismatch;
use super::walk::{Exactness, Walk};

/// Evidence, decided by what DSPy takes where nothing is set; or a value with its fields. An object with a `value` is the
/// latter: evidence has no such key.
pub(super) fn read(
    walk: &mut Walk<'_, '_>,
    value: &Value,
    decision: &DecisionType,
    ty: &FieldType,
) -> Result<Value, Mismatch> {
    if matches!(value, Value::Struct(_)) && ty.check(value).is_ok() {
        return Ok(value.clone());
    }
    let Value::Dict(given) = value else { return Err(Mismatch::new(ty, value)) };
    walk.floor(Exactness::Strict);
    let made = if given.get_str("value").is_some() {
        let fields = walk.validate(value, &decision.value_type())?;
        decision.stated(fields)
    } else {
        let evidence = walk.validate(value, &decision.evidence_type())?;
        decision.decide(&evidence, &DecisionConfig::new())
    };
    made.map_err(|e| Mismatch::words(e.expected, &e.found))
}
