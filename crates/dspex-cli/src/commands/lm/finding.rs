//! What was found out, and how sure it is.

use dspex_core::lm::{LmError, LmErrorKind};

/// Whether an endpoint supports something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Yes,
    No,
    Unknown,
}

impl Answer {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// One thing that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Finding {
    pub(super) what: &'static str,
    pub(super) answer: Answer,
    /// What the answer is taken from.
    pub(super) why: String,
}

impl Finding {
    pub(super) fn new(what: &'static str, (answer, why): (Answer, impl Into<String>)) -> Self {
        Self { what, answer, why: why.into() }
    }
}

/// What the failure of a call that asked for a feature says of the feature.
pub(super) fn of_failure(e: &LmError) -> (Answer, String) {
    let answer = match e.kind {
        LmErrorKind::InvalidRequest | LmErrorKind::Unsupported => Answer::No,
        _ => Answer::Unknown,
    };
    (answer, e.message.clone())
}

/// What the first call says of the way to the model, the key and the model's name.
pub(super) fn of_first(result: Result<Option<&str>, &LmError>) -> [Finding; 3] {
    let e = match result {
        Ok(model) => {
            let named = model.map_or_else(String::new, |model| format!("answers as {model}"));
            return [
                Finding::new("reachable", (Answer::Yes, "")),
                Finding::new("auth", (Answer::Yes, "the call was let in")),
                Finding::new("model", (Answer::Yes, named)),
            ];
        }
        Err(e) => e,
    };
    let why = || e.message.clone();
    let silent = matches!(e.kind, LmErrorKind::Transport | LmErrorKind::Timeout) && e.status.is_none();
    let reachable = if silent { (Answer::No, why()) } else { (Answer::Yes, "a server answers".to_owned()) };
    let auth = match e.kind {
        LmErrorKind::Auth => (Answer::No, why()),
        LmErrorKind::Billing => (Answer::Yes, format!("but the account cannot pay: {}", why())),
        LmErrorKind::UnknownModel => (Answer::Yes, "it was not refused".to_owned()),
        _ => (Answer::Unknown, "the first call failed otherwise".to_owned()),
    };
    let model = match e.kind {
        LmErrorKind::UnknownModel => (Answer::No, why()),
        _ => (Answer::Unknown, "the first call failed".to_owned()),
    };
    [Finding::new("reachable", reachable), Finding::new("auth", auth), Finding::new("model", model)]
}
