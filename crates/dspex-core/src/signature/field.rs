//! One field of a signature.

use super::{Constraint, infer_prefix};
use crate::types::FieldType;
use crate::value::Value;

/// Whether a field is given to the model or asked of it.
///
/// ```
/// use dspex_core::{Direction, Signature};
/// let signature = Signature::parse("context, question -> answer")?;
/// let inputs = signature.fields().filter(|f| f.direction == Direction::Input);
/// assert_eq!(inputs.count(), 2);
/// assert_eq!(signature.field("answer").unwrap().direction.name(), "output");
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Given to the model.
    Input,
    /// Asked of the model.
    Output,
}

impl Direction {
    /// `input` or `output`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Input => "input",
            Self::Output => "output",
        }
    }
}

/// A field: its name, type, description and rules.
///
/// ```
/// use dspex_core::{Constraint, Field, FieldType};
/// let f = Field::output("confidence", FieldType::Float)
///     .with_description("how sure")
///     .with_constraint(Constraint::ge(0.0));
/// assert_eq!(f.prefix, "Confidence:");
/// assert_eq!(f.constraints_text().as_deref(), Some("greater than or equal to: 0.0"));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Field {
    /// Name, unique in its signature. Any identifier is allowed.
    pub name: String,
    /// Whether it is given or asked.
    pub direction: Direction,
    /// Type.
    pub ty: FieldType,
    /// What it means; none where nobody said. Prompts leave out a description that only repeats the name.
    pub description: Option<String>,
    /// Label, kept because saved programs carry it; prompts do not show it.
    pub prefix: String,
    /// Rules for the value, in the order in which they were given.
    pub constraints: Vec<Constraint>,
    /// Value where none is given.
    pub default: Option<Value>,
    /// Whether the type was left out, so that it stands for text by default only.
    pub type_undefined: bool,
}

impl Field {
    /// A field that is given to the model.
    pub fn input(name: impl Into<String>, ty: FieldType) -> Self {
        Self::new(name.into(), Direction::Input, ty)
    }

    /// A field that is asked of the model.
    pub fn output(name: impl Into<String>, ty: FieldType) -> Self {
        Self::new(name.into(), Direction::Output, ty)
    }

    pub(crate) fn new(name: String, direction: Direction, ty: FieldType) -> Self {
        let prefix = format!("{}:", infer_prefix(&name));
        Self {
            name,
            direction,
            ty,
            description: None,
            prefix,
            constraints: Vec::new(),
            default: None,
            type_undefined: false,
        }
    }

    /// The field with a description. `${name}` is DSPy's way to write none.
    #[must_use]
    pub fn with_description(mut self, text: impl Into<String>) -> Self {
        let text = text.into();
        self.description = (text != self.default_description()).then_some(text);
        self
    }

    /// The field with another label.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The field with one more rule.
    #[must_use]
    pub fn with_constraint(mut self, constraint: Constraint) -> Self {
        self.constraints.push(constraint);
        self
    }

    /// The field with a value for where none is given.
    #[must_use]
    pub fn with_default(mut self, default: impl Into<Value>) -> Self {
        self.default = Some(default.into());
        self
    }

    /// The description as DSPy stores it: `${name}` where nobody gave one.
    pub fn stored_description(&self) -> String {
        self.description.clone().unwrap_or_else(|| self.default_description())
    }

    fn default_description(&self) -> String {
        format!("${{{}}}", self.name)
    }

    /// All rules in words, in DSPy's spelling; none where there are none.
    pub fn constraints_text(&self) -> Option<String> {
        let words: Vec<_> = self.constraints.iter().map(ToString::to_string).collect();
        (!words.is_empty()).then(|| words.join(", "))
    }

    /// Checks a value against every rule.
    pub fn check(&self, value: &Value) -> Result<(), super::ConstraintError> {
        self.constraints.iter().try_for_each(|c| c.check(value))
    }
}
