//! A type adapter: one value, or many, checked against a type and turned into it; without a signature and a model.

use std::marker::PhantomData;
use std::sync::Arc;

use dspex_core::types::{FieldValue, NamedType, field_type_of};
use dspex_core::validation::{ValidationErrors, Validator, Violation};
use dspex_core::value::{from_value, to_value};
use dspex_core::{Error, ErrorKind, FieldType, ParsePolicy, Value};
use serde_json::Value as Json;

use crate::faults::{of_error, read_all};

/// Checks values against a type that is only known at run time, and turns them into it.
///
/// It is lax unless told otherwise: what a reply's field may become, a value may. A strict one takes only values that are
/// of the type already.
///
/// ```
/// use dspex_core::{FieldType, Value};
/// use dspex_validate::DynTypeAdapter;
/// let ages = DynTypeAdapter::new(FieldType::dict(FieldType::Str, FieldType::Int));
/// let read = ages.validate_text(r#"{"Ada": "36", "Bob": 41}"#)?;
/// assert_eq!(ages.dump_json(&read)?, serde_json::json!({"Ada": 36, "Bob": 41}));
/// let e = ages.validate_text(r#"{"Ada": "old", "Bob": [], "Cid": 3}"#).unwrap_err();
/// assert_eq!(e.iter().map(|f| f.path.as_str()).collect::<Vec<_>>(), ["['Ada']", "['Bob']"]);
/// assert!(ages.clone().strict().validate_text(r#"{"Ada": "36"}"#).is_err());
/// # Ok::<(), dspex_core::validation::ValidationErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct DynTypeAdapter {
    ty: FieldType,
    policy: ParsePolicy,
    strict: bool,
}

impl DynTypeAdapter {
    /// For a type.
    pub fn new(ty: FieldType) -> Self {
        Self { ty, policy: ParsePolicy::default(), strict: false }
    }

    /// The adapter that takes only values that are of the type already. Text is read as JSON, no more.
    #[must_use]
    pub fn strict(mut self) -> Self {
        self.strict = true;
        self
    }

    /// The adapter that reads by another policy, so with another coercion mode.
    #[must_use]
    pub fn with_policy(mut self, policy: ParsePolicy) -> Self {
        self.policy = policy;
        self
    }

    /// The adapter with one more step after the type's own.
    #[must_use]
    pub fn with_step(mut self, step: Arc<dyn Validator>) -> Self {
        self.ty = match &self.ty {
            FieldType::Named(n) => (**n).clone().with_step(step).into(),
            other => NamedType::new(other.name(), other.clone()).with_step(step).into(),
        };
        self
    }

    /// The type.
    pub fn field_type(&self) -> &FieldType {
        &self.ty
    }

    /// The value as the type, or everything that is wrong with it.
    pub fn validate(&self, value: &Value) -> Result<Value, ValidationErrors> {
        read_all(value, &self.ty, &|value, ty| self.read(value, ty))
    }

    fn read(&self, value: &Value, ty: &FieldType) -> Result<Value, Error> {
        if !self.strict {
            return dspex_adapters::read_value("", value.clone(), ty, &self.policy).map(|(value, _)| value);
        }
        let faults = |errors: ValidationErrors| Error::new(ErrorKind::Validation { errors });
        ty.check(value).map_err(|e| faults(Violation::from(e).into()))?;
        // Steps may change a value also where its type may not.
        match ty {
            FieldType::Named(n) => n.after(value.clone()).map_err(faults),
            _ => Ok(value.clone()),
        }
    }

    /// The value that a text means, as the type. A lax adapter takes what a reply's field may hold, broken JSON
    /// included; a strict one takes JSON.
    pub fn validate_text(&self, text: &str) -> Result<Value, ValidationErrors> {
        if self.strict {
            return self.validate_json(text);
        }
        match dspex_adapters::read_text("", text, &self.ty, &self.policy) {
            Ok((value, _)) => Ok(value),
            // Which parts are wrong is only known where the text is one value.
            Err(e) => match Value::from_json(text) {
                Ok(value) => self.validate(&value),
                Err(_) => Err(of_error(&e)),
            },
        }
    }

    /// The value of a JSON text as the type.
    pub fn validate_json(&self, text: &str) -> Result<Value, ValidationErrors> {
        let value = Value::from_json(text)
            .map_err(|e| Violation::new("json", format!("expected JSON, found a fault in it: {e}")))?;
        self.validate(&value)
    }

    /// Each value as the type; one that does not fit does not keep the others back.
    pub fn validate_many<'v>(
        &self,
        values: impl IntoIterator<Item = &'v Value>,
    ) -> Vec<Result<Value, ValidationErrors>> {
        values.into_iter().map(|value| self.validate(value)).collect()
    }

    /// A value of the type as plain JSON.
    pub fn dump_json(&self, value: &Value) -> Result<Json, ValidationErrors> {
        let unsaid = |e: &dyn std::fmt::Display| {
            ValidationErrors::from(Violation::new("json", format!("expected a value that JSON can say: {e}")))
        };
        let text = value.to_json_text().map_err(|e| unsaid(&e))?;
        serde_json::from_str(&text).map_err(|e| unsaid(&e))
    }

    /// The JSON Schema of the type.
    pub fn json_schema(&self) -> Json {
        self.ty.json_schema()
    }
}

/// Checks values against a Rust type and turns them into it.
///
/// ```
/// use dspex_validate::TypeAdapter;
/// use schemars::JsonSchema;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
/// struct Person {
///     name: String,
///     age: u8,
/// }
///
/// let people = TypeAdapter::<Vec<Person>>::new();
/// let read = people.validate_text(r#"[{"name": "Ada", "age": "36"}]"#)?;
/// assert_eq!(read, [Person { name: "Ada".into(), age: 36 }]);
/// let e = people.validate_text(r#"[{"name": "Ada", "age": 36}, {"age": "old"}]"#).unwrap_err();
/// let faults: Vec<_> = e.iter().map(|f| (f.path.as_str(), f.code.as_str())).collect();
/// assert_eq!(faults, [("[1].name", "missing"), ("[1].age", "type")]);
/// # Ok::<(), dspex_core::validation::ValidationErrors>(())
/// ```
#[derive(Clone, Debug)]
pub struct TypeAdapter<T> {
    any: DynTypeAdapter,
    of: PhantomData<fn() -> T>,
}

impl<T: FieldValue> TypeAdapter<T> {
    /// For the type.
    pub fn new() -> Self {
        Self { any: DynTypeAdapter::new(field_type_of::<T>()), of: PhantomData }
    }

    /// The adapter that takes only values that are of the type already.
    #[must_use]
    pub fn strict(self) -> Self {
        Self { any: self.any.strict(), ..self }
    }

    /// The adapter that reads by another policy.
    #[must_use]
    pub fn with_policy(self, policy: ParsePolicy) -> Self {
        Self { any: self.any.with_policy(policy), ..self }
    }

    /// The adapter with one more step; [`validator_of`](dspex_core::validation::validator_of) makes one over `T`.
    #[must_use]
    pub fn with_step(self, step: Arc<dyn Validator>) -> Self {
        Self { any: self.any.with_step(step), ..self }
    }

    /// The value as `T`, or everything that is wrong with it.
    pub fn validate(&self, value: &Value) -> Result<T, ValidationErrors> {
        self.any.validate(value).and_then(Self::typed)
    }

    /// The value that a text means, as `T`; see [`DynTypeAdapter::validate_text`].
    pub fn validate_text(&self, text: &str) -> Result<T, ValidationErrors> {
        self.any.validate_text(text).and_then(Self::typed)
    }

    /// The value of a JSON text as `T`.
    pub fn validate_json(&self, text: &str) -> Result<T, ValidationErrors> {
        self.any.validate_json(text).and_then(Self::typed)
    }

    /// Each value as `T`; one that does not fit does not keep the others back.
    pub fn validate_many<'v>(
        &self,
        values: impl IntoIterator<Item = &'v Value>,
    ) -> Vec<Result<T, ValidationErrors>> {
        values.into_iter().map(|value| self.validate(value)).collect()
    }

    /// A `T` as plain JSON.
    pub fn dump_json(&self, value: &T) -> Result<Json, ValidationErrors> {
        let value = to_value(value).map_err(|e| Violation::new("rust_type", e.to_string()))?;
        self.any.dump_json(&value)
    }

    /// The JSON Schema of the type.
    pub fn json_schema(&self) -> Json {
        self.any.json_schema()
    }

    fn typed(value: Value) -> Result<T, ValidationErrors> {
        from_value(value).map_err(|e| {
            let fault = Violation::new("rust_type", e.message_only().to_owned());
            fault.at(e.path()).into()
        })
    }
}

impl<T: FieldValue> Default for TypeAdapter<T> {
    fn default() -> Self {
        Self::new()
    }
}
