//! The wire of Ollama's own chat: one JSON value in each line of a stream.
//!
//! Source: Ollama's API reference, "Generate a chat completion", "Streaming", "Errors", "Thinking" and the parameters of
//! its model files.

mod decode;
mod encode;
#[cfg(test)]
mod tests;
mod turns;

use dspex_core::lm::LmError;
use serde_json::Value as Json;

use super::{Call, Decode, Framing, Quirks, Wire};

/// Ollama's chat.
#[derive(Debug)]
pub(crate) struct Ollama;

impl Wire for Ollama {
    fn name(&self) -> &'static str {
        "ollama"
    }

    fn path(&self, _: &Call<'_>) -> String {
        "api/chat".to_owned()
    }

    fn encode(&self, call: &Call<'_>) -> Result<Json, LmError> {
        encode::body(call)
    }

    fn decoder(&self, _: &Quirks) -> Box<dyn Decode> {
        Box::new(decode::Decoder::default())
    }

    fn framing(&self) -> Framing {
        Framing::Lines
    }
}
