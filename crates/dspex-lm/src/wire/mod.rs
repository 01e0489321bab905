//! Wires: how a family of providers writes requests and replies. Pure functions, without any connection.
//!
//! A whole reply and a stream go through the same decoder, and what it gives is folded by the same code. To add a wire:
//! its file, and a line in [`WIRES`].

mod anthropic;
pub(crate) mod body;
mod call;
#[cfg(test)]
mod cassettes;
#[cfg(test)]
mod check;
mod cohere;
pub(crate) mod embeddings;
pub(crate) mod failure;
mod gemini;
#[cfg(test)]
mod golden;
mod ids;
mod inline;
mod maybe;
pub(crate) mod models;
mod ollama;
mod openai_chat;
mod openai_responses;
mod parts;
pub(crate) mod quirks;

use std::fmt;

use dspex_core::lm::{Capabilities, Event, LmError};
use serde_json::Value as Json;

pub(crate) use anthropic::Anthropic;
pub(crate) use call::Call;
pub(crate) use cohere::Cohere;
pub(crate) use gemini::Gemini;
pub(crate) use ollama::Ollama;
pub(crate) use openai_chat::OpenAiChat;
pub(crate) use openai_responses::OpenAiResponses;
pub(crate) use quirks::Quirks;

/// Every wire.
pub(crate) const WIRES: &[&dyn Wire] =
    &[&OpenAiChat, &OpenAiResponses, &Anthropic, &Gemini, &Ollama, &Cohere];

/// A wire: where requests go, how they are written and how replies are read.
pub(crate) trait Wire: fmt::Debug + Send + Sync {
    /// Its name, under which parts that only it understands are kept.
    fn name(&self) -> &'static str;

    /// The path after the base URL, with the query where there is one.
    fn path(&self, call: &Call<'_>) -> String;

    /// Writes the body of a request.
    fn encode(&self, call: &Call<'_>) -> Result<Json, LmError>;

    /// Makes a decoder for one reply.
    fn decoder(&self, quirks: &Quirks) -> Box<dyn Decode>;

    /// How events stand in a stream.
    fn framing(&self) -> Framing {
        Framing::Events
    }

    /// How the key is sent.
    fn auth(&self) -> Auth {
        Auth::Bearer
    }

    /// Headers that every request has.
    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Headers that hold a list, so that those of several sources are joined.
    fn list_headers(&self) -> &'static [&'static str] {
        &[]
    }

    /// Headers of one request: the caller's, and what the request needs.
    fn request_headers(&self, call: &Call<'_>) -> Vec<(String, String)> {
        call.options().headers.clone()
    }

    /// Takes from what a provider's models can do what this one cannot.
    fn narrow(&self, _model: &str, _can: &mut Capabilities) {}
}

/// How events stand in a stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    /// As server-sent events.
    Events,
    /// One JSON value in each line.
    Lines,
}

impl Framing {
    /// Whether a body of this type is such a stream.
    pub(crate) fn is_of(self, content_type: &str) -> bool {
        match self {
            Self::Events => content_type == "text/event-stream",
            Self::Lines => {
                matches!(content_type, "application/x-ndjson" | "application/ndjson" | "application/jsonl")
            }
        }
    }
}

/// How a key is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Auth {
    /// As `authorization: Bearer KEY`.
    Bearer,
    /// As the value of a header.
    Header(&'static str),
}

/// One event of a stream, before it is understood.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Frame {
    /// The event's name, where the stream names it.
    pub(crate) event: Option<String>,
    pub(crate) data: String,
}

/// Reads one reply, whole or bit by bit.
pub(crate) trait Decode: Send {
    /// Reads a whole body.
    fn whole(&mut self, body: &[u8]) -> Result<Vec<Event>, LmError>;

    /// Reads one event of a stream.
    fn frame(&mut self, frame: &Frame) -> Result<Vec<Event>, LmError>;

    /// The connection ended in order. A wire that has no event for the end of a reply says here whether it was one.
    fn end(&mut self) -> Result<Vec<Event>, LmError> {
        Ok(Vec::new())
    }
}
