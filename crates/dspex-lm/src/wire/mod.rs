//! Wires: how a family of providers writes requests and replies. Pure functions, without any connection.
//!
//! A whole reply and a stream go through the same decoder, and what it gives is folded by the same code.

pub(crate) mod failure;
mod maybe;
mod openai_chat;
mod openai_reply;
#[cfg(test)]
mod recorded;

use dspex_core::lm::{Event, LmError, Request};
use serde_json::Value as Json;

pub(crate) use openai_chat::OPENAI_CHAT;

/// What differs between vendors that speak the same wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Quirks {
    /// Whether a model wants the bound on tokens under the name `max_completion_tokens`.
    pub(crate) max_completion_tokens: fn(&str) -> bool,
}

/// A wire: where requests go, how they are written and how replies are read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wire {
    /// The path after the base URL.
    pub(crate) path: &'static str,
    /// Writes a request for a model, whole or as a stream.
    pub(crate) encode: fn(&Request, &str, Quirks, bool) -> Result<Json, LmError>,
    /// Makes a decoder for one reply.
    pub(crate) decoder: fn() -> Box<dyn Decode>,
}

/// Reads one reply, whole or bit by bit.
pub(crate) trait Decode: Send {
    /// Reads a whole body.
    fn whole(&mut self, body: &[u8]) -> Result<Vec<Event>, LmError>;

    /// Reads the data of one event of a stream.
    fn chunk(&mut self, data: &str) -> Result<Vec<Event>, LmError>;
}
