//! Schemas that are built at run time from a list of fields.

use std::collections::HashSet;
use std::sync::Arc;

use dspex_core::types::{NamedType, StructField, StructType};
use dspex_core::validation::{Validation, ValidationErrors, Validator, Violation};
use dspex_core::value::StructValue;
use dspex_core::{EditError, Field, FieldType, ParsePolicy, Record, Value};
use serde_json::{Value as Json, json};

use crate::type_adapter::DynTypeAdapter;

/// A record type built at run time: fields with types, constraints, defaults and descriptions, rules across them, and
/// computed fields. It checks records, has a JSON Schema, and is a [`FieldType`] that signatures can use.
///
/// ```
/// use dspex_core::validation::{Validation, Violation};
/// use dspex_core::{Constraint, Field, FieldType, SignatureParser, TypeRegistry, Value};
/// use dspex_validate::RecordSchema;
/// let span = RecordSchema::new(
///     "Span",
///     [
///         Field::output("from", FieldType::Int).with_constraint(Constraint::ge(0)),
///         Field::output("to", FieldType::Int),
///     ],
/// )?
/// .with_validation(
///     Validation::new()
///         .across("ordered", |r| match (r.get("from").and_then(Value::as_i64), r.get("to").and_then(Value::as_i64)) {
///             (Some(from), Some(to)) if from > to => Err(Violation::new("ordered", "expected `from` <= `to`")),
///             _ => Ok(r),
///         })
///         .computed("length", FieldType::Int, |r| {
///             let n = |name| r.get(name).and_then(Value::as_i64).unwrap_or(0);
///             Ok((n("to") - n("from")).into())
///         }),
/// )?;
/// assert_eq!(span.validate_text(r#"{"from": "2", "to": 5}"#)?.get("length"), Some(&Value::from(3)));
/// assert_eq!(span.validate_text(r#"{"from": 7, "to": 5}"#).unwrap_err().first().code, "ordered");
/// assert_eq!(span.json_schema()["properties"]["length"]["readOnly"], true);
///
/// let types = TypeRegistry::new().with("Span", span.field_type());
/// let signature = SignatureParser::new().types(&types).parse("text -> spans: list[Span]")?;
/// assert_eq!(signature.outputs()[0].ty.name(), "list[Span]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RecordSchema {
    name: String,
    description: Option<String>,
    fields: Vec<Field>,
    validation: Arc<Validation>,
    policy: ParsePolicy,
    strict: bool,
    closed: bool,
}

impl RecordSchema {
    /// A schema of these fields. Whether a field is an input or an output makes no difference.
    pub fn new(name: impl Into<String>, fields: impl IntoIterator<Item = Field>) -> Result<Self, EditError> {
        let fields: Vec<Field> = fields.into_iter().collect();
        let mut seen = HashSet::new();
        if let Some(twice) = fields.iter().find(|f| !seen.insert(f.name.as_str())) {
            return Err(EditError::Duplicate { name: twice.name.clone() });
        }
        Ok(Self {
            name: name.into(),
            description: None,
            fields,
            validation: Arc::default(),
            policy: ParsePolicy::default(),
            strict: false,
            closed: false,
        })
    }

    /// The schema with what it is for, as the model is told.
    #[must_use]
    pub fn with_description(mut self, text: impl Into<String>) -> Self {
        self.description = Some(text.into());
        self
    }

    /// The schema with rules beyond types and constraints, in the place of those that it had.
    pub fn with_validation(mut self, rules: Validation) -> Result<Self, EditError> {
        let is_field = |name: &str| self.fields.iter().any(|f| f.name == name);
        if let Some(name) = rules.field_names().find(|name| !is_field(name)) {
            let known = self.fields.iter().map(|f| format!("`{}`", f.name)).collect::<Vec<_>>().join(", ");
            return Err(EditError::Unknown { name: name.to_owned(), known });
        }
        if let Some(field) = rules.computed_fields().iter().find(|f| is_field(&f.name)) {
            return Err(EditError::Duplicate { name: field.name.clone() });
        }
        self.validation = Arc::new(rules);
        Ok(self)
    }

    /// The schema that takes only values that are of their types already.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// The schema that refuses fields that it does not name.
    #[must_use]
    pub fn closed(mut self) -> Self {
        self.closed = true;
        self
    }

    /// The schema that reads by another policy.
    #[must_use]
    pub fn with_policy(mut self, policy: ParsePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The fields.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The record that a value holds, with defaults and computed fields, or everything that is wrong with it.
    pub fn validate(&self, value: &Value) -> Result<Record, ValidationErrors> {
        let value = self.adapter().validate(&self.without_computed(value))?;
        self.finish(value)
    }

    /// The record that a text means; see [`DynTypeAdapter::validate_text`].
    pub fn validate_text(&self, text: &str) -> Result<Record, ValidationErrors> {
        if let Ok(value) = Value::from_json(text) {
            return self.validate(&value);
        }
        let value = self.adapter().validate_text(text)?;
        self.finish(value)
    }

    fn adapter(&self) -> DynTypeAdapter {
        let adapter = DynTypeAdapter::new(self.structure()).with_policy(self.policy.clone());
        if self.strict { adapter.strict() } else { adapter }
    }

    /// Computed fields are never taken from outside; one that comes back from a dump is not an unknown field.
    fn without_computed(&self, value: &Value) -> Value {
        match value {
            Value::Dict(d) if !self.validation.computed_fields().is_empty() => {
                let own = |k: &Value| {
                    self.validation.computed_fields().iter().any(|f| k.as_str() == Some(f.name.as_str()))
                };
                Value::Dict(d.iter().filter(|(k, _)| !own(k)).map(|(k, v)| (k.clone(), v.clone())).collect())
            }
            other => other.clone(),
        }
    }

    fn finish(&self, value: Value) -> Result<Record, ValidationErrors> {
        match value {
            Value::Struct(s) => self.validation.run(s.fields),
            Value::Dict(d) => {
                let named = |(k, v): (&Value, &Value)| Some((k.as_str()?.to_owned(), v.clone()));
                self.validation.run(d.iter().filter_map(named).collect())
            }
            other => {
                Err(Violation::new("type", format!("expected {}, found {}", self.name, other.kind())).into())
            }
        }
    }

    /// The JSON Schema of what goes out: computed fields are there, marked as read-only.
    pub fn json_schema(&self) -> Json {
        let mut schema = self.input_schema();
        for field in self.validation.computed_fields() {
            let mut property = field.ty.json_schema();
            property["readOnly"] = json!(true);
            schema["properties"][&field.name] = property;
        }
        schema
    }

    /// The JSON Schema of what comes in: without the computed fields.
    pub fn input_schema(&self) -> Json {
        self.structure().json_schema_as_declared()
    }

    /// The type, for signatures and other types. Its values are read and checked as the schema says.
    pub fn field_type(&self) -> FieldType {
        if self.validation.is_empty() {
            return self.structure();
        }
        let run: Arc<dyn Validator> = Arc::new(RecordRules(Arc::clone(&self.validation)));
        NamedType::new(&self.name, self.structure()).with_step(run).into()
    }

    fn structure(&self) -> FieldType {
        let field = |f: &Field| StructField {
            description: f.description.clone(),
            required: f.default.is_none() && !f.ty.allows_none(),
            default: f.default.clone(),
            constraints: f.constraints.clone(),
            ..StructField::new(&f.name, f.ty.clone())
        };
        FieldType::Struct(Arc::new(StructType {
            name: self.name.clone(),
            description: self.description.clone(),
            fields: self.fields.iter().map(field).collect(),
            closed: self.closed,
            by_name: false,
            typed_dict: false,
        }))
    }
}

/// The rules of a record as a step of its type, where the record stands inside another value.
struct RecordRules(Arc<Validation>);

impl Validator for RecordRules {
    fn name(&self) -> &str {
        "record"
    }

    fn validate(&self, value: Value) -> Result<Value, ValidationErrors> {
        match value {
            Value::Struct(StructValue { type_name, fields }) => {
                self.0.run(fields).map(|fields| Value::Struct(StructValue { type_name, fields }))
            }
            other => Ok(other),
        }
    }
}
