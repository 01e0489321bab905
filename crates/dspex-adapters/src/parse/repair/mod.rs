//! Reads JSON that a model wrote, mending what is broken, as `json_repair` 0.64.4 does; what the value is then
//! used for is not decided here.
//!
//! The result follows the Python package value for value. Five things differ on purpose:
//!
//! - Half of a surrogate pair cannot stand in Rust text. It becomes U+FFFD, and [`Repaired::dropped`] is set.
//!   Two halves written one after the other become one character.
//! - How deep texts may nest depends, in Python, on how deep the caller already is. Here it does not: the
//!   bounds are those of a call from the top level of a script.
//! - A text with more values than any model writes in a reply is refused.
//! - A text whose mending would take time far out of proportion to its length is refused.
//! - What counts as a letter follows a newer edition of Unicode than Python 3.11 does.

mod array;
mod chars;
mod comment;
mod latex;
mod number;
mod object;
mod parser;
mod strict;
mod string;
mod text;
mod top;

#[cfg(test)]
mod tests;

use dspex_core::Value;

pub(crate) use self::latex::{escape_raw_backslashes, spell_controls};
use self::parser::Parser;
use self::strict::Refusal;

/// What [`loads`] made of a text.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Repaired {
    /// The value. A text in which nothing was found gives the empty string, as in Python.
    pub(crate) value: Value,
    /// Whether the text was not strict JSON, so that something had to be mended.
    pub(crate) repaired: bool,
    /// Whether content of the text is missing from the value: prose or comments around the JSON, a value that a
    /// later one of the same shape or the same key replaced, an item that could not be read. White space,
    /// punctuation and the markers of code fences are not content.
    pub(crate) dropped: bool,
}

/// Why a text gave no value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub(crate) enum RepairError {
    /// Values, or comments among prose, nest deeper than Python's default recursion limit lets it follow.
    #[error("the text nests too deeply to be read as JSON")]
    TooDeep,
    /// A whole number of more than 4300 digits stands in JSON that is otherwise sound. Python raises here;
    /// in JSON that has to be mended, it takes the number as text instead.
    #[error("a whole number in the text has more than 4300 digits")]
    TooManyDigits,
    /// A fenced block that is not text stands where the key of an object should be.
    #[error("the key of an object is not text")]
    KeyNotText,
    /// The text holds more values than any reply has.
    #[error("the text holds more than 65536 values")]
    TooMany,
    /// Mending would take time out of proportion to the length of the text.
    #[error("the text is too tangled to be mended as JSON")]
    TooTangled,
}

/// Reads a text as JSON and mends what is broken in it.
///
/// Strict JSON, with Python's `NaN`, `Infinity` and `-Infinity`, is read as it stands. Of a key that comes twice
/// the last value counts, at the place of the first.
pub(crate) fn loads(text: &str) -> Result<Repaired, RepairError> {
    match strict::whole(text) {
        Ok(read) => return Ok(Repaired { value: read.value, repaired: read.lossy, dropped: read.dropped }),
        Err(Refusal::TooDeep) => return Err(RepairError::TooDeep),
        Err(Refusal::TooMany) => return Err(RepairError::TooMany),
        Err(Refusal::Syntax | Refusal::TooManyDigits) => {}
    }
    let mut parser = Parser::new(text);
    let value = parser.top_level()?;
    Ok(Repaired { value, repaired: true, dropped: parser.dropped })
}

/// The value of a text that is JSON as it stands, with nothing lost on the way.
pub(crate) fn strict_json(text: &str) -> Option<Value> {
    strict::whole(text).ok().filter(|read| !read.lossy && !read.dropped).map(|read| read.value)
}

/// Whether a text is JSON as it stands, though a key may come again.
pub(crate) fn is_json(text: &str) -> bool {
    strict::whole(text).is_ok()
}

/// The members of text that is one sound JSON object, repeated keys included.
pub(crate) fn members(text: &str) -> Option<Vec<(String, Value)>> {
    strict::members(text).ok()
}
