//! Data sets from files: JSONL, JSON and CSV, one record a row.

use std::fs;
use std::path::Path as FilePath;

use dspex_core::{
    Error, ErrorKind, Example, Field, FieldType, FromRecord as _, Record, Result, Signature, TypedSignature,
    Value,
};

/// The form of a data file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// A JSON object a line.
    JsonLines,
    /// One JSON list of objects.
    Json,
    /// Comma-separated values under a line of names.
    Csv,
}

impl Format {
    /// The format by a file's ending: `.jsonl`, `.json`, `.csv`.
    pub fn of(path: &FilePath) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "jsonl" | "ndjson" => Some(Self::JsonLines),
            "json" => Some(Self::Json),
            "csv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// A row and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// File and line: `dev.jsonl:12`.
    pub place: String,
    /// Its fields.
    pub record: Record,
    /// Whether its values came as text alone, so that their types are yet to be read.
    pub is_text: bool,
}

/// Rows of a file, in order.
///
/// ```
/// use dspex_core::Signature;
/// use dspex_evaluate::{Dataset, Format};
/// let data = Dataset::parse("dev.csv", "question,n\nhow many?,3\n", Format::Csv)?;
/// let examples = data.examples(&Signature::parse("question -> n: int")?)?;
/// assert_eq!(examples[0].labels()?.get("n").unwrap().as_i64(), Some(3));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Dataset {
    /// The rows.
    pub rows: Vec<Row>,
}

fn data_error(
    place: String,
    field: Option<&str>,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> Error {
    let field = field.map(str::to_owned);
    Error::new(ErrorKind::Data { place, field, expected: expected.into(), found: found.into() })
}

impl Dataset {
    /// Reads a file; its ending says its form.
    pub fn load(path: impl AsRef<FilePath>) -> Result<Self> {
        let path = path.as_ref();
        let name = path.display().to_string();
        let format = Format::of(path).ok_or_else(|| {
            let ending = path.extension().map_or_else(|| "none".into(), |e| format!(".{}", e.display()));
            data_error(name.clone(), None, "a file that ends in .jsonl, .json or .csv", ending)
        })?;
        let bytes = fs::read(path).map_err(|e| {
            Error::new(ErrorKind::File { place: name.clone(), message: format!("cannot be read: {e}") })
        })?;
        let text = String::from_utf8(bytes).map_err(|e| {
            let good = String::from_utf8_lossy(&e.as_bytes()[..e.utf8_error().valid_up_to()]);
            let line = 1 + good.matches('\n').count();
            data_error(format!("{name}:{line}"), None, "text in UTF-8", "other bytes")
        })?;
        Self::parse(&name, &text, format)
    }

    /// Reads text; the name stands for it in errors.
    pub fn parse(name: &str, text: &str, format: Format) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let rows = match format {
            Format::JsonLines => json_lines(name, text)?,
            Format::Json => json(name, text)?,
            Format::Csv => csv(name, text)?,
        };
        Ok(Self { rows })
    }

    /// The rows as examples of a signature: the signature's fields of each row, its inputs marked.
    ///
    /// Every input must be there; labels may be missing, and other columns are left out. A value that does not fit
    /// its field's type is an error that names file, line and field.
    pub fn examples(&self, signature: &Signature) -> Result<Vec<Example>> {
        self.rows.iter().map(|row| row.example(signature)).collect()
    }

    /// The rows as structs of a signature. Labels must be there, too.
    ///
    /// ```
    /// use dspex_core::Signature;
    /// use dspex_evaluate::{Dataset, Format};
    /// #[derive(Signature)]
    /// struct Count {
    ///     #[input]
    ///     question: String,
    ///     #[output]
    ///     n: u32,
    /// }
    /// let data = Dataset::parse("dev.csv", "question,n\nhow many?,3\n", Format::Csv)?;
    /// let examples = data.typed::<Count>()?;
    /// assert_eq!((examples[0].question.as_str(), examples[0].n), ("how many?", 3));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn typed<S: TypedSignature>(&self) -> Result<Vec<S>> {
        let signature = S::signature();
        self.rows.iter().map(|row| row.typed(&signature)).collect()
    }

    /// The rows as demonstrations of a signature: the signature's fields of each row, of which any may be missing.
    pub fn partial_examples(&self, signature: &Signature) -> Result<Vec<Example>> {
        self.rows.iter().map(|row| row.partial(signature)).collect()
    }
}

impl Row {
    fn partial(&self, signature: &Signature) -> Result<Example> {
        let mut record = Record::with_capacity(self.record.len());
        for field in signature.fields() {
            if let Some(value) = self.record.get(&field.name) {
                record.insert(field.name.clone(), self.fit(field, value)?);
            }
        }
        Ok(Example::new(record).with_inputs(signature.inputs().iter().map(|f| f.name.as_str())))
    }

    fn example(&self, signature: &Signature) -> Result<Example> {
        let example = self.partial(signature)?;
        self.require(&example, "input", signature.inputs())?;
        Ok(example)
    }

    fn typed<S: TypedSignature>(&self, signature: &Signature) -> Result<S> {
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
        FieldType::Str => Some(Value::from(text)),
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

fn row(place: String, value: Value) -> Result<Row> {
    let found = value.kind();
    let record = match value {
        Value::Dict(d) => Record::try_from(d).ok(),
        _ => None,
    };
    match record {
        Some(record) => Ok(Row { place, record, is_text: false }),
        None => Err(data_error(place, None, "a JSON object", format!("a value of kind {found}"))),
    }
}

fn json_lines(name: &str, text: &str) -> Result<Vec<Row>> {
    text.lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty())
        .map(|(i, line)| {
            let place = format!("{name}:{}", i + 1);
            let value = Value::from_json(line)
                .map_err(|e| data_error(place.clone(), None, "a JSON object on the line", e.to_string()))?;
            row(place, value)
        })
        .collect()
}

fn json(name: &str, text: &str) -> Result<Vec<Row>> {
    let value = Value::from_json(text).map_err(|e| {
        data_error(format!("{name}:{}", e.line()), None, "a JSON list of objects", e.to_string())
    })?;
    let Value::List(items) = value else {
        return Err(data_error(
            name.to_owned(),
            None,
            "a JSON list of objects",
            format!("a value of kind {}", value.kind()),
        ));
    };
    items.into_iter().enumerate().map(|(i, item)| row(format!("{name}[{i}]"), item)).collect()
}

fn csv(name: &str, text: &str) -> Result<Vec<Row>> {
    let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(text.as_bytes());
    let place = |e: &csv::Error| match e.position() {
        Some(p) => format!("{name}:{}", p.line()),
        None => name.to_owned(),
    };
    let names: Vec<String> = reader
        .headers()
        .map_err(|e| data_error(place(&e), None, "a line of names", e.to_string()))?
        .iter()
        .map(|h| h.trim().to_owned())
        .collect();
    if let Some((i, twice)) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        let found = format!("`{twice}` again as number {}", i + 1);
        return Err(data_error(format!("{name}:1"), Some(twice), "columns of distinct names", found));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| {
            let found = match e.kind() {
                csv::ErrorKind::UnequalLengths { len, .. } => len.to_string(),
                _ => e.to_string(),
            };
            data_error(place(&e), None, format!("{} values", names.len()), found)
        })?;
        let line = record.position().map_or(0, csv::Position::line);
        let fields = names.iter().cloned().zip(record.iter().map(Value::from)).collect();
        rows.push(Row { place: format!("{name}:{line}"), record: fields, is_text: true });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str, format: Format, signature: &str) -> String {
        let signature = Signature::parse(signature).unwrap();
        let name = "d";
        Dataset::parse(name, text, format).and_then(|d| d.examples(&signature)).unwrap_err().to_string()
    }

    #[test]
    fn a_row_that_lacks_a_label_is_no_struct() {
        #[derive(Debug, Signature)]
        struct Count {
            #[input]
            question: String,
            #[output]
            n: u32,
        }
        let table = [
            ("{\"question\": \"q\"}", "d:1: expected the label `n`, found only `question`"),
            (
                "\n{\"question\": \"q\", \"n\": -1}",
                "d:2: expected `n` to be a value that fits its Rust type, found ",
            ),
        ];
        for (text, start) in table {
            let e = Dataset::parse("d", text, Format::JsonLines).unwrap().typed::<Count>().unwrap_err();
            assert!(e.to_string().starts_with(start) && e.code() == "data", "{e}");
        }
    }

    #[test]
    fn a_row_that_does_not_fit_names_file_line_and_field() {
        let table = [
            (
                "{\"q\": \"x\"}\n{\"q\": 3}\n",
                Format::JsonLines,
                "q: str -> a",
                "d:2: expected `q` to be str, found 3",
            ),
            (
                "{\"q\": \"x\"\n",
                Format::JsonLines,
                "q -> a",
                "d:1: expected a JSON object on the line, found ",
            ),
            ("{\"p\": 1}\n", Format::JsonLines, "q -> a", "d:1: expected the input `q`, found only `p`"),
            ("[1]", Format::Json, "q -> a", "d[0]: expected a JSON object, found "),
            ("q,n\nx,three\n", Format::Csv, "q -> n: int", "d:2: expected `n` to be int, found \"three\""),
            ("q,n\nx\n", Format::Csv, "q -> n: int", "d:2: expected 2 values, found 1"),
            (
                "q,n,q\nx,1,y\n",
                Format::Csv,
                "q -> n: int",
                "d:1: expected columns of distinct names, found `q`",
            ),
            (
                "q,o\nx,\"{\"\"$foo\"\": 1}\"\n",
                Format::Csv,
                "q -> o: Optional[dict]",
                "d:2: expected `o` to be Union[dict, NoneType], found ",
            ),
            (
                "{\"q\": \"x\", \"q\": \"y\"}\n",
                Format::JsonLines,
                "q -> a",
                "d:1: expected a JSON object on the line, found the key `q` comes twice",
            ),
            (
                "{\"q\": [\"a\", 1]}\n",
                Format::JsonLines,
                "q: list[str] -> a",
                "d:1: expected `q[1]` to be str, found 1",
            ),
        ];
        for (text, format, signature, message) in table {
            let found = error(text, format, signature);
            assert!(found.starts_with(message), "{text:?}: {found}");
        }
    }

    #[test]
    fn cells_become_values_of_their_types() {
        let text = "t,n,f,b,l,c,o\nx,3,0.5,True,\"[1, 2]\",yes,\n";
        let signature = Signature::parse(
            "t -> n: int, f: float, b: bool, l: list[int], c: Literal['yes'], o: Optional[int]",
        )
        .unwrap();
        let examples = Dataset::parse("d", text, Format::Csv).unwrap().examples(&signature).unwrap();
        let expected = Record::new()
            .with("t", "x")
            .with("n", 3)
            .with("f", 0.5)
            .with("b", true)
            .with("l", vec![1, 2])
            .with("c", "yes")
            .with("o", Value::None);
        assert_eq!(examples[0].record(), &expected);
    }

    #[test]
    fn dates_ids_and_big_numbers_are_kept() {
        let signature =
            Signature::parse("q: int -> d: datetime.date, m: decimal.Decimal, u: uuid.UUID").unwrap();
        let id = "00000000-0000-0000-0000-00000000000a";
        let json =
            format!(r#"{{"q": 12345678901234567890123, "d": "2024-01-31", "m": "12.50", "u": "{id}"}}"#);
        let csv = format!("q,d,m,u\n12345678901234567890123,2024-01-31,12.50,{id}\n");
        let expected = Record::new()
            .with("q", Value::Int("12345678901234567890123".parse().unwrap()))
            .with("d", Value::Date("2024-01-31".parse().unwrap()))
            .with("m", Value::Decimal("12.50".parse().unwrap()))
            .with("u", Value::Uuid(id.parse().unwrap()));
        for (text, format) in [(json, Format::JsonLines), (csv, Format::Csv)] {
            let examples = Dataset::parse("d", &text, format).unwrap().examples(&signature).unwrap();
            assert_eq!(examples[0].record(), &expected, "{format:?}");
        }
    }
}
