//! The typed front of signatures: what `#[derive(Signature)]` implements.

use std::fmt;
use std::ops::Deref;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Signature;
use crate::error::{Error, Result};
use crate::value::{Record, Value, from_value, to_value};

/// A type that can be made from a record: everything that deserializes, and [`Record`] itself.
///
/// ```
/// use dspex_core::{FromRecord, Record};
///
/// #[derive(serde::Deserialize)]
/// struct Person {
///     name: String,
///     age: u8,
/// }
///
/// let ada = Person::from_record(Record::new().with("name", "Ada").with("age", 36))?;
/// assert_eq!((ada.name.as_str(), ada.age), ("Ada", 36));
/// let e = Person::from_record(Record::new().with("name", "Ada").with("age", 300)).err().unwrap();
/// assert_eq!(e.kind().field(), Some("age"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made from a record",
    note = "put `#[derive(Deserialize)]` (from serde) on it"
)]
pub trait FromRecord: Sized {
    /// Makes the value. A field that is missing or does not fit is an error that names it.
    fn from_record(record: Record) -> Result<Self>;
}

/// A type that can be written as a record: every struct that serializes, and [`Record`] itself.
///
/// ```
/// use dspex_core::ToRecord;
///
/// #[derive(serde::Serialize)]
/// struct Person {
///     name: String,
///     age: u8,
/// }
///
/// let record = Person { name: "Ada".into(), age: 36 }.to_record()?;
/// assert_eq!(record.keys().collect::<Vec<_>>(), ["name", "age"]);
/// let e = vec![1, 2].to_record().unwrap_err();
/// assert_eq!(e.to_string(), "expected a type with named fields, found one that is a list");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be written as a record",
    note = "put `#[derive(Serialize)]` (from serde) on it"
)]
pub trait ToRecord {
    /// The fields in order.
    fn to_record(&self) -> Result<Record>;
}

impl FromRecord for Record {
    fn from_record(record: Record) -> Result<Self> {
        Ok(record)
    }
}

impl ToRecord for Record {
    fn to_record(&self) -> Result<Record> {
        Ok(self.clone())
    }
}

impl<T: DeserializeOwned> FromRecord for T {
    fn from_record(record: Record) -> Result<Self> {
        from_value(record.into()).map_err(|e| Error::value(&e))
    }
}

impl<T: Serialize> ToRecord for T {
    fn to_record(&self) -> Result<Record> {
        let not_fields = |found: &str| {
            Error::configuration(format!("expected a type with named fields, found one that is a {found}"))
                .with_hint("use a struct with named fields")
        };
        match to_value(self).map_err(|e| Error::value(&e))? {
            Value::Struct(s) => Ok(s.fields),
            Value::Dict(d) => {
                Record::try_from(d).map_err(|key| not_fields(&format!("map with {} keys", key.kind())))
            }
            other => Err(not_fields(other.kind())),
        }
    }
}

/// A struct whose fields are the inputs and outputs of a signature, and which is thereby a labelled example of it.
///
/// Implemented by `#[derive(Signature)]`, which also makes the structs of the inputs and of the outputs.
///
/// ```
/// use dspex_core::{Signature, TypedSignature};
///
/// /// What kind of thing is defined?
/// #[derive(Signature)]
/// struct Sense {
///     #[input]
///     definition: String,
///     #[output]
///     kind: String,
/// }
///
/// assert_eq!(Sense::signature().instructions(), "What kind of thing is defined?");
/// assert_eq!(Sense::FIELDS, ["definition", "kind"]);
/// let tree = Sense { definition: "a tree with red fruit".into(), kind: "plant".into() };
/// let (input, output): (SenseInput, SenseOutput) = tree.split();
/// assert_eq!(output.kind, "plant");
/// assert_eq!(Sense::join(input, output).definition, "a tree with red fruit");
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a signature",
    label = "not a signature",
    note = "put `#[derive(Signature)]` on the struct and mark each field `#[input]` or `#[output]`"
)]
pub trait TypedSignature: Sized + Send + Sync + 'static {
    /// The inputs, as a struct of their own.
    type Input: ToRecord + FromRecord + Send + Sync + 'static;
    /// The outputs, as a struct of their own.
    type Output: ToRecord + FromRecord + Send + Sync + 'static;

    /// The names of all fields as the model sees them, inputs first.
    const FIELDS: &'static [&'static str];

    /// The signature as data. It is made once and then shared.
    fn signature() -> Signature;

    /// A copy of the inputs.
    fn input(&self) -> Self::Input;

    /// A copy of the outputs.
    fn output(&self) -> Self::Output;

    /// Takes an example apart into its inputs and its outputs.
    fn split(self) -> (Self::Input, Self::Output);

    /// Puts inputs and outputs together.
    fn join(input: Self::Input, output: Self::Output) -> Self;
}

/// The output of a chain of thought: the reasoning, and the fields of the signature by way of deref.
///
/// ```
/// use dspex_core::{ToRecord, WithReasoning};
///
/// #[derive(serde::Serialize)]
/// struct Sum {
///     total: i64,
/// }
///
/// let out = WithReasoning::new("2 and 3 make 5", Sum { total: 5 });
/// assert_eq!((out.total, out.reasoning.as_str()), (5, "2 and 3 make 5"));
/// assert_eq!(out.to_record()?.keys().collect::<Vec<_>>(), ["reasoning", "total"]);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct WithReasoning<O> {
    /// What the model thought before it answered.
    pub reasoning: String,
    output: O,
}

impl<O> WithReasoning<O> {
    /// Puts reasoning beside an output.
    pub fn new(reasoning: impl Into<String>, output: O) -> Self {
        Self { reasoning: reasoning.into(), output }
    }

    /// The reasoning and the output.
    pub fn into_parts(self) -> (String, O) {
        (self.reasoning, self.output)
    }
}

impl<O> Deref for WithReasoning<O> {
    type Target = O;

    fn deref(&self) -> &O {
        &self.output
    }
}

impl<O: ToRecord> ToRecord for WithReasoning<O> {
    fn to_record(&self) -> Result<Record> {
        let mut record = Record::new().with("reasoning", self.reasoning.as_str());
        record.extend(self.output.to_record()?);
        Ok(record)
    }
}

impl<O: FromRecord> FromRecord for WithReasoning<O> {
    fn from_record(mut record: Record) -> Result<Self> {
        let reasoning = match record.remove("reasoning") {
            Some(Value::Str(s)) => s,
            other => return Err(Error::field("reasoning", "text", other.as_ref())),
        };
        Ok(Self { reasoning, output: O::from_record(record)? })
    }
}

impl<O: fmt::Display> fmt::Display for WithReasoning<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.output.fmt(f)
    }
}
