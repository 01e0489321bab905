//! The wire of OpenAI's Responses, which other vendors speak, too. It is used without state: each request has the whole
//! conversation, and thoughts go back as the provider encrypted them.
//!
//! Source: OpenAI's API reference, "Responses" and "Streaming events", and the guide "Reasoning models".

mod beside;
mod decode;
mod encode;
mod items;
#[cfg(test)]
mod tests;

use dspex_core::lm::{Capabilities, LmError};
use serde_json::Value as Json;

use super::{Call, Decode, Quirks, Wire};

/// Responses.
#[derive(Debug)]
pub(crate) struct OpenAiResponses;

/// The name of the wire, under which parts that only it understands are kept.
const NAME: &str = "openai_responses";

impl Wire for OpenAiResponses {
    fn name(&self) -> &'static str {
        NAME
    }

    fn path(&self, _: &Call<'_>) -> String {
        "responses".to_owned()
    }

    fn encode(&self, call: &Call<'_>) -> Result<Json, LmError> {
        encode::body(call)
    }

    fn decoder(&self, _: &Quirks) -> Box<dyn Decode> {
        Box::new(decode::Decoder::default())
    }

    fn narrow(&self, _: &str, can: &mut Capabilities) {
        (can.several, can.audio) = (false, false);
    }
}
