//! Embeddings in OpenAI's form: vectors that the text alone decides.

use dspex_core::lm::Message;
use serde_json::{Value as Json, json};

use super::{Asked, Frame, Said, Wire, below, model, openai_chat::OpenAiChat};
use crate::server::share::mix;

/// Length of a vector, unless the client asks for another.
const LENGTH: usize = 8;

/// The longest vector that is made.
const LONGEST: usize = 16_384;

pub(super) struct Embeddings;

impl Wire for Embeddings {
    fn name(&self) -> &'static str {
        "embeddings"
    }

    fn base(&self) -> &'static str {
        "/v1"
    }

    fn knows(&self, path: &str) -> bool {
        below(path, "/embeddings")
    }

    fn ask(&self, _: &str, body: &Json) -> Result<Asked, String> {
        let mut asked = Asked { model: model(body)?, ..Asked::default() };
        asked.inputs = match &body["input"] {
            Json::String(text) => vec![text.clone()],
            // Tokens instead of text are embedded by what stands for them.
            Json::Array(list) => list
                .iter()
                .map(|item| item.as_str().map_or_else(|| item.to_string(), str::to_owned))
                .collect(),
            other => return Err(format!("expected `input` as text or a list, found {other}")),
        };
        asked.dimensions = body["dimensions"].as_u64().and_then(|n| usize::try_from(n).ok());
        if asked.dimensions.is_some_and(|n| n == 0 || n > LONGEST) {
            return Err(format!("expected `dimensions` from 1 to {LONGEST}, found {}", body["dimensions"]));
        }
        // Rules look at the last message.
        asked.request.messages = asked.inputs.iter().map(Message::user).collect();
        Ok(asked)
    }

    fn whole(&self, asked: &Asked, said: &Said) -> Json {
        let length = asked.dimensions.unwrap_or(LENGTH);
        let data: Vec<Json> = asked
            .inputs
            .iter()
            .enumerate()
            .map(|(i, text)| json!({"object": "embedding", "index": i, "embedding": vector(text, length)}))
            .collect();
        let tokens: usize = asked.inputs.iter().map(|text| text.len().div_ceil(4)).sum();
        let usage = json!({"prompt_tokens": tokens, "total_tokens": tokens});
        json!({"object": "list", "data": data, "model": said.model, "usage": usage})
    }

    fn frames(&self, _: &Asked, _: &Said) -> Vec<Frame> {
        Vec::new()
    }

    fn error(&self, status: u16, kind: &str, message: &str) -> Json {
        OpenAiChat.error(status, kind, message)
    }

    fn overflow(&self) -> &'static str {
        "This model's maximum context length is 8192 tokens, however you requested 9001 tokens (9001 in your prompt; 0 \
         for the completion). Please reduce your prompt; or completion length."
    }
}

/// A vector of length one.
fn vector(text: &str, length: usize) -> Vec<f64> {
    let seed = text.bytes().fold(0_u64, |seed, byte| mix(seed ^ u64::from(byte)));
    let raw: Vec<f64> =
        (0..length as u64).map(|i| (mix(seed ^ i) >> 11) as f64 / (1_u64 << 52) as f64 - 1.0).collect();
    let size = raw.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    raw.into_iter().map(|x| x / size).collect()
}
