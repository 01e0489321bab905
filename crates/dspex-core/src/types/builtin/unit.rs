//! Numbers from 0 to 1, and how they are read from text.

use std::sync::Arc;

use crate::signature::Constraint;
use crate::types::{FieldType, NamedType};
use crate::validation::{Validator, Violation, before};
use crate::value::Value;

/// The type of numbers from 0 to 1 that may come as percentages.
pub(super) fn unit_type(name: &str, description: &str) -> NamedType {
    NamedType::new(name, FieldType::Float)
        .with_description(description)
        .with_constraint(Constraint::ge(0.0))
        .with_constraint(Constraint::le(1.0))
        .with_step(percent())
}

/// Reads `85 %`, `85%` and `85 percent` as 0.85. A number without a sign stays what it is.
fn percent() -> Arc<dyn Validator> {
    before("percent", |value| Ok(value.as_str().and_then(of_percent).map_or(value, Value::Float)))
}

fn of_percent(text: &str) -> Option<f64> {
    let text = text.trim().trim_end_matches('.');
    let number = ["%", "percent", "per cent"].iter().find_map(|sign| text.strip_suffix(sign))?.trim();
    let plain = number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | '+' | '-'));
    number.parse::<f64>().ok().filter(|_| plain).map(|n| n / 100.0)
}

/// A number of the type, or what is wrong with it.
pub(super) fn in_unit(name: &str, value: f64) -> Result<f64, Violation> {
    if (0.0..=1.0).contains(&value) {
        return Ok(value);
    }
    Err(Violation::new("range", format!("expected a {name} from 0 to 1, found {value}")))
}

/// A Rust type of such numbers.
macro_rules! unit_number {
    ($(#[doc = $doc:literal])* $name:ident, $word:literal) => {
        $(#[doc = $doc])*
        #[derive(Clone, Copy, Debug, PartialEq, PartialOrd, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// A number from 0 to 1.
            pub fn new(value: f64) -> Result<Self, crate::validation::Violation> {
                crate::types::builtin::unit::in_unit($word, value).map(Self)
            }

            /// The number.
            pub fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = crate::validation::Violation;

            fn try_from(value: f64) -> Result<Self, Self::Error> {
                Self::new(value)
            }
        }

        impl From<$name> for f64 {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        crate::types::builtin::names_its_type!($name);
    };
}
pub(super) use unit_number;
