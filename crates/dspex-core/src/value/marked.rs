//! The text by which DSPy holds the place of a value of its own types, in prompts and in saved programs: parts of a
//! message between marks.

use serde_json::{Value as Json, json};

use super::{Citation, Value};
use crate::lm::{document_json, media_json};

/// What DSPy writes around the parts.
const MARKS: [&str; 2] = ["<<CUSTOM-TYPE-START-IDENTIFIER>>", "<<CUSTOM-TYPE-END-IDENTIFIER>>"];

impl Value {
    /// The text that DSPy puts where an image, a sound, a file, a document or citations stand: parts of a message
    /// between marks. None for other values.
    ///
    /// Whoever reads such text opens what anybody wrote into it, so it is for files that DSPy reads, and for comparing
    /// with DSPy; prompts carry parts as [`Part`](crate::lm::Part)s.
    ///
    /// ```
    /// use dspex_core::{Value, value::Document};
    /// let text = Value::from(Document::new("a")).to_dspy_marked().unwrap();
    /// assert!(text.starts_with("<<CUSTOM-TYPE-START-IDENTIFIER>>[{\"type\": \"document\", "));
    /// ```
    pub fn to_dspy_marked(&self) -> Option<String> {
        let parts = match self {
            Self::Media(m) => vec![media_json(m)],
            Self::Document(d) => vec![document_json(d)],
            Self::Citations(c) => c.0.iter().map(citation).collect(),
            _ => return None,
        };
        let text = Self::from_plain_json(&Json::Array(parts).to_string()).ok()?.to_json_text().ok()?;
        Some([MARKS[0], &text, MARKS[1]].concat())
    }
}

/// A citation as DSPy formats it.
fn citation(c: &Citation) -> Json {
    let mut out = json!({
        "type": c.kind,
        "cited_text": c.cited_text,
        "document_index": c.document_index,
        "start_char_index": c.start_char_index,
        "end_char_index": c.end_char_index,
    });
    for (key, text) in [("document_title", &c.document_title), ("supported_text", &c.supported_text)] {
        if let Some(text) = text.as_ref().filter(|t| !t.is_empty()) {
            out[key] = json!(text);
        }
    }
    out
}
