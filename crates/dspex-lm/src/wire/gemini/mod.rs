//! The wire of Gemini's `generateContent`, at the Gemini API and at Vertex AI.
//!
//! Source: Google's reference of the Gemini API, "Generating content", and its guides to thinking, thought signatures,
//! function calling, structured output and troubleshooting.

mod decode;
mod encode;
mod family;
#[cfg(test)]
mod tests;
mod turns;

use dspex_core::lm::{Capabilities, LmError};
use serde_json::Value as Json;

use self::family::Thinking;
use super::{Auth, Call, Decode, Quirks, Wire};

/// `generateContent`.
#[derive(Debug)]
pub(crate) struct Gemini;

/// The name of the wire, under which parts that only it understands are kept.
const NAME: &str = "gemini";

/// What a candidate has beside its parts. It tells about an answer, and does not go back.
const ABOUT: [&str; 4] =
    ["groundingMetadata", "citationMetadata", "urlContextMetadata", "groundingAttributions"];

impl Wire for Gemini {
    fn name(&self) -> &'static str {
        NAME
    }

    fn path(&self, call: &Call<'_>) -> String {
        let method = if call.stream { "streamGenerateContent?alt=sse" } else { "generateContent" };
        // Models of one's own are under another folder: `tunedModels/NAME`.
        let folder = if call.model.contains('/') { "" } else { "models/" };
        format!("{folder}{}:{method}", call.model)
    }

    fn encode(&self, call: &Call<'_>) -> Result<Json, LmError> {
        encode::body(call)
    }

    fn decoder(&self, _: &Quirks) -> Box<dyn Decode> {
        Box::new(decode::Decoder::default())
    }

    fn auth(&self) -> Auth {
        Auth::Header("x-goog-api-key")
    }

    fn narrow(&self, model: &str, can: &mut Capabilities) {
        can.reasoning &= Thinking::of(model) != Thinking::Never;
    }
}
