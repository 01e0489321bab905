//! Why a model gave no reply.

use std::fmt;
use std::time::Duration;

use super::FailedTry;
use crate::usage::Usage;

/// Why a model gave no reply, by what can be done about it.
///
/// ```
/// use dspex_core::lm::LmErrorKind;
/// let kind = LmErrorKind::RateLimit;
/// assert_eq!((kind.code(), kind.remedy()), ("rate_limit", "wait, or ask for less at one time"));
/// assert!(kind.is_retryable() && kind.is_infrastructure());
/// assert!(!LmErrorKind::ContextOverflow.is_retryable(), "the same request is as long the next time");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LmErrorKind {
    /// The model is set up wrongly: a name, a URL, an option.
    Configuration,
    /// The request asks for what this model or wire cannot do.
    Unsupported,
    /// No connection, or it broke.
    Transport,
    /// The key is missing or refused.
    Auth,
    /// The account cannot pay.
    Billing,
    /// Too many requests.
    RateLimit,
    /// The request is longer than the model can read.
    ContextOverflow,
    /// There is no such model.
    UnknownModel,
    /// The provider refused the request as it is.
    InvalidRequest,
    /// The model declined to answer.
    Refusal,
    /// No answer in time.
    Timeout,
    /// The provider failed.
    Server,
    /// The provider answered something that its own protocol does not allow.
    Protocol,
    /// The model answered with nothing.
    Empty,
    /// The model is not asked now: it failed too often, or its limits leave no room before the deadline.
    Unavailable,
}

impl LmErrorKind {
    /// The kind's code, as `--json` output writes it.
    pub fn code(self) -> &'static str {
        match self {
            Self::Configuration => "lm_configuration",
            Self::Unsupported => "lm_unsupported",
            Self::Transport => "transport",
            Self::Auth => "auth",
            Self::Billing => "billing",
            Self::RateLimit => "rate_limit",
            Self::ContextOverflow => "context_overflow",
            Self::UnknownModel => "unknown_model",
            Self::InvalidRequest => "invalid_request",
            Self::Refusal => "refusal",
            Self::Timeout => "timeout",
            Self::Server => "server",
            Self::Protocol => "protocol",
            Self::Empty => "empty_reply",
            Self::Unavailable => "unavailable",
        }
    }

    /// What usually helps.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::Configuration => "correct the model's name, URL or options",
            Self::Unsupported => "leave the option out, or use a model that can do it",
            Self::Transport => "check that the server runs and can be reached, then try again",
            Self::Auth => "check the API key and what it may be used for",
            Self::Billing => "check the account's balance and limits with the provider",
            Self::RateLimit => "wait, or ask for less at one time",
            Self::ContextOverflow => {
                "give fewer demonstrations or shorter inputs, or use a model that reads more"
            }
            Self::UnknownModel => "check the model's name, and that this key or server has it",
            Self::InvalidRequest => {
                "read the provider's message; an option or a schema does not suit this model"
            }
            Self::Refusal => "change the request, or use another model",
            Self::Timeout => "try again, or give more time",
            Self::Server => "try again later; the provider's status page may tell more",
            Self::Protocol => "check that the URL is that of an API of this kind",
            Self::Empty => "ask again, or give the model more tokens to write",
            Self::Unavailable => "wait for the model to recover, or name another one to fall back to",
        }
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::Transport
                | Self::RateLimit
                | Self::Timeout
                | Self::Server
                | Self::Empty
                | Self::Unavailable
        )
    }

    /// Whether the fault lies outside the program: with the network, the provider or the account.
    ///
    /// Such a failure says nothing about the program and never becomes a score.
    pub fn is_infrastructure(self) -> bool {
        !matches!(self, Self::Unsupported | Self::ContextOverflow | Self::InvalidRequest | Self::Refusal)
    }
}

/// Why a model gave no reply: the kind, what the provider said, and what was received before.
///
/// ```
/// use dspex_core::{Usage, lm::{LmError, LmErrorKind}};
/// let e = LmError::new(LmErrorKind::Server, "overloaded")
///     .with_model("openai/gpt-4o-mini")
///     .with_status(503)
///     .with_usage(Usage::tokens(120, 0));
/// assert_eq!(e.to_string(), "openai/gpt-4o-mini: overloaded (status 503)");
/// assert!(e.kind.is_retryable());
/// assert_eq!(e.usage.input_tokens, 120, "paid for all the same");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LmError {
    /// What went wrong.
    pub kind: LmErrorKind,
    /// In words, without secrets.
    pub message: String,
    /// The model's name.
    pub model: Option<String>,
    /// HTTP status, where there is one.
    pub status: Option<u16>,
    /// The provider's id of the request.
    pub request_id: Option<String>,
    /// What to do next, where it is known better than by the kind.
    pub hint: Option<String>,
    /// How long the provider asked to wait.
    pub retry_after: Option<Duration>,
    /// Whether the provider said that the same request may, or will not, succeed later (`x-should-retry`).
    pub should_retry: Option<bool>,
    /// Text that had arrived before the failure.
    pub partial: Option<String>,
    /// What was used all the same.
    pub usage: Usage,
    /// What was tried before, in order.
    pub failed: Vec<FailedTry>,
}

impl LmError {
    /// An error of a kind, in words.
    pub fn new(kind: LmErrorKind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            model: None,
            status: None,
            request_id: None,
            hint: None,
            retry_after: None,
            should_retry: None,
            partial: None,
            usage: Usage::default(),
            failed: Vec::new(),
        }
    }

    /// What was used, with what was used by the tries before.
    pub fn all_usage(&self) -> Usage {
        self.usage + self.failed.iter().map(|f| f.usage).sum()
    }

    /// The error with the name of the model.
    #[must_use]
    pub fn with_model(mut self, model: impl Into<String>) -> Self {
        self.model = Some(model.into());
        self
    }

    /// The error with an HTTP status.
    #[must_use]
    pub fn with_status(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// The error with the provider's id of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        self.request_id = id;
        self
    }

    /// The error with what to do next.
    #[must_use]
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// What to do next: what is known of this error, or what usually helps.
    ///
    /// ```
    /// use dspex_core::lm::{LmError, LmErrorKind};
    /// let e = LmError::new(LmErrorKind::Timeout, "no answer within 5 s");
    /// assert_eq!(e.hint(), "try again, or give more time");
    /// ```
    pub fn hint(&self) -> &str {
        self.hint.as_deref().unwrap_or_else(|| self.kind.remedy())
    }

    /// The error with what had arrived before it.
    #[must_use]
    pub fn with_partial(mut self, text: String) -> Self {
        if !text.is_empty() {
            self.partial = Some(text);
        }
        self
    }

    /// The error with what was used all the same.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }
}

impl fmt::Display for LmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(model) = &self.model {
            write!(f, "{model}: ")?;
        }
        f.write_str(&self.message)?;
        if let Some(status) = self.status {
            write!(f, " (status {status})")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for LmError {}
