//! The conversation: messages, and beside them the documents that may be cited.

use dspex_core::lm::{LmError, Message, Part, Role};
use dspex_core::value::{Document, DocumentType, Media, MediaKind};
use serde_json::{Value as Json, json};

use super::{NAME, cite};
use crate::wire::Call;
use crate::wire::ids::Ids;
use crate::wire::inline::{inline, remote};
use crate::wire::parts;

/// A conversation as messages.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) messages: Vec<Json>,
    pub(super) documents: Vec<Json>,
    ids: Ids,
}

/// One message of the wire.
#[derive(Debug, Default)]
struct Turn {
    role: &'static str,
    content: Vec<Json>,
    calls: Vec<Json>,
    plan: Option<String>,
    citations: Option<Json>,
    /// The call that it is the result of.
    answers: Option<String>,
    /// Reasoning of which it is not known yet whether it came from this provider.
    thought: Option<String>,
}

impl Turns {
    pub(super) fn of(call: &Call<'_>) -> Result<Self, LmError> {
        let mut turns = Self::default();
        for message in &call.request.messages {
            turns.message(call, message)?;
        }
        Ok(turns)
    }

    /// The messages of a message: each result of a call is one of its own.
    fn message(&mut self, call: &Call<'_>, message: &Message) -> Result<(), LmError> {
        let role = if message.role == Role::Tool { Role::User } else { message.role }.name();
        let mut open: Option<Turn> = None;
        for part in &message.parts {
            if let Part::ToolResult { call_id, name, content, .. } = part {
                self.close(open.take());
                let answers = Some(self.ids.result(call_id.as_deref(), name));
                open = Some(Turn { role: "tool", content: vec![text(content)], answers, ..Turn::default() });
                continue;
            }
            if message.role != Role::Tool && open.as_ref().is_some_and(|t| t.answers.is_some()) {
                self.close(open.take());
            }
            let turn = open.get_or_insert_with(|| Turn { role, ..Turn::default() });
            match part {
                Part::Document(document) => self.document(call, document)?,
                Part::ToolCall(c) => {
                    let id = self.ids.call(c.id.as_deref(), &c.name);
                    turn.call(&id, &c.name, &parts::arguments(part).to_string());
                }
                Part::BrokenToolCall { id, name, arguments } => {
                    let id = self.ids.call(id.as_deref(), name);
                    turn.call(&id, name, arguments);
                }
                other => turn.part(call, other)?,
            }
        }
        self.close(open);
        Ok(())
    }

    fn close(&mut self, turn: Option<Turn>) {
        self.messages.extend(turn.filter(|t| !t.content.is_empty() || !t.calls.is_empty()).map(Turn::json));
    }

    fn document(&mut self, call: &Call<'_>, d: &Document) -> Result<(), LmError> {
        if d.media_type != DocumentType::Text {
            return call.cannot("a document as a file");
        }
        let mut data = json!({"text": d.data});
        for (key, words) in [("title", &d.title), ("context", &d.context)] {
            if let Some(words) = words.as_ref().filter(|w| !w.is_empty()) {
                data[key] = json!(words);
            }
        }
        self.documents.push(json!({"id": cite::id(self.documents.len()), "data": data}));
        Ok(())
    }
}

fn text(text: &str) -> Json {
    json!({"type": "text", "text": text})
}

impl Turn {
    fn part(&mut self, call: &Call<'_>, part: &Part) -> Result<(), LmError> {
        let thought = self.thought.take();
        match part {
            Part::Text(words) if words.is_empty() => {}
            Part::Text(words) => self.content.push(text(words)),
            Part::Media(media) => match image(media).filter(|_| self.role == "user") {
                Some(image) => self.content.push(image),
                None => call.cannot(&format!("{} here", parts::name(part)))?,
            },
            Part::Reasoning(words) => self.thought = Some(words.clone()),
            Part::Opaque { provider, data } if provider == NAME => self.replay(thought, data),
            Part::Opaque { .. } => self.thought = thought,
            // What was cited goes back as the provider had it; it keeps what it likes of prompts.
            Part::Citations(_) | Part::CachePoint { .. } => {}
            other => call.cannot(parts::name(other))?,
        }
        Ok(())
    }

    /// What the provider gave goes back: reasoning to where it stood, citations, anything else as it was.
    fn replay(&mut self, thought: Option<String>, data: &Json) {
        match (data["type"].as_str(), thought) {
            (Some("thinking"), Some(thought)) => {
                self.content.push(json!({"type": "thinking", "thinking": thought}));
            }
            (Some("tool_plan"), plan) => self.plan = plan,
            (Some("thinking"), None) => {}
            (None, _) if data["citations"].is_array() => self.citations = Some(data["citations"].clone()),
            _ => self.content.push(data.clone()),
        }
    }

    fn call(&mut self, id: &str, name: &str, arguments: &str) {
        let function = json!({"name": name, "arguments": arguments});
        self.calls.push(json!({"id": id, "type": "function", "function": function}));
    }

    fn json(self) -> Json {
        let mut message = json!({"role": self.role});
        match self.content.as_slice() {
            [] => {}
            [one] if one["type"] == "text" => message["content"] = one["text"].clone(),
            _ => message["content"] = Json::Array(self.content),
        }
        let calls = Some(self.calls).filter(|c| !c.is_empty()).map(Json::Array);
        let (plan, answers) = (self.plan.map(Json::String), self.answers.map(Json::String));
        let more = [
            ("tool_calls", calls),
            ("tool_plan", plan),
            ("citations", self.citations),
            ("tool_call_id", answers),
        ];
        for (key, value) in more {
            if let Some(value) = value {
                message[key] = value;
            }
        }
        message
    }
}

/// A picture, here or at a URL.
fn image(media: &Media) -> Option<Json> {
    let url = match (inline(media), remote(media)) {
        (Some(inline), _) => {
            let format = inline.format.unwrap_or("image/png");
            let is_image = media.kind == MediaKind::Image || format.starts_with("image/");
            is_image.then(|| format!("data:{format};base64,{}", inline.base64))?
        }
        (None, Some(url)) if media.kind == MediaKind::Image => url.to_owned(),
        _ => return None,
    };
    Some(json!({"type": "image_url", "image_url": {"url": url}}))
}
