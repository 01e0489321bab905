//! Signatures: what a predictor takes and gives, as data.
//!
//! A [`Signature`] is a name, instructions and ordered fields. It never changes: editing gives a new one. Reading
//! one from a string is in [`parse`]; DSPy's own quirks are in [`compat`].

pub mod compat;
mod constraint;
mod edit;
mod field;
pub mod parse;
mod prefix;
mod state;
mod typed;

use std::fmt;
use std::sync::Arc;

use crate::validation::Validation;

pub use constraint::{Constraint, ConstraintError};
pub use edit::EditError;
pub use field::{Direction, Field};
pub use parse::{SignatureError, SignatureParser, TypeRegistry};
pub use prefix::infer_prefix;
pub use state::{FieldState, SignatureState, StateError};
pub use typed::{FromRecord, ToRecord, TypedSignature, WithReasoning};

/// What a predictor takes and gives: a name, instructions, input fields and output fields.
///
/// It is cheap to clone. Editing methods return a new signature and leave this one as it is; the instructions stay
/// as they are when fields are added, as in DSPy.
///
/// ```
/// use dspex_core::{Field, FieldType, Signature};
/// let s = Signature::parse("question -> answer")?;
/// assert_eq!(s.instructions(), "Given the fields `question`, produce the fields `answer`.");
/// let s = s.prepend(Field::output("reasoning", FieldType::Str))?;
/// assert_eq!(s.to_string(), "question -> reasoning, answer");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Signature(Arc<Inner>);

#[derive(Clone, Debug, PartialEq)]
struct Inner {
    name: String,
    instructions: String,
    inputs: Vec<Field>,
    outputs: Vec<Field>,
    validation: Option<Arc<Validation>>,
}

/// The name that DSPy gives to signatures that come from a string.
const STRING_SIGNATURE: &str = "StringSignature";

impl Signature {
    /// A signature of these fields with the default instructions. Inputs and outputs keep their order.
    pub fn new(fields: impl IntoIterator<Item = Field>) -> Result<Self, EditError> {
        let (inputs, outputs) = fields.into_iter().partition(|f| f.direction == Direction::Input);
        Self::from_parts(STRING_SIGNATURE.to_owned(), None, inputs, outputs)
    }

    pub(crate) fn from_parts(
        name: String,
        instructions: Option<String>,
        inputs: Vec<Field>,
        outputs: Vec<Field>,
    ) -> Result<Self, EditError> {
        for (i, field) in inputs.iter().chain(&outputs).enumerate() {
            if inputs.iter().chain(&outputs).take(i).any(|f| f.name == field.name) {
                return Err(EditError::Duplicate { name: field.name.clone() });
            }
            if !is_name(&field.name) {
                return Err(EditError::Name { name: field.name.clone() });
            }
        }
        // Empty instructions are no instructions, as in DSPy.
        let instructions = instructions
            .filter(|text| !text.is_empty())
            .unwrap_or_else(|| default_instructions(&inputs, &outputs));
        Ok(Self(Arc::new(Inner { name, instructions, inputs, outputs, validation: None })))
    }

    /// The name; signatures from strings are called `StringSignature`.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// What the model is told to do.
    pub fn instructions(&self) -> &str {
        &self.0.instructions
    }

    /// Input fields in order.
    pub fn inputs(&self) -> &[Field] {
        &self.0.inputs
    }

    /// Output fields in order.
    pub fn outputs(&self) -> &[Field] {
        &self.0.outputs
    }

    /// The rules beyond types and constraints, for what comes back.
    pub fn validation(&self) -> Option<&Validation> {
        self.0.validation.as_deref()
    }

    /// All fields: inputs, then outputs.
    pub fn fields(&self) -> impl Iterator<Item = &Field> {
        self.0.inputs.iter().chain(&self.0.outputs)
    }

    /// The field of that name.
    pub fn field(&self, name: &str) -> Option<&Field> {
        self.fields().find(|f| f.name == name)
    }
}

impl fmt::Display for Signature {
    /// The names, as DSPy prints them: `a, b -> c`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |fields: &[Field]| fields.iter().map(|f| f.name.as_str()).collect::<Vec<_>>().join(", ");
        write!(f, "{} -> {}", names(&self.0.inputs), names(&self.0.outputs))
    }
}

/// Whether a name can stand in the marker of a section and be found there again.
fn is_name(name: &str) -> bool {
    let fits = |c: char| match c {
        '_' => true,
        c if c.is_ascii() => c.is_ascii_alphanumeric(),
        c => !c.is_whitespace() && !c.is_control(),
    };
    !name.is_empty() && name.chars().all(fits)
}

/// DSPy's instructions for a signature that has none of its own.
fn default_instructions(inputs: &[Field], outputs: &[Field]) -> String {
    let names =
        |fields: &[Field]| fields.iter().map(|f| format!("`{}`", f.name)).collect::<Vec<_>>().join(", ");
    format!("Given the fields {}, produce the fields {}.", names(inputs), names(outputs))
}
