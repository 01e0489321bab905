//! What was said of one completion so far.

use dspex_core::lm::{Event, LmError, LmErrorKind, Part as Kept};
use serde_json::{Map, Value as Json, json};

use super::NAME;
use super::decode::{Form, MOST};
use super::reply::{Call, Part};
use super::sources::{self, Sources};

/// One completion: what decides whether it is one, and what is told at its end.
#[derive(Debug, Default)]
pub(super) struct Spoken {
    pub(super) refusal: String,
    pub(super) filtered: bool,
    /// Whether anything else than a refusal was said.
    pub(super) something: bool,
    pub(super) finished: bool,
    text: String,
    calls: Vec<Slot>,
    details: Vec<Json>,
    annotations: Vec<Json>,
    logprobs: Map<String, Json>,
}

/// A tool call: the index and the id that the vendor gave it.
#[derive(Debug)]
struct Slot {
    index: u64,
    id: Option<String>,
}

impl Spoken {
    /// Takes what a reply or an event says.
    pub(super) fn hear(
        &mut self,
        choice: usize,
        part: Part,
        form: Form,
        events: &mut Vec<Event>,
    ) -> Result<(), LmError> {
        // Vendors name the reasoning in two ways; some send both with the same text.
        if let Some(text) = part.reasoning_content.0.or(part.reasoning.0) {
            events.push(Event::Reasoning { choice, text });
        }
        for bit in part.content.0.into_iter().flat_map(|words| words.0) {
            if bit.thought {
                events.push(Event::Reasoning { choice, text: bit.text });
                continue;
            }
            self.something = true;
            self.text.push_str(&bit.text);
            events.push(Event::Text { choice, text: bit.text });
        }
        if let Some(text) = part.refusal.0 {
            self.refusal.push_str(&text);
        }
        for (at, call) in part.tool_calls.0.into_iter().flatten().enumerate() {
            self.call(choice, at, call.0.map(|c| c.0).unwrap_or_default(), form, events)?;
        }
        if let Some(function) = part.function_call.0 {
            // The form before there were several calls.
            self.call(choice, 0, Call { function: Some(function).into(), ..Call::default() }, form, events)?;
        }
        for detail in part.reasoning_details.0.into_iter().flatten() {
            sources::merge(&mut self.details, detail);
        }
        for annotation in part.annotations.0.into_iter().flatten() {
            if !self.annotations.contains(&annotation) {
                self.annotations.push(annotation);
            }
        }
        Ok(())
    }

    fn call(
        &mut self,
        choice: usize,
        at: usize,
        call: Call,
        form: Form,
        events: &mut Vec<Event>,
    ) -> Result<(), LmError> {
        self.something = true;
        let function = call.function.0.map(|f| f.0).unwrap_or_default();
        let arguments = match function.arguments {
            Some(Json::String(s)) => s,
            None | Some(Json::Null) => String::new(),
            // Some servers send the arguments as an object.
            Some(other) => other.to_string(),
        };
        let (id, name) = (call.id.0, function.name.0);
        let index = match form {
            Form::Whole => at,
            Form::Chunk => self.slot(call.index.0.unwrap_or(at as u64), id.as_ref(), name.is_some())?,
        };
        events.push(Event::ToolCall { choice, index, id, name, arguments });
        Ok(())
    }

    /// Which call a bit of one belongs to. Some vendors give several calls the same index: a name with another id begins
    /// another call.
    fn slot(&mut self, index: u64, id: Option<&String>, named: bool) -> Result<usize, LmError> {
        let last = self.calls.iter().rposition(|slot| slot.index == index);
        if let Some(at) = last {
            let slot = &mut self.calls[at];
            let other = named && id.is_some() && slot.id.is_some() && slot.id.as_ref() != id;
            if !other {
                slot.id = slot.id.take().or_else(|| id.cloned());
                return Ok(at);
            }
        }
        if index >= MOST as u64 || self.calls.len() >= MOST {
            let message = format!("expected an `index` under {MOST}, found {index}");
            return Err(LmError::new(LmErrorKind::Protocol, message));
        }
        self.calls.push(Slot { index, id: id.cloned() });
        Ok(self.calls.len() - 1)
    }

    /// Takes log-probabilities: those of a stream come token by token.
    pub(super) fn logprobs(&mut self, more: Option<Json>) {
        let Some(Json::Object(more)) = more else { return };
        for (key, value) in more {
            match (self.logprobs.get_mut(&key), value) {
                (Some(Json::Array(all)), Json::Array(more)) => all.extend(more),
                (Some(_), Json::Null) => {}
                (_, value) => {
                    self.logprobs.insert(key, value);
                }
            }
        }
    }

    /// What is known only at the end.
    pub(super) fn rest(&mut self, choice: usize, sources: &Sources) -> Vec<Event> {
        let mut events = Vec::new();
        let opaque = |data| Event::Part { choice, part: Kept::Opaque { provider: NAME.to_owned(), data } };
        if !self.details.is_empty() {
            events.push(opaque(json!({"reasoning_details": std::mem::take(&mut self.details)})));
        }
        let citations = sources.citations(&self.annotations, &self.text);
        if !citations.0.is_empty() {
            events.push(Event::Part { choice, part: Kept::Citations(citations) });
        }
        events.extend(sources.data(&self.annotations).map(opaque));
        if !self.logprobs.is_empty() {
            let logprobs = Json::Object(std::mem::take(&mut self.logprobs));
            events.push(Event::Logprobs { choice, logprobs });
        }
        events
    }
}
