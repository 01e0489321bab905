//! What is wrong with a value: every fault with its place, a code for programs and words for people.

use std::fmt;

use serde::Serialize;

use crate::signature::ConstraintError;
use crate::types::TypeMismatch;

/// One fault of a value.
///
/// ```
/// use dspex_core::validation::Violation;
/// let fault = Violation::new("odd", "expected an even number, found 3").at("lots[2]");
/// assert_eq!(fault.to_string(), "`lots[2]`: expected an even number, found 3");
/// assert_eq!(Violation::new("odd", "expected an even number").to_string(), "expected an even number");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize)]
#[non_exhaustive]
pub struct Violation {
    /// Where: `people[0].age`; empty for the value as a whole.
    pub path: String,
    /// What kind of fault it is, for programs: `type`, `missing`, the keyword of a constraint, or a validator's own.
    pub code: String,
    /// What was expected and what was found.
    pub message: String,
}

impl Violation {
    /// A fault of a value as a whole.
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: String::new(), code: code.into(), message: message.into() }
    }

    /// The fault seen from outside, where its value stands at a place: `age`, `[0]`.
    ///
    /// ```
    /// use dspex_core::validation::Violation;
    /// let inner = Violation::new("type", "expected int, found 'x'").at("age").at("[0]").at("people");
    /// assert_eq!(inner.path, "people[0].age");
    /// ```
    #[must_use]
    pub fn at(mut self, place: impl AsRef<str>) -> Self {
        let place = place.as_ref();
        let joined = place.is_empty() || self.path.is_empty() || self.path.starts_with(['[', '.']);
        let dot = if joined { "" } else { "." };
        self.path = [place, dot, &self.path].concat();
        self
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => f.write_str(&self.message),
            path => write!(f, "`{path}`: {}", self.message),
        }
    }
}

impl std::error::Error for Violation {}

impl From<ConstraintError> for Violation {
    fn from(e: ConstraintError) -> Self {
        Self::new("constraint", e.to_string())
    }
}

impl From<TypeMismatch> for Violation {
    fn from(e: TypeMismatch) -> Self {
        let message = format!("expected {}, found {}", e.expected, e.found);
        Self::new(if e.found == "nothing" { "missing" } else { "type" }, message)
            .at(e.place.trim_start_matches('.'))
    }
}

/// Every fault of a value, in the order in which the value was read. There is at least one.
///
/// ```
/// use dspex_core::validation::{ValidationErrors, Violation};
/// let two = vec![Violation::new("missing", "expected str, found nothing").at("name"), Violation::new("x", "odd")];
/// let errors = ValidationErrors::new(two).unwrap();
/// assert_eq!(errors.len(), 2);
/// assert_eq!(errors.to_string(), "`name`: expected str, found nothing; odd");
/// assert_eq!(serde_json::to_value(&errors).unwrap()[0]["code"], "missing");
/// assert!(ValidationErrors::new(Vec::new()).is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct ValidationErrors(Vec<Violation>);

impl ValidationErrors {
    /// The errors, if there are any.
    pub fn new(faults: Vec<Violation>) -> Option<Self> {
        (!faults.is_empty()).then_some(Self(faults))
    }

    /// The faults in order.
    pub fn iter(&self) -> std::slice::Iter<'_, Violation> {
        self.0.iter()
    }

    /// The places of the faults, to be changed.
    pub(crate) fn paths_mut(&mut self) -> impl Iterator<Item = &mut String> {
        self.0.iter_mut().map(|fault| &mut fault.path)
    }

    /// How many there are; at least one.
    #[expect(clippy::len_without_is_empty, reason = "there is always one")]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The first fault.
    pub fn first(&self) -> &Violation {
        // `new` keeps empty lists out.
        &self.0[0]
    }

    /// The faults seen from outside, where the value stands at a place.
    #[must_use]
    pub fn at(self, place: &str) -> Self {
        Self(self.0.into_iter().map(|v| v.at(place)).collect())
    }
}

impl From<Violation> for ValidationErrors {
    fn from(fault: Violation) -> Self {
        Self(vec![fault])
    }
}

impl IntoIterator for ValidationErrors {
    type Item = Violation;
    type IntoIter = std::vec::IntoIter<Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<'a> IntoIterator for &'a ValidationErrors {
    type Item = &'a Violation;
    type IntoIter = std::slice::Iter<'a, Violation>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for ValidationErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, fault) in self.0.iter().enumerate() {
            if i > 0 {
                f.write_str("; ")?;
            }
            fault.fmt(f)?;
        }
        Ok(())
    }
}

impl std::error::Error for ValidationErrors {}
