//! Examples: records of which some fields are inputs.

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::error::{Error, ErrorKind, Result};
use crate::signature::{FromRecord, ToRecord, TypedSignature};
use crate::value::tagged::TagError;
use crate::value::{Record, Value, from_value};

/// A record with a note of which fields are inputs; the others are labels.
///
/// It never changes: every method gives a new one.
///
/// ```
/// use dspex_core::Example;
/// let e = Example::new([("question", "1+1"), ("answer", "2")]).with_inputs(["question"]);
/// assert_eq!(e.labels()?.keys().collect::<Vec<_>>(), ["answer"]);
/// assert_eq!(e.get::<String>("answer")?, "2");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Example {
    record: Record,
    inputs: Option<Vec<String>>,
}

impl Example {
    /// An example of these fields; which are inputs is not said yet.
    pub fn new(record: impl Into<Record>) -> Self {
        Self { record: record.into(), inputs: None }
    }

    /// The example with one more field, or with the field replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Value>) -> Self {
        self.record.insert(name, value);
        self
    }

    /// The example with exactly these fields as inputs.
    #[must_use]
    pub fn with_inputs<N: Into<String>>(mut self, names: impl IntoIterator<Item = N>) -> Self {
        self.inputs = Some(names.into_iter().map(Into::into).collect());
        self
    }

    /// The example without some fields. A name that is not there is an error.
    pub fn without(&self, names: &[&str]) -> Result<Self> {
        let mut record = self.record.clone();
        for name in names {
            if record.remove(name).is_none() {
                return Err(self.unknown(name));
            }
        }
        Ok(Self { record, inputs: self.inputs.clone() })
    }

    /// Whether the field is there.
    pub fn has(&self, name: &str) -> bool {
        self.record.contains_key(name)
    }

    /// The value of a field, as any type that deserializes.
    pub fn get<T: DeserializeOwned>(&self, name: &str) -> Result<T> {
        let value = self.record.get(name).ok_or_else(|| self.unknown(name))?;
        from_value(value.clone()).map_err(|e| {
            let found = e.to_string();
            Error::new(ErrorKind::FieldType {
                field: name.into(),
                expected: "a value that fits".into(),
                found,
            })
        })
    }

    /// All fields.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The names of the inputs, where they are known.
    pub fn input_names(&self) -> Option<&[String]> {
        self.inputs.as_deref()
    }

    /// The fields that are inputs, in their order. An error where it was never said which are.
    pub fn inputs(&self) -> Result<Record> {
        self.split_fields(true)
    }

    /// The fields that are not inputs, in their order. An error where it was never said which are inputs.
    pub fn labels(&self) -> Result<Record> {
        self.split_fields(false)
    }

    fn split_fields(&self, inputs: bool) -> Result<Record> {
        let names = self.inputs.as_ref().ok_or_else(|| {
            Error::configuration(
                "expected an example that says which fields are inputs, found one that does not",
            )
            .with_hint("call `.with_inputs([...])` on it")
        })?;
        Ok(self
            .record
            .iter()
            .filter(|(name, _)| names.iter().any(|n| n == name) == inputs)
            .map(|(name, value)| (name, value.clone()))
            .collect())
    }

    fn unknown(&self, name: &str) -> Error {
        let known: Vec<_> = self.record.keys().map(|k| format!("`{k}`")).collect();
        Error::configuration(format!("expected one of the fields {}, found `{name}`", known.join(", ")))
    }

    /// The example as a JSON object; kinds that JSON lacks are tagged. Which fields are inputs is not written.
    pub fn to_json(&self) -> Json {
        self.record.to_tagged()
    }

    /// An example from a JSON object.
    pub fn from_json(json: &Json) -> Result<Self, TagError> {
        Record::from_tagged(json).map(Self::new)
    }
}

impl From<Record> for Example {
    fn from(record: Record) -> Self {
        Self::new(record)
    }
}

/// Something that holds the input of a program: an [`Example`], or a struct that derives `Signature`.
pub trait HasInput<I> {
    /// The input.
    fn program_input(&self) -> Result<I>;
}

impl<I: FromRecord> HasInput<I> for Example {
    fn program_input(&self) -> Result<I> {
        I::from_record(self.inputs()?).map_err(Error::of_input)
    }
}

impl<S: TypedSignature> HasInput<S::Input> for S {
    fn program_input(&self) -> Result<S::Input> {
        Ok(self.input())
    }
}

/// Something that can serve as a demonstration: an [`Example`], or a struct that derives `Signature`.
pub trait ToExample {
    /// The example.
    fn to_example(&self) -> Result<Example>;
}

impl ToExample for Example {
    fn to_example(&self) -> Result<Example> {
        Ok(self.clone())
    }
}

impl<S: TypedSignature> ToExample for S {
    fn to_example(&self) -> Result<Example> {
        let mut record = self.input().to_record()?;
        let inputs: Vec<String> = record.keys().map(str::to_owned).collect();
        record.extend(self.output().to_record()?);
        Ok(Example::new(record).with_inputs(inputs))
    }
}
