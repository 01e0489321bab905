//! The rules of a record: for single fields, across fields, and fields that are computed from the others.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use super::{ValidationErrors, Validator, Violation};
use crate::types::FieldType;
use crate::value::{Record, Value};

type RecordFn = dyn Fn(Record) -> Result<Record, ValidationErrors> + Send + Sync;
type ComputeFn = dyn Fn(&Record) -> Result<Value, Violation> + Send + Sync;

/// A field that is computed from the others once they are valid. It is never asked for and never taken from a reply.
///
/// ```
/// use dspex_core::{FieldType, Record, Signature, validation::Validation};
/// let rules = Validation::new().computed("words", FieldType::Int, |r| {
///     Ok(r.get("answer").and_then(|a| a.as_str()).map_or(0, |a| a.split_whitespace().count()).into())
/// });
/// let signature = Signature::parse("question -> answer")?.with_validation(rules)?;
/// assert_eq!(signature.outputs().len(), 1, "the model is not asked for it");
/// assert_eq!(signature.validation().unwrap().computed_fields()[0].name, "words");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Computed {
    /// Name.
    pub name: String,
    /// Type, for schemas, which mark the field as read-only.
    pub ty: FieldType,
    compute: Arc<ComputeFn>,
}

/// The rules of a record beyond the types and constraints of its fields.
///
/// Fields' rules run first, in the order in which they were given, each field's until one fails; every field's fault is
/// told. Where there is none, the rules across fields run in order until one fails, and last the computed fields.
///
/// ```
/// use dspex_core::{Record, validation::{Validation, Violation, check}};
/// let rules = Validation::new()
///     .field("low", check("natural", "zero or more", |v| v.as_f64().is_none_or(|n| n >= 0.0)))
///     .across("ordered", |record| {
///         let number = |name: &str| record.get(name).and_then(|v| v.as_f64()).unwrap_or(f64::NAN);
///         match number("low") <= number("high") {
///             true => Ok(record),
///             false => Err(Violation::new("ordered", "expected `low` to be at most `high`")),
///         }
///     });
/// let e = rules.run(Record::new().with("low", 3).with("high", 2)).unwrap_err();
/// assert_eq!((e.first().code.as_str(), e.first().path.as_str()), ("ordered", ""));
/// let e = rules.run(Record::new().with("low", -3).with("high", 2)).unwrap_err();
/// assert_eq!(e.to_string(), "`low`: expected zero or more, found -3");
/// assert!(rules.run(Record::new().with("low", 1).with("high", 2)).is_ok());
/// ```
#[derive(Clone, Default)]
pub struct Validation {
    fields: Vec<(String, Arc<dyn Validator>)>,
    across: Vec<(String, Arc<RecordFn>)>,
    computed: Vec<Computed>,
}

impl Validation {
    /// No rules.
    pub fn new() -> Self {
        Self::default()
    }

    /// One more rule for a field. It sees the value once it is of its type.
    #[must_use]
    pub fn field(mut self, field: impl Into<String>, rule: Arc<dyn Validator>) -> Self {
        self.fields.push((field.into(), rule));
        self
    }

    /// One more rule across the fields; it may change the record. Its fault has the record as its place, unless it
    /// names one.
    #[must_use]
    pub fn across<E: Into<ValidationErrors>>(
        mut self,
        name: impl Into<String>,
        rule: impl Fn(Record) -> Result<Record, E> + Send + Sync + 'static,
    ) -> Self {
        self.across.push((name.into(), Arc::new(move |record| rule(record).map_err(Into::into))));
        self
    }

    /// One more computed field; it sees those before it.
    #[must_use]
    pub fn computed(
        mut self,
        name: impl Into<String>,
        ty: FieldType,
        compute: impl Fn(&Record) -> Result<Value, Violation> + Send + Sync + 'static,
    ) -> Self {
        self.computed.push(Computed { name: name.into(), ty, compute: Arc::new(compute) });
        self
    }

    /// The computed fields in order.
    pub fn computed_fields(&self) -> &[Computed] {
        &self.computed
    }

    /// The fields that rules name.
    pub fn field_names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().map(|(name, _)| name.as_str())
    }

    /// Whether there is no rule.
    pub fn is_empty(&self) -> bool {
        self.fields.is_empty() && self.across.is_empty() && self.computed.is_empty()
    }

    /// The record as the rules leave it, or what is wrong with it. Fields that are not there are not looked at.
    pub fn run(&self, mut record: Record) -> Result<Record, ValidationErrors> {
        let mut faults = Vec::new();
        let mut failed = HashSet::new();
        for (name, rule) in &self.fields {
            let Some(value) = record.get(name).filter(|_| !failed.contains(name)) else { continue };
            match rule.validate(value.clone()) {
                Ok(valid) => {
                    record.insert(name.as_str(), valid);
                }
                Err(fault) => {
                    failed.insert(name);
                    faults.extend(fault.at(name));
                }
            }
        }
        if let Some(errors) = ValidationErrors::new(faults) {
            return Err(errors);
        }
        for (_, rule) in &self.across {
            record = rule(record)?;
        }
        for field in &self.computed {
            let value = (field.compute)(&record).map_err(|fault| fault.at(&field.name))?;
            record.insert(field.name.clone(), value);
        }
        Ok(record)
    }
}

impl fmt::Debug for Computed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.ty.annotation())
    }
}

impl fmt::Debug for Validation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let across: Vec<&str> = self.across.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("Validation")
            .field("fields", &self.fields)
            .field("across", &across)
            .field("computed", &self.computed)
            .finish()
    }
}

/// Rules are functions: two sets are equal where they hold the same ones, not where they do the same.
impl PartialEq for Validation {
    fn eq(&self, other: &Self) -> bool {
        let fields = |a: &(String, Arc<dyn Validator>), b: &(String, Arc<dyn Validator>)| {
            a.0 == b.0 && Arc::ptr_eq(&a.1, &b.1)
        };
        let same = |(a, b): (&Computed, &Computed)| a.name == b.name && Arc::ptr_eq(&a.compute, &b.compute);
        self.fields.len() == other.fields.len()
            && self.across.len() == other.across.len()
            && self.computed.len() == other.computed.len()
            && self.fields.iter().zip(&other.fields).all(|(a, b)| fields(a, b))
            && self.across.iter().zip(&other.across).all(|(a, b)| Arc::ptr_eq(&a.1, &b.1))
            && self.computed.iter().zip(&other.computed).all(same)
    }
}
