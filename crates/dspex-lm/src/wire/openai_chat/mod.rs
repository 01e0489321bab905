//! The wire of OpenAI's chat completions, which many servers speak.
//!
//! Source: OpenAI's API reference, "Chat" and "Streaming"; and what vendors that say they are compatible send and take.

mod content;
mod decode;
mod encode;
#[cfg(test)]
mod golden;
mod messages;
#[cfg(test)]
mod recorded;
mod reply;
#[cfg(test)]
mod requests;
mod sources;
mod spoken;
#[cfg(test)]
mod tests;
mod thinking;

use dspex_core::lm::LmError;
use serde_json::Value as Json;

use super::{Call, Decode, Quirks, Wire};

/// Chat completions.
#[derive(Debug)]
pub(crate) struct OpenAiChat;

/// Its name, under which parts that only it understands are kept.
const NAME: &str = "openai_chat";

impl Wire for OpenAiChat {
    fn name(&self) -> &'static str {
        NAME
    }

    fn path(&self, _: &Call<'_>) -> String {
        "chat/completions".to_owned()
    }

    fn encode(&self, call: &Call<'_>) -> Result<Json, LmError> {
        encode::body(call)
    }

    fn decoder(&self, quirks: &Quirks) -> Box<dyn Decode> {
        Box::new(decode::Decoder::new(*quirks))
    }
}
