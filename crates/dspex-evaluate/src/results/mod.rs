//! Results of examples as lines of JSON, as a JSON list, or as CSV, written as they come.

mod csv;

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use dspex_core::{Error, ErrorKind, Result, ToExample, ToRecord};
use serde_json::{Value as Json, json};

pub use csv::Columns;

use crate::dataset::Format;
use crate::outcome::ExampleResult;

impl<O: ToRecord> ExampleResult<O> {
    /// The result and its example as a JSON object: `index`, `example`, `fields` (what was predicted), `outcome`,
    /// `score`, `error`, `usage` and `seconds`.
    pub fn to_json<E: ToExample>(&self, example: &E) -> Result<Json> {
        let fields = self.prediction.as_ref().map(|p| p.to_record()).transpose()?;
        Ok(json!({
            "index": self.index,
            "example": example.to_example()?.to_json(),
            "fields": fields.map(|f| f.to_tagged()),
            "outcome": self.outcome.name(),
            "score": self.outcome.score(),
            "error": self.outcome.error().map(Error::to_json),
            "usage": self.usage,
            "seconds": self.elapsed.as_secs_f64(),
        }))
    }
}

/// Writes results one by one. After each the writer holds a whole file, whatever happens next: lines are written in
/// one piece and flushed, and a JSON list is closed again each time.
///
/// ```
/// use dspex_core::{Context, Example, Signature};
/// use dspex_evaluate::{Columns, Evaluate, Format, ResultWriter, exact_match};
/// use dspex_modules::Predict;
/// use dspex_testkit::{ScriptedLm, block_on};
///
/// let signature = Signature::parse("question -> answer")?;
/// let file = std::io::Cursor::new(Vec::new());
/// let mut writer = ResultWriter::new("results.csv", file, Format::Csv, Columns::of(&signature))?;
/// let dev = [Example::new([("question", "2+2"), ("answer", "4")]).with_inputs(["question"])];
/// let ctx = Context::new(ScriptedLm::always("[[ ## answer ## ]]\n4"));
/// let evaluate = Evaluate::new(&dev).metric(exact_match("answer"));
/// block_on(evaluate.run_each(&ctx, &Predict::from_signature(signature), |example, result| writer.write(example, &result)))?;
/// let text = String::from_utf8(writer.into_inner().into_inner()).unwrap();
/// assert!(text.lines().nth(1).unwrap().starts_with("0,2+2,4,4,scored,1,"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Debug)]
pub struct ResultWriter<W> {
    to: W,
    place: String,
    format: Format,
    columns: Columns,
    written: usize,
}

impl ResultWriter<File> {
    /// Makes the file anew; its ending says its form. Columns are those of CSV; the other forms need none.
    pub fn create(path: impl AsRef<Path>, columns: Columns) -> Result<Self> {
        let path = path.as_ref();
        let format = Format::of_file(path)?;
        let place = path.display().to_string();
        let failed = |message: String| Error::new(ErrorKind::File { place: place.clone(), message });
        // The end of a list is written again after each result, which a pipe cannot take back.
        if format == Format::Json && path.metadata().is_ok_and(|m| !m.is_file()) {
            let e = failed("expected a file that can be written over, found a pipe or a device".into());
            return Err(e.with_hint("name the results .jsonl or .csv, which are written line by line"));
        }
        let file = File::create(path).map_err(|e| failed(format!("cannot be written: {e}")))?;
        Self::new(place, file, format, columns)
    }
}

impl<W: Write + Seek> ResultWriter<W> {
    /// Writes into something; `place` stands for it in errors.
    pub fn new(place: impl Into<String>, to: W, format: Format, columns: Columns) -> Result<Self> {
        let mut new = Self { to, place: place.into(), format, columns, written: 0 };
        match format {
            Format::Csv => new.put(&new.columns.header())?,
            Format::Json => new.put(b"[\n]\n")?,
            Format::JsonLines => {}
        }
        Ok(new)
    }

    /// Writes the result of an example. An error says that it could not be written; then the rest cannot either.
    pub fn write<E: ToExample, O: ToRecord>(&mut self, example: &E, result: &ExampleResult<O>) -> Result<()> {
        let line = match self.format {
            Format::Csv => self.columns.line(example, result)?,
            Format::JsonLines => format!("{}\n", result.to_json(example)?).into_bytes(),
            Format::Json => {
                // Over the end of the list, which is written again.
                self.to
                    .seek(SeekFrom::End(if self.written == 0 { -2 } else { -3 }))
                    .map_err(|e| self.failed(&e))?;
                let comma = if self.written == 0 { "" } else { ",\n" };
                format!("{comma}{}\n]\n", result.to_json(example)?).into_bytes()
            }
        };
        self.written += 1;
        self.put(&line)
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.to.write_all(bytes).and_then(|()| self.to.flush()).map_err(|e| self.failed(&e))
    }

    fn failed(&self, e: &std::io::Error) -> Error {
        ErrorKind::Output { place: self.place.clone(), message: format!("cannot be written: {e}") }.into()
    }

    /// What was written into.
    pub fn into_inner(self) -> W {
        self.to
    }
}
