//! Messages: who speaks, and the parts of what is said.

use serde_json::{Value as Json, json};

use crate::value::{Citations, Document, DocumentType, Media, MediaKind, MediaSource, ToolCall};

/// Who speaks in a [`Message`].
///
/// ```
/// use dspex_core::lm::{Message, Role};
/// assert_eq!(Message::system("Be brief.").role, Role::System);
/// assert_eq!(Role::Assistant.name(), "assistant");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Whoever wrote the program.
    System,
    /// Whoever asks.
    User,
    /// The model.
    Assistant,
    /// A tool that was called.
    Tool,
}

impl Role {
    /// The name on the wire: `system`, `user`, ...
    pub fn name(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
        }
    }
}

/// One part of a [`Message`] or of a [`Choice`](super::Choice).
///
/// ```
/// use dspex_core::lm::{Message, Part, Role};
/// use dspex_core::value::{Media, MediaKind, MediaSource};
/// let source = MediaSource::Url("https://example.org/cat.png".into());
/// let picture = Media { kind: MediaKind::Image, source, format: None, name: None };
/// let parts = vec![Part::Text("What is this?".into()), Part::Media(picture)];
/// let message = Message { role: Role::User, parts };
/// assert_eq!(message.text(), "What is this?");
/// assert_eq!(message.to_json()["content"][1]["type"], "image_url");
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Part {
    /// Text.
    Text(String),
    /// An image, a sound or a file.
    Media(Media),
    /// A document that the answer may cite.
    Document(Document),
    /// A call that the model wants made.
    ToolCall(ToolCall),
    /// A call whose arguments are not JSON of an object, as the model wrote them.
    BrokenToolCall {
        /// The provider's id of the call.
        id: Option<String>,
        /// Name of the tool.
        name: String,
        /// What stands for the arguments.
        arguments: String,
    },
    /// What a call gave.
    ToolResult {
        /// Id of the call.
        call_id: Option<String>,
        /// Name of the tool.
        name: String,
        /// What it gave, as text.
        content: String,
        /// Whether the call failed.
        is_error: bool,
    },
    /// The model's reasoning.
    Reasoning(String),
    /// What the model cites of the documents that it was given.
    Citations(Citations),
    /// What stands before may be kept in the provider's cache of prompts. Providers that choose by themselves what they
    /// keep are told nothing.
    CachePoint {
        /// For how long, in the provider's word (`5m`, `1h`); none leaves it to the provider.
        ttl: Option<String>,
    },
    /// Something that only its provider understands and wants back unchanged. What belongs to a part, as a signature
    /// does, stands behind it.
    Opaque {
        /// The wire that it came by: `anthropic`, `gemini`, ...
        provider: String,
        /// The part as the provider gave it.
        data: Json,
    },
}

/// One message of a conversation: who speaks, and what is said.
///
/// ```
/// use dspex_core::lm::{Message, Role};
/// let message = Message::user("Who wrote Faust?");
/// assert_eq!((message.role, message.text()), (Role::User, "Who wrote Faust?".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said, in order.
    pub parts: Vec<Part>,
}

impl Message {
    /// A message of text alone.
    pub fn new(role: Role, text: impl Into<String>) -> Self {
        Self { role, parts: vec![Part::Text(text.into())] }
    }

    /// Instructions.
    pub fn system(text: impl Into<String>) -> Self {
        Self::new(Role::System, text)
    }

    /// A question.
    pub fn user(text: impl Into<String>) -> Self {
        Self::new(Role::User, text)
    }

    /// An answer.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::new(Role::Assistant, text)
    }

    /// All text of the message, parts joined.
    pub fn text(&self) -> String {
        text_of(&self.parts)
    }

    /// The message as chat completions write it: `{"role", "content"}`, the content being text, or a list of parts
    /// where there is more than text.
    ///
    /// ```
    /// use dspex_core::lm::Message;
    /// assert_eq!(Message::user("hi").to_json().to_string(), r#"{"role":"user","content":"hi"}"#);
    /// ```
    pub fn to_json(&self) -> Json {
        if let [Part::Text(text)] = self.parts.as_slice() {
            return json!({"role": self.role.name(), "content": text});
        }
        let mut message = json!({"role": self.role.name()});
        if let Some(Part::ToolResult { call_id, name, content, .. }) = self.parts.first() {
            message["tool_call_id"] = json!(call_id);
            message["name"] = json!(name);
            message["content"] = json!(content);
            return message;
        }
        let calls: Vec<Json> = self.parts.iter().filter_map(tool_call_json).collect();
        let content: Vec<Json> = self.parts.iter().filter_map(content_json).collect();
        message["content"] = match content.as_slice() {
            [] if calls.is_empty() => json!(""),
            [] => Json::Null,
            [one] if one["type"] == "text" => one["text"].clone(),
            _ => Json::Array(content),
        };
        if !calls.is_empty() {
            message["tool_calls"] = Json::Array(calls);
        }
        message
    }
}

pub(super) fn text_of(parts: &[Part]) -> String {
    match parts {
        [Part::Text(text)] => text.clone(),
        _ => {
            parts.iter().filter_map(|p| if let Part::Text(t) = p { Some(t.as_str()) } else { None }).collect()
        }
    }
}

fn tool_call_json(part: &Part) -> Option<Json> {
    let Part::ToolCall(call) = part else { return None };
    let arguments = crate::value::Value::from(call.args.clone());
    // What JSON cannot say is tagged; tools of programs take what JSON can say.
    let arguments = arguments.to_json_text().unwrap_or_else(|_| call.args.to_tagged().to_string());
    Some(json!({"id": call.id, "type": "function", "function": {"name": call.name, "arguments": arguments}}))
}

fn content_json(part: &Part) -> Option<Json> {
    match part {
        Part::Text(text) => Some(json!({"type": "text", "text": text})),
        Part::Media(m) => Some(media_json(m)),
        Part::Document(d) => Some(document_json(d)),
        Part::Opaque { data, .. } => Some(data.clone()),
        _ => None,
    }
}

/// An image, a sound or a file as a part of a message.
pub(crate) fn media_json(m: &Media) -> Json {
    match (m.kind, &m.source) {
        (MediaKind::Image, MediaSource::Url(url)) => json!({"type": "image_url", "image_url": {"url": url}}),
        (MediaKind::Image, MediaSource::Base64(data)) => {
            let format = m.format.as_deref().unwrap_or("image/png");
            json!({"type": "image_url", "image_url": {"url": format!("data:{format};base64,{data}")}})
        }
        (MediaKind::Audio, MediaSource::Base64(data)) => {
            json!({"type": "input_audio", "input_audio": {"data": data, "format": m.format}})
        }
        (_, MediaSource::Id(id)) => file_json("file_id", id, m),
        (_, MediaSource::Url(data)) => file_json("file_data", data, m),
        (MediaKind::File, MediaSource::Base64(data)) => {
            let format = m.format.as_deref().unwrap_or("application/octet-stream");
            file_json("file_data", &format!("data:{format};base64,{data}"), m)
        }
    }
}

fn file_json(key: &str, place: &str, m: &Media) -> Json {
    let mut file = json!({key: place});
    if let Some(name) = m.name.as_ref().filter(|n| !n.is_empty()) {
        file["filename"] = json!(name);
    }
    json!({"type": "file", "file": file})
}

/// A document as a part of a message, in Anthropic's form.
pub(crate) fn document_json(d: &Document) -> Json {
    let form = match d.media_type {
        DocumentType::Text => "text",
        DocumentType::Pdf => "base64",
    };
    let mut part = json!({
        "type": "document",
        "source": {"type": form, "media_type": d.media_type.name(), "data": d.data},
        "citations": {"enabled": true},
    });
    for (key, text) in [("title", &d.title), ("context", &d.context)] {
        if let Some(text) = text.as_ref().filter(|t| !t.is_empty()) {
            part[key] = json!(text);
        }
    }
    part
}
