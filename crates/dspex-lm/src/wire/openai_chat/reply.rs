//! What a reply of chat completions holds, whole or as one event of a stream. What is not read is skipped, not built.

use dspex_core::Usage;
use dspex_core::lm::LmError;
use serde::Deserialize;
use serde::de::SeqAccess;
use serde_json::{Value as Json, json};

use crate::wire::body;
use crate::wire::maybe::{Maybe, Object, Shape};

/// What was said: text, or a list of chunks, of which texts and thoughts count.
#[derive(Debug)]
pub(super) struct Words(pub(super) Vec<Bit>);

/// A chunk of text.
#[derive(Debug)]
pub(super) struct Bit {
    /// Whether the model thought it, rather than said it.
    pub(super) thought: bool,
    pub(super) text: String,
}

impl Bit {
    fn of(item: &Json) -> Self {
        let plain =
            |item: &Json| item.as_str().or_else(|| item["text"].as_str()).unwrap_or_default().to_owned();
        let (thought, text) = match item.get("thinking") {
            Some(Json::Array(chunks)) => (true, chunks.iter().map(plain).collect()),
            Some(thinking) => (true, plain(thinking)),
            None => (false, plain(item)),
        };
        Self { thought, text }
    }
}

impl Shape for Words {
    fn of_text(text: &str) -> Option<Self> {
        String::of_text(text).map(|text| Self(vec![Bit { thought: false, text }]))
    }

    fn of_list<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Option<Self>, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element::<Json>()? {
            all.push(Bit::of(&item));
        }
        all.retain(|bit: &Bit| !bit.text.is_empty());
        Ok((!all.is_empty()).then_some(Self(all)))
    }
}

/// A list of objects, each of which may be something else.
type Objects<T> = Vec<Maybe<Object<T>>>;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Found {
    error: Option<Json>,
    object: Maybe<String>,
    message: Option<Json>,
    code: Option<Json>,
    choices: Maybe<Objects<Completion>>,
    pub(super) model: Maybe<String>,
    pub(super) id: Maybe<String>,
    pub(super) usage: Maybe<Object<Counts>>,
    pub(super) x_groq: Maybe<Object<Groq>>,
    pub(super) citations: Option<Json>,
    pub(super) search_results: Option<Json>,
}

/// What Groq says by the side of a stream.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Groq {
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
    pub(super) error: Option<Json>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Part {
    pub(super) reasoning_content: Maybe<String>,
    pub(super) reasoning: Maybe<String>,
    pub(super) content: Maybe<Words>,
    pub(super) refusal: Maybe<String>,
    pub(super) tool_calls: Maybe<Objects<Call>>,
    pub(super) function_call: Maybe<Object<Function>>,
    pub(super) reasoning_details: Maybe<Vec<Json>>,
    pub(super) annotations: Maybe<Vec<Json>>,
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
    total_tokens: Maybe<u64>,
    prompt_tokens_details: Maybe<Object<Details>>,
    completion_tokens_details: Maybe<Object<Details>>,
    /// The word of `DeepSeek` for what was read from its cache.
    prompt_cache_hit_tokens: Maybe<u64>,
    /// That of others.
    cached_tokens: Maybe<u64>,
    cache_read_input_tokens: Maybe<u64>,
    cache_creation_input_tokens: Maybe<u64>,
    reasoning_tokens: Maybe<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Details {
    cached_tokens: Maybe<u64>,
    cache_write_tokens: Maybe<u64>,
    reasoning_tokens: Maybe<u64>,
    audio_tokens: Maybe<u64>,
}

impl Found {
    /// Reads a body; the error is the provider's where it sends one.
    pub(super) fn read(body: &[u8]) -> Result<(Self, Objects<Completion>), LmError> {
        let whole: Maybe<Object<Self>> = match serde_json::from_slice(body) {
            Ok(whole) => whole,
            // No JSON, or an object that has a key twice, of which the last one counts.
            Err(_) => Maybe::deserialize(&body::json(body, EXPECTED)?).unwrap_or_default(),
        };
        let mut found = whole.0.map(|object| object.0).unwrap_or_default();
        if let Some(error) = found.error.as_ref().filter(|e| !e.is_null()) {
            return Err(provider_error(error));
        }
        if found.object.0.as_deref() == Some("error") {
            return Err(provider_error(&json!({"message": found.message, "code": found.code})));
        }
        match found.choices.0.take() {
            Some(choices) => Ok((found, choices)),
            None => Err(body::unexpected(WITH_CHOICES, &body::json(body, EXPECTED)?)),
        }
    }
}

/// What no reply has so many of.
const ABSURD: u64 = 1 << 40;

impl Counts {
    /// Counts of tokens. Where what was read or written is not told, or cannot be, the call is one that nobody counted.
    pub(super) fn read(self) -> Usage {
        let of = |count: &Maybe<u64>| count.0.filter(|count| *count < ABSURD);
        let details = |d: Maybe<Object<Details>>| d.0.map(|d| d.0).unwrap_or_default();
        let (input, output) = (details(self.prompt_tokens_details), details(self.completion_tokens_details));
        let told = (of(&self.prompt_tokens), of(&self.completion_tokens));
        let (read, mut written) = (told.0.unwrap_or(0), told.1.unwrap_or(0));
        let reasoning = of(&output.reasoning_tokens).or_else(|| of(&self.reasoning_tokens)).unwrap_or(0);
        // Some vendors count the reasoning apart from the answer, as their sum shows.
        if reasoning > 0 && of(&self.total_tokens) == Some(read + written + reasoning) {
            written += reasoning;
        }
        let mut usage = Usage::tokens(read, written);
        usage.uncounted_calls = u64::from(told.0.is_none() || told.1.is_none());
        let cached = [&self.prompt_cache_hit_tokens, &self.cached_tokens, &self.cache_read_input_tokens];
        let cached = of(&input.cached_tokens).or_else(|| cached.into_iter().find_map(of));
        usage.cached_read_tokens = cached.unwrap_or(0);
        let kept = of(&input.cache_write_tokens).or_else(|| of(&self.cache_creation_input_tokens));
        usage.cached_write_tokens = kept.unwrap_or(0);
        usage.reasoning_tokens = reasoning;
        usage.audio_tokens = of(&input.audio_tokens).unwrap_or(0) + of(&output.audio_tokens).unwrap_or(0);
        usage
    }
}

const EXPECTED: &str = "a chat completion";
const WITH_CHOICES: &str = "a chat completion with `choices`";

pub(super) use crate::wire::body::provider_error;
