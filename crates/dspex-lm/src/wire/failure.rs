//! What providers say when they fail: an object with a message, a type and a code, more or less.

use std::time::Duration;

use dspex_core::lm::LmErrorKind;
use serde_json::Value as Json;

/// Words of messages that a provider documents, by provider, in lower case.
const WORDS: [(&str, &str, LmErrorKind); 15] = [
    ("anthropic", "prompt is too long", LmErrorKind::ContextOverflow),
    ("anthropic", "exceed context limit", LmErrorKind::ContextOverflow),
    ("anthropic", "credit balance is too low", LmErrorKind::Billing),
    ("anthropic", "reached your specified api usage limits", LmErrorKind::Billing),
    ("cohere", "too many tokens", LmErrorKind::ContextOverflow),
    ("gemini", "exceeds the maximum number of tokens allowed", LmErrorKind::ContextOverflow),
    ("ollama", "exceeds the context length", LmErrorKind::ContextOverflow),
    ("ollama", "exceeds maximum context length", LmErrorKind::ContextOverflow),
    // OpenAI's old form, which DeepSeek, OpenRouter, vLLM and SGLang write as well.
    ("openai", "maximum context length is", LmErrorKind::ContextOverflow),
    ("openai", "exceeds the context window", LmErrorKind::ContextOverflow),
    ("xai", "maximum prompt length is", LmErrorKind::ContextOverflow),
    ("mistral", "too large for model with", LmErrorKind::ContextOverflow),
    ("llamacpp", "exceeds the available context size", LmErrorKind::ContextOverflow),
    ("together_ai", "`inputs` tokens + `max_new_tokens` must be", LmErrorKind::ContextOverflow),
    ("fireworks_ai", "the prompt is too long", LmErrorKind::ContextOverflow),
];

/// What a provider said of its failure.
#[derive(Debug, Default)]
pub(crate) struct Said {
    message: Option<String>,
    codes: Vec<String>,
    named: bool,
    retry_after: Option<Duration>,
}

impl Said {
    /// Of the body of an error: `{"error": {...}}`, `{"error": "..."}`, `{"message": ...}` or `{"detail": ...}`.
    pub(crate) fn in_body(body: &[u8]) -> Option<Self> {
        let json: Json = serde_json::from_slice(body).ok()?;
        let error = match &json {
            // Some gateways wrap the object in a list.
            Json::Array(items) => items.first()?,
            other => other,
        };
        let named = error.get("error").filter(|e| !e.is_null());
        // Cohere's have an id and a message, and nothing around them.
        let bare = error["id"].is_string() && error["message"].is_string();
        let said = Self { named: named.is_some() || bare, ..Self::read(named.unwrap_or(error)) };
        Some(said).filter(|said| said.message.is_some())
    }

    /// Of the error itself.
    pub(crate) fn read(error: &Json) -> Self {
        let text = |key: &str| match error.get(key)? {
            Json::String(s) if !s.is_empty() => Some(s.clone()),
            Json::Null | Json::String(_) => None,
            other => Some(other.to_string()),
        };
        let message = match error {
            Json::String(s) => Some(s.clone()),
            _ => text("message").or_else(|| text("detail")),
        };
        let detail = ["code", "error_code", "type"].iter().find_map(|key| error["details"][*key].as_str());
        // Google has a list of details: one with a reason, one that says when to come back.
        let details = || error["details"].as_array().into_iter().flatten();
        let reasons = details().filter_map(|d| d["reason"].as_str());
        let codes = ["status", "code", "error_code", "type"].into_iter().filter_map(text);
        let codes = detail.into_iter().chain(reasons).map(str::to_owned).chain(codes).collect();
        let retry_after = details().find_map(|d| seconds(d["retryDelay"].as_str()?));
        Self { message, codes, named: true, retry_after }
    }

    /// The message, as it came.
    pub(crate) fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("no message")
    }

    /// How long the provider asks to wait.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// Whether it is an error by the protocol, under `error`. A web framework that knows no such path says something, too,
    /// but not there: `{"detail": "Not Found"}`.
    pub(crate) fn is_of_protocol(&self) -> bool {
        self.named
    }

    /// The kind that the provider's code stands for. Codes decide; words of the message do where a provider has the same
    /// code for everything that is wrong with a request.
    pub(crate) fn kind(&self) -> Option<LmErrorKind> {
        let by_code = self.by_code();
        let vague = matches!(by_code, None | Some(LmErrorKind::InvalidRequest));
        vague.then(|| self.by_words()).flatten().or(by_code)
    }

    fn by_words(&self) -> Option<LmErrorKind> {
        let message = self.message.as_deref()?.to_ascii_lowercase();
        WORDS.iter().find(|(_, words, _)| message.contains(words)).map(|(_, _, kind)| *kind)
    }

    fn by_code(&self) -> Option<LmErrorKind> {
        self.codes.iter().find_map(|code| {
            Some(match code.as_str() {
                "context_length_exceeded" | "exceed_context_size_error" | "request_too_large" => {
                    LmErrorKind::ContextOverflow
                }
                "insufficient_quota"
                | "billing_hard_limit_reached"
                | "billing_not_active"
                | "billing_error"
                | "enforced_spend_limit_reached"
                | "402" => LmErrorKind::Billing,
                "invalid_api_key" | "authentication_error" | "permission_error" | "401" | "403" => {
                    LmErrorKind::Auth
                }
                "model_not_found" | "not_found_error" => LmErrorKind::UnknownModel,
                "rate_limit_exceeded" | "rate_limit_error" | "429" => LmErrorKind::RateLimit,
                "content_filter" | "content_policy_violation" | "image_content_policy_violation" => {
                    LmErrorKind::Refusal
                }
                "invalid_request_error" | "400" => LmErrorKind::InvalidRequest,
                "timeout_error" | "408" => LmErrorKind::Timeout,
                "server_error" | "api_error" | "overloaded_error" | "500" | "502" | "503" => {
                    LmErrorKind::Server
                }
                // `invalid_prompt`, `image_too_large`, `unsupported_image_media_type`, ...
                other if other.starts_with("invalid_") || other.contains("image") => {
                    LmErrorKind::InvalidRequest
                }
                _ => return google(code),
            })
        })
    }
}

/// Google's reasons, of which the most telling stands first, and its statuses.
fn google(code: &str) -> Option<LmErrorKind> {
    Some(match code {
        "API_KEY_INVALID"
        | "API_KEY_EXPIRED"
        | "API_KEY_SERVICE_BLOCKED"
        | "ACCESS_TOKEN_EXPIRED"
        | "UNAUTHENTICATED"
        | "PERMISSION_DENIED" => LmErrorKind::Auth,
        "BILLING_DISABLED" | "FAILED_PRECONDITION" => LmErrorKind::Billing,
        "NOT_FOUND" => LmErrorKind::UnknownModel,
        "RESOURCE_EXHAUSTED" | "RATE_LIMIT_EXCEEDED" => LmErrorKind::RateLimit,
        "INVALID_ARGUMENT" | "OUT_OF_RANGE" => LmErrorKind::InvalidRequest,
        "DEADLINE_EXCEEDED" => LmErrorKind::Timeout,
        "UNAVAILABLE" | "INTERNAL" | "UNKNOWN" | "ABORTED" => LmErrorKind::Server,
        _ => return None,
    })
}

/// A duration as Google writes it: `34.5s`.
fn seconds(text: &str) -> Option<Duration> {
    Duration::try_from_secs_f64(text.strip_suffix('s')?.parse().ok()?).ok()
}
