//! From what went wrong on the way to a typed error: connections, status codes, bodies that are not what they should be.

use std::time::Duration;

use dspex_core::lm::{LmError, LmErrorKind};
use reqwest::header::HeaderMap;
use reqwest::{StatusCode, Url};

pub(crate) use super::redaction::Redaction;
use super::transport::time_of_day;
use crate::wire::failure::Said;

impl Redaction {
    /// The provider's id of a request.
    pub(crate) fn request_id(&self, headers: &HeaderMap) -> Option<String> {
        let id = ["x-request-id", "request-id"].iter().find_map(|name| headers.get(*name))?;
        id.to_str().ok().map(|id| self.preview(id))
    }

    /// The error of a status that is no success.
    pub(crate) fn of_status(&self, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> LmError {
        let said = Said::in_body(body);
        let by_code = said.as_ref().and_then(Said::kind);
        let kind = kind_of(status, by_code, said.as_ref().is_some_and(Said::is_of_protocol));
        let text = match &said {
            Some(said) => self.preview(said.message()),
            None if body.is_empty() => "an empty body".to_owned(),
            None => self.preview(&String::from_utf8_lossy(body)),
        };
        let mut error = LmError::new(kind, format!("expected a reply, found {}: {text}", reason(status)))
            .with_status(status.as_u16())
            .with_request_id(self.request_id(headers));
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        let in_body = || said.as_ref()?.retry_after();
        error.retry_after = dspex_resilience::retry_after(header, time_of_day()).or_else(in_body);
        error.should_retry = dspex_resilience::should_retry(header);
        if status == StatusCode::NOT_FOUND && kind == LmErrorKind::Configuration {
            error = error.with_hint("check the base URL; that of most servers ends in `/v1`");
        }
        if status.is_redirection() {
            error = error.with_hint("use the URL that it leads to; keys are not sent along a redirect");
        }
        error
    }

    /// The error of a reply that is not JSON.
    pub(crate) fn of_content(&self, expected: &str, content_type: &str, body: &[u8]) -> LmError {
        let preview = self.preview(&String::from_utf8_lossy(body));
        let message = format!("expected {expected}, found {}: {preview}", self.preview(content_type));
        LmError::new(LmErrorKind::Protocol, message)
    }

    /// The error with what its decoder quoted made safe to show.
    pub(crate) fn clean(&self, mut error: LmError) -> LmError {
        error.message = self.preview(&error.message);
        error
    }
}

fn kind_of(status: StatusCode, by_code: Option<LmErrorKind>, of_protocol: bool) -> LmErrorKind {
    match status.as_u16() {
        403 if by_code == Some(LmErrorKind::Billing) => LmErrorKind::Billing,
        401 | 403 => LmErrorKind::Auth,
        402 => LmErrorKind::Billing,
        // A provider that knows its own protocol says what it does not have; any other 404 is a wrong address.
        404 if of_protocol => LmErrorKind::UnknownModel,
        404 | 405 => LmErrorKind::Configuration,
        408 => LmErrorKind::Timeout,
        409 | 425 => LmErrorKind::Server,
        429 if by_code == Some(LmErrorKind::Billing) => LmErrorKind::Billing,
        429 => LmErrorKind::RateLimit,
        // What a provider calls its own failure with a status for the caller's is the caller's.
        400..=499 => by_code.filter(|k| *k != LmErrorKind::Server).unwrap_or(LmErrorKind::InvalidRequest),
        300..=399 => LmErrorKind::Configuration,
        504 if by_code == Some(LmErrorKind::Timeout) => LmErrorKind::Timeout,
        500..=599 => LmErrorKind::Server,
        _ => LmErrorKind::Protocol,
    }
}

fn reason(status: StatusCode) -> String {
    status.canonical_reason().unwrap_or("an unknown status").to_lowercase()
}

/// The error of a connection: which host, and the cause at the bottom.
pub(super) fn of_connection(e: &reqwest::Error, url: &Url, connect: Duration) -> LmError {
    let host = url.host_str().unwrap_or_default();
    let place = url.port_or_known_default().map_or(host.to_owned(), |port| format!("{host}:{port}"));
    let mut cause: &dyn std::error::Error = e;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    if e.is_timeout() {
        return timeout(&format!("a connection to {place}"), connect);
    }
    let message = if e.is_connect() {
        format!("expected a connection to {place}, found: {cause}")
    } else {
        format!("expected a whole reply of {place}, found the connection broken: {cause}")
    };
    LmError::new(LmErrorKind::Transport, message)
}

/// The error of waiting too long for something.
pub(super) fn timeout(what: &str, waited: Duration) -> LmError {
    LmError::new(LmErrorKind::Timeout, format!("expected {what} within {waited:?}, found none"))
}
