//! Where the examples come from: a file, which is checked before anything is paid for, or a pipe.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::pin::Pin;

use dspex_core::{Error, ErrorKind, Example, Result, Signature};
use dspex_evaluate::{Format, Row, Rows};
use futures_util::stream::{self, Stream};
use tokio::sync::mpsc;

/// Rows that are read ahead of a pipe.
const AHEAD: usize = 64;

/// Examples that come one by one.
pub(super) type Examples = Pin<Box<dyn Stream<Item = Result<Example>> + Send>>;

/// Where the examples come from.
#[derive(Clone, Debug)]
pub(super) struct Source {
    path: PathBuf,
    format: Format,
    signature: Signature,
    /// The label that every row needs.
    field: String,
    limit: usize,
    /// How many there are, of a file that can be read twice.
    pub(super) total: Option<usize>,
}

impl Source {
    /// Reads a file once to its end, so that a bad row is found before anything is paid for. What can be read only
    /// once, a pipe or standard input (`-`), is taken as it comes.
    pub(super) fn open(
        path: &Path,
        format: Option<&str>,
        signature: &Signature,
        field: &str,
        limit: Option<usize>,
    ) -> Result<Self> {
        let mut new = Self {
            path: path.to_owned(),
            format: form(path, format)?,
            signature: signature.clone(),
            field: field.to_owned(),
            limit: limit.unwrap_or(usize::MAX),
            total: None,
        };
        if path.as_os_str() != "-" && !is_pipe(path) {
            let mut count = 0;
            for example in new.examples()? {
                example?;
                count += 1;
            }
            new.total = Some(count);
        }
        Ok(new)
    }

    /// The examples. Reading a pipe waits, so it is done on a thread for that; it reads no further than a little ahead.
    pub(super) fn stream(self) -> Result<Examples> {
        if self.total.is_some() {
            return Ok(Box::pin(stream::iter(self.examples()?)));
        }
        let (sender, mut receiver) = mpsc::channel(AHEAD);
        let reader = tokio::task::spawn_blocking(move || {
            let send = |example| sender.blocking_send(example).is_ok();
            match self.examples() {
                Ok(mut examples) => _ = examples.all(send),
                Err(e) => _ = send(Err(e)),
            }
        });
        Ok(Box::pin(stream::poll_fn(move |cx| {
            // Held as long as what it reads is wanted.
            let _ = &reader;
            receiver.poll_recv(cx)
        })))
    }

    fn examples(&self) -> Result<impl Iterator<Item = Result<Example>> + Send + use<>> {
        let Self { signature, field, limit, .. } = self.clone();
        let rows = self.rows()?;
        Ok(rows.take(limit).map(move |row| {
            let row = row?;
            check_label(&row, &field)?;
            row.example(&signature)
        }))
    }

    fn rows(&self) -> Result<Rows<Box<dyn BufRead + Send>>> {
        let (name, reader): (_, Box<dyn BufRead + Send>) = if self.path.as_os_str() == "-" {
            ("standard input".to_owned(), Box::new(BufReader::new(io::stdin())))
        } else {
            let name = self.path.display().to_string();
            let file = File::open(&self.path).map_err(|e| {
                let message = format!("cannot be read: {e}");
                Error::new(ErrorKind::File { place: name.clone(), message })
            })?;
            (name, Box::new(BufReader::new(file)))
        };
        Rows::read(name, reader, self.format)
    }
}

fn form(path: &Path, format: Option<&str>) -> Result<Format> {
    match format {
        Some(name) => Format::by_name(name),
        None if path.as_os_str() == "-" => {
            let e = Error::configuration("expected the form of standard input, found no --format");
            Err(e.with_hint("add --format jsonl, --format csv or --format json"))
        }
        None => Format::of_file(path),
    }
}

#[cfg(unix)]
fn is_pipe(path: &Path) -> bool {
    use std::os::unix::fs::FileTypeExt as _;
    fs::metadata(path).is_ok_and(|m| m.file_type().is_fifo() || m.file_type().is_char_device())
}

#[cfg(not(unix))]
fn is_pipe(_: &Path) -> bool {
    false
}

/// An error if the row has no label: it could not be scored.
fn check_label(row: &Row, field: &str) -> Result<()> {
    if row.record.contains_key(field) {
        return Ok(());
    }
    let columns: Vec<_> = row.record.keys().map(|k| format!("`{k}`")).collect();
    let e = Error::new(ErrorKind::Data {
        place: row.place.clone(),
        field: Some(field.to_owned()),
        expected: format!("the label `{field}`, which is scored"),
        found: format!("only {}", columns.join(", ")),
    });
    Err(match dspex_core::nearest(field, row.record.keys()) {
        Some(near) => e.with_hint(format!("did you mean `{near}`? columns are named as the fields")),
        None => e.with_hint("add the column, or score another output with --field"),
    })
}
