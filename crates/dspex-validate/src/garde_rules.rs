//! The rules of structs that derive [`garde::Validate`], as a step of reading.

use std::sync::Arc;

use dspex_core::types::FieldValue;
use dspex_core::validation::{ValidationErrors, Validator, Violation, validator_of};

/// The rules that a type's `garde` derive states, as a step for [`NamedType`](dspex_core::types::NamedType),
/// [`TypeAdapter`](crate::TypeAdapter) or a field of a signature.
///
/// ```
/// use dspex_validate::{TypeAdapter, garde_rules};
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema, garde::Validate)]
/// struct Account {
///     #[garde(length(min = 3))]
///     name: String,
/// }
///
/// let accounts = TypeAdapter::<Account>::new().with_step(garde_rules::<Account>());
/// assert!(accounts.validate_text(r#"{"name": "ada"}"#).is_ok());
/// let e = accounts.validate_text(r#"{"name": "a"}"#).unwrap_err();
/// assert_eq!((e.first().path.as_str(), e.first().code.as_str()), ("name", "garde"));
/// ```
pub fn garde_rules<T: FieldValue + garde::Validate<Context = ()>>() -> Arc<dyn Validator> {
    validator_of("garde", |value: T| match value.validate() {
        Ok(()) => Ok(value),
        Err(report) => Err(faults(&report)),
    })
}

fn faults(report: &garde::Report) -> ValidationErrors {
    let fault = |(path, e): &(garde::Path, garde::Error)| {
        Violation::new("garde", e.message().to_string()).at(path.to_string())
    };
    // A report without an entry is none, but its type does not say so.
    let some = || Violation::new("garde", "expected a value that keeps its rules").into();
    ValidationErrors::new(report.iter().map(fault).collect()).unwrap_or_else(some)
}
