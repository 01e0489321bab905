//! Printing: data to standard output, everything else to standard error.

use std::io::{self, Write as _};

use serde_json::Value as Json;

/// Prints a line of data. A reader that went away is no error of ours.
pub(crate) fn print(line: &str) {
    let _ = writeln!(io::stdout().lock(), "{line}");
}

/// Prints one JSON value.
pub(crate) fn print_json(value: &Json) {
    print(&value.to_string());
}

/// Says something that is not data.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
