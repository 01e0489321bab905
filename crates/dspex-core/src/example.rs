//! Examples: records of which some fields are inputs.

use std::fmt;

use serde::de::DeserializeOwned;
use serde_json::Value as Json;

use crate::error::{Error, ErrorKind, Result};
use crate::signature::{FromRecord, ToRecord, TypedSignature};
use crate::suggest::unknown_name;
use crate::value::tagged::TagError;
use crate::value::text::str_repr;
use crate::value::{Dict, Record, StructValue, Value, from_value};

/// A record with a note of which fields are inputs; the others are labels.
///
/// It never changes: every method gives a new one. Two examples are equal when their fields are; which of them are
/// inputs does not count, as in DSPy. Fields whose names start with `dspy_` are notes that ride along: [`keys`],
/// [`values`], [`items`] and [`len`] leave them out, [`record`] has them.
///
/// [`keys`]: Example::keys
/// [`values`]: Example::values
/// [`items`]: Example::items
/// [`len`]: Example::len
/// [`record`]: Example::record
///
/// ```
/// use dspex_core::Example;
/// let e = Example::new([("question", "1+1"), ("answer", "2")]).with_inputs(["question"]);
/// assert_eq!(e.labels()?.keys().collect::<Vec<_>>(), ["answer"]);
/// assert_eq!(e.get::<String>("answer")?, "2");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Example {
    record: Record,
    inputs: Option<Vec<String>>,
}

/// How the names of fields begin that are notes and are not shown.
const HIDDEN: &str = "dspy_";

impl Example {
    /// An example of these fields; which are inputs is not said yet.
    pub fn new(record: impl Into<Record>) -> Self {
        Self { record: record.into(), inputs: None }
    }

    /// The example with one more field, or with the field replaced.
    ///
    /// ```
    /// use dspex_core::Example;
    /// let e = Example::new([("question", "1+1")]);
    /// assert_eq!(e.clone().with("question", "1+2").get::<String>("question")?, "1+2");
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
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
    ///
    /// ```
    /// use dspex_core::Example;
    /// let e = Example::new([("question", "1+1"), ("source", "web")]);
    /// assert_eq!(e.without(&["source"])?, Example::new([("question", "1+1")]));
    /// assert!(e.without(&["answer"]).is_err());
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
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

    /// Number of fields, notes left out.
    ///
    /// ```
    /// use dspex_core::Example;
    /// assert_eq!(Example::new([("question", "1+1"), ("dspy_uuid", "7f")]).len(), 1);
    /// ```
    pub fn len(&self) -> usize {
        self.keys().count()
    }

    /// Whether there are no fields, notes left out.
    ///
    /// ```
    /// use dspex_core::Example;
    /// assert!(Example::new([("dspy_uuid", "7f")]).is_empty());
    /// ```
    pub fn is_empty(&self) -> bool {
        self.keys().next().is_none()
    }

    /// Names in order, notes left out.
    ///
    /// ```
    /// use dspex_core::Example;
    /// let e = Example::new([("question", "1+1"), ("dspy_uuid", "7f")]);
    /// assert_eq!(e.keys().collect::<Vec<_>>(), ["question"]);
    /// assert_eq!(e.record().keys().collect::<Vec<_>>(), ["question", "dspy_uuid"]);
    /// ```
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.items().map(|(name, _)| name)
    }

    /// Values in order, notes left out.
    ///
    /// ```
    /// use dspex_core::Example;
    /// let e = Example::new([("question", "1+1"), ("dspy_uuid", "7f")]);
    /// assert_eq!(e.values().filter_map(|v| v.as_str()).collect::<Vec<_>>(), ["1+1"]);
    /// ```
    pub fn values(&self) -> impl Iterator<Item = &Value> {
        self.items().map(|(_, value)| value)
    }

    /// Fields in order, notes left out.
    ///
    /// ```
    /// use dspex_core::Example;
    /// let e = Example::new([("question", "1+1"), ("dspy_uuid", "7f")]);
    /// assert_eq!(e.items().next(), Some(("question", &"1+1".into())));
    /// ```
    pub fn items(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.record.iter().filter(|(name, _)| !name.starts_with(HIDDEN))
    }

    /// All fields, with the notes.
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
        unknown_name("fields", name, self.keys())
    }

    /// The fields as plain data: structs become mappings, at every depth.
    ///
    /// ```
    /// use dspex_core::value::{StructValue, Value};
    /// use dspex_core::{Example, Record};
    /// let ann = StructValue { type_name: "Person".into(), fields: Record::new().with("name", "Ann") };
    /// let e = Example::new([("people", Value::List(vec![Value::Struct(ann)]))]);
    /// assert_eq!(Value::from(e.to_dict()).to_json_text()?, r#"{"people": [{"name": "Ann"}]}"#);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_dict(&self) -> Record {
        plain_fields(&self.record)
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

/// Fields with structs as mappings.
fn plain_fields(fields: &Record) -> Record {
    fields.iter().map(|(name, value)| (name, plain(value))).collect()
}

fn plain(value: &Value) -> Value {
    let each = |items: &[Value]| items.iter().map(plain).collect();
    match value {
        Value::Struct(StructValue { fields, .. }) => plain_fields(fields).into(),
        Value::List(items) => Value::List(each(items)),
        Value::Tuple(items) => Value::Tuple(each(items)),
        Value::Dict(dict) => {
            // Keys stay: a mapping cannot be one.
            Value::Dict(dict.iter().map(|(k, v)| (k.clone(), plain(v))).collect::<Dict>())
        }
        other => other.clone(),
    }
}

impl PartialEq for Example {
    fn eq(&self, other: &Self) -> bool {
        self.record == other.record
    }
}

impl Eq for Example {}

/// As DSPy writes it: `Example({'question': '1+1'}) (input_keys={'question'})`, notes left out.
impl fmt::Display for Example {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: Record = self.items().map(|(name, value)| (name, value.clone())).collect();
        write!(f, "Example({}) (input_keys=", repr(&shown.into()))?;
        match self.inputs.as_deref() {
            None => f.write_str("None)"),
            Some([]) => f.write_str("set())"),
            Some(names) => {
                let names: Vec<String> = names.iter().map(|n| str_repr(n)).collect();
                write!(f, "{{{}}})", names.join(", "))
            }
        }
    }
}

/// A value as Python writes it; the name of its kind where it has a part that cannot be written.
pub(crate) fn repr(value: &Value) -> String {
    value.to_repr().unwrap_or_else(|e| format!("<{}>", e.kind))
}

impl From<Record> for Example {
    fn from(record: Record) -> Self {
        Self::new(record)
    }
}

/// Something that holds the input of a program: an [`Example`], or a struct that derives `Signature`. Evaluation takes
/// either.
///
/// ```
/// use dspex_core::{Example, HasInput, Record, Signature};
///
/// #[derive(Signature)]
/// struct Sum {
///     #[input]
///     terms: Vec<i64>,
///     #[output]
///     total: i64,
/// }
///
/// let input: SumInput = Sum { terms: vec![1, 2], total: 3 }.program_input()?;
/// assert_eq!(input.terms, [1, 2]);
/// let example = Example::new([("question", "1+2"), ("answer", "3")]).with_inputs(["question"]);
/// let input: Record = example.program_input()?;
/// assert_eq!(input, Record::new().with("question", "1+2"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
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
///
/// ```
/// use dspex_core::{Signature, ToExample};
///
/// #[derive(Signature)]
/// struct Sense {
///     #[input]
///     definition: String,
///     #[output]
///     kind: String,
/// }
///
/// let demo = Sense { definition: "a tree with red fruit".into(), kind: "plant".into() }.to_example()?;
/// assert_eq!(demo.labels()?.keys().collect::<Vec<_>>(), ["kind"]);
/// # Ok::<(), dspex_core::Error>(())
/// ```
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

#[cfg(test)]
mod tests {
    use super::Example;
    use crate::value::{Media, MediaKind, MediaSource, Record, Value};

    fn example() -> Example {
        Example::new([("q", "Q"), ("a", "A"), ("dspy_uuid", "u")]).with_inputs(["q"])
    }

    #[test]
    fn notes_ride_along_unseen() {
        let e = example();
        assert_eq!((e.len(), e.keys().collect::<Vec<_>>()), (2, vec!["q", "a"]));
        assert_eq!(e.values().filter_map(Value::as_str).collect::<Vec<_>>(), ["Q", "A"]);
        assert_eq!(e.labels().unwrap(), Record::new().with("a", "A").with("dspy_uuid", "u"));
        assert_eq!(e.get::<String>("dspy_uuid").unwrap(), "u");
    }

    #[test]
    fn equality_is_that_of_the_fields() {
        assert_eq!(example(), example().with_inputs(["a"]));
        assert_ne!(example(), example().with("dspy_uuid", "v"));
    }

    #[test]
    fn it_is_written_as_dspy_writes_it() {
        let table = [
            (example(), "Example({'q': 'Q', 'a': 'A'}) (input_keys={'q'})"),
            (Example::default(), "Example({}) (input_keys=None)"),
            (Example::new([("n", 1)]).with_inputs([""; 0]), "Example({'n': 1}) (input_keys=set())"),
        ];
        for (example, text) in table {
            assert_eq!(example.to_string(), text);
        }
        let source = MediaSource::Url("u".into());
        let image = Media { kind: MediaKind::Image, source, format: None, name: None };
        assert_eq!(
            Example::new([("i", Value::Media(image))]).to_string(),
            "Example(<image>) (input_keys=None)"
        );
    }

    #[test]
    fn a_name_that_is_not_there_is_an_error_with_the_nearest() {
        let e = Example::new([("question", "Q")]).get::<String>("qestion").unwrap_err();
        assert_eq!(e.to_string(), "expected one of the fields `question`, found `qestion`");
        assert_eq!(e.hint(), Some("did you mean `question`?"));
    }
}
