//! Documents that answers may cite, and what they cite.

use serde::{Deserialize, Serialize};

/// What a [`Document`] holds.
///
/// ```
/// use dspex_core::value::DocumentType;
/// assert_eq!(DocumentType::default().name(), "text/plain");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum DocumentType {
    /// Text.
    #[default]
    #[serde(rename = "text/plain")]
    Text,
    /// A PDF, in base64.
    #[serde(rename = "application/pdf")]
    Pdf,
}

impl DocumentType {
    /// The MIME type.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text/plain",
            Self::Pdf => "application/pdf",
        }
    }
}

/// A document that answers may cite: the value of a field of type `dspy.Document`, and in Rust a field's type.
///
/// A prompt carries it as a part of its own, in Anthropic's form, with citations asked for.
///
/// ```
/// use dspex_core::lm::{Message, Part, Role};
/// use dspex_core::{FieldType, Special, types::field_type_of, value::Document};
/// let document = Document::new("Water boils at 100 degrees.").with_title("Physics");
/// assert_eq!(field_type_of::<Document>(), FieldType::Special(Special::Document));
/// let message = Message { role: Role::User, parts: vec![Part::Document(document)] };
/// let part = &message.to_json()["content"][0];
/// assert_eq!((&part["type"], &part["title"]), (&"document".into(), &"Physics".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Document {
    /// The text, or for a PDF its bytes in base64.
    pub data: String,
    /// What citations call it.
    pub title: Option<String>,
    /// What it holds.
    pub media_type: DocumentType,
    /// What is to be known about it; it is not cited.
    pub context: Option<String>,
}

impl Document {
    /// A document of text.
    pub fn new(text: impl Into<String>) -> Self {
        Self { data: text.into(), title: None, media_type: DocumentType::Text, context: None }
    }

    /// A PDF.
    ///
    /// ```
    /// use dspex_core::value::Document;
    /// assert_eq!(Document::pdf(b"%PDF-").data, "JVBERi0=");
    /// ```
    pub fn pdf(bytes: &[u8]) -> Self {
        Self { media_type: DocumentType::Pdf, ..Self::new(super::mime::base64(bytes)) }
    }

    /// The document with a title.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The document with what is to be known about it.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }
}

/// One place of a document that an answer cites. Places count characters, from 0.
///
/// ```
/// use dspex_core::value::Citation;
/// let json = serde_json::json!({"cited_text": "Water", "document_index": 0, "start_char_index": 0,
///     "end_char_index": 5});
/// let citation: Citation = serde_json::from_value(json)?;
/// assert_eq!((citation.kind.as_str(), citation.end_char_index), ("char_location", 5));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Citation {
    /// How the place is told: `char_location`.
    #[serde(rename = "type", default = "char_location")]
    pub kind: String,
    /// The words that are cited.
    pub cited_text: String,
    /// Which of the documents, from 0.
    pub document_index: i64,
    /// The document's title.
    #[serde(default)]
    pub document_title: Option<String>,
    /// The first character.
    pub start_char_index: i64,
    /// The character behind the last one.
    pub end_char_index: i64,
    /// What in the answer rests on it.
    #[serde(default)]
    pub supported_text: Option<String>,
}

fn char_location() -> String {
    "char_location".to_owned()
}

/// What an answer cites, in order: the value of a field of type `dspy.Citations`, and in Rust a field's type.
///
/// ```
/// use dspex_core::{FieldType, Special, Value, types::field_type_of, value::Citations};
/// assert_eq!(field_type_of::<Citations>(), FieldType::Special(Special::Citations));
/// assert_eq!(Value::from(Citations::default()).to_json_text()?, r#"{"citations": []}"#);
/// # Ok::<(), dspex_core::value::text::UnsupportedKind>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Citations(pub Vec<Citation>);
