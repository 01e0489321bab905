//! Printing: data to standard output, everything else to standard error.

use std::io::{self, Write as _};

use dspex_core::{ErrorKind, Result};
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
