//! A block while it comes, and what is told of it at its end.

use dspex_core::lm::{Event, Part};
use dspex_core::value::{Citation, Citations};
use serde_json::{Map, Value as Json, json};

use super::{NAME, blocks};

/// A block that is not closed yet.
#[derive(Debug)]
pub(super) struct Block {
    pub(super) kind: Kind,
    /// The block as it was opened.
    pub(super) raw: Map<String, Json>,
    pub(super) text: String,
    pub(super) signature: String,
    /// The input of a call, in pieces.
    pub(super) input: String,
    pub(super) citations: Vec<Json>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Thinking,
    /// A call of one of the caller's tools; the number of the call.
    Call(usize),
    /// What only the provider understands.
    Other,
}

impl Block {
    pub(super) fn new(kind: Kind, raw: Map<String, Json>) -> Self {
        let (text, signature, input) = Default::default();
        Self { kind, raw, text, signature, input, citations: Vec::new() }
    }

    /// What the text cites: of documents for everyone, of anything else for the provider alone.
    fn cite(&mut self, events: &mut Vec<Event>) {
        let all = std::mem::take(&mut self.citations);
        let read = all.into_iter().map(|c| blocks::cited(&c, &self.text).ok_or(c));
        let (known, others): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
        let known: Vec<Citation> = known.into_iter().filter_map(Result::ok).collect();
        let others: Vec<Json> = others.into_iter().filter_map(Result::err).collect();
        if !known.is_empty() {
            events.push(Event::Part { choice: 0, part: Part::Citations(Citations(known)) });
        }
        if !others.is_empty() {
            events.push(opaque(json!({"citations": others})));
        }
    }

    /// The block is over: what was not told of it yet.
    pub(super) fn close(mut self, events: &mut Vec<Event>) {
        match self.kind {
            Kind::Text => self.cite(events),
            Kind::Thinking if self.signature.is_empty() => {}
            Kind::Thinking => events.push(opaque(json!({"signature": self.signature}))),
            Kind::Call(index) => {
                let given = self.raw.get("input").filter(|i| !i.is_null());
                if let Some(input) = given.filter(|_| self.input.is_empty()) {
                    let arguments = input.to_string();
                    events.push(Event::ToolCall { choice: 0, index, id: None, name: None, arguments });
                }
                // A call that the provider's own code made must say so when it goes back.
                let caller = self.raw.get("caller").filter(|c| c.is_object() && c["type"] != "direct");
                events.extend(caller.map(|caller| opaque(json!({"caller": caller}))));
            }
            Kind::Other => {
                if let Ok(input) = serde_json::from_str::<Map<String, Json>>(&self.input) {
                    self.raw.insert("input".to_owned(), Json::Object(input));
                }
                events.push(opaque(Json::Object(self.raw)));
            }
        }
    }
}

fn opaque(data: Json) -> Event {
    Event::Part { choice: 0, part: Part::Opaque { provider: NAME.to_owned(), data } }
}
