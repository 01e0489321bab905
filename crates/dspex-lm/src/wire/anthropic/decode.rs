//! Replies. A block that comes whole is read as one that is opened and closed at once.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use dspex_core::lm::{Event, FinishReason, LmError, LmErrorKind};
use serde_json::{Map, Value as Json};

use super::block::{Block, Kind};
use super::counts::Counts;
use crate::wire::body::{json, provider_error, unexpected};
use crate::wire::{Decode, Frame};

/// More blocks than any reply has; a higher index is the provider's mistake.
const MOST: u64 = 1024;

/// Reads one reply.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    open: BTreeMap<u64, Block>,
    calls: usize,
    model: Option<String>,
    id: Option<String>,
    counts: Counts,
    finished: bool,
    refused: bool,
    explanation: Option<String>,
    something: bool,
}

impl Decode for Decoder {
    fn whole(&mut self, body: &[u8]) -> Result<Vec<Event>, LmError> {
        let message = json(body, "a message")?;
        if let Some(error) = message.get("error").filter(|e| !e.is_null()) {
            return Err(provider_error(error));
        }
        let Some(content) = message["content"].as_array() else {
            return Err(unexpected("a message with `content`", &message));
        };
        let mut events = Vec::new();
        self.begin(&message, &mut events);
        for (at, block) in (0..).zip(content) {
            self.start(at, block, &mut events)?;
            self.stop(at, &mut events);
        }
        self.ending(&message, &mut events);
        self.done(&mut events)?;
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
        match kind {
            "message_start" => self.begin(&data["message"], &mut events),
            "content_block_start" => self.start(index(&data)?, &data["content_block"], &mut events)?,
            "content_block_delta" => self.delta(index(&data)?, &data["delta"], &mut events)?,
            "content_block_stop" => self.stop(index(&data)?, &mut events),
            "message_delta" => {
                self.counts.read(&data["usage"]);
                self.ending(&data["delta"], &mut events);
            }
            "message_stop" => self.done(&mut events)?,
            "error" => {
                let e = provider_error(&data["error"]);
                return Err(e.with_usage(self.counts.usage()).with_request_id(self.id.take()));
            }
            // What wants no answer, and what this was not written for.
            _ => {
                if let Some(error) = data.get("error").filter(|e| !e.is_null()) {
                    return Err(provider_error(error).with_usage(self.counts.usage()));
                }
            }
        }
        Ok(events)
    }
}

fn index(data: &Json) -> Result<u64, LmError> {
    data["index"].as_u64().filter(|at| *at < MOST).ok_or_else(|| {
        let message = format!("expected an `index` under {MOST}, found {}", data["index"]);
        LmError::new(LmErrorKind::Protocol, message)
    })
}

fn text_of(json: &Json) -> Option<String> {
    json.as_str().filter(|t| !t.is_empty()).map(str::to_owned)
}

impl Decoder {
    fn begin(&mut self, message: &Json, events: &mut Vec<Event>) {
        self.model = text_of(&message["model"]).or(self.model.take());
        self.id = text_of(&message["id"]).or(self.id.take());
        self.counts.read(&message["usage"]);
        events.push(Event::Usage(self.counts.usage()));
    }

    fn start(&mut self, at: u64, block: &Json, events: &mut Vec<Event>) -> Result<(), LmError> {
        let Some(raw) = block.as_object() else {
            return Err(unexpected("blocks as objects in `content`", block));
        };
        let kind = match block["type"].as_str() {
            Some("text") => Kind::Text,
            Some("thinking") => Kind::Thinking,
            Some("tool_use") => {
                let call = self.calls;
                self.calls += 1;
                let (id, name) = (text_of(&block["id"]), text_of(&block["name"]));
                self.something = true;
                let arguments = String::new();
                events.push(Event::ToolCall { choice: 0, index: call, id, name, arguments });
                Kind::Call(call)
            }
            _ => Kind::Other,
        };
        self.stop(at, events);
        self.open.insert(at, Block::new(kind, raw.clone()));
        match kind {
            Kind::Text => {
                let citations = block["citations"].as_array().cloned().unwrap_or_default();
                self.say(at, &block["text"], events);
                self.open.entry(at).and_modify(|b| b.citations = citations);
            }
            Kind::Thinking => {
                self.say(at, &block["thinking"], events);
                self.sign(at, &block["signature"]);
            }
            _ => {}
        }
        Ok(())
    }

    fn delta(&mut self, at: u64, delta: &Json, events: &mut Vec<Event>) -> Result<(), LmError> {
        let kind = delta["type"].as_str().unwrap_or_default();
        if let Entry::Vacant(new) = self.open.entry(at) {
            let kind = match kind {
                "text_delta" => Kind::Text,
                "thinking_delta" => Kind::Thinking,
                "input_json_delta" => return Err(unexpected("input behind the start of its call", delta)),
                _ => return Ok(()),
            };
            new.insert(Block::new(kind, Map::new()));
        }
        match kind {
            "text_delta" => self.say(at, &delta["text"], events),
            "thinking_delta" => self.say(at, &delta["thinking"], events),
            "signature_delta" => self.sign(at, &delta["signature"]),
            "citations_delta" => {
                if let Some(block) = self.open.get_mut(&at).filter(|_| delta["citation"].is_object()) {
                    block.citations.push(delta["citation"].clone());
                }
            }
            "input_json_delta" => self.input(at, delta["partial_json"].as_str().unwrap_or_default(), events),
            _ => self.other(at, delta),
        }
        Ok(())
    }

    /// Text, or a thought, by the kind of its block.
    fn say(&mut self, at: u64, words: &Json, events: &mut Vec<Event>) {
        let (Some(block), Some(text)) = (self.open.get_mut(&at), text_of(words)) else { return };
        match block.kind {
            Kind::Text => {
                block.text.push_str(&text);
                self.something = true;
                events.push(Event::Text { choice: 0, text });
            }
            Kind::Thinking => events.push(Event::Reasoning { choice: 0, text }),
            _ => {}
        }
    }

    fn sign(&mut self, at: u64, signature: &Json) {
        if let (Some(block), Some(signature)) = (self.open.get_mut(&at), signature.as_str()) {
            block.signature.push_str(signature);
        }
    }

    fn input(&mut self, at: u64, piece: &str, events: &mut Vec<Event>) {
        let Some(block) = self.open.get_mut(&at) else { return };
        block.input.push_str(piece);
        if let Kind::Call(index) = block.kind {
            let arguments = piece.to_owned();
            events.push(Event::ToolCall { choice: 0, index, id: None, name: None, arguments });
        }
    }

    /// A piece of a block that only the provider understands: texts grow, all else is set.
    fn other(&mut self, at: u64, delta: &Json) {
        let Some(block) = self.open.get_mut(&at).filter(|b| b.kind == Kind::Other) else { return };
        for (key, value) in delta.as_object().into_iter().flatten().filter(|(key, _)| *key != "type") {
            match (block.raw.get_mut(key), value) {
                (Some(Json::String(so_far)), Json::String(more)) => so_far.push_str(more),
                _ => {
                    block.raw.insert(key.clone(), value.clone());
                }
            }
        }
    }

    fn stop(&mut self, at: u64, events: &mut Vec<Event>) {
        if let Some(block) = self.open.remove(&at) {
            block.close(events);
        }
    }

    /// Why the message ended, of the whole of it or of the event that says so.
    fn ending(&mut self, said: &Json, events: &mut Vec<Event>) {
        let Some(word) = said["stop_reason"].as_str() else { return };
        let reason = match word {
            "end_turn" | "stop_sequence" => FinishReason::Stop,
            "max_tokens" | "model_context_window_exceeded" => FinishReason::Length,
            "tool_use" => FinishReason::ToolCalls,
            "refusal" => FinishReason::ContentFilter,
            other => FinishReason::Other(other.to_owned()),
        };
        self.refused = reason == FinishReason::ContentFilter;
        self.explanation = text_of(&said["stop_details"]["explanation"]);
        self.finished = true;
        events.push(Event::Finish { choice: 0, reason });
        events.push(Event::Usage(self.counts.usage()));
    }

    fn done(&mut self, events: &mut Vec<Event>) -> Result<(), LmError> {
        let open: Vec<u64> = self.open.keys().copied().collect();
        for at in open {
            self.stop(at, events);
        }
        if self.refused && !self.something {
            let why = self.explanation.take().unwrap_or_else(|| "no reason was given".to_owned());
            let message = format!("the model refused: {}", dspex_core::shorten_text(&why));
            let e = LmError::new(LmErrorKind::Refusal, message).with_usage(self.counts.usage());
            return Err(e.with_request_id(self.id.take()));
        }
        if !self.finished {
            events.push(Event::Finish { choice: 0, reason: FinishReason::Other("unknown".into()) });
            events.push(Event::Usage(self.counts.usage()));
        }
        events.push(Event::Done { model: self.model.take(), request_id: self.id.take(), cached: false });
        Ok(())
    }
}
