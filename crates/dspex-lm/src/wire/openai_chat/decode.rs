//! Replies of chat completions. A whole one is read as a stream of a single event.

use std::collections::BTreeMap;

use dspex_core::Usage;
use dspex_core::lm::{Event, FinishReason, LmError, LmErrorKind};
use serde_json::Value as Json;

use super::reply::{Found, Part, provider_error};
use super::sources::Sources;
use super::spoken::Spoken;
use crate::wire::maybe::Object;
use crate::wire::{Decode, Frame, Quirks};

/// Reads replies.
#[derive(Debug)]
pub(super) struct Decoder {
    quirks: Quirks,
    choices: BTreeMap<usize, Spoken>,
    model: Option<String>,
    id: Option<String>,
    usage: Option<Usage>,
    sources: Sources,
    /// The event in which the last completion ended: some networks bring one twice.
    last: String,
}

/// How a reply comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// At once.
    Whole,
    /// Bit by bit.
    Chunk,
}

/// More completions or calls than anyone asks for; a higher index is the provider's mistake.
pub(super) const MOST: usize = 1024;

impl Decode for Decoder {
    fn whole(&mut self, body: &[u8]) -> Result<Vec<Event>, LmError> {
        let mut events = self.read(body, Form::Whole)?;
        // A completion that says nothing, not even why it ended, is one all the same.
        let ended = |at| events.iter().any(|e| matches!(e, Event::Finish { choice, .. } if *choice == at));
        let silent: Vec<usize> = self.choices.keys().copied().filter(|at| !ended(*at)).collect();
        let reason = || FinishReason::Other("unknown".into());
        events.extend(silent.into_iter().map(|choice| Event::Finish { choice, reason: reason() }));
        events.extend(self.done()?);
        Ok(events)
    }

    fn frame(&mut self, frame: &Frame) -> Result<Vec<Event>, LmError> {
        let data = frame.data.trim();
        if data == "[DONE]" {
            return self.done();
        }
        if frame.event.as_deref() == Some("error") {
            let error = serde_json::from_str(data).unwrap_or_else(|_| Json::String(data.to_owned()));
            return Err(provider_error(error.get("error").unwrap_or(&error)).with_usage(self.paid()));
        }
        let named = frame.event.as_deref().is_some_and(|name| !matches!(name, "" | "message" | "error"));
        if named && !data.contains("\"choices\"") {
            // Chunks have no names; what has one and holds no chunk is of a kind that nobody knows, as a ping is.
            return Ok(Vec::new());
        }
        if !self.last.is_empty() && self.last == data {
            return Ok(Vec::new());
        }
        let events = self.read(data.as_bytes(), Form::Chunk)?;
        if events.iter().any(|e| matches!(e, Event::Finish { .. })) {
            data.clone_into(&mut self.last);
        }
        Ok(events)
    }

    fn end(&mut self) -> Result<Vec<Event>, LmError> {
        let over = !self.choices.is_empty() && self.choices.values().all(|s| s.finished);
        if over && !self.quirks.done_marker { self.done() } else { Ok(Vec::new()) }
    }
}

impl Decoder {
    pub(super) fn new(quirks: Quirks) -> Self {
        Self {
            quirks,
            choices: BTreeMap::new(),
            model: None,
            id: None,
            usage: None,
            sources: Sources::default(),
            last: String::new(),
        }
    }

    fn paid(&self) -> Usage {
        self.usage.unwrap_or_default()
    }

    fn read(&mut self, body: &[u8], form: Form) -> Result<Vec<Event>, LmError> {
        let (found, choices) = Found::read(body).map_err(|e| e.with_usage(self.paid()))?;
        self.model = found.model.0.or(self.model.take());
        self.id = found.id.0.or(self.id.take());
        self.sources.note(found.citations, found.search_results);
        let mut events = Vec::with_capacity(4);
        let groq = found.x_groq.0.and_then(|groq| groq.0.usage.0);
        if let Some(usage) = found.usage.0.or(groq).map(|usage| usage.0.read()) {
            self.usage = Some(usage);
            events.push(Event::Usage(usage));
        }
        for (at, choice) in choices.into_iter().enumerate() {
            let Some(Object(mut choice)) = choice.0 else {
                let message = "expected completions as objects, found something else in `choices`";
                return Err(self.protocol(message));
            };
            if let Some(error) = choice.error.take().filter(|e| !e.is_null()) {
                return Err(provider_error(&error).with_usage(self.paid()));
            }
            let at = self.index(form, choice.index.0, at)?;
            let (logprobs, finish) = (choice.logprobs.take(), choice.finish_reason.0.take());
            let part = match form {
                Form::Whole => choice.message,
                Form::Chunk => choice.delta,
            };
            let part = part.0.map(|p| p.0).unwrap_or_default();
            self.choice(at, part, form, &mut events)?;
            self.ending(at, logprobs, finish, &mut events)?;
        }
        Ok(events)
    }

    /// Which completion an item is. Of a whole reply that is where it stands, whatever it says; of a stream, what it says.
    fn index(&self, form: Form, said: Option<u64>, at: usize) -> Result<usize, LmError> {
        match said {
            Some(index) if form == Form::Chunk => {
                let fits = usize::try_from(index).ok().filter(|index| *index < MOST);
                fits.ok_or_else(|| self.protocol(&format!("expected an `index` under {MOST}, found {index}")))
            }
            _ => Ok(at),
        }
    }

    fn choice(&mut self, at: usize, part: Part, form: Form, events: &mut Vec<Event>) -> Result<(), LmError> {
        let said = self.choices.entry(at).or_default();
        let before = events.len();
        said.hear(at, part, form, events).map_err(|e| e.with_usage(self.usage.unwrap_or_default()))?;
        if said.finished && events.len() > before {
            return Err(
                self.protocol("expected nothing more of a completion that has ended, found more of it")
            );
        }
        Ok(())
    }

    fn ending(
        &mut self,
        at: usize,
        logprobs: Option<Json>,
        finish: Option<String>,
        events: &mut Vec<Event>,
    ) -> Result<(), LmError> {
        let said = self.choices.entry(at).or_default();
        said.logprobs(logprobs);
        let Some(word) = finish else { return Ok(()) };
        let reason = match word.as_str() {
            "stop" | "eos" => FinishReason::Stop,
            "length" | "model_length" => FinishReason::Length,
            "tool_calls" | "function_call" => FinishReason::ToolCalls,
            "content_filter" => FinishReason::ContentFilter,
            "error" => {
                let message = "the provider answered with an error, and did not say which".to_owned();
                return Err(LmError::new(LmErrorKind::Server, message).with_usage(self.paid()));
            }
            _ => FinishReason::Other(word),
        };
        said.filtered |= reason == FinishReason::ContentFilter;
        said.finished = true;
        events.push(Event::Finish { choice: at, reason });
        Ok(())
    }

    /// The end of the reply. Where every completion was refused and nothing else said, that is the error.
    fn done(&mut self) -> Result<Vec<Event>, LmError> {
        let refused = |s: &Spoken| !s.something && (s.filtered || !s.refusal.is_empty());
        if !self.choices.is_empty() && self.choices.values().all(refused) {
            let words = self.choices.values().map(|s| s.refusal.as_str()).find(|r| !r.is_empty());
            let message = match words {
                Some(words) => format!("the model refused: {}", dspex_core::shorten_text(words)),
                None => "the provider's filter stopped the answer".to_owned(),
            };
            return Err(LmError::new(LmErrorKind::Refusal, message)
                .with_usage(self.paid())
                .with_request_id(self.id.take()));
        }
        let mut events = Vec::new();
        for (at, said) in &mut self.choices {
            events.extend(said.rest(*at, &self.sources));
        }
        if self.usage.is_none() {
            events.push(Event::Usage(Usage::uncounted()));
        }
        events.push(Event::Done { model: self.model.take(), request_id: self.id.take(), cached: false });
        Ok(events)
    }

    fn protocol(&self, message: &str) -> LmError {
        LmError::new(LmErrorKind::Protocol, message).with_usage(self.paid())
    }
}
