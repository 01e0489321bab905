//! What a reply of chat completions holds, whole or as one event of a stream. What is not read is skipped, not built.

use dspex_core::Usage;
use dspex_core::lm::LmError;
use serde::Deserialize;
use serde::de::SeqAccess;
use serde_json::Value as Json;

use super::body::{json, provider_error, unexpected};
use super::maybe::{Maybe, Object, Shape};

/// What was said: text, or a list of parts, of which the texts count.
#[derive(Debug)]
pub(super) struct Words(pub(super) String);

impl Shape for Words {
    fn of_text(text: &str) -> Option<Self> {
        String::of_text(text).map(Self)
    }

    fn of_list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        let mut all = String::new();
        while let Some(item) = items.next_element::<Json>()? {
            all.push_str(item.as_str().or_else(|| item["text"].as_str()).unwrap_or_default());
        }
        Ok(Self::of_text(&all))
    }
}

/// A list of objects, each of which may be something else.
type Objects<T> = Vec<Maybe<Object<T>>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Found {
    error: Option<Json>,
    choices: Maybe<Objects<Completion>>,
    pub(super) model: Maybe<String>,
    pub(super) id: Maybe<String>,
    pub(super) usage: Maybe<Object<Counts>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Completion {
    pub(super) index: Maybe<u64>,
    pub(super) message: Maybe<Object<Part>>,
    pub(super) delta: Maybe<Object<Part>>,
    pub(super) logprobs: Option<Json>,
    pub(super) finish_reason: Maybe<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    pub(super) reasoning_content: Maybe<String>,
    pub(super) reasoning: Maybe<String>,
    pub(super) content: Maybe<Words>,
    pub(super) refusal: Maybe<String>,
    pub(super) tool_calls: Maybe<Objects<Call>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Call {
    pub(super) index: Maybe<u64>,
    pub(super) id: Maybe<String>,
    pub(super) function: Maybe<Object<Function>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Function {
    pub(super) name: Maybe<String>,
    pub(super) arguments: Option<Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Counts {
    prompt_tokens: Maybe<u64>,
    completion_tokens: Maybe<u64>,
    prompt_tokens_details: Maybe<Object<Details>>,
    completion_tokens_details: Maybe<Object<Details>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Maybe<u64>,
    reasoning_tokens: Maybe<u64>,
    audio_tokens: Maybe<u64>,
}

impl Found {
    /// Reads a body; the error is the provider's where it sends one.
    pub(super) fn read(body: &[u8]) -> Result<(Self, Objects<Completion>), LmError> {
        let whole: Maybe<Object<Self>> = match serde_json::from_slice(body) {
            Ok(whole) => whole,
            // No JSON, or an object that has a key twice, of which the last one counts.
            Err(_) => Maybe::deserialize(&json(body, "a chat completion")?).unwrap_or_default(),
        };
        let mut found = whole.0.map(|object| object.0).unwrap_or_default();
        if let Some(error) = &found.error {
            return Err(provider_error(error));
        }
        match found.choices.0.take() {
            Some(choices) => Ok((found, choices)),
            None => Err(unexpected("a chat completion with `choices`", &json(body, "a chat completion")?)),
        }
    }
}

impl Counts {
    /// Counts of tokens. What is missing or no count is 0.
    pub(super) fn read(self) -> Usage {
        let of = |count: Maybe<u64>| count.0.unwrap_or(0);
        let details = |d: Maybe<Object<Details>>| d.0.map(|d| d.0).unwrap_or_default();
        let (input, output) = (details(self.prompt_tokens_details), details(self.completion_tokens_details));
        let mut usage = Usage::tokens(of(self.prompt_tokens), of(self.completion_tokens));
        usage.cached_read_tokens = of(input.cached_tokens);
        usage.reasoning_tokens = of(output.reasoning_tokens);
        usage.audio_tokens = of(input.audio_tokens).saturating_add(of(output.audio_tokens));
        usage
    }
}
