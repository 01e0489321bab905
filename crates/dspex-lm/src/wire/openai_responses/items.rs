//! The conversation as items: messages, calls of tools and their results, and what only the provider understands.

use dspex_core::lm::{LmError, Message, Part, Role};
use dspex_core::value::{Document, DocumentType, Media, MediaKind, MediaSource, Value};
use serde_json::{Map, Value as Json, json};

use super::NAME;
use crate::wire::Call;
use crate::wire::ids::Ids;
use crate::wire::inline::{inline, remote};
use crate::wire::parts::{media_name, name, plain};

/// A conversation.
#[derive(Debug, Default)]
pub(super) struct Items {
    pub(super) instructions: Option<String>,
    pub(super) input: Vec<Json>,
    calls: Ids,
}

impl Items {
    pub(super) fn of(call: &Call<'_>) -> Result<Self, LmError> {
        let mut items = Self::default();
        for (at, message) in call.request.messages.iter().enumerate() {
            let plain = |p: &Part| matches!(p, Part::Text(_) | Part::CachePoint { .. });
            let instructs = at == 0 && message.role == Role::System && message.parts.iter().all(plain);
            if instructs && call.quirks.instructions {
                items.instructions = Some(message.text()).filter(|t| !t.is_empty());
                continue;
            }
            items.message(call, message)?;
        }
        Ok(items)
    }

    fn message(&mut self, call: &Call<'_>, message: &Message) -> Result<(), LmError> {
        let first = self.input.len();
        for part in &message.parts {
            match part {
                Part::Text(text) if text.is_empty() => {}
                Part::Text(text) => {
                    let kind = if message.role == Role::Assistant { "output_text" } else { "input_text" };
                    self.content(first, message.role, json!({"type": kind, "text": text}));
                }
                Part::Media(media) if message.role != Role::Assistant => match content_of(media) {
                    Some(content) => self.content(first, message.role, content),
                    None => call.cannot(&media_name(media))?,
                },
                Part::Document(d) if message.role != Role::Assistant => {
                    if let Some(context) = d.context.as_ref().filter(|c| !c.is_empty()) {
                        self.content(first, message.role, json!({"type": "input_text", "text": context}));
                    }
                    self.content(first, message.role, document(d));
                }
                Part::ToolCall(c) => {
                    let arguments = plain(&Value::from(c.args.clone())).to_string();
                    self.call(c.id.as_deref(), &c.name, &arguments);
                }
                Part::BrokenToolCall { id, name, arguments } => self.call(id.as_deref(), name, arguments),
                Part::ToolResult { call_id, name, content, .. } => {
                    let id = self.calls.result(call_id.as_deref(), name);
                    let output = json!({"type": "function_call_output", "call_id": id, "output": content});
                    self.input.push(output);
                }
                Part::Opaque { provider, data } if provider == NAME => self.opaque(first, data),
                // Thoughts go back encrypted or not at all; the provider chooses by itself what it caches.
                Part::Reasoning(_) | Part::Citations(_) | Part::CachePoint { .. } | Part::Opaque { .. } => {}
                other => call.cannot(&format!("{} in such a message", name(other)))?,
            }
        }
        Ok(())
    }

    fn call(&mut self, id: Option<&str>, name: &str, arguments: &str) {
        let id = self.calls.call(id, name);
        let item = json!({"type": "function_call", "call_id": id, "name": name, "arguments": arguments});
        self.input.push(item);
    }

    /// Content of the message that began with this item: of its last item, if that has content.
    fn content(&mut self, first: usize, role: Role, content: Json) {
        let last = self.input.get_mut(first..).and_then(<[Json]>::last_mut);
        match last {
            Some(item) if item["type"] == "message" => {
                if let Some(all) = item["content"].as_array_mut() {
                    all.push(content);
                }
            }
            // What a tool gave may be more than text.
            Some(item) if item["type"] == "function_call_output" => {
                let mut all = match &item["output"] {
                    Json::Array(all) => all.clone(),
                    text => vec![json!({"type": "input_text", "text": text})],
                };
                all.push(content);
                item["output"] = Json::Array(all);
            }
            _ => {
                let role = if role == Role::Tool { Role::User } else { role };
                self.input.push(json!({"type": "message", "role": role.name(), "content": [content]}));
            }
        }
    }

    /// What came from the provider: an item, or what belongs to the message before it.
    fn opaque(&mut self, first: usize, data: &Json) {
        let Some(own) = data.as_object() else { return };
        if own.contains_key("type") {
            let known = own.iter().filter(|(_, value)| !value.is_null());
            self.input.push(known.map(|(k, v)| (k.clone(), v.clone())).collect::<Map<_, _>>().into());
            return;
        }
        let last = self.input.get_mut(first..).and_then(<[Json]>::last_mut);
        let Some(item) = last.filter(|item| item["type"] == "message") else { return };
        if let Some(phase) = own.get("phase") {
            item["phase"] = phase.clone();
        }
        let content = item["content"].as_array_mut().and_then(|all| all.last_mut());
        if let (Some(content), Some(annotations)) = (content, own.get("annotations")) {
            content["annotations"] = annotations.clone();
        }
    }
}

fn content_of(media: &Media) -> Option<Json> {
    let by_id = match &media.source {
        MediaSource::Id(id) => Some(id),
        _ => None,
    };
    let data = |otherwise: &str| {
        let inline = inline(media)?;
        let format = inline.format.unwrap_or(otherwise);
        Some(format!("data:{format};base64,{}", inline.base64))
    };
    match media.kind {
        MediaKind::Image => {
            let mut image = json!({"type": "input_image"});
            match by_id {
                Some(id) => image["file_id"] = json!(id),
                None => image["image_url"] = json!(remote(media).map(str::to_owned).or(data("image/png"))?),
            }
            Some(image)
        }
        MediaKind::File => Some(match (by_id, remote(media)) {
            (Some(id), _) => json!({"type": "input_file", "file_id": id}),
            (_, Some(url)) => json!({"type": "input_file", "file_url": url}),
            _ => file(media.name.as_deref(), &data("application/octet-stream")?),
        }),
        _ => None,
    }
}

fn file(name: Option<&str>, data: &str) -> Json {
    let name = name.filter(|n| !n.is_empty()).unwrap_or("file");
    json!({"type": "input_file", "filename": name, "file_data": data})
}

fn document(d: &Document) -> Json {
    use base64::Engine as _;
    let data = match d.media_type {
        DocumentType::Pdf => d.data.clone(),
        DocumentType::Text => base64::engine::general_purpose::STANDARD.encode(&d.data),
    };
    let otherwise = if d.media_type == DocumentType::Pdf { "document.pdf" } else { "document.txt" };
    let name = d.title.as_deref().filter(|t| !t.is_empty()).unwrap_or(otherwise);
    file(Some(name), &format!("data:{};base64,{data}", d.media_type.name()))
}
