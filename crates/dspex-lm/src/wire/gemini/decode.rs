//! Replies. A whole one is a stream of a single chunk, and the end of the connection is the end of the reply.

use std::collections::BTreeMap;

use dspex_core::Usage;
use dspex_core::lm::{Event, FinishReason, LmError, LmErrorKind, Part};
use dspex_core::value::{Media, MediaKind, MediaSource};
use serde_json::{Map, Value as Json, json};

use super::{ABOUT, NAME};
use crate::wire::body::{count, json, provider_error, unexpected};
use crate::wire::parts::{opaque, text_of};
use crate::wire::{Decode, Frame};

/// More candidates than any reply has; a higher index is the provider's mistake.
const MOST: u64 = 1024;

/// Reads one reply.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    candidates: BTreeMap<usize, Candidate>,
    model: Option<String>,
    id: Option<String>,
    usage: Option<Usage>,
    /// Why the provider does not let the model see the request.
    blocked: Option<String>,
}

/// One completion so far.
#[derive(Debug, Default)]
struct Candidate {
    calls: usize,
    something: bool,
    finish: Option<String>,
    /// What the provider says of how it ended.
    ending: Option<String>,
    logprobs: Map<String, Json>,
    about: Map<String, Json>,
}

impl Decode for Decoder {
    fn whole(&mut self, body: &[u8]) -> Result<Vec<Event>, LmError> {
        let mut events = Vec::new();
        match json(body, "generated content")? {
            // A stream that was not asked for as events comes as one list of its chunks.
            Json::Array(chunks) => {
                for chunk in chunks {
                    self.chunk(chunk, &mut events)?;
                }
            }
            chunk => {
                let known = ["candidates", "promptFeedback", "usageMetadata", "error"];
                if !known.iter().any(|key| chunk.get(key).is_some()) {
                    return Err(unexpected("generated content with `candidates`", &chunk));
                }
                self.chunk(chunk, &mut events)?;
            }
        }
        self.done(&mut events)?;
        Ok(events)
    }

    fn frame(&mut self, frame: &Frame) -> Result<Vec<Event>, LmError> {
        let mut events = Vec::new();
        // Some gateways end every stream as chat completions do.
        if frame.data.trim() != "[DONE]" {
            self.chunk(json(frame.data.as_bytes(), "a chunk of generated content")?, &mut events)?;
        }
        Ok(events)
    }

    /// Chunks may follow one that says why a candidate ended; there is no event for the end. The reply is whole when
    /// each candidate has said why it ended, or the request was refused.
    fn end(&mut self) -> Result<Vec<Event>, LmError> {
        let mut events = Vec::new();
        let ended = !self.candidates.is_empty() && self.candidates.values().all(|c| c.finish.is_some());
        if ended || self.blocked.is_some() {
            self.done(&mut events)?;
        }
        Ok(events)
    }
}

impl Decoder {
    fn chunk(&mut self, mut chunk: Json, events: &mut Vec<Event>) -> Result<(), LmError> {
        if let Some(error) = chunk.get("error").filter(|e| !e.is_null()) {
            let e = provider_error(error).with_usage(self.usage.unwrap_or_default());
            return Err(e.with_request_id(self.id.take()));
        }
        if !chunk.is_object() {
            return Err(unexpected("a chunk of generated content", &chunk));
        }
        self.model = text_of(&chunk["modelVersion"]).or(self.model.take());
        self.id = text_of(&chunk["responseId"]).or(self.id.take());
        let feedback = &chunk["promptFeedback"];
        if let Some(reason) = text_of(&feedback["blockReason"]) {
            let message = text_of(&feedback["blockReasonMessage"]);
            self.blocked = Some(message.map_or(reason.clone(), |m| format!("{reason}: {m}")));
        }
        if let Json::Array(candidates) = chunk["candidates"].take() {
            for (at, candidate) in candidates.into_iter().enumerate() {
                self.candidate(at, candidate, events)?;
            }
        }
        if let Some(counts) = chunk.get("usageMetadata").filter(|u| !u.is_null()) {
            let usage = usage(counts).unwrap_or_else(Usage::uncounted);
            self.usage = Some(usage);
            events.push(Event::Usage(usage));
        }
        Ok(())
    }

    fn candidate(&mut self, at: usize, mut said: Json, events: &mut Vec<Event>) -> Result<(), LmError> {
        if !said.is_object() {
            return Err(unexpected("candidates as objects", &said));
        }
        let at = match said["index"].as_u64() {
            None => at,
            Some(index) => usize::try_from(index).ok().filter(|_| index < MOST).ok_or_else(|| {
                let message = format!("expected an `index` under {MOST}, found {index}");
                LmError::new(LmErrorKind::Protocol, message)
            })?,
        };
        let candidate = self.candidates.entry(at).or_default();
        let parts = said.get_mut("content").and_then(|c| c.get_mut("parts")).map(Json::take);
        if let Some(Json::Array(parts)) = parts {
            for part in parts {
                candidate.part(at, part, events);
            }
        }
        candidate.finish = text_of(&said["finishReason"]).or(candidate.finish.take());
        candidate.ending = text_of(&said["finishMessage"]).or(candidate.ending.take());
        if let Json::Object(logprobs) = said["logprobsResult"].take() {
            for (key, value) in logprobs {
                match (candidate.logprobs.get_mut(&key), value) {
                    (Some(Json::Array(so_far)), Json::Array(more)) => so_far.extend(more),
                    (_, value) => {
                        candidate.logprobs.insert(key, value);
                    }
                }
            }
        }
        for key in ABOUT {
            let about = said[key].take();
            if about.as_object().is_some_and(|a| !a.is_empty()) {
                candidate.about.insert(key.to_owned(), about);
            }
        }
        Ok(())
    }

    fn done(&mut self, events: &mut Vec<Event>) -> Result<(), LmError> {
        let usage = self.usage.unwrap_or_else(Usage::uncounted);
        let filtered = |c: &Candidate| !c.something && c.finish.as_deref().is_some_and(is_filter);
        let said = self.candidates.values().any(|c| c.something);
        let all_filtered = !self.candidates.is_empty() && self.candidates.values().all(filtered);
        if all_filtered || (self.blocked.is_some() && !said) {
            let first = self.candidates.values().next();
            let why = first.and_then(|c| c.ending.clone().or(c.finish.clone()));
            let why = self.blocked.take().or(why).unwrap_or_default();
            let message = format!("the provider's filter stopped it: {}", dspex_core::shorten_text(&why));
            let e = LmError::new(LmErrorKind::Refusal, message).with_usage(usage);
            return Err(e.with_request_id(self.id.take()));
        }
        for (choice, candidate) in std::mem::take(&mut self.candidates) {
            candidate.end(choice, events);
        }
        if self.usage.is_none() {
            events.push(Event::Usage(usage));
        }
        events.push(Event::Done { model: self.model.take(), request_id: self.id.take(), cached: false });
        Ok(())
    }
}

impl Candidate {
    fn part(&mut self, choice: usize, mut part: Json, events: &mut Vec<Event>) {
        if part.as_object().is_none_or(Map::is_empty) {
            return;
        }
        let signature = text_of(&part["thoughtSignature"]);
        let text = part.get("text").and_then(text_of);
        let thought = part["thought"] == true;
        let call = part["functionCall"].take();
        if let Some(text) = text {
            self.something |= !thought;
            events.push(if thought {
                Event::Reasoning { choice, text }
            } else {
                Event::Text { choice, text }
            });
        } else if call.is_object() {
            self.something = true;
            events.push(Event::ToolCall {
                choice,
                index: self.calls,
                id: text_of(&call["id"]),
                name: text_of(&call["name"]),
                arguments: call.get("args").map(Json::to_string).unwrap_or_default(),
            });
            self.calls += 1;
        } else if let Some(media) = media(&part["inlineData"]) {
            self.something = true;
            events.push(Event::Part { choice, part: Part::Media(media) });
        } else if part.get("text").is_none() || signature.is_some() {
            // Code that the provider ran, what came of it, a signature on its own, and what this was not written for.
            self.something |= part.get("text").is_none();
            if let Json::Object(raw) = &mut part {
                raw.retain(|_, value| !value.is_null());
            }
            return events.push(opaque(NAME, choice, part));
        }
        events.extend(signature.map(|s| opaque(NAME, choice, json!({"thoughtSignature": s}))));
    }

    fn end(self, choice: usize, events: &mut Vec<Event>) {
        for (key, value) in self.about {
            events.push(opaque(NAME, choice, json!({key: value})));
        }
        if !self.logprobs.is_empty() {
            events.push(Event::Logprobs { choice, logprobs: Json::Object(self.logprobs) });
        }
        let word = self.finish.unwrap_or_else(|| "unknown".to_owned());
        let reason = match word.as_str() {
            // It ends to have its functions called, and says no more than that it ended.
            "STOP" if self.calls > 0 => FinishReason::ToolCalls,
            "STOP" => FinishReason::Stop,
            "MAX_TOKENS" => FinishReason::Length,
            "RECITATION" => FinishReason::Other("recitation".to_owned()),
            word if is_filter(word) => FinishReason::ContentFilter,
            other => FinishReason::Other(other.to_lowercase()),
        };
        if let (FinishReason::Other(word), Some(message)) = (&reason, self.ending) {
            events.push(Event::Warning(format!("the answer ended as {word}: {message}")));
        }
        events.push(Event::Finish { choice, reason });
    }
}

/// Whether a reason is that of a filter.
fn is_filter(word: &str) -> bool {
    const FILTERS: [&str; 9] = [
        "SAFETY",
        "RECITATION",
        "BLOCKLIST",
        "PROHIBITED_CONTENT",
        "SPII",
        "IMAGE_SAFETY",
        "IMAGE_PROHIBITED_CONTENT",
        "IMAGE_RECITATION",
        "MODEL_ARMOR",
    ];
    FILTERS.contains(&word)
}

/// A picture, a sound or a file that the model made.
fn media(inline: &Json) -> Option<Media> {
    let (mime, data) = (text_of(&inline["mimeType"]), text_of(&inline["data"])?);
    let source = MediaSource::Base64(data);
    let (kind, format) = match mime.as_deref().and_then(|m| m.split_once('/')) {
        Some(("image", _)) => (MediaKind::Image, mime),
        Some(("audio", format)) => (MediaKind::Audio, Some(format.to_owned())),
        _ => (MediaKind::File, mime),
    };
    Some(Media { format, ..Media::new(kind, source) })
}

/// Counts of tokens; a count that is 0 may be left out. None where they are none.
fn usage(counts: &Json) -> Option<Usage> {
    let of = |key: &str| match &counts[key] {
        Json::Null => Some(0),
        said => count(said),
    };
    let all = ["promptTokenCount", "toolUsePromptTokenCount", "candidatesTokenCount", "thoughtsTokenCount"];
    if ![all[0], "totalTokenCount"].iter().any(|key| counts[*key].is_u64()) {
        return None;
    }
    let [prompt, tools, answer, thoughts] = all.map(of);
    let (prompt, tools, answer, thoughts) = (prompt?, tools?, answer?, thoughts?);
    // Some models count their thoughts as a part of the answer; the sum tells.
    let inside = of("totalTokenCount")? == prompt + tools + answer;
    let mut usage =
        Usage::tokens(prompt + tools, if inside { answer.max(thoughts) } else { answer + thoughts });
    usage.cached_read_tokens = of("cachedContentTokenCount")?;
    usage.reasoning_tokens = thoughts;
    let details = ["promptTokensDetails", "toolUsePromptTokensDetails", "candidatesTokensDetails"];
    let details = details.iter().filter_map(|key| counts[*key].as_array()).flatten();
    let audio = details.filter(|d| d["modality"] == "AUDIO").filter_map(|d| count(&d["tokenCount"]));
    usage.audio_tokens = audio.fold(0, u64::saturating_add);
    Some(usage)
}
