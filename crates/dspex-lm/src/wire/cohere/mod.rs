//! The wire of Cohere's chat, version 2.
//!
//! Source: Cohere's API reference, "Chat" and "Chat with streaming", and its guides to tool use, citations, structured
//! outputs and reasoning.

mod cite;
mod decode;
mod encode;
#[cfg(test)]
mod tests;
mod turns;

use dspex_core::lm::LmError;
use serde_json::Value as Json;

use super::{Call, Decode, Quirks, Wire};

/// Chat, version 2.
#[derive(Debug)]
pub(crate) struct Cohere;

/// The name of the wire, under which parts that only it understands are kept.
const NAME: &str = "cohere";

impl Wire for Cohere {
    fn name(&self) -> &'static str {
        NAME
    }

    fn path(&self, _: &Call<'_>) -> String {
        "chat".to_owned()
    }

    fn encode(&self, call: &Call<'_>) -> Result<Json, LmError> {
        encode::body(call)
    }

    fn decoder(&self, _: &Quirks) -> Box<dyn Decode> {
        Box::new(decode::Decoder::default())
    }
}
