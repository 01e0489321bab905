//! Printing: data to standard output, everything else to standard error.

use std::io::{self, ErrorKind, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value as Json;

/// Whether data could not be written, so that the command must not end as if it had been.
static LOST: AtomicBool = AtomicBool::new(false);

/// Prints a line of data. A reader that went away is no error of ours; a full disk is one.
pub(crate) fn print(line: &str) {
    if let Err(e) = writeln!(io::stdout().lock(), "{line}")
        && e.kind() != ErrorKind::BrokenPipe
        && !LOST.swap(true, Ordering::Relaxed)
    {
        complain(&format!("error: expected to write to standard output, found {e}"));
    }
}

/// Whether some data was lost while it was printed.
pub(crate) fn lost_data() -> bool {
    LOST.load(Ordering::Relaxed)
}

/// Prints one JSON value.
pub(crate) fn print_json(value: &Json) {
    print(&value.to_string());
}

/// Says something that is not data.
pub(crate) fn complain(line: &str) {
    let _ = writeln!(io::stderr().lock(), "{line}");
}
