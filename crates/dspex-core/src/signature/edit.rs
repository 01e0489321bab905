//! Editing signatures. Every operation gives a new one.

use std::sync::Arc;

use super::{Direction, Field, Inner, Signature};
use crate::validation::Validation;

/// An edit that does not fit the signature.
///
/// ```
/// use dspex_core::{EditError, Field, FieldType, Signature};
/// let signature = Signature::parse("question -> answer")?;
/// let e = signature.append(Field::output("question", FieldType::Str)).unwrap_err();
/// assert_eq!(e, EditError::Duplicate { name: "question".into() });
/// let e = signature.with_updated_field("anser", |f| f.with_description("one word")).unwrap_err();
/// assert_eq!(e.to_string(), "expected one of the fields `question`, `answer`, found `anser`");
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EditError {
    /// Two fields of one name.
    #[error(
        "expected distinct field names, found `{name}` twice; rename one, or change it with `with_updated_field`"
    )]
    Duplicate {
        /// The name.
        name: String,
    },
    /// A name that no marker can carry.
    #[error("expected a field name of letters, digits and `_`, found {name:?}")]
    Name {
        /// The name.
        name: String,
    },
    /// A place that is not among the fields.
    #[error("expected an index from {} to {len} among the {direction} fields, found {index}", -len.cast_signed() - 1)]
    Index {
        /// The index asked for.
        index: isize,
        /// Number of fields in that direction.
        len: usize,
        /// `input` or `output`.
        direction: &'static str,
    },
    /// A field that is not there.
    #[error("expected one of the fields {known}, found `{name}`")]
    Unknown {
        /// The name asked for.
        name: String,
        /// The names that are there.
        known: String,
    },
}

impl Signature {
    /// The signature under another name.
    #[must_use]
    pub fn with_name(&self, name: impl Into<String>) -> Self {
        Self(Arc::new(Inner { name: name.into(), ..(*self.0).clone() }))
    }

    /// The signature with other instructions; empty ones stand for the default text.
    #[must_use]
    pub fn with_instructions(&self, instructions: impl Into<String>) -> Self {
        let mut instructions = instructions.into();
        if instructions.is_empty() {
            instructions = super::default_instructions(&self.0.inputs, &self.0.outputs);
        }
        Self(Arc::new(Inner { instructions, ..(*self.0).clone() }))
    }

    /// The signature with more instructions, after a blank line.
    #[must_use]
    pub fn append_instructions(&self, more: &str) -> Self {
        self.with_instructions(format!("{}\n\n{more}", self.0.instructions))
    }

    /// The signature with a field at the end of its group.
    ///
    /// ```
    /// use dspex_core::{EditError, Field, FieldType, Signature};
    /// let e = Signature::parse("a -> b")?.append(Field::output("two words", FieldType::Str)).unwrap_err();
    /// assert!(matches!(e, EditError::Name { .. }), "no marker can carry it");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn append(&self, field: Field) -> Result<Self, EditError> {
        self.insert(-1, field)
    }

    /// The signature with a field at the start of its group.
    pub fn prepend(&self, field: Field) -> Result<Self, EditError> {
        self.insert(0, field)
    }

    /// The signature with a field at a place in its group; negative places count from the end, -1 being the end.
    ///
    /// ```
    /// use dspex_core::{Field, FieldType, Signature};
    /// let s = Signature::parse("a -> c, d")?.insert(-2, Field::output("x", FieldType::Str))?;
    /// assert_eq!(s.to_string(), "a -> c, x, d");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn insert(&self, index: isize, field: Field) -> Result<Self, EditError> {
        let mut inner = (*self.0).clone();
        let group = match field.direction {
            Direction::Input => &mut inner.inputs,
            Direction::Output => &mut inner.outputs,
        };
        let at = place(index, group.len(), field.direction)?;
        group.insert(at, field);
        let edited = Self::from_parts(inner.name, Some(inner.instructions), inner.inputs, inner.outputs)?;
        match inner.validation {
            Some(rules) => edited.with_rules(rules),
            None => Ok(edited),
        }
    }

    /// The signature with rules beyond types and constraints for its outputs, in the place of those that it had.
    ///
    /// ```
    /// use dspex_core::{EditError, Signature, validation::{Validation, check}};
    /// let short = || check("short", "one word", |v| v.as_str().is_none_or(|s| !s.contains(' ')));
    /// let signature = Signature::parse("question -> answer")?;
    /// let e = signature.with_validation(Validation::new().field("anser", short())).unwrap_err();
    /// assert_eq!(e.to_string(), "expected one of the fields `answer`, found `anser`");
    /// let signature = signature.with_validation(Validation::new().field("answer", short()))?;
    /// assert_eq!(signature.validation().unwrap().field_names().collect::<Vec<_>>(), ["answer"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_validation(&self, rules: Validation) -> Result<Self, EditError> {
        self.with_rules(Arc::new(rules))
    }

    fn with_rules(&self, rules: Arc<Validation>) -> Result<Self, EditError> {
        let known = || self.outputs().iter().map(|f| format!("`{}`", f.name)).collect::<Vec<_>>().join(", ");
        if let Some(name) = rules.field_names().find(|name| !self.outputs().iter().any(|f| f.name == *name)) {
            return Err(EditError::Unknown { name: name.to_owned(), known: known() });
        }
        let computed = rules.computed_fields();
        for (i, field) in computed.iter().enumerate() {
            if self.field(&field.name).is_some() || computed[..i].iter().any(|f| f.name == field.name) {
                return Err(EditError::Duplicate { name: field.name.clone() });
            }
        }
        Ok(Self(Arc::new(Inner { validation: Some(rules), ..(*self.0).clone() })))
    }

    /// The signature without a field; a name that is not there changes nothing, as in DSPy.
    #[must_use]
    pub fn delete(&self, name: &str) -> Self {
        let mut inner = (*self.0).clone();
        inner.inputs.retain(|f| f.name != name);
        inner.outputs.retain(|f| f.name != name);
        Self(Arc::new(inner))
    }

    /// The signature with one field changed. The change keeps the field's name and direction.
    ///
    /// ```
    /// use dspex_core::Signature;
    /// let s = Signature::parse("q -> a")?.with_updated_field("a", |f| f.with_description("one word"))?;
    /// assert_eq!(s.field("a").unwrap().description.as_deref(), Some("one word"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_updated_field(
        &self,
        name: &str,
        change: impl FnOnce(Field) -> Field,
    ) -> Result<Self, EditError> {
        let mut inner = (*self.0).clone();
        let known = || self.fields().map(|f| format!("`{}`", f.name)).collect::<Vec<_>>().join(", ");
        let slot = inner
            .inputs
            .iter_mut()
            .chain(&mut inner.outputs)
            .find(|f| f.name == name)
            .ok_or_else(|| EditError::Unknown { name: name.to_owned(), known: known() })?;
        let changed = change(slot.clone());
        *slot = Field { name: slot.name.clone(), direction: slot.direction, ..changed };
        Ok(Self(Arc::new(inner)))
    }
}

/// Where an index that may be negative points among `len` fields.
pub(super) fn place(index: isize, len: usize, direction: Direction) -> Result<usize, EditError> {
    let at = if index < 0 { index + 1 + len.cast_signed() } else { index };
    usize::try_from(at).ok().filter(|at| *at <= len).ok_or(EditError::Index {
        index,
        len,
        direction: direction.name(),
    })
}
