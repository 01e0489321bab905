//! The texts that readers may trip over. The tests of the adapters read this file, too.

use std::fmt;

use serde::Deserialize;

/// What fills a text, one a line.
const FILLINGS: &str = include_str!("hostile.jsonl");

/// What a text is made of.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Filling {
    /// The same again and again.
    Flat(String),
    /// As much of the first as of the second, which closes what the first opens, and a number between them.
    Nested(String, String),
}

impl Filling {
    /// A text of about so many bytes, and never longer.
    pub(crate) fn text(&self, length: usize) -> String {
        match self {
            Self::Flat(unit) => unit.repeat(length / unit.len()),
            Self::Nested(open, close) => {
                let times = (length - 1) / (open.len() + close.len());
                format!("{}1{}", open.repeat(times), close.repeat(times))
            }
        }
    }
}

impl fmt::Display for Filling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flat(unit) => write!(f, "{unit:?}"),
            Self::Nested(open, close) => write!(f, "{open:?} closed by {close:?}"),
        }
    }
}

/// All of them.
pub(crate) fn fillings() -> Result<Vec<Filling>, serde_json::Error> {
    FILLINGS.lines().map(serde_json::from_str).collect()
}
