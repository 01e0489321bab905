//! Rows one by one, from anything that can be read.

use std::fmt;
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::path::Path as FilePath;

use dspex_core::{Error, Record, Result, Value};

use super::row::{Row, data_error};
use super::{Format, file_error};

/// Rows one by one. Lines and CSV take the memory of a row; a JSON list is read as a whole first.
///
/// A row that cannot be read is an error, after which the next row follows; where nothing more can be read, nothing
/// follows.
///
/// ```
/// use dspex_evaluate::{Format, Rows};
/// let mut rows = Rows::read("dev.jsonl", "{\"n\": 1}\n{\"n\"\n".as_bytes(), Format::JsonLines)?;
/// assert_eq!(rows.next().unwrap()?.place, "dev.jsonl:1");
/// assert!(rows.next().unwrap().unwrap_err().to_string().starts_with("dev.jsonl:2: expected a JSON object"));
/// assert!(rows.next().is_none());
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub struct Rows<R> {
    name: String,
    state: State<R>,
}

enum State<R> {
    Lines { reader: R, line: usize },
    List(std::iter::Enumerate<std::vec::IntoIter<Value>>),
    Csv { names: Vec<String>, reader: Box<csv::Reader<R>> },
    Done,
}

impl Rows<BufReader<File>> {
    /// The rows of a file.
    pub fn open(path: &FilePath, format: Format) -> Result<Self> {
        let name = path.display().to_string();
        let file = File::open(path).map_err(|e| file_error(&name, &e))?;
        Self::read(name, BufReader::new(file), format)
    }
}

impl<R: BufRead> Rows<R> {
    /// The rows of what can be read; the name stands for it in errors.
    pub fn read(name: impl Into<String>, reader: R, format: Format) -> Result<Self> {
        let name = name.into();
        let state = match format {
            Format::JsonLines => State::Lines { reader, line: 0 },
            Format::Json => State::List(list(&name, reader)?.into_iter().enumerate()),
            Format::Csv => {
                let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(reader);
                State::Csv { names: header(&name, &mut reader)?, reader: Box::new(reader) }
            }
        };
        Ok(Self { name, state })
    }
}

impl<R: BufRead> Iterator for Rows<R> {
    type Item = Result<Row>;

    fn next(&mut self) -> Option<Self::Item> {
        let row = match &mut self.state {
            State::Lines { reader, line } => next_line(&self.name, reader, line),
            State::List(items) => {
                items.next().map(|(i, item)| object(format!("{}[{i}]", self.name), item).map_err(Fault::Row))
            }
            State::Csv { names, reader } => next_record(&self.name, names, reader),
            State::Done => None,
        };
        match row {
            Some(Err(Fault::Reader(e))) => {
                self.state = State::Done;
                Some(Err(e))
            }
            Some(Err(Fault::Row(e))) => Some(Err(e)),
            Some(Ok(row)) => Some(Ok(row)),
            None => {
                self.state = State::Done;
                None
            }
        }
    }
}

impl<R> fmt::Debug for Rows<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rows").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What is wrong: one row, or the reader, after which nothing can follow.
enum Fault {
    Row(Error),
    Reader(Error),
}

fn next_line<R: BufRead>(name: &str, reader: &mut R, line: &mut usize) -> Option<Result<Row, Fault>> {
    let mut bytes = Vec::new();
    loop {
        bytes.clear();
        match reader.read_until(b'\n', &mut bytes) {
            Ok(0) => return None,
            Ok(_) => {}
            Err(e) => return Some(Err(Fault::Reader(file_error(name, &e)))),
        }
        *line += 1;
        let place = format!("{name}:{line}");
        let Ok(text) = std::str::from_utf8(&bytes) else {
            return Some(Err(Fault::Row(not_utf8(place))));
        };
        let text = if *line == 1 { without_mark(text) } else { text };
        if !text.trim().is_empty() {
            let value = Value::from_json(text.trim_end_matches(['\n', '\r']))
                .map_err(|e| data_error(place.clone(), None, "a JSON object on the line", e.to_string()));
            return Some(value.and_then(|value| object(place, value)).map_err(Fault::Row));
        }
    }
}

fn next_record<R: io::Read>(
    name: &str,
    names: &[String],
    reader: &mut csv::Reader<R>,
) -> Option<Result<Row, Fault>> {
    let mut record = csv::StringRecord::new();
    match reader.read_record(&mut record) {
        Ok(false) => None,
        Ok(true) => {
            let line = record.position().map_or(0, csv::Position::line);
            let fields = names.iter().cloned().zip(record.iter().map(Value::from)).collect();
            Some(Ok(Row { place: format!("{name}:{line}"), record: fields, is_text: true }))
        }
        Err(e) => Some(Err(match e.kind() {
            csv::ErrorKind::Io(_) => Fault::Reader(csv_error(name, &e, "")),
            _ => Fault::Row(csv_error(name, &e, &format!("{} values", names.len()))),
        })),
    }
}

fn csv_error(name: &str, e: &csv::Error, expected: &str) -> Error {
    let place = e.position().map_or_else(|| name.to_owned(), |p| format!("{name}:{}", p.line()));
    match e.kind() {
        csv::ErrorKind::Io(e) => file_error(name, e),
        csv::ErrorKind::Utf8 { .. } => not_utf8(place),
        csv::ErrorKind::UnequalLengths { len, .. } => data_error(place, None, expected, len.to_string()),
        _ => data_error(place, None, expected, e.to_string()),
    }
}

/// The names of the columns, each once.
fn header<R: io::Read>(name: &str, reader: &mut csv::Reader<R>) -> Result<Vec<String>> {
    let header = reader.headers().map_err(|e| csv_error(name, &e, "a line of names"))?;
    let names: Vec<String> = header.iter().map(|h| h.trim().to_owned()).collect();
    if let Some((i, twice)) = names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
        let found = format!("`{twice}` again as number {}", i + 1);
        return Err(data_error(format!("{name}:1"), Some(twice), "columns of distinct names", found));
    }
    Ok(names)
}

fn list<R: BufRead>(name: &str, mut reader: R) -> Result<Vec<Value>> {
    let mut bytes = Vec::new();
    reader.read_to_end(&mut bytes).map_err(|e| file_error(name, &e))?;
    let text = String::from_utf8(bytes).map_err(|e| {
        let good = &e.as_bytes()[..e.utf8_error().valid_up_to()];
        let line = good.split(|b| *b == b'\n').count();
        not_utf8(format!("{name}:{line}"))
    })?;
    let value = Value::from_json(without_mark(&text)).map_err(|e| {
        data_error(format!("{name}:{}", e.line()), None, "a JSON list of objects", e.to_string())
    })?;
    let kind = value.kind();
    let Value::List(items) = value else {
        let found = format!("a value of kind {kind}");
        return Err(data_error(name.to_owned(), None, "a JSON list of objects", found));
    };
    Ok(items)
}

fn object(place: String, value: Value) -> Result<Row> {
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

fn not_utf8(place: String) -> Error {
    data_error(place, None, "text in UTF-8", "other bytes")
}

/// The text without the mark that some programs put before it.
fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}
