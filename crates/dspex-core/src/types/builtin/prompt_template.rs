//! Texts with places to fill.

use serde::{Deserialize, Serialize};

use super::names_its_type;
use crate::types::{FieldType, NamedType};
use crate::validation::{Violation, validator};
use crate::value::{Record, Value};

/// A text with places to fill, `{name}`; `{{` and `}}` stand for braces.
///
/// ```
/// use dspex_core::{Record, types::builtin::PromptTemplate};
/// let template = PromptTemplate::new("Translate {text} into {language}, as {{json}}.")?;
/// assert_eq!(template.variables(), ["text", "language"]);
/// let filled = template.fill(&Record::new().with("text", "{hi}").with("language", "German"))?;
/// assert_eq!(filled, "Translate {hi} into German, as {json}.");
/// assert_eq!(template.fill(&Record::new()).unwrap_err().path, "text");
/// assert!(PromptTemplate::new("open {brace").is_err());
/// # Ok::<(), dspex_core::validation::Violation>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PromptTemplate(String);

impl PromptTemplate {
    /// A template.
    pub fn new(text: impl Into<String>) -> Result<Self, Violation> {
        let text = text.into();
        pieces(&text)?;
        Ok(Self(text))
    }

    /// The text with its places.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names of the places, each once, in order.
    pub fn variables(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        for piece in pieces(&self.0).unwrap_or_default() {
            if let Piece::Place(name) = piece
                && !names.iter().any(|n| n == name)
            {
                names.push(name.to_owned());
            }
        }
        names
    }

    /// The text with each place filled; values are not looked into.
    pub fn fill(&self, values: &Record) -> Result<String, Violation> {
        let mut out = String::with_capacity(self.0.len());
        for piece in pieces(&self.0)? {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Place(name) => {
                    let missing =
                        |what| Violation::new("missing", format!("expected a value, found {what}")).at(name);
                    let value = values.get(name).ok_or_else(|| missing("none".to_owned()))?;
                    out.push_str(&value.to_text().map_err(|e| missing(format!("one of kind {}", e.kind)))?);
                }
            }
        }
        Ok(out)
    }
}

enum Piece<'a> {
    Text(&'a str),
    Place(&'a str),
}

/// The text in pieces.
fn pieces(text: &str) -> Result<Vec<Piece<'_>>, Violation> {
    let wrong = |what: &str, at: usize| {
        Violation::new(
            "template",
            format!("expected {what} at offset {at}; write a brace as `{{{{` or `}}}}`"),
        )
    };
    let mut found = Vec::new();
    let mut start = 0;
    while let Some(brace) = text[start..].find(['{', '}']).map(|at| start + at) {
        found.push(Piece::Text(&text[start..brace]));
        let rest = &text[brace..];
        if rest.starts_with("{{") || rest.starts_with("}}") {
            found.push(Piece::Text(&rest[..1]));
            start = brace + 2;
            continue;
        }
        let close = rest.strip_prefix('{').and_then(|inside| inside.find('}')).map(|at| brace + 1 + at);
        let close = close.ok_or_else(|| wrong("braces in pairs", brace))?;
        let name = &text[brace + 1..close];
        let is_name = |c: char| c == '_' || c.is_alphanumeric();
        if name.is_empty() || !name.chars().all(is_name) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(wrong("a name between braces", brace));
        }
        found.push(Piece::Place(name));
        start = close + 1;
    }
    found.push(Piece::Text(&text[start..]));
    Ok(found)
}

impl TryFrom<String> for PromptTemplate {
    type Error = Violation;

    fn try_from(text: String) -> Result<Self, Violation> {
        Self::new(text)
    }
}

impl From<PromptTemplate> for String {
    fn from(template: PromptTemplate) -> Self {
        template.0
    }
}

names_its_type!(PromptTemplate);

pub(super) fn named() -> NamedType {
    NamedType::new("PromptTemplate", FieldType::Str)
        .with_description("a text with places to fill, each a name in braces")
        .with_step(validator("template", |value: Value| {
            value.as_str().map(pieces).transpose()?;
            Ok(value)
        }))
}
