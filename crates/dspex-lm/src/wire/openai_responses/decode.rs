//! Replies. The items of a whole reply, and those of a stream as each is done, are read by the same code; what a stream
//! told of an item before is not told again.

use std::collections::BTreeMap;

use dspex_core::Usage;
use dspex_core::lm::{Event, FinishReason, LmError, LmErrorKind};
use serde_json::{Value as Json, json};

use super::beside::{annotate, list, opaque, text_of, usage};
use crate::wire::body::{json, provider_error, unexpected};
use crate::wire::{Decode, Frame};

/// More items than any reply has; a higher index is the provider's mistake.
const MOST: u64 = 1024;

/// Reads one reply.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    items: BTreeMap<u64, Item>,
    calls: usize,
    refusal: String,
    something: bool,
    reasoned: bool,
    logprobs: Vec<Json>,
    model: Option<String>,
    id: Option<String>,
    usage: Option<Usage>,
}

/// What was told of an item so far.
#[derive(Debug, Default)]
struct Item {
    /// Which call of a tool it is, where it is one.
    call: Option<usize>,
    /// The contents and summaries that came in pieces, by kind and number.
    told: Vec<(&'static str, u64)>,
    over: bool,
}

impl Decode for Decoder {
    fn whole(&mut self, body: &[u8]) -> Result<Vec<Event>, LmError> {
        let response = json(body, "a response")?;
        if response["output"].as_array().is_none() {
            return Err(match response.get("error").filter(|e| !e.is_null()) {
                Some(error) => provider_error(error),
                None => unexpected("a response with `output`", &response),
            });
        }
        let mut events = Vec::new();
        self.ending(&response, &mut events)?;
        Ok(events)
    }

    fn frame(&mut self, frame: &Frame) -> Result<Vec<Event>, LmError> {
        let mut events = Vec::new();
        // Some gateways end every stream as chat completions do.
        if frame.data.trim() == "[DONE]" {
            return Ok(events);
        }
        let data = json(frame.data.as_bytes(), "an event")?;
        let kind = data["type"].as_str().or(frame.event.as_deref()).unwrap_or_default();
        let delta = || data["delta"].as_str().unwrap_or_default();
        match kind {
            "response.created" | "response.in_progress" | "response.queued" => self.begin(&data["response"]),
            "response.output_item.added" => self.added(index(&data)?, &data["item"], &mut events),
            "response.output_item.done" => self.close(index(&data)?, &data["item"], &mut events),
            "response.output_text.delta" => {
                self.take_logprobs(&data["logprobs"]);
                self.say(&data, "content", delta(), &mut events)?;
            }
            "response.refusal.delta" => self.refuse(&data, delta())?,
            "response.function_call_arguments.delta" => self.arguments(index(&data)?, delta(), &mut events),
            "response.reasoning_summary_text.delta" => self.think(&data, "summary", delta(), &mut events)?,
            "response.reasoning_text.delta" => self.think(&data, "content", delta(), &mut events)?,
            "response.completed" | "response.incomplete" | "response.failed" => {
                self.ending(&data["response"], &mut events)?;
            }
            "error" => {
                let error = data.get("error").filter(|e| !e.is_null()).unwrap_or(&data);
                return Err(self.failed(error));
            }
            // What each item says at its end, and what this was not written for.
            _ => {
                if let Some(error) = data.get("error").filter(|e| !e.is_null()) {
                    return Err(self.failed(error));
                }
            }
        }
        Ok(events)
    }
}

fn index(data: &Json) -> Result<u64, LmError> {
    bounded(&data["output_index"])
}

/// An index; where there is none, the first.
fn bounded(said: &Json) -> Result<u64, LmError> {
    match said.as_u64() {
        Some(at) if at < MOST => Ok(at),
        None if said.is_null() => Ok(0),
        _ => {
            let message = format!("expected an index under {MOST}, found {said}");
            Err(LmError::new(LmErrorKind::Protocol, message))
        }
    }
}

impl Decoder {
    fn begin(&mut self, response: &Json) {
        self.model = text_of(&response["model"]).or(self.model.take());
        self.id = text_of(&response["id"]).or(self.id.take());
        self.usage = usage(&response["usage"]).or(self.usage);
    }

    fn failed(&mut self, error: &Json) -> LmError {
        let e = provider_error(error).with_request_id(self.id.take());
        e.with_usage(self.usage.unwrap_or_default())
    }

    /// An item of a stream begins. That of a call has its name.
    fn added(&mut self, at: u64, item: &Json, events: &mut Vec<Event>) {
        if item["type"] == "function_call" {
            self.call(at, item, events);
            self.arguments(at, item["arguments"].as_str().unwrap_or_default(), events);
        }
    }

    /// The number of a call, which is told when it is first heard of.
    fn call(&mut self, at: u64, item: &Json, events: &mut Vec<Event>) -> usize {
        let entry = self.items.entry(at).or_default();
        *entry.call.get_or_insert_with(|| {
            let index = self.calls;
            self.calls += 1;
            self.something = true;
            let id = text_of(&item["call_id"]).or_else(|| text_of(&item["id"]));
            let (name, arguments) = (text_of(&item["name"]), String::new());
            events.push(Event::ToolCall { choice: 0, index, id, name, arguments });
            index
        })
    }

    fn arguments(&mut self, at: u64, piece: &str, events: &mut Vec<Event>) {
        let Some(item) = self.items.get_mut(&at).filter(|_| !piece.is_empty()) else { return };
        if let Some(index) = item.call {
            item.told.push(("arguments", 0));
            let arguments = piece.to_owned();
            events.push(Event::ToolCall { choice: 0, index, id: None, name: None, arguments });
        }
    }

    /// The item that a piece belongs to, which notes that its content or summary came in pieces.
    fn note(&mut self, data: &Json, kind: &'static str) -> Result<(), LmError> {
        let item = self.items.entry(index(data)?).or_default();
        let which =
            (kind, bounded(&data[if kind == "summary" { "summary_index" } else { "content_index" }])?);
        if !item.told.contains(&which) {
            item.told.push(which);
        }
        Ok(())
    }

    fn say(
        &mut self,
        data: &Json,
        kind: &'static str,
        text: &str,
        events: &mut Vec<Event>,
    ) -> Result<(), LmError> {
        if !text.is_empty() {
            self.note(data, kind)?;
            self.something = true;
            events.push(Event::Text { choice: 0, text: text.to_owned() });
        }
        Ok(())
    }

    fn think(
        &mut self,
        data: &Json,
        kind: &'static str,
        text: &str,
        events: &mut Vec<Event>,
    ) -> Result<(), LmError> {
        if !text.is_empty() {
            self.note(data, kind)?;
            self.reasoned = true;
            events.push(Event::Reasoning { choice: 0, text: text.to_owned() });
        }
        Ok(())
    }

    fn refuse(&mut self, data: &Json, text: &str) -> Result<(), LmError> {
        self.note(data, "content")?;
        self.refusal.push_str(text);
        Ok(())
    }

    fn take_logprobs(&mut self, said: &Json) {
        self.logprobs.extend(said.as_array().into_iter().flatten().cloned());
    }

    /// An item is over: what of it was not told yet.
    fn close(&mut self, at: u64, item: &Json, events: &mut Vec<Event>) {
        let entry = self.items.entry(at).or_default();
        if std::mem::replace(&mut entry.over, true) {
            return;
        }
        let told = entry.told.clone();
        let new = |kind: &'static str, i: u64| !told.contains(&(kind, i));
        match item["type"].as_str() {
            Some("message") => {
                for (_, content) in list(&item["content"]).filter(|(i, _)| new("content", *i)) {
                    self.content(content, events);
                }
                annotate(item, events);
            }
            Some("function_call") => {
                self.call(at, item, events);
                if new("arguments", 0) {
                    self.arguments(at, item["arguments"].as_str().unwrap_or_default(), events);
                }
            }
            Some("reasoning") => {
                for kind in ["summary", "content"] {
                    for (_, part) in list(&item[kind]).filter(|(i, _)| new(kind, *i)) {
                        let text = text_of(&part["text"]);
                        self.reasoned |= text.is_some();
                        events.extend(text.map(|text| Event::Reasoning { choice: 0, text }));
                    }
                }
                // Without its encrypted content, the provider takes it back only where it has kept it.
                if item["encrypted_content"].is_string() {
                    events.push(opaque(item.clone()));
                }
            }
            Some(_) => events.push(opaque(item.clone())),
            None => {}
        }
    }

    fn content(&mut self, content: &Json, events: &mut Vec<Event>) {
        if let Some(refusal) = content["refusal"].as_str() {
            self.refusal.push_str(refusal);
        }
        self.take_logprobs(&content["logprobs"]);
        if let Some(text) = text_of(&content["text"]) {
            self.something = true;
            events.push(Event::Text { choice: 0, text });
        }
    }

    /// The response as it is in the end, which has all items once more.
    fn ending(&mut self, response: &Json, events: &mut Vec<Event>) -> Result<(), LmError> {
        self.begin(response);
        if let Some(error) = response.get("error").filter(|e| !e.is_null()) {
            return Err(self.failed(error));
        }
        if response["status"] == "failed" {
            return Err(self.failed(&json!("no reason was given")));
        }
        // Some servers tell the thoughts beside the items.
        if let Some(text) = text_of(&response["reasoning"]).filter(|_| !self.reasoned) {
            events.push(Event::Reasoning { choice: 0, text });
        }
        for (at, item) in list(&response["output"]) {
            self.close(at, item, events);
        }
        let reason = self.reason(response);
        let usage = self.usage.unwrap_or_else(Usage::uncounted);
        if !self.something && (!self.refusal.is_empty() || reason == FinishReason::ContentFilter) {
            let words = match self.refusal.as_str() {
                "" => "the provider's filter stopped the answer".to_owned(),
                words => format!("the model refused: {}", dspex_core::shorten_text(words)),
            };
            let e = LmError::new(LmErrorKind::Refusal, words).with_usage(usage);
            return Err(e.with_request_id(self.id.take()));
        }
        if !self.logprobs.is_empty() {
            let logprobs = json!({"content": std::mem::take(&mut self.logprobs)});
            events.push(Event::Logprobs { choice: 0, logprobs });
        }
        events.push(Event::Finish { choice: 0, reason });
        events.push(Event::Usage(usage));
        events.push(Event::Done { model: self.model.take(), request_id: self.id.take(), cached: false });
        Ok(())
    }

    fn reason(&self, response: &Json) -> FinishReason {
        let incomplete = response["incomplete_details"]["reason"].as_str();
        match (response["status"].as_str(), incomplete) {
            (_, Some("max_output_tokens" | "max_tokens")) => FinishReason::Length,
            (_, Some("content_filter")) => FinishReason::ContentFilter,
            (_, Some(other)) => FinishReason::Other(other.to_owned()),
            (None | Some("completed"), None) if self.calls > 0 => FinishReason::ToolCalls,
            (None | Some("completed"), None) => FinishReason::Stop,
            (Some(other), None) => FinishReason::Other(other.to_owned()),
        }
    }
}
