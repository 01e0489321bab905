//! The learnable part of a signature as data, in the shape that DSPy saves.

use serde::{Deserialize, Serialize};

use super::{Field, Signature};

/// Instructions and, for each field in order, its label and description: what an optimizer may change of a signature.
///
/// The shape is that of DSPy's saved programs. It names no fields, so a state fits a signature by position.
///
/// ```
/// use dspex_core::{Signature, SignatureState};
/// let signature = Signature::parse("question -> answer")?;
/// let json = r#"{"instructions": "Be brief.", "fields": [
///     {"prefix": "Question:", "description": "${question}"}, {"prefix": "Answer:", "description": "one word"}]}"#;
/// let learned: SignatureState = serde_json::from_str(json)?;
/// let signature = signature.load_state(&learned)?;
/// assert_eq!(signature.instructions(), "Be brief.");
/// assert_eq!(signature.field("answer").unwrap().description.as_deref(), Some("one word"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignatureState {
    /// What the model is told to do.
    pub instructions: String,
    /// Inputs, then outputs.
    pub fields: Vec<FieldState>,
}

/// The learnable part of a field, within a [`SignatureState`].
///
/// ```
/// use dspex_core::Signature;
/// let mut state = Signature::parse("question -> answer")?.dump_state();
/// assert_eq!(state.fields[1].prefix, "Answer:");
/// state.fields[1].description = "one word".into();
/// let signature = Signature::parse("q -> a")?.load_state(&state)?;
/// assert_eq!(signature.field("a").unwrap().description.as_deref(), Some("one word"), "it counts by its place");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldState {
    /// Label.
    pub prefix: String,
    /// Description; `${name}` where nobody gave one.
    pub description: String,
}

/// A state that does not fit the signature.
///
/// ```
/// use dspex_core::Signature;
/// let saved = Signature::parse("context, question -> answer")?.dump_state();
/// let e = Signature::parse("question -> answer")?.load_state(&saved).unwrap_err();
/// assert_eq!(
///     e.to_string(),
///     "expected the state of 2 fields (question -> answer), found 3; load it into the program that saved it"
/// );
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "expected the state of {expected} fields ({signature}), found {found}; load it into the program that saved it"
)]
pub struct StateError {
    signature: String,
    expected: usize,
    found: usize,
}

impl Signature {
    /// The learnable part of this signature.
    ///
    /// ```
    /// use dspex_core::Signature;
    /// let state = Signature::parse("q -> a")?.dump_state();
    /// assert_eq!(state.fields[0].description, "${q}");
    /// # Ok::<(), dspex_core::SignatureError>(())
    /// ```
    pub fn dump_state(&self) -> SignatureState {
        SignatureState {
            instructions: self.instructions().to_owned(),
            fields: self
                .fields()
                .map(|f| FieldState { prefix: f.prefix.clone(), description: f.stored_description() })
                .collect(),
        }
    }

    /// This signature with the learnable part of another of the same fields.
    pub fn load_state(&self, state: &SignatureState) -> Result<Self, StateError> {
        let expected = self.fields().count();
        if expected != state.fields.len() {
            return Err(StateError { signature: self.to_string(), expected, found: state.fields.len() });
        }
        Ok(super::compat::load_state(self, state))
    }

    pub(super) fn map_fields(&self, instructions: &str, mut change: impl FnMut(Field) -> Field) -> Self {
        let inner = (*self.0).clone();
        let instructions = Some(instructions.to_owned());
        let inputs: Vec<_> = inner.inputs.into_iter().map(&mut change).collect();
        let outputs: Vec<_> = inner.outputs.into_iter().map(&mut change).collect();
        // Names do not change here, so they are still distinct.
        Self::from_parts(inner.name, instructions, inputs, outputs).unwrap_or_else(|_| self.clone())
    }
}
