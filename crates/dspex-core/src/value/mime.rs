//! MIME types by the first bytes, and `data:` URIs.

use base64::Engine as _;

/// The MIME type of bytes that start as a known format does.
pub(super) fn of_bytes(bytes: &[u8]) -> Option<&'static str> {
    infer::get(bytes).map(|kind| kind.mime_type())
}

pub(super) fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

pub(super) fn data_uri(mime: &str, base64: &str) -> String {
    ["data:", mime, ";base64,", base64].concat()
}

/// The MIME type and the data of a `data:` URI.
pub(super) fn split_data_uri(uri: &str) -> Option<(&str, &str)> {
    let (head, data) = uri.strip_prefix("data:")?.split_once(',')?;
    Some((head.split(';').next().unwrap_or_default(), data))
}

/// Whether text is the URL of something that a provider can fetch, as DSPy tells it: `http`, `https` or `gs`, and a host.
pub(super) fn is_url(text: &str) -> bool {
    // As Python's `urlsplit`, which passes over these.
    let text = text.trim_start_matches(|c: char| c <= ' ');
    let text: String = text.chars().filter(|c| !matches!(c, '\t' | '\r' | '\n')).collect();
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    let known = ["http", "https", "gs"].iter().any(|s| scheme.eq_ignore_ascii_case(s));
    let host = rest.strip_prefix("//").map(|r| r.split(['/', '?', '#']).next().unwrap_or_default());
    known && host.is_some_and(|h| !h.is_empty() && h.contains('[') == h.contains(']'))
}

/// A format as chat completions name it: `audio/mpeg` is `mp3`, `audio/x-wav` is `wav`.
pub(super) fn audio_format(mime: &str) -> Option<&str> {
    let format = mime.strip_prefix("audio/")?;
    Some(match format.strip_prefix("x-").unwrap_or(format) {
        "mpeg" => "mp3",
        other => other,
    })
}
