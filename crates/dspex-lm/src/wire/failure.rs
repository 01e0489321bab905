//! What providers say when they fail: an object with a message, a type and a code, more or less.

use dspex_core::lm::LmErrorKind;
use serde_json::Value as Json;

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
        Self { message, codes: ["code", "type"].into_iter().filter_map(text).collect(), named: true }
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

    /// The kind that the provider's code stands for. Codes decide, words of the message never do.
    pub(crate) fn kind(&self) -> Option<LmErrorKind> {
        self.codes.iter().find_map(|code| {
            Some(match code.as_str() {
                "context_length_exceeded" => LmErrorKind::ContextOverflow,
                "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active" => {
                    LmErrorKind::Billing
                }
                "invalid_api_key" | "authentication_error" | "permission_error" => LmErrorKind::Auth,
                "model_not_found" => LmErrorKind::UnknownModel,
                "rate_limit_exceeded" | "rate_limit_error" | "429" => LmErrorKind::RateLimit,
                "content_filter" | "content_policy_violation" => LmErrorKind::Refusal,
                "invalid_request_error" | "400" => LmErrorKind::InvalidRequest,
                "server_error" | "overloaded_error" | "500" | "502" | "503" => LmErrorKind::Server,
                _ => return None,
            })
        })
    }
}
