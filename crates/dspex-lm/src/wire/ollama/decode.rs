//! Replies. A whole one is a stream of a single line.

use dspex_core::Usage;
use dspex_core::lm::{Event, FinishReason, LmError};
use serde_json::Value as Json;

use crate::wire::body::{count, json, provider_error, unexpected};
use crate::wire::parts::text_of;
use crate::wire::{Decode, Frame};

/// Reads one reply.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    calls: usize,
    logprobs: Vec<Json>,
    model: Option<String>,
}

impl Decode for Decoder {
    fn whole(&mut self, body: &[u8]) -> Result<Vec<Event>, LmError> {
        let reply = match json(body, "a message") {
            Ok(reply) => reply,
            // A server that streams all the same sends its lines under another type.
            Err(e) => match std::str::from_utf8(body).ok().filter(|t| t.trim().contains('\n')) {
                Some(lines) => return self.lines(lines),
                None => return Err(e),
            },
        };
        let mut events = Vec::new();
        self.line(&reply, &mut events)?;
        // A whole reply is done, whether it says so or not.
        if !events.iter().any(|e| matches!(e, Event::Done { .. })) {
            self.done(&reply, &mut events);
        }
        Ok(events)
    }

    fn frame(&mut self, frame: &Frame) -> Result<Vec<Event>, LmError> {
        let mut events = Vec::new();
        self.line(&json(frame.data.as_bytes(), "a bit of a message")?, &mut events)?;
        Ok(events)
    }
}

impl Decoder {
    fn lines(&mut self, text: &str) -> Result<Vec<Event>, LmError> {
        let mut events = Vec::new();
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty()) {
            self.line(&json(line.as_bytes(), "a bit of a message")?, &mut events)?;
        }
        Ok(events)
    }

    fn line(&mut self, line: &Json, events: &mut Vec<Event>) -> Result<(), LmError> {
        if let Some(error) = line.get("error").filter(|e| !e.is_null()) {
            return Err(provider_error(error));
        }
        let message = &line["message"];
        if !message.is_object() && !line["done"].is_boolean() {
            return Err(unexpected("a `message`", line));
        }
        self.model = text_of(&line["model"]).or(self.model.take());
        if let Some(text) = text_of(&message["thinking"]) {
            events.push(Event::Reasoning { choice: 0, text });
        }
        if let Some(text) = text_of(&message["content"]) {
            events.push(Event::Text { choice: 0, text });
        }
        for call in message["tool_calls"].as_array().into_iter().flatten() {
            self.call(call, events);
        }
        self.logprobs.extend(line["logprobs"].as_array().into_iter().flatten().cloned());
        if line["done"] == true {
            self.done(line, events);
        }
        Ok(())
    }

    /// A call comes whole. Older servers give it no id.
    fn call(&mut self, call: &Json, events: &mut Vec<Event>) {
        let function = &call["function"];
        let arguments = match &function["arguments"] {
            Json::Null => String::new(),
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        let (id, name) = (text_of(&call["id"]), text_of(&function["name"]));
        events.push(Event::ToolCall { choice: 0, index: self.calls, id, name, arguments });
        self.calls += 1;
    }

    fn done(&mut self, line: &Json, events: &mut Vec<Event>) {
        if !self.logprobs.is_empty() {
            let logprobs = Json::Array(std::mem::take(&mut self.logprobs));
            events.push(Event::Logprobs { choice: 0, logprobs });
        }
        let reason = match line["done_reason"].as_str() {
            // It ends to have its tools called, and says no more than that it ended. Older servers do not say why.
            Some("stop") | None if self.calls > 0 => FinishReason::ToolCalls,
            Some("stop") | None => FinishReason::Stop,
            Some("length") => FinishReason::Length,
            Some(other) => FinishReason::Other(other.to_owned()),
        };
        events.push(Event::Finish { choice: 0, reason });
        events.push(Event::Usage(usage(line)));
        events.push(Event::Done { model: self.model.take(), request_id: None, cached: false });
    }
}

/// Counts of tokens. The one of the prompt is left out by servers that had read the prompt before.
fn usage(line: &Json) -> Usage {
    let (input, output) = (&line["prompt_eval_count"], &line["eval_count"]);
    match (count(input), count(output)) {
        (Some(input), Some(output)) => Usage::tokens(input, output),
        (input, output) => {
            let mut usage = Usage::uncounted();
            (usage.input_tokens, usage.output_tokens) = (input.unwrap_or(0), output.unwrap_or(0));
            usage
        }
    }
}
