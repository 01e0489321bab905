//! The rules of a field, checked on the value that was read.

use dspex_core::{Error, ErrorKind, Field, ParsePolicy, ParseRule, Record, Signature, Value};

/// Checks a value against its field's constraints, which DSPy tells the model and does not check.
pub(crate) fn validate(field: &Field, value: &Value, policy: &ParsePolicy) -> Result<(), Error> {
    if !policy.applies(ParseRule::Constraint) {
        return Ok(());
    }
    field.check(value).map_err(|e| {
        Error::new(ErrorKind::Constraint { field: field.name.clone(), rule: e.rule, found: e.found })
    })
}

/// Runs the rules that the program's author gave beyond the types, which hold under every policy.
pub(crate) fn rules(signature: &Signature, fields: Record) -> Result<Record, Error> {
    match signature.validation() {
        Some(rules) => rules.run(fields).map_err(|errors| ErrorKind::Validation { errors }.into()),
        None => Ok(fields),
    }
}

#[cfg(test)]
mod tests {
    use dspex_core::{Constraint, FieldType};

    use super::*;

    #[test]
    fn constraints_hold_by_default_and_not_in_compat() {
        let field = Field::output("score", FieldType::Float).with_constraint(Constraint::le(1.0));
        let check = |value: f64, policy: &ParsePolicy| validate(&field, &value.into(), policy);
        assert!(check(0.5, &ParsePolicy::default()).is_ok());
        assert!(check(1.5, &ParsePolicy::compat()).is_ok());
        assert!(check(1.5, &ParsePolicy::default().without(ParseRule::Constraint)).is_ok());
        let error = check(1.5, &ParsePolicy::default()).expect_err("too much");
        assert_eq!(error.code(), "constraint");
        assert_eq!(error.to_string(), "expected `score` less than or equal to: 1.0, found 1.5");
    }
}
