//! Types with a name of their own: a base type, and the steps that read and check its values.

use std::fmt;
use std::sync::Arc;

use super::FieldType;
use crate::signature::Constraint;
use crate::validation::{ValidationErrors, Validator, Violation, When};
use crate::value::Value;

/// A type with a name of its own over another type: `Confidence` over `float`.
///
/// Prompts and schemas show the name, the description and the base with its constraints. A value is read in this order:
/// the steps that want it as it came ([`When::Before`]), the base type, the constraints, the other steps. Each may be
/// replaced by [`Self::with_step`] of the same name.
///
/// ```
/// use dspex_core::types::NamedType;
/// use dspex_core::validation::before;
/// use dspex_core::{Constraint, FieldType, SignatureParser, TypeRegistry, Value};
/// let stars = NamedType::new("Stars", FieldType::Int)
///     .with_description("how good, in stars")
///     .with_constraint(Constraint::ge(1))
///     .with_constraint(Constraint::le(5))
///     .with_step(before("stars", |v| Ok(v.as_str().map(|s| s.matches('★').count()).map_or(v, Value::from))));
/// let types = TypeRegistry::new().with("Stars", stars.into());
/// let signature = SignatureParser::new().types(&types).parse("review -> stars: Stars")?;
/// let ty = &signature.outputs()[0].ty;
/// assert_eq!((ty.name(), ty.annotation()), ("Stars".to_owned(), "Stars".to_owned()));
/// assert_eq!(ty.json_schema()["maximum"], 5);
/// assert!(ty.check(&Value::from(4)).is_ok() && ty.check(&Value::from(6)).is_err());
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone)]
pub struct NamedType {
    name: String,
    description: Option<String>,
    base: FieldType,
    constraints: Vec<Constraint>,
    steps: Vec<Arc<dyn Validator>>,
}

impl NamedType {
    /// A name for a type.
    pub fn new(name: impl Into<String>, base: FieldType) -> Self {
        Self { name: name.into(), description: None, base, constraints: Vec::new(), steps: Vec::new() }
    }

    /// The type with what it is for, as the model is told.
    #[must_use]
    pub fn with_description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The type with one more rule, of which the model is told.
    #[must_use]
    pub fn with_constraint(mut self, constraint: Constraint) -> Self {
        self.constraints.push(constraint);
        self
    }

    /// The type with one more step, or with another in the place of the step of that name.
    #[must_use]
    pub fn with_step(mut self, step: Arc<dyn Validator>) -> Self {
        match self.steps.iter_mut().find(|s| s.name() == step.name()) {
            Some(old) => *old = step,
            None => self.steps.push(step),
        }
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is for.
    pub fn description(&self) -> Option<&str> {
        self.description.as_deref()
    }

    /// The type below.
    pub fn base(&self) -> &FieldType {
        &self.base
    }

    /// The rules of which the model is told.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// The steps in order.
    pub fn steps(&self) -> &[Arc<dyn Validator>] {
        &self.steps
    }

    /// A value as it came, after the steps that want it so.
    pub fn before(&self, value: Value) -> Result<Value, ValidationErrors> {
        self.run(When::Before, value)
    }

    /// A value of the base type, after the constraints and the other steps.
    pub fn after(&self, value: Value) -> Result<Value, ValidationErrors> {
        for constraint in &self.constraints {
            Constraint::check(constraint, &value).map_err(Violation::from)?;
        }
        self.run(When::After, value)
    }

    fn run(&self, when: When, value: Value) -> Result<Value, ValidationErrors> {
        self.steps.iter().filter(|s| s.when() == when).try_fold(value, |value, step| step.validate(value))
    }
}

impl From<NamedType> for FieldType {
    fn from(named: NamedType) -> Self {
        Self::Named(Arc::new(named))
    }
}

impl fmt::Debug for NamedType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NamedType")
            .field("name", &self.name)
            .field("base", &self.base)
            .field("constraints", &self.constraints)
            .field("steps", &self.steps)
            .finish_non_exhaustive()
    }
}

/// Steps are functions and are compared by their names.
impl PartialEq for NamedType {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.description == other.description
            && self.base == other.base
            && self.constraints == other.constraints
            && self.steps.iter().map(|s| s.name()).eq(other.steps.iter().map(|s| s.name()))
    }
}
