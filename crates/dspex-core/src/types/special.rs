//! Types with a meaning of their own to prompts, and the schemas that DSPy gives them.

use serde_json::{Value as Json, json};

use super::DecisionType;

/// Types with a meaning of their own to prompts.
///
/// ```
/// use dspex_core::{FieldType, Special};
/// let image = FieldType::parse("dspy.Image", None)?;
/// assert_eq!(image, FieldType::Special(Special::Image));
/// let code = Special::Code(Some("python".into()));
/// assert_eq!(code.name(), "Code_python");
/// assert_eq!(FieldType::Special(code).annotation(), "dspy.Code['python']");
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Special {
    /// A picture.
    Image,
    /// A sound.
    Audio,
    /// A file.
    File,
    /// A document that answers may cite.
    Document,
    /// Citations of documents.
    Citations,
    /// Earlier turns of a conversation.
    History,
    /// A tool that the model may call.
    Tool,
    /// Calls that the model wants made.
    ToolCalls,
    /// Source code; the language it was named with, or none for the plain type.
    Code(Option<String>),
    /// The model's reasoning; shown as text.
    Reasoning,
    /// A yes or no, a choice or a place on a scale, which the model gives as probabilities.
    Decision(DecisionType),
}

impl Special {
    /// DSPy's classes that stand behind these types, and those that their schemas define.
    ///
    /// ```
    /// use dspex_core::Special;
    /// assert!(Special::CLASSES.contains(&Special::Image.name().as_str()));
    /// ```
    pub const CLASSES: &[&str] = &[
        "Image",
        "Audio",
        "File",
        "Document",
        "Citations",
        "Citation",
        "History",
        "Tool",
        "ToolCalls",
        "ToolCall",
        "Code",
        "Reasoning",
    ];

    /// The type's name as DSPy prints it; code carries its language.
    pub fn name(&self) -> String {
        match self {
            Self::Image => "Image".into(),
            Self::Audio => "Audio".into(),
            Self::File => "File".into(),
            Self::Document => "Document".into(),
            Self::Citations => "Citations".into(),
            Self::History => "History".into(),
            Self::Tool => "Tool".into(),
            Self::ToolCalls => "ToolCalls".into(),
            Self::Code(None) => "Code".into(),
            Self::Code(Some(language)) => format!("Code_{language}"),
            Self::Reasoning => "Reasoning".into(),
            Self::Decision(decision) => decision.name(),
        }
    }

    /// The JSON Schema of the type's fields, as pydantic has it for DSPy's class but without that class's
    /// documentation; definitions stand under `$defs`. A tool has none: it is a function.
    pub(super) fn schema(&self) -> Json {
        let (properties, required) = match self {
            Self::Image => (json!({"url": text("Url")}), json!(["url"])),
            Self::Audio => (
                json!({"data": text("Data"), "audio_format": text("Audio Format")}),
                json!(["data", "audio_format"]),
            ),
            Self::File => (
                json!({
                    "file_data": nullable("File Data"),
                    "file_id": nullable("File Id"),
                    "filename": nullable("Filename"),
                }),
                Json::Null,
            ),
            Self::Document => (
                json!({
                    "data": text("Data"),
                    "title": nullable("Title"),
                    "media_type": {"type": "string", "default": "text/plain",
                        "enum": ["text/plain", "application/pdf"], "title": "Media Type"},
                    "context": nullable("Context"),
                }),
                json!(["data"]),
            ),
            Self::Citations => (of_many("citations", "Citations", "Citation"), json!(["citations"])),
            Self::History => {
                let turn = json!({"type": "object", "additionalProperties": true});
                (
                    json!({"messages": {"type": "array", "items": turn, "title": "Messages"}}),
                    json!(["messages"]),
                )
            }
            Self::ToolCalls => (of_many("tool_calls", "Tool Calls", "ToolCall"), json!(["tool_calls"])),
            Self::Code(_) => (json!({"code": text("Code")}), json!(["code"])),
            Self::Reasoning => (json!({"content": text("Content")}), json!(["content"])),
            Self::Tool => (Json::Null, Json::Null),
            Self::Decision(decision) => return decision.schema(),
        };
        let mut schema = json!({"type": "object", "title": self.name()});
        for (key, value) in [("properties", properties), ("required", required)] {
            if !value.is_null() {
                schema[key] = value;
            }
        }
        if matches!(self, Self::Image | Self::Audio | Self::File | Self::History) {
            schema["additionalProperties"] = json!(false);
        }
        schema
    }

    /// The definition that the schema refers to, with its name.
    pub(super) fn definition(&self) -> Option<(&'static str, Json)> {
        match self {
            Self::ToolCalls => Some((
                "ToolCall",
                json!({
                    "type": "object", "title": "ToolCall", "required": ["name", "args"],
                    "properties": {
                        "name": {"type": "string", "title": "Name"},
                        "args": {"type": "object", "additionalProperties": true, "title": "Args"},
                    },
                }),
            )),
            Self::Citations => Some((
                "Citation",
                json!({
                    "type": "object", "title": "Citation",
                    "required": ["cited_text", "document_index", "start_char_index", "end_char_index"],
                    "properties": {
                        "type": {"type": "string", "default": "char_location", "title": "Type"},
                        "cited_text": {"type": "string", "title": "Cited Text"},
                        "document_index": {"type": "integer", "title": "Document Index"},
                        "document_title": nullable("Document Title"),
                        "start_char_index": {"type": "integer", "title": "Start Char Index"},
                        "end_char_index": {"type": "integer", "title": "End Char Index"},
                        "supported_text": nullable("Supported Text"),
                    },
                }),
            )),
            _ => None,
        }
    }
}

/// A list of things of a definition, under a name.
fn of_many(name: &str, title: &str, definition: &str) -> Json {
    let items = json!({"$ref": format!("#/$defs/{definition}")});
    json!({name: {"type": "array", "items": items, "title": title}})
}

fn text(title: &str) -> Json {
    json!({"type": "string", "title": title})
}

fn nullable(title: &str) -> Json {
    json!({"anyOf": [{"type": "string"}, {"type": "null"}], "default": null, "title": title})
}
