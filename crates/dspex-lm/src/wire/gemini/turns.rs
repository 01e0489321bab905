//! The conversation: what the program says first, and the turns of the user and the model.

use std::borrow::Cow;

use dspex_core::lm::{LmError, Message, Part, Role};
use dspex_core::value::{Document, DocumentType, Media, MediaKind, MediaSource};
use serde_json::{Map, Value as Json, json};

use super::{ABOUT, NAME};
use crate::wire::Call;
use crate::wire::inline::inline;
use crate::wire::parts;

/// A conversation as contents.
#[derive(Debug, Default)]
pub(super) struct Turns {
    pub(super) system: Vec<Json>,
    turns: Vec<Turn>,
    /// A thought that nobody has signed. Without a signature it does not go back.
    unsigned: Option<String>,
}

#[derive(Debug)]
struct Turn {
    of: Role,
    role: &'static str,
    parts: Vec<Json>,
}

/// What stands for the signature of a call that the model did not make itself, as Google documents it.
const UNSIGNED: &str = "skip_thought_signature_validator";

impl Turns {
    pub(super) fn of(call: &Call<'_>) -> Result<Self, LmError> {
        let mut turns = Self::default();
        for message in &call.request.messages {
            turns.message(call, message)?;
        }
        turns.turns.retain(|t| !t.parts.is_empty());
        Ok(turns)
    }

    /// The turns; where calls must be signed, with what stands for a signature that is not there.
    pub(super) fn contents(mut self, signed: bool) -> Json {
        for turn in self.turns.iter_mut().filter(|_| signed) {
            // Of several calls at one time the first one has the signature.
            let first = turn.parts.iter_mut().find(|p| p["functionCall"].is_object());
            if let Some(call) = first.filter(|c| c["thoughtSignature"].is_null()) {
                call["thoughtSignature"] = json!(UNSIGNED);
            }
        }
        self.turns.into_iter().map(|t| json!({"role": t.role, "parts": t.parts})).collect()
    }

    fn message(&mut self, call: &Call<'_>, message: &Message) -> Result<(), LmError> {
        self.unsigned = None;
        let role = match message.role {
            Role::System => return self.system(call, message),
            Role::Assistant => "model",
            Role::User | Role::Tool => "user",
        };
        // Results of calls stand in a turn of their own, behind the one that made the calls.
        if self.turns.last().is_none_or(|t| t.of != message.role) {
            self.turns.push(Turn { of: message.role, role, parts: Vec::new() });
        }
        for part in &message.parts {
            self.part(call, part)?;
        }
        Ok(())
    }

    /// There is one place for what the program says, before all turns.
    fn system(&mut self, call: &Call<'_>, message: &Message) -> Result<(), LmError> {
        for part in &message.parts {
            match part {
                Part::Text(text) if text.is_empty() => {}
                Part::Text(text) => self.system.push(json!({"text": text})),
                Part::CachePoint { .. } | Part::Opaque { .. } => {}
                other => call.cannot(&format!("{} in a system message", parts::name(other)))?,
            }
        }
        Ok(())
    }

    fn part(&mut self, call: &Call<'_>, part: &Part) -> Result<(), LmError> {
        let unsigned = self.unsigned.take();
        match part {
            Part::Text(text) if text.is_empty() => {}
            Part::Text(text) => self.push(json!({"text": text})),
            Part::Media(media) => self.push(of_media(media)),
            Part::Document(document) => of_document(document).into_iter().for_each(|p| self.push(p)),
            Part::ToolCall(c) => self.call(c.id.as_deref(), &c.name, part),
            Part::BrokenToolCall { id, name, .. } => self.call(id.as_deref(), name, part),
            Part::ToolResult { call_id, name, content, is_error } => {
                let key = if *is_error { "error" } else { "result" };
                let mut answer = json!({"name": name, "response": {key: said(content)}});
                if let Some(id) = call_id {
                    answer["id"] = json!(id);
                }
                self.push(json!({"functionResponse": answer}));
            }
            Part::Reasoning(text) => self.unsigned = Some(text.clone()),
            // What is cited is known from the text; what is kept of prompts the provider chooses by itself.
            Part::Citations(_) | Part::CachePoint { .. } => {}
            Part::Opaque { provider, data: Json::Object(own) } if provider == NAME => {
                self.replay(unsigned, own);
            }
            Part::Opaque { .. } => self.unsigned = unsigned,
            other => call.cannot(parts::name(other))?,
        }
        Ok(())
    }

    fn push(&mut self, part: Json) {
        if let Some(turn) = self.turns.last_mut() {
            turn.parts.push(part);
        }
    }

    fn call(&mut self, id: Option<&str>, name: &str, part: &Part) {
        let mut call = json!({"name": name, "args": parts::arguments(part)});
        if let Some(id) = id {
            call["id"] = json!(id);
        }
        self.push(json!({"functionCall": call}));
    }

    /// What the provider gave goes back: a signature into the part before it, anything else as it was.
    fn replay(&mut self, unsigned: Option<String>, own: &Map<String, Json>) {
        match own.get("thoughtSignature") {
            Some(signature) if own.len() == 1 => {
                if let Some(thought) = unsigned {
                    return self
                        .push(json!({"text": thought, "thought": true, "thoughtSignature": signature}));
                }
                let last = self.turns.last_mut().and_then(|t| t.parts.last_mut());
                if let Some(part) = last.and_then(Json::as_object_mut) {
                    part.insert("thoughtSignature".to_owned(), signature.clone());
                }
            }
            _ if own.keys().any(|key| ABOUT.contains(&key.as_str())) => self.unsigned = unsigned,
            _ => self.push(Json::Object(own.clone())),
        }
    }
}

/// What a tool gave: JSON where it is an object, a list or a plain value that is written the same, else text.
fn said(content: &str) -> Json {
    let Ok(json) = serde_json::from_str::<Json>(content) else { return json!(content) };
    let written = json.to_string();
    if json.is_object() || json.is_array() || written == content { json } else { json!(content) }
}

fn of_media(media: &Media) -> Json {
    if let Some(inline) = inline(media) {
        return json!({"inlineData": {"mimeType": mime(media.kind, inline.format), "data": inline.base64}});
    }
    let uri = match &media.source {
        MediaSource::Id(id) if id.starts_with("files/") => {
            format!("https://generativelanguage.googleapis.com/v1beta/{id}")
        }
        MediaSource::Id(uri) | MediaSource::Url(uri) | MediaSource::Base64(uri) => uri.clone(),
        _ => String::new(),
    };
    let mut file = json!({"fileUri": uri});
    let known = media.format.as_deref().map(|f| mime(media.kind, Some(f)));
    if let Some(mime) = known.or_else(|| by_extension(&uri).map(Cow::Borrowed)) {
        file["mimeType"] = json!(mime);
    }
    json!({"fileData": file})
}

fn mime(kind: MediaKind, format: Option<&str>) -> Cow<'_, str> {
    match (kind, format) {
        (_, Some(mime)) if mime.contains('/') => mime.into(),
        (MediaKind::Image, format) => format!("image/{}", format.unwrap_or("png")).into(),
        (MediaKind::Audio, format) => format!("audio/{}", format.unwrap_or("wav")).into(),
        (_, format) => format.unwrap_or("application/octet-stream").into(),
    }
}

/// The MIME type of what is at a URL, as far as its name tells.
fn by_extension(url: &str) -> Option<&'static str> {
    const TYPES: [(&str, &str); 14] = [
        ("aac", "audio/aac"),
        ("flac", "audio/flac"),
        ("gif", "image/gif"),
        ("heic", "image/heic"),
        ("jpeg", "image/jpeg"),
        ("jpg", "image/jpeg"),
        ("mp3", "audio/mp3"),
        ("mp4", "video/mp4"),
        ("ogg", "audio/ogg"),
        ("pdf", "application/pdf"),
        ("png", "image/png"),
        ("txt", "text/plain"),
        ("wav", "audio/wav"),
        ("webp", "image/webp"),
    ];
    let path = url.split(['?', '#']).next()?;
    let extension = path.rsplit('/').next()?.rsplit_once('.')?.1;
    TYPES.iter().find(|(e, _)| e.eq_ignore_ascii_case(extension)).map(|(_, mime)| *mime)
}

/// A document as the text that it is, or as a file, behind its title and what is said of it.
fn of_document(d: &Document) -> Vec<Json> {
    let words = [&d.title, &d.context].into_iter().flatten().filter(|t| !t.is_empty()).map(String::as_str);
    let mut words: Vec<&str> = words.collect();
    let is_url = d.data.starts_with("https://") || d.data.starts_with("http://");
    let file = match d.media_type {
        DocumentType::Text => {
            words.push(&d.data);
            None
        }
        DocumentType::Pdf if is_url => {
            Some(json!({"fileData": {"mimeType": "application/pdf", "fileUri": d.data}}))
        }
        DocumentType::Pdf => Some(json!({"inlineData": {"mimeType": "application/pdf", "data": d.data}})),
    };
    let text = (!words.is_empty()).then(|| json!({"text": words.join("\n\n")}));
    text.into_iter().chain(file).collect()
}
