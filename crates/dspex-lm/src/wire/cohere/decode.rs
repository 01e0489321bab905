//! Replies. A message that comes whole is read as one that is opened and closed at once.

use std::collections::BTreeMap;

use dspex_core::Usage;
use dspex_core::lm::{Event, FinishReason, LmError, LmErrorKind, Part};
use dspex_core::value::Citations;
use serde_json::{Value as Json, json};

use super::{NAME, cite};
use crate::wire::body::{count, json as read, provider_error, unexpected};
use crate::wire::parts::{opaque, text_of};
use crate::wire::{Decode, Frame};

/// More blocks than any reply has; a higher index is the provider's mistake.
const MOST: u64 = 1024;

/// Reads one reply.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    /// Blocks of the content that are not closed yet: whether each is a thought.
    open: BTreeMap<u64, bool>,
    planning: bool,
    citations: Vec<Json>,
    logprobs: Vec<Json>,
    id: Option<String>,
    /// The text so far, for what fails after it.
    text: String,
}

impl Decode for Decoder {
    fn whole(&mut self, body: &[u8]) -> Result<Vec<Event>, LmError> {
        let reply = read(body, "a chat reply")?;
        let message = &reply["message"];
        if !message.is_object() {
            return Err(
                refused(&reply).unwrap_or_else(|| unexpected("a chat reply with a `message`", &reply))
            );
        }
        self.id = text_of(&reply["id"]);
        let mut events = Vec::new();
        self.plan(&message["tool_plan"], &mut events);
        match &message["content"] {
            Json::Array(blocks) => {
                for (at, block) in (0..).zip(blocks) {
                    self.start(at, block, &mut events);
                    self.stop(at, &mut events);
                }
            }
            text => self.say(false, text, &mut events),
        }
        for (at, call) in (0..).zip(message["tool_calls"].as_array().into_iter().flatten()) {
            self.call(at, call, &mut events);
        }
        self.citations = message["citations"].as_array().cloned().unwrap_or_default();
        self.logprobs = reply["logprobs"].as_array().cloned().unwrap_or_default();
        self.done(&reply, &mut events)?;
        Ok(events)
    }

    fn frame(&mut self, frame: &Frame) -> Result<Vec<Event>, LmError> {
        let mut events = Vec::new();
        // It follows the last event.
        if frame.data.trim() == "[DONE]" {
            return Ok(events);
        }
        let data = read(frame.data.as_bytes(), "an event")?;
        let delta = &data["delta"];
        let message = &delta["message"];
        match data["type"].as_str().or(frame.event.as_deref()).unwrap_or_default() {
            "message-start" => self.id = text_of(&data["id"]).or(self.id.take()),
            "content-start" => self.start(index(&data)?, &message["content"], &mut events),
            "content-delta" => self.delta(index(&data)?, &data, &mut events),
            "content-end" => self.stop(index(&data)?, &mut events),
            "tool-plan-delta" => self.plan(&message["tool_plan"], &mut events),
            "tool-call-start" | "tool-call-delta" => {
                self.call(index(&data)?, &message["tool_calls"], &mut events);
            }
            "citation-start" => match &message["citations"] {
                Json::Array(citations) => self.citations.extend(citations.iter().cloned()),
                citation if citation.is_object() => self.citations.push(citation.clone()),
                _ => {}
            },
            "message-end" => self.done(delta, &mut events)?,
            // What needs no answer, and what this was not written for.
            _ => {
                if let Some(e) = refused(&data) {
                    return Err(e.with_request_id(self.id.take()));
                }
            }
        }
        Ok(events)
    }
}

/// The error that stands in place of a reply or an event.
fn refused(data: &Json) -> Option<LmError> {
    let error = data.get("error").filter(|e| !e.is_null());
    error.or(Some(data).filter(|d| d["message"].is_string())).map(provider_error)
}

fn index(data: &Json) -> Result<u64, LmError> {
    match &data["index"] {
        Json::Null => Ok(0),
        said => said.as_u64().filter(|at| *at < MOST).ok_or_else(|| {
            let message = format!("expected an `index` under {MOST}, found {said}");
            LmError::new(LmErrorKind::Protocol, message)
        }),
    }
}

impl Decoder {
    /// What it means to do with its tools.
    fn plan(&mut self, words: &Json, events: &mut Vec<Event>) {
        if let Some(text) = text_of(words) {
            self.planning = true;
            events.push(Event::Reasoning { choice: 0, text });
        }
    }

    /// What follows a plan ends it.
    fn planned(&mut self, events: &mut Vec<Event>) {
        if std::mem::take(&mut self.planning) {
            events.push(opaque(NAME, 0, json!({"type": "tool_plan"})));
        }
    }

    fn start(&mut self, at: u64, block: &Json, events: &mut Vec<Event>) {
        self.planned(events);
        self.stop(at, events);
        let thought = match block["type"].as_str() {
            Some("text") => false,
            Some("thinking") => true,
            _ if block.is_object() => return events.push(opaque(NAME, 0, block.clone())),
            _ => return,
        };
        self.open.insert(at, thought);
        self.say(thought, &block[if thought { "thinking" } else { "text" }], events);
    }

    fn delta(&mut self, at: u64, data: &Json, events: &mut Vec<Event>) {
        let content = &data["delta"]["message"]["content"];
        let thought = content["thinking"].is_string();
        if (thought || content["text"].is_string()) && self.open.get(&at) != Some(&thought) {
            self.planned(events);
            self.stop(at, events);
            self.open.insert(at, thought);
        }
        self.say(thought, &content[if thought { "thinking" } else { "text" }], events);
        self.logprobs.extend(Some(&data["logprobs"]).filter(|l| l.is_object()).cloned());
    }

    fn say(&mut self, thought: bool, words: &Json, events: &mut Vec<Event>) {
        let Some(text) = text_of(words) else { return };
        if thought {
            events.push(Event::Reasoning { choice: 0, text });
        } else {
            self.planned(events);
            self.text.push_str(&text);
            events.push(Event::Text { choice: 0, text });
        }
    }

    fn stop(&mut self, at: u64, events: &mut Vec<Event>) {
        if self.open.remove(&at) == Some(true) {
            events.push(opaque(NAME, 0, json!({"type": "thinking"})));
        }
    }

    fn call(&mut self, at: u64, call: &Json, events: &mut Vec<Event>) {
        self.planned(events);
        let function = &call["function"];
        let arguments = match &function["arguments"] {
            Json::Null => String::new(),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let index = usize::try_from(at).unwrap_or(usize::MAX);
        let (id, name) = (text_of(&call["id"]), text_of(&function["name"]));
        events.push(Event::ToolCall { choice: 0, index, id, name, arguments });
    }

    fn done(&mut self, said: &Json, events: &mut Vec<Event>) -> Result<(), LmError> {
        self.planned(events);
        for (at, _) in self.open.clone() {
            self.stop(at, events);
        }
        let usage = usage(&said["usage"]);
        let reason = match said["finish_reason"].as_str() {
            Some("COMPLETE" | "STOP_SEQUENCE") => FinishReason::Stop,
            Some("MAX_TOKENS") => FinishReason::Length,
            Some("TOOL_CALL") => FinishReason::ToolCalls,
            Some("ERROR_TOXIC") => FinishReason::ContentFilter,
            Some(word @ ("ERROR" | "TIMEOUT")) => return Err(self.failed(word, said).with_usage(usage)),
            Some(other) => FinishReason::Other(other.to_lowercase()),
            None => FinishReason::Other("unknown".to_owned()),
        };
        let citations = std::mem::take(&mut self.citations);
        let cited: Vec<_> = citations.iter().flat_map(cite::cited).collect();
        if !cited.is_empty() {
            events.push(Event::Part { choice: 0, part: Part::Citations(Citations(cited)) });
        }
        if !citations.is_empty() {
            events.push(opaque(NAME, 0, json!({"citations": citations})));
        }
        if !self.logprobs.is_empty() {
            let logprobs = Json::Array(std::mem::take(&mut self.logprobs));
            events.push(Event::Logprobs { choice: 0, logprobs });
        }
        events.push(Event::Finish { choice: 0, reason });
        events.push(Event::Usage(usage));
        events.push(Event::Done { model: None, request_id: self.id.take(), cached: false });
        Ok(())
    }

    /// The provider gave up in the middle.
    fn failed(&mut self, word: &str, said: &Json) -> LmError {
        let kind = if word == "TIMEOUT" { LmErrorKind::Timeout } else { LmErrorKind::Server };
        let why = text_of(&said["error"]).unwrap_or_else(|| word.to_lowercase());
        let message = format!("the provider answered with an error: {}", dspex_core::shorten_text(&why));
        LmError::new(kind, message)
            .with_partial(std::mem::take(&mut self.text))
            .with_request_id(self.id.take())
    }
}

/// Counts of tokens: all of them, or, where only those are told, those that are paid for.
fn usage(said: &Json) -> Usage {
    let of = |key: &str| Some((count(&said[key]["input_tokens"])?, count(&said[key]["output_tokens"])?));
    let Some((input, output)) = of("tokens").or_else(|| of("billed_units")) else {
        return Usage::uncounted();
    };
    let mut usage = Usage::tokens(input, output);
    match &said["cached_tokens"] {
        Json::Null => {}
        said => match count(said) {
            Some(cached) => usage.cached_read_tokens = cached,
            None => return Usage::uncounted(),
        },
    }
    usage
}
