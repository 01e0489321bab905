//! What providers say when they fail: an object with a message, a type and a code, more or less.

use dspex_core::lm::LmErrorKind;
use serde_json::Value as Json;

/// Words of messages that a provider documents, by provider, in lower case.
const WORDS: [(&str, &str, LmErrorKind); 10] = [
    ("anthropic", "prompt is too long", LmErrorKind::ContextOverflow),
    ("anthropic", "exceed context limit", LmErrorKind::ContextOverflow),
    ("anthropic", "credit balance is too low", LmErrorKind::Billing),
    ("anthropic", "reached your specified api usage limits", LmErrorKind::Billing),
    // OpenAI's old form, which DeepSeek, OpenRouter, vLLM and SGLang write as well.
    ("openai", "maximum context length is", LmErrorKind::ContextOverflow),
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
        let said = Self { named: named.is_some(), ..Self::read(named.unwrap_or(error)) };
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
        let codes = ["code", "error_code", "type"].into_iter().filter_map(text);
        let codes = detail.map(str::to_owned).into_iter().chain(codes).collect();
        Self { message, codes, named: true }
    }

    /// The message, as it came.
    pub(crate) fn message(&self) -> &str {
        self.message.as_deref().unwrap_or("no message")
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
                _ => return None,
            })
        })
    }
}
