//! Data sets from files: JSONL, JSON and CSV, one record a row.

mod row;
mod rows;

use std::fs::File;
use std::io::BufReader;
use std::path::Path as FilePath;

use dspex_core::{Error, ErrorKind, Example, Result, Signature, TypedSignature, unknown_name};

pub use row::Row;
use row::data_error;
pub use rows::Rows;

/// The form of a data file, or of results.
///
/// ```
/// use dspex_evaluate::Format;
/// assert_eq!(Format::of("dev.CSV".as_ref()), Some(Format::Csv));
/// assert_eq!(Format::by_name("jsonl")?, Format::JsonLines);
/// assert_eq!(Format::by_name("jsn").unwrap_err().hint(), Some("did you mean `json`?"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
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

/// The forms by their names, which are the endings of files.
const FORMATS: [(&str, Format); 4] = [
    ("jsonl", Format::JsonLines),
    ("json", Format::Json),
    ("csv", Format::Csv),
    ("ndjson", Format::JsonLines),
];

impl Format {
    /// The format by a file's ending: `.jsonl`, `.json`, `.csv`.
    pub fn of(path: &FilePath) -> Option<Self> {
        let ending = path.extension()?.to_str()?.to_ascii_lowercase();
        FORMATS.iter().find(|(name, _)| *name == ending).map(|(_, format)| *format)
    }

    /// The format by its name, which is a file's ending: `jsonl`, `json`, `csv`.
    pub fn by_name(name: &str) -> Result<Self> {
        let found = FORMATS.iter().find(|(n, _)| *n == name).map(|(_, format)| *format);
        found.ok_or_else(|| unknown_name("formats", name, FORMATS.iter().map(|(n, _)| *n)))
    }

    /// The format by a file's ending, or an error that says which there are.
    ///
    /// ```
    /// use dspex_evaluate::Format;
    /// let e = Format::of_file("dev.txt".as_ref()).unwrap_err();
    /// assert_eq!(e.to_string(), "dev.txt: expected a file that ends in .jsonl, .json or .csv, found .txt");
    /// ```
    pub fn of_file(path: &FilePath) -> Result<Self> {
        Self::of(path).ok_or_else(|| {
            let ending = path.extension().map_or_else(|| "none".into(), |e| format!(".{}", e.display()));
            let name = path.display().to_string();
            data_error(name, None, "a file that ends in .jsonl, .json or .csv", ending)
                .with_hint("rename the file, or say its form")
        })
    }
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

impl Dataset {
    /// Reads a file; its ending says its form.
    pub fn load(path: impl AsRef<FilePath>) -> Result<Self> {
        Ok(Self { rows: Self::stream(path)?.collect::<Result<_>>()? })
    }

    /// Reads a file row by row; its ending says its form. A JSON list is read as a whole first.
    ///
    /// ```
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let path = folder.path().join("dev.jsonl");
    /// # std::fs::write(&path, "{\"question\": \"1+1\", \"answer\": \"2\"}\n").unwrap();
    /// use dspex_core::Signature;
    /// use dspex_evaluate::{Dataset, Evaluate, exact_match};
    /// let signature = Signature::parse("question -> answer")?;
    /// let examples = Dataset::stream(&path)?.map(|row| row?.example(&signature));
    /// let evaluate = Evaluate::over(examples).metric(exact_match("answer"));
    /// # let ctx = dspex_core::Context::new(dspex_testkit::ScriptedLm::always("[[ ## answer ## ]]\n2"));
    /// # let program = dspex_modules::Predict::from_signature(signature.clone());
    /// # let summary = dspex_testkit::block_on(evaluate.run_each(&ctx, &program, |_, _| Ok(())))?;
    /// # assert_eq!(summary.score(), Some(1.0));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn stream(path: impl AsRef<FilePath>) -> Result<Rows<BufReader<File>>> {
        let path = path.as_ref();
        Rows::open(path, Format::of_file(path)?)
    }

    /// Reads text; the name stands for it in errors.
    pub fn parse(name: &str, text: &str, format: Format) -> Result<Self> {
        Ok(Self { rows: Rows::read(name, text.as_bytes(), format)?.collect::<Result<_>>()? })
    }

    /// The rows as examples of a signature, as [`Row::example`] makes them.
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

    /// The rows as demonstrations of a signature, as [`Row::partial`] makes them.
    pub fn partial_examples(&self, signature: &Signature) -> Result<Vec<Example>> {
        self.rows.iter().map(|row| row.partial(signature)).collect()
    }
}

fn file_error(name: &str, e: &std::io::Error) -> Error {
    Error::new(ErrorKind::File { place: name.to_owned(), message: format!("cannot be read: {e}") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use dspex_core::{Record, Value};

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
