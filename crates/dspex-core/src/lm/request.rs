//! Requests: what a model is asked, and how.

use std::time::Instant;

use serde_json::Value as Json;

use super::Message;

/// What a model is asked.
///
/// ```
/// use dspex_core::lm::{Message, Options, Request};
/// let mut request = Request::new(vec![Message::system("Be brief."), Message::user("Who wrote Faust?")]);
/// request.options = Options::new().max_tokens(20);
/// assert_eq!(request.messages.len(), 2);
/// assert!(request.tools.is_empty() && request.response_format.is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Request {
    /// The conversation so far.
    pub messages: Vec<Message>,
    /// How to answer.
    pub options: Options,
    /// Tools that the model may call.
    pub tools: Vec<ToolSpec>,
    /// Whether it must.
    pub tool_choice: Option<ToolChoice>,
    /// Whether it may call several at one time; none leaves it to the provider.
    pub parallel_tool_calls: Option<bool>,
    /// Whether the provider must hold the arguments of calls to the tools' schemas, which then follow its dialect of
    /// JSON Schema; none leaves it to the provider.
    pub strict_tools: Option<bool>,
    /// The form of the answer.
    pub response_format: Option<ResponseFormat>,
}

impl Request {
    /// A request of these messages.
    pub fn new(messages: Vec<Message>) -> Self {
        Self { messages, ..Self::default() }
    }
}

/// How a model is to answer. What is not set is not sent.
///
/// ```
/// use dspex_core::lm::Options;
/// let defaults = Options::new().temperature(0.0).max_tokens(100);
/// let call = Options::new().temperature(0.7);
/// let both = call.over(&defaults);
/// assert_eq!((both.temperature, both.max_tokens), (Some(0.7), Some(100)));
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Options {
    /// Number of completions.
    pub n: Option<u32>,
    /// Randomness of the answer; 0 is the most likely one.
    pub temperature: Option<f64>,
    /// Share of the likely tokens to choose from.
    pub top_p: Option<f64>,
    /// Most tokens to write.
    pub max_tokens: Option<u64>,
    /// Number of likely tokens to choose from.
    pub top_k: Option<u32>,
    /// How much a token is avoided for each time that it was written before; negative favours it.
    pub frequency_penalty: Option<f64>,
    /// How much a token is avoided once it was written; negative favours it.
    pub presence_penalty: Option<f64>,
    /// Texts that end the answer.
    pub stop: Option<Vec<String>>,
    /// Seed of the model's own randomness.
    pub seed: Option<u64>,
    /// Number of alternatives whose log-probabilities are wanted for each token.
    pub logprobs: Option<u32>,
    /// How much the model may think before it answers.
    pub reasoning: Option<Reasoning>,
    /// The provider's class of service: `default`, `flex`, `priority`, ...
    pub service_tier: Option<String>,
    /// When an answer is of no more use.
    pub deadline: Option<Instant>,
    /// What happens to an option that the model or its wire does not know.
    pub on_unsupported: Option<OnUnsupported>,
    /// Headers of this request alone. They are no place for secrets: what is asked may be logged.
    pub headers: Vec<(String, String)>,
    /// Tells apart calls that are otherwise the same, so that a cache does not merge them. It is never sent.
    pub rollout_id: Option<u64>,
    /// Options that only the provider knows, by name.
    pub extra: serde_json::Map<String, Json>,
}

impl Options {
    /// Nothing set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Asks for several completions.
    #[must_use]
    pub fn n(mut self, n: u32) -> Self {
        self.n = Some(n);
        self
    }

    /// Sets the randomness.
    #[must_use]
    pub fn temperature(mut self, temperature: f64) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Bounds the tokens written.
    #[must_use]
    pub fn max_tokens(mut self, max: u64) -> Self {
        self.max_tokens = Some(max);
        self
    }

    /// Sets the seed of the model's randomness.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Sets when an answer is of no more use.
    #[must_use]
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.deadline = Some(deadline);
        self
    }

    /// Tells this call apart from others that are otherwise the same.
    #[must_use]
    pub fn rollout_id(mut self, id: u64) -> Self {
        self.rollout_id = Some(id);
        self
    }

    /// These options, and where one is not set, that of the others. Of two deadlines the earlier counts.
    #[must_use]
    pub fn over(&self, other: &Self) -> Self {
        let mut extra = other.extra.clone();
        extra.extend(self.extra.iter().map(|(k, v)| (k.clone(), v.clone())));
        let named = |name: &str| self.headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        let theirs = other.headers.iter().filter(|(name, _)| !named(name));
        let headers = theirs.chain(&self.headers).cloned().collect();
        Self {
            n: self.n.or(other.n),
            temperature: self.temperature.or(other.temperature),
            top_p: self.top_p.or(other.top_p),
            max_tokens: self.max_tokens.or(other.max_tokens),
            top_k: self.top_k.or(other.top_k),
            frequency_penalty: self.frequency_penalty.or(other.frequency_penalty),
            presence_penalty: self.presence_penalty.or(other.presence_penalty),
            stop: self.stop.clone().or_else(|| other.stop.clone()),
            seed: self.seed.or(other.seed),
            logprobs: self.logprobs.or(other.logprobs),
            deadline: match (self.deadline, other.deadline) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            },
            reasoning: self.reasoning.clone().or_else(|| other.reasoning.clone()),
            service_tier: self.service_tier.clone().or_else(|| other.service_tier.clone()),
            on_unsupported: self.on_unsupported.or(other.on_unsupported),
            headers,
            rollout_id: self.rollout_id.or(other.rollout_id),
            extra,
        }
    }
}

/// How much a model may think before it answers.
///
/// ```
/// use dspex_core::lm::{Options, Reasoning};
/// let mut options = Options::new();
/// options.reasoning = Some(Reasoning::Effort("low".into()));
/// assert_eq!(Reasoning::Effort("low".into()).effort(), Some("low"));
/// assert_eq!(Reasoning::Budget(2_000).effort(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reasoning {
    /// Not at all.
    Off,
    /// In the provider's word: `minimal`, `low`, `medium`, `high`, ...
    Effort(String),
    /// At most so many tokens.
    Budget(u64),
}

impl Reasoning {
    /// The word for the effort, where it is one.
    pub fn effort(&self) -> Option<&str> {
        if let Self::Effort(word) = self { Some(word) } else { None }
    }
}

/// What happens to an option that the model or its wire does not know. Nothing is ever left out in silence.
///
/// ```
/// use dspex_core::lm::{OnUnsupported, Options};
/// let mut options = Options::new();
/// options.on_unsupported = Some(OnUnsupported::Warn);
/// assert_eq!(options.over(&Options::new()).on_unsupported, Some(OnUnsupported::Warn));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnUnsupported {
    /// The request is an error, and nothing is sent.
    #[default]
    Error,
    /// It is left out, and the [reply says so](super::Reply::warnings).
    Warn,
}

/// A tool that the model may call, as it is described to the model.
///
/// ```
/// use dspex_core::lm::{Message, Request, ToolSpec};
/// let mut request = Request::new(vec![Message::user("Is it warm in Oslo?")]);
/// request.tools.push(ToolSpec {
///     name: "weather".into(),
///     description: "The weather of a place now.".into(),
///     parameters: serde_json::json!({"type": "object", "properties": {"place": {"type": "string"}}}),
/// });
/// assert_eq!(request.tools[0].parameters["properties"]["place"]["type"], "string");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct ToolSpec {
    /// Name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// JSON Schema of its arguments, an object.
    pub parameters: Json,
}

/// Whether the model must call one of the [tools](Request::tools).
///
/// ```
/// use dspex_core::lm::{Request, ToolChoice};
/// let mut request = Request::default();
/// assert_eq!(request.tool_choice, None, "as the provider does where nothing is said");
/// request.tool_choice = Some(ToolChoice::Tool("weather".into())); // it must call this one
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ToolChoice {
    /// As it likes.
    Auto,
    /// No tool.
    None,
    /// Some tool.
    Required,
    /// This tool.
    Tool(String),
}

/// The form that the answer must have.
///
/// ```
/// use dspex_core::{FieldType, lm::{Request, ResponseFormat}};
/// let mut request = Request::default();
/// assert_eq!(request.response_format, None, "text of any form");
/// let schema = FieldType::list(FieldType::Int).json_schema();
/// assert_eq!(schema["items"]["type"], "integer");
/// request.response_format = Some(ResponseFormat::JsonSchema { name: "numbers".into(), schema, strict: true });
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum ResponseFormat {
    /// A JSON object.
    JsonObject,
    /// JSON that follows a schema.
    JsonSchema {
        /// Name of the schema.
        name: String,
        /// The schema.
        schema: Json,
        /// Whether the provider must hold the model to it.
        strict: bool,
    },
}

impl ResponseFormat {
    /// The name of the form: `json_object`, `json_schema`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::JsonObject => "json_object",
            Self::JsonSchema { .. } => "json_schema",
        }
    }
}
