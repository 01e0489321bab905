//! Rows, and their values as the types of a signature's fields.

use dspex_core::value::{Document, Media};
use dspex_core::{
    Error, ErrorKind, Example, Field, FieldType, FromRecord as _, Record, Result, Signature, Special,
    TypedSignature, Value,
};

/// A row and where it stands.
///
/// ```
/// use dspex_evaluate::{Dataset, Format};
/// let data = Dataset::parse("dev.csv", "question,n\nhow many?,3\n", Format::Csv)?;
/// let row = &data.rows[0];
/// assert_eq!((row.place.as_str(), row.is_text), ("dev.csv:2", true));
/// assert_eq!(row.record.get("n").unwrap().as_str(), Some("3"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// File and line: `dev.jsonl:12`.
    pub place: String,
    /// Its fields.
    pub record: Record,
    /// Whether its values came as text alone, so that their types are yet to be read.
    pub is_text: bool,
}

pub(super) fn data_error(
    place: String,
    field: Option<&str>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Error {
    let field = field.map(str::to_owned);
    Error::new(ErrorKind::Data { place, field, expected: expected.into(), found: found.into() })
}

impl Row {
    /// The row as a demonstration of a signature: the signature's fields that it has, of which any may be missing.
    pub fn partial(&self, signature: &Signature) -> Result<Example> {
        let mut record = Record::with_capacity(self.record.len());
        for field in signature.fields() {
            if let Some(value) = self.record.get(&field.name) {
                record.insert(field.name.clone(), self.fit(field, value)?);
            }
        }
        Ok(Example::new(record).with_inputs(signature.inputs().iter().map(|f| f.name.as_str())))
    }

    /// The row as an example of a signature: the signature's fields that it has, its inputs marked.
    ///
    /// Every input must be there; labels may be missing, and other columns are left out. A value that does not fit
    /// its field's type is an error that names file, line and field.
    ///
    /// ```
    /// use dspex_core::Signature;
    /// use dspex_evaluate::{Format, Rows};
    /// let signature = Signature::parse("question -> n: int")?;
    /// let rows = Rows::read("dev.csv", "question,n\nhow many?,3\nand?,four\n".as_bytes(), Format::Csv)?;
    /// let examples: Vec<_> = rows.map(|row| row?.example(&signature)).collect();
    /// assert!(examples[0].is_ok());
    /// let e = examples[1].as_ref().unwrap_err();
    /// assert_eq!(e.to_string(), "dev.csv:3: expected `n` to be int, found \"four\"");
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn example(&self, signature: &Signature) -> Result<Example> {
        let example = self.partial(signature)?;
        self.require(&example, "input", signature.inputs())?;
        Ok(example)
    }

    pub(super) fn typed<S: TypedSignature>(&self, signature: &Signature) -> Result<S> {
        let example = self.example(signature)?;
        self.require(&example, "label", signature.outputs())?;
        let odd = |e: Error| match e.kind() {
            ErrorKind::FieldType { field, expected, found } => {
                data_error(self.place.clone(), Some(field), format!("`{field}` to be {expected}"), found)
            }
            _ => e,
        };
        let input = S::Input::from_record(example.inputs()?).map_err(odd)?;
        let output = S::Output::from_record(example.labels()?).map_err(odd)?;
        Ok(S::join(input, output))
    }

    fn require(&self, example: &Example, what: &str, fields: &[Field]) -> Result<()> {
        let optional = |field: &Field| field.default.is_some() || field.ty.allows_none();
        let Some(field) = fields.iter().find(|f| !example.has(&f.name) && !optional(f)) else {
            return Ok(());
        };
        let columns: Vec<_> = self.record.keys().map(|k| format!("`{k}`")).collect();
        let expected = format!("the {what} `{}`", field.name);
        let found = format!("only {}", columns.join(", "));
        Err(data_error(self.place.clone(), Some(&field.name), expected, found))
    }

    fn fit(&self, field: &Field, value: &Value) -> Result<Value> {
        let value = match value {
            Value::Str(text) if self.is_text => from_cell(text, &field.ty).ok_or_else(|| {
                let expected = format!("`{}` to be {}", field.name, field.ty.name());
                data_error(self.place.clone(), Some(&field.name), expected, format!("{text:?}"))
            })?,
            Value::Str(text) if !field.type_undefined => {
                scalar(text, &field.ty).unwrap_or_else(|| value.clone())
            }
            other => other.clone(),
        };
        if !field.type_undefined {
            field.ty.check(&value).map_err(|e| {
                let expected = format!("`{}{}` to be {}", field.name, e.place, e.expected);
                data_error(self.place.clone(), Some(&field.name), expected, e.found)
            })?;
        }
        Ok(value)
    }
}

/// A value from the text of a cell: text as it is, scalars as written, anything else as JSON.
fn from_cell(text: &str, ty: &FieldType) -> Option<Value> {
    let trimmed = text.trim();
    match ty {
        FieldType::Str | FieldType::Special(Special::Code(_) | Special::Reasoning) => Some(Value::from(text)),
        FieldType::Special(Special::Image) => Media::image_url(trimmed).ok().map(Value::Media),
        FieldType::Special(Special::Document) => Some(Document::new(text).into()),
        FieldType::Int => trimmed.parse().ok().map(Value::Int),
        FieldType::Float => trimmed.parse().ok().map(Value::Float),
        FieldType::Bool => match trimmed.to_ascii_lowercase().as_str() {
            "true" => Some(Value::Bool(true)),
            "false" => Some(Value::Bool(false)),
            _ => None,
        },
        FieldType::Literal(values) => values.iter().find(|v| v.to_text().is_ok_and(|t| t == text)).cloned(),
        FieldType::Enum(_) => Some(Value::from(text)),
        FieldType::Union(u)
            if trimmed.is_empty() && ty.allows_none() && !u.options.contains(&FieldType::Str) =>
        {
            Some(Value::None)
        }
        FieldType::Union(u) => {
            u.options.iter().find_map(|o| from_cell(text, o).filter(|v| o.check(v).is_ok()))
        }
        FieldType::Any => match Value::from_json(trimmed) {
            Ok(value) => Some(value),
            // What is no JSON is text; what looks like a tag and is none is a mistake.
            Err(e) => e.is_syntax().then(|| Value::from(text)),
        },
        _ if scalar(trimmed, ty).is_some() => scalar(trimmed, ty),
        _ => Value::from_json(trimmed).ok(),
    }
}

/// A value of a kind that JSON has no form for, from its usual text.
fn scalar(text: &str, ty: &FieldType) -> Option<Value> {
    match ty {
        FieldType::Date => text.parse().ok().map(Value::Date),
        FieldType::DateTime => text.parse().ok().map(Value::DateTime),
        FieldType::Time => text.parse().ok().map(Value::Time),
        FieldType::Decimal => text.parse().ok().map(Value::Decimal),
        FieldType::Uuid => text.parse().ok().map(Value::Uuid),
        _ => None,
    }
}
