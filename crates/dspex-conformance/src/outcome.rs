//! What became of one row.

use std::panic::{AssertUnwindSafe, catch_unwind};

use dspex_core::ErrorKind;
use serde_json::Value as Json;

use crate::corpus::Corpus;

/// Nothing where a row passed, otherwise why it did not.
pub type Outcome = Result<(), String>;

/// Runs one row; a panic in it is a failure of the row, not of the run.
pub(crate) fn guard<T>(run: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err("it panicked".into()))
}

/// The runner of rows that nothing runs yet.
pub(crate) fn unsupported(_: &Corpus, _: &Json) -> Outcome {
    Err("not supported yet".into())
}

/// Fails with both sides where they differ.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Outcome {
    if found == expected {
        return Ok(());
    }
    Err(format!("expected {what} {}, found {}", short(expected), short(found)))
}

fn short(value: &impl std::fmt::Debug) -> String {
    dspex_core::shorten_text(&format!("{value:?}"))
}

/// An error in words; a kind that is not supported yet is said to be so.
pub(crate) fn failed(error: &dspex_core::Error) -> String {
    match error.kind() {
        ErrorKind::Unsupported { .. } => format!("not supported yet: {error}"),
        _ => format!("{}: {error}", error.code()),
    }
}

/// A member of an object, or why there is none.
pub(crate) fn member<'a>(row: &'a Json, key: &str) -> Result<&'a Json, String> {
    row.get(key).ok_or_else(|| format!("malformed row: expected a member `{key}`"))
}

/// A text in an object.
pub(crate) fn text<'a>(row: &'a Json, key: &str) -> Result<&'a str, String> {
    member(row, key)?.as_str().ok_or_else(|| format!("malformed row: expected text under `{key}`"))
}

/// A list in an object.
pub(crate) fn list<'a>(row: &'a Json, key: &str) -> Result<&'a [Json], String> {
    let list =
        member(row, key)?.as_array().ok_or_else(|| format!("malformed row: expected a list under `{key}`"));
    list.map(Vec::as_slice)
}
