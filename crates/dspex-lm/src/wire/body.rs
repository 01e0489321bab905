//! Bodies in JSON that are no reply: cut off, of another kind, or an error that the provider sends in place of one.

use dspex_core::lm::{LmError, LmErrorKind};
use serde_json::Value as Json;

use super::failure::Said;

/// The JSON of a body. One that is cut off is a fault of the connection, any other one of the protocol.
pub(super) fn json(body: &[u8], expected: &str) -> Result<Json, LmError> {
    serde_json::from_slice(body).map_err(|e| {
        if e.is_eof() {
            LmError::new(LmErrorKind::Transport, "expected whole JSON, found it cut off")
        } else {
            LmError::new(LmErrorKind::Protocol, format!("expected {expected} in JSON, found: {e}"))
        }
    })
}

/// The error of JSON that is not what was expected.
pub(super) fn unexpected(expected: &str, json: &Json) -> LmError {
    LmError::new(LmErrorKind::Protocol, format!("expected {expected}, found {}", kind_of(json)))
}

fn kind_of(json: &Json) -> String {
    match json {
        Json::Object(map) => {
            let keys: Vec<_> = map.keys().take(8).map(|k| format!("`{k}`")).collect();
            format!("an object with {}", if keys.is_empty() { "nothing".into() } else { keys.join(", ") })
        }
        other => dspex_core::shorten_text(&other.to_string()),
    }
}

/// An error object that came where a reply was due.
pub(crate) fn provider_error(error: &Json) -> LmError {
    let said = Said::read(error);
    let kind = said.kind().unwrap_or(LmErrorKind::Server);
    let mut e = LmError::new(kind, format!("the provider answered with an error: {}", said.message()));
    e.retry_after = said.retry_after();
    e
}

/// A count of tokens, if it is one; no reply has a trillion of them.
pub(super) fn count(json: &Json) -> Option<u64> {
    json.as_u64().filter(|n| *n < 1 << 40)
}
