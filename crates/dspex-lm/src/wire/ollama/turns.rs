//! The conversation: one text for each message, with images, thoughts and calls beside it.

use dspex_core::lm::{LmError, Message, Part, Role};
use dspex_core::value::{Document, DocumentType, MediaKind};
use serde_json::{Value as Json, json};

use crate::wire::Call;
use crate::wire::inline::inline;
use crate::wire::parts;

pub(super) fn messages(call: &Call<'_>) -> Result<Json, LmError> {
    let mut all = Vec::new();
    for message in &call.request.messages {
        each(call, message, &mut all)?;
    }
    Ok(all.into_iter().map(Turn::json).collect())
}

/// One message of the wire.
#[derive(Debug, Default)]
struct Turn {
    role: &'static str,
    text: String,
    thinking: String,
    images: Vec<String>,
    calls: Vec<Json>,
    /// The tool whose result it is, and the id of the call.
    tool: Option<(String, Option<String>)>,
}

/// The messages of a message: each result of a call is one of its own.
fn each(call: &Call<'_>, message: &Message, all: &mut Vec<Turn>) -> Result<(), LmError> {
    let role = if message.role == Role::Tool { Role::User } else { message.role }.name();
    let mut open: Option<Turn> = None;
    for part in &message.parts {
        if let Part::ToolResult { call_id, name, content, .. } = part {
            all.extend(open.take());
            let tool = Some((name.clone(), call_id.clone()));
            open = Some(Turn { role: "tool", text: content.clone(), tool, ..Turn::default() });
            continue;
        }
        if message.role != Role::Tool && open.as_ref().is_some_and(|t| t.tool.is_some()) {
            all.extend(open.take());
        }
        open.get_or_insert_with(|| Turn { role, ..Turn::default() }).part(call, part)?;
    }
    all.extend(open.filter(|t| !t.is_empty()));
    Ok(())
}

impl Turn {
    fn part(&mut self, call: &Call<'_>, part: &Part) -> Result<(), LmError> {
        match part {
            Part::Text(text) => self.text.push_str(text),
            Part::Media(media) => match inline(media).filter(|i| {
                media.kind == MediaKind::Image || i.format.is_some_and(|f| f.starts_with("image/"))
            }) {
                Some(image) => self.images.push(image.base64.to_owned()),
                None if media.kind == MediaKind::Image => call.cannot("an image that is not sent along")?,
                None => call.cannot(parts::name(part))?,
            },
            Part::Document(document) => self.document(call, document)?,
            Part::ToolCall(c) => self.call(c.id.as_deref(), &c.name, part),
            Part::BrokenToolCall { id, name, .. } => self.call(id.as_deref(), name, part),
            Part::Reasoning(text) => self.thinking.push_str(text),
            // It keeps what it likes of prompts, and has nothing that only it understands.
            Part::Citations(_) | Part::CachePoint { .. } | Part::Opaque { .. } => {}
            other => call.cannot(parts::name(other))?,
        }
        Ok(())
    }

    fn call(&mut self, id: Option<&str>, name: &str, part: &Part) {
        let function = json!({"name": name, "arguments": parts::arguments(part)});
        let mut call = json!({"type": "function", "function": function});
        if let Some(id) = id {
            call["id"] = json!(id);
        }
        self.calls.push(call);
    }

    /// A document is a text between empty lines, behind its title and what is said of it.
    fn document(&mut self, call: &Call<'_>, d: &Document) -> Result<(), LmError> {
        if d.media_type != DocumentType::Text {
            return call.cannot("a document as a file");
        }
        let words = [d.title.as_deref(), d.context.as_deref(), Some(&d.data)];
        for text in words.into_iter().flatten().filter(|t| !t.is_empty()) {
            if !self.text.is_empty() {
                self.text.push_str("\n\n");
            }
            self.text.push_str(text);
        }
        Ok(())
    }

    fn is_empty(&self) -> bool {
        let nothing = self.text.is_empty() && self.thinking.is_empty();
        nothing && self.images.is_empty() && self.calls.is_empty() && self.tool.is_none()
    }

    fn json(self) -> Json {
        let mut message = json!({"role": self.role, "content": self.text});
        if !self.thinking.is_empty() {
            message["thinking"] = json!(self.thinking);
        }
        if !self.images.is_empty() {
            message["images"] = json!(self.images);
        }
        if !self.calls.is_empty() {
            message["tool_calls"] = json!(self.calls);
        }
        if let Some((name, id)) = self.tool {
            message["tool_name"] = json!(name);
            if let Some(id) = id {
                message["tool_call_id"] = json!(id);
            }
        }
        message
    }
}
