//! Checking values against the constraints of their fields.

use dspex_core::{Error, ErrorKind, Field, ParsePolicy, ParseRule, Result, Value};

/// Checks a value that was read; DSPy does not.
pub(crate) fn validate(field: &Field, value: &Value, policy: &ParsePolicy) -> Result<()> {
    if !policy.applies(ParseRule::Constraint) {
        return Ok(());
    }
    field.check(value).map_err(|e| {
        Error::new(ErrorKind::Constraint { field: field.name.clone(), rule: e.rule, found: e.found })
    })
}
