//! A step that looks at one value: it passes it on, changes it, or refuses it.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{ValidationErrors, Violation};
use crate::signature::Constraint;
use crate::value::{Value, from_value, to_value};

/// When a [`Validator`] sees a value.
///
/// ```
/// use dspex_core::validation::{When, before, check};
/// assert_eq!(before("trim", Ok).when(), When::Before);
/// assert_eq!(check("even", "an even number", |_| true).when(), When::After);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum When {
    /// As it came, before it is read as its type.
    Before,
    /// As a value of its type.
    After,
}

/// A step of reading a value beyond its type. Steps run in order; one that fails ends the reading of its value.
///
/// [`check`], [`validator`], [`validator_of`] and [`before`] make one of a closure; a [`Constraint`] is one.
///
/// ```
/// use dspex_core::validation::{ValidationErrors, Validator, Violation};
/// use dspex_core::Value;
///
/// /// Text without spaces around it.
/// struct Trimmed;
///
/// impl Validator for Trimmed {
///     fn name(&self) -> &str {
///         "trimmed"
///     }
///     fn validate(&self, value: Value) -> Result<Value, ValidationErrors> {
///         match value.as_str().map(str::trim) {
///             Some("") => Err(Violation::new("empty", "expected some text, found none").into()),
///             Some(text) => Ok(text.into()),
///             None => Ok(value),
///         }
///     }
/// }
///
/// assert_eq!(Trimmed.validate(" a ".into())?, Value::from("a"));
/// assert_eq!(Trimmed.validate("  ".into()).unwrap_err().first().code, "empty");
/// # Ok::<(), ValidationErrors>(())
/// ```
pub trait Validator: Send + Sync {
    /// The step's name; unless it says otherwise, also the code of its faults.
    fn name(&self) -> &str;

    /// When it sees the value.
    fn when(&self) -> When {
        When::After
    }

    /// The value to go on with, or what is wrong with it.
    fn validate(&self, value: Value) -> Result<Value, ValidationErrors>;
}

impl fmt::Debug for dyn Validator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Validator({})", self.name())
    }
}

impl Validator for Constraint {
    fn name(&self) -> &str {
        self.keyword()
    }

    fn validate(&self, value: Value) -> Result<Value, ValidationErrors> {
        match Constraint::check(self, &value) {
            Ok(()) => Ok(value),
            Err(e) => Err(Violation { code: self.keyword().into(), ..e.into() }.into()),
        }
    }
}

struct Closure<F> {
    name: String,
    when: When,
    f: F,
}

impl<E: Into<ValidationErrors>, F: Fn(Value) -> Result<Value, E> + Send + Sync> Validator for Closure<F> {
    fn name(&self) -> &str {
        &self.name
    }

    fn when(&self) -> When {
        self.when
    }

    fn validate(&self, value: Value) -> Result<Value, ValidationErrors> {
        (self.f)(value).map_err(Into::into)
    }
}

/// A step that may change the value once it is of its type.
///
/// ```
/// use dspex_core::validation::validator;
/// use dspex_core::Value;
/// let lower = validator("lower", |v| Ok(v.as_str().map(|s| s.to_lowercase().into()).unwrap_or(v)));
/// assert_eq!(lower.validate("ÄB".into())?, Value::from("äb"));
/// # Ok::<(), dspex_core::validation::ValidationErrors>(())
/// ```
pub fn validator(
    name: impl Into<String>,
    f: impl Fn(Value) -> Result<Value, Violation> + Send + Sync + 'static,
) -> Arc<dyn Validator> {
    Arc::new(Closure { name: name.into(), when: When::After, f })
}

/// A step that sees the value as it came, before it is read as its type: `"85 %"` for a number.
///
/// ```
/// use dspex_core::validation::before;
/// use dspex_core::Value;
/// let percent = before("percent", |v| {
///     let number = v.as_str().and_then(|s| s.strip_suffix('%')?.trim().parse::<f64>().ok());
///     Ok(number.map_or(v, |n| Value::from(n / 100.0)))
/// });
/// assert_eq!(percent.validate("85 %".into())?, Value::from(0.85));
/// # Ok::<(), dspex_core::validation::ValidationErrors>(())
/// ```
pub fn before(
    name: impl Into<String>,
    f: impl Fn(Value) -> Result<Value, Violation> + Send + Sync + 'static,
) -> Arc<dyn Validator> {
    Arc::new(Closure { name: name.into(), when: When::Before, f })
}

/// A step that only says yes or no; `expected` goes into the error: "expected an even number, found 3".
///
/// ```
/// use dspex_core::validation::check;
/// let even = check("even", "an even number", |v| v.as_i64().is_none_or(|n| n % 2 == 0));
/// let e = even.validate(3.into()).unwrap_err();
/// assert_eq!((e.first().code.as_str(), e.first().message.as_str()), ("even", "expected an even number, found 3"));
/// ```
pub fn check(
    name: impl Into<String>,
    expected: impl Into<String>,
    holds: impl Fn(&Value) -> bool + Send + Sync + 'static,
) -> Arc<dyn Validator> {
    let (name, expected) = (name.into(), expected.into());
    let code = name.clone();
    validator(name, move |value| {
        if holds(&value) {
            return Ok(value);
        }
        let found = crate::error::shorten(&value);
        Err(Violation::new(code.clone(), format!("expected {expected}, found {found}")))
    })
}

/// A step over a Rust type: the value comes as `T`, and goes on as the `T` that is given back.
///
/// ```
/// use dspex_core::validation::{ValidationErrors, Violation, validator_of};
/// use dspex_core::Value;
/// let sorted = validator_of("sorted", |mut years: Vec<u16>| {
///     years.sort();
///     if years.is_empty() { Err(Violation::new("empty", "expected a year, found none")) } else { Ok(years) }
/// });
/// assert_eq!(sorted.validate(vec![1832, 1749].into())?, Value::from(vec![1749, 1832]));
/// # Ok::<(), ValidationErrors>(())
/// ```
pub fn validator_of<T: Serialize + DeserializeOwned + 'static, E: Into<ValidationErrors> + 'static>(
    name: impl Into<String>,
    f: impl Fn(T) -> Result<T, E> + Send + Sync + 'static,
) -> Arc<dyn Validator> {
    let rust =
        |e: &dyn fmt::Display| Violation::new("type", format!("expected a value of its Rust type: {e}"));
    let f = move |value: Value| {
        let given: T = from_value(value).map_err(|e| rust(&e))?;
        let valid = f(given).map_err(Into::into)?;
        to_value(&valid).map_err(|e| ValidationErrors::from(rust(&e)))
    };
    Arc::new(Closure { name: name.into(), when: When::After, f })
}
