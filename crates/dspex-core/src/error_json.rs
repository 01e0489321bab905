//! Errors as JSON, the form that scripts read.

use serde_json::{Value as Json, json};

use crate::error::{Error, ErrorKind};
use crate::prediction::Attempt;

impl Error {
    /// The error as a JSON object: `kind` (its [`code`](Self::code)), `stage`, `message`, `field`, `path`, `hint`; with
    /// what its kind knows beyond that; `call` where it arose in a second call; and where models were called, `usage`,
    /// `raw`, the last text of one, and `attempts`.
    ///
    /// ```
    /// use dspex_core::Signature;
    /// let e = dspex_core::Error::from(Signature::parse("question -> ").unwrap_err());
    /// assert_eq!(e.to_json()["kind"], "signature");
    /// assert_eq!(e.to_json()["offset"], 12);
    /// ```
    pub fn to_json(&self) -> Json {
        let mut out = json!({
            "kind": self.code(),
            "stage": self.stage().name(),
            "message": self.kind().to_string(),
            "field": self.kind().field(),
            "path": self.path().map(ToString::to_string),
            "hint": self.hint(),
        });
        if let ErrorKind::Signature(s) = self.kind() {
            out["offset"] = json!(s.offset);
            out["expected"] = json!(s.expected);
            out["found"] = json!(s.found);
        }
        if let ErrorKind::Ambiguous { rule, .. } = self.kind() {
            out["rule"] = json!(rule.id());
        }
        if let ErrorKind::Validation { errors } = self.kind() {
            out["errors"] = json!(errors);
        }
        if let ErrorKind::Lm(lm) = self.kind() {
            out["model"] = json!(lm.model);
            out["status"] = json!(lm.status);
            out["request_id"] = json!(lm.request_id);
            out["retry_after"] = json!(lm.retry_after.map(|wait| wait.as_secs_f64()));
        }
        if self.is_in_extraction() {
            out["call"] = json!("extraction");
        }
        if !self.attempts().is_empty() {
            out["usage"] = json!(self.usage());
            out["raw"] = json!(self.raw());
            out["attempts"] = self.attempts().iter().map(Attempt::to_json).collect();
        }
        out
    }
}

impl Attempt {
    /// The attempt as a JSON object: `path`, `model`, `reason` (its [`code`](crate::AttemptReason::code)), `because`
    /// (the error for which a fallback made it), `usage`, `seconds`, `finish_reason`, `cached`, `error`, `raw`; and
    /// where there are any, `failed` (tries before the last one, and what they used) and `tags`.
    ///
    /// ```
    /// use dspex_core::{Attempt, Path};
    /// let attempt = Attempt::new(Path::from("predict"), "openai/gpt-4o-mini");
    /// assert_eq!(attempt.to_json()["reason"], "asked");
    /// ```
    pub fn to_json(&self) -> Json {
        let mut out = json!({
            "path": self.path.to_string(),
            "model": self.model,
            "reason": self.reason.code(),
            "because": self.reason.error(),
            "usage": self.usage,
            "seconds": self.elapsed.as_secs_f64(),
            "finish_reason": self.finish.as_ref().map(crate::lm::FinishReason::as_str),
            "cached": self.cached,
            "error": self.error,
            "raw": self.text,
        });
        if self.failed_tries > 0 {
            out["failed"] = json!({"tries": self.failed_tries, "usage": self.failed_usage});
        }
        if !self.tags.is_empty() {
            out["tags"] = json!(self.tags);
        }
        out
    }
}
