//! Printing: data to standard output, everything else to standard error.

use std::io::{self, Write as _};

use dspex_core::{Error, ErrorKind, Result, Value};
use serde_json::Value as Json;

/// Prints a line of data. A reader that went away is no error of ours; a full disk is one.
pub(crate) fn print(line: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{line}") {
        Err(e) if e.kind() != io::ErrorKind::BrokenPipe => {
            let message = format!("cannot be written: {e}");
            Err(ErrorKind::Output { place: "standard output".into(), message }.into())
        }
        _ => Ok(()),
    }
}

/// Prints one JSON value.
pub(crate) fn print_json(value: &Json) -> Result<()> {
    print(&value.to_string())
}

/// Says something that is not data.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// A value on a line of its own: its text, or JSON where it has none, as an image.
pub(crate) fn shown(value: &Value) -> Result<String> {
    value.to_text().or_else(|_| value.to_json_text()).map_err(Error::from)
}
