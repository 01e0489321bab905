//! Validation: rules beyond the type, for one value and across the fields of a record.
//!
//! A [`Validator`] looks at one value and may change it. A [`Validation`] holds those of a record: for single fields,
//! across fields, and fields that are computed from the others. What is wrong comes as [`ValidationErrors`], every fault
//! with its place and a code.

mod errors;
mod record;
mod validator;

pub use errors::{ValidationErrors, Violation};
pub use record::{Computed, Validation};
pub use validator::{Validator, When, before, check, validator, validator_of};
