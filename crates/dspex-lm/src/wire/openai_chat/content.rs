//! The content of a message: text, or parts of several kinds.

use dspex_core::lm::{LmError, Part};
use dspex_core::value::{Document, DocumentType, Media, MediaKind, MediaSource};
use serde_json::{Value as Json, json};

use super::NAME;
use super::encode::refuses;
use super::sources;
use crate::wire::call::Call;
use crate::wire::inline::{inline, remote};
use crate::wire::quirks::{Ask, Files};

/// Content that is being written.
#[derive(Debug, Default)]
pub(super) struct Content(Vec<Json>);

impl Content {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn text(&mut self, text: &str) {
        self.0.push(json!({"type": "text", "text": text}));
    }

    /// What the model thought, for a vendor that has it in the content.
    pub(super) fn thought(&mut self, text: &str) {
        self.0.push(json!({"type": "thinking", "thinking": [{"type": "text", "text": text}]}));
    }

    /// Writes a part.
    pub(super) fn push(&mut self, call: &Call<'_>, part: &Part) -> Result<(), LmError> {
        match part {
            Part::Text(text) => self.text(text),
            Part::Media(media) => self.0.extend(of_media(call, media)?),
            Part::Document(document) => self.0.extend(of_document(call, document)?),
            Part::CachePoint { ttl } => self.mark(call, ttl.as_deref()),
            // What OpenAI's form knows and we do not, as programs give it. What annotates an answer is none of it.
            Part::Opaque { provider, data } if matches!(provider.as_str(), NAME | "openai") => {
                if !sources::annotates(data) {
                    self.0.push(data.clone());
                }
            }
            // Thoughts, and what other wires keep for themselves.
            Part::Reasoning(_) | Part::Opaque { .. } => {}
            Part::Citations(_) => call.cannot("citations in a question")?,
            Part::ToolCall(_) | Part::BrokenToolCall { .. } => {
                call.cannot("a tool call that the model did not make")?;
            }
            other => call.cannot(&format!("{other:?}"))?,
        }
        Ok(())
    }

    /// Writes a part of what a tool gave.
    pub(super) fn of_result(&mut self, call: &Call<'_>, part: &Part) -> Result<(), LmError> {
        if matches!(part, Part::Media(_) | Part::Document(_)) && !call.quirks.tool_images {
            return call.cannot("an image or a file in the result of a tool");
        }
        self.push(call, part)
    }

    /// Marks what stands before for the cache of prompts, where the vendor wants to be told.
    fn mark(&mut self, call: &Call<'_>, ttl: Option<&str>) {
        if let Some(last) = self.0.last_mut().filter(|_| call.quirks.cache_marks) {
            let mut mark = json!({"type": "ephemeral"});
            if let Some(ttl) = ttl {
                mark["ttl"] = json!(ttl);
            }
            last["cache_control"] = mark;
        }
    }

    /// The content: text where there is nothing else.
    pub(super) fn finish(self) -> Json {
        let is_plain = |part: &Json| part["type"] == "text" && part.as_object().is_some_and(|p| p.len() == 2);
        match self.0.as_slice() {
            [] => json!(""),
            [one] if is_plain(one) => one["text"].clone(),
            _ => Json::Array(self.0),
        }
    }
}

/// The text of arguments; a call without any has an empty object.
pub(super) fn arguments(text: &str) -> &str {
    if text.trim().is_empty() { "{}" } else { text }
}

fn of_media(call: &Call<'_>, media: &Media) -> Result<Option<Json>, LmError> {
    let (ask, what) = match media.kind {
        MediaKind::Image => (Ask::Images, "an image"),
        MediaKind::Audio => (Ask::Audio, "a sound"),
        _ => (Ask::Files, "a file"),
    };
    let written = if refuses(call, ask) {
        None
    } else {
        match media.kind {
            MediaKind::Image => image(media),
            MediaKind::Audio => audio(call.quirks.files, media),
            _ => file(call.quirks.files, media),
        }
    };
    if written.is_none() {
        let place = match &media.source {
            MediaSource::Id(_) => "by its id",
            MediaSource::Url(url) if !url.starts_with("data:") => "at a URL",
            _ => "of bytes",
        };
        call.cannot(&format!("{what} {place}"))?;
    }
    Ok(written)
}

/// The URL of data that holds the bytes of a part.
fn data_url(media: &Media, otherwise: &str) -> Option<String> {
    let bytes = inline(media)?;
    Some(format!("data:{};base64,{}", bytes.format.unwrap_or(otherwise), bytes.base64))
}

fn image(media: &Media) -> Option<Json> {
    let url = match &media.source {
        MediaSource::Url(url) => url.clone(),
        _ => data_url(media, "image/png")?,
    };
    Some(json!({"type": "image_url", "image_url": {"url": url}}))
}

fn audio(files: Files, media: &Media) -> Option<Json> {
    if files == Files::Mistral {
        let sound = remote(media).or_else(|| inline(media).map(|i| i.base64))?;
        return Some(json!({"type": "input_audio", "input_audio": sound}));
    }
    let bytes = inline(media)?;
    let format = bytes.format?;
    let format = format.rsplit('/').next().unwrap_or(format);
    let format = match format.strip_prefix("x-").unwrap_or(format) {
        "mpeg" => "mp3",
        "wave" => "wav",
        other => other,
    };
    Some(json!({"type": "input_audio", "input_audio": {"data": bytes.base64, "format": format}}))
}

fn file(files: Files, media: &Media) -> Option<Json> {
    let name = media.name.as_ref().filter(|n| !n.is_empty());
    if files == Files::Mistral {
        let MediaSource::Id(id) = &media.source else {
            let url =
                remote(media).map(str::to_owned).or_else(|| data_url(media, "application/octet-stream"))?;
            let mut part = json!({"type": "document_url", "document_url": url});
            if let Some(name) = name {
                part["document_name"] = json!(name);
            }
            return Some(part);
        };
        return Some(json!({"type": "file", "file_id": id}));
    }
    let mut file = match &media.source {
        MediaSource::Id(id) => json!({"file_id": id}),
        _ => match remote(media).filter(|_| files == Files::OpenAiOrUrl) {
            Some(url) => json!({"file_data": url}),
            None => json!({"file_data": data_url(media, "application/octet-stream")?}),
        },
    };
    if let Some(name) = name {
        file["filename"] = json!(name);
    }
    Some(json!({"type": "file", "file": file}))
}

/// A document: a PDF is a file, and text is text under its title. That it is to be cited cannot be asked for; models of this
/// wire do not declare that they cite.
fn of_document(call: &Call<'_>, document: &Document) -> Result<Option<Json>, LmError> {
    if document.media_type == DocumentType::Pdf {
        let source = MediaSource::Base64(document.data.clone());
        let name = document.title.clone().unwrap_or_else(|| "document.pdf".to_owned());
        let format = Some(document.media_type.name().to_owned());
        let file = Media { format, name: Some(name), ..Media::new(MediaKind::File, source) };
        return of_media(call, &file);
    }
    let lines = [document.title.as_deref(), document.context.as_deref(), Some(document.data.as_str())];
    let lines: Vec<&str> = lines.into_iter().flatten().filter(|line| !line.is_empty()).collect();
    Ok(Some(json!({"type": "text", "text": lines.join("\n")})))
}
