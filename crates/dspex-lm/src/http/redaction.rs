//! What must not be shown, in every form in which a provider may give it back.

use std::sync::LazyLock;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use dspex_core::shorten_text;
use regex::Regex;
use reqwest::Url;

use crate::secret::Secret;

/// Bodies in errors, without what must not be shown.
#[derive(Clone, Debug, Default)]
pub(crate) struct Redaction(Vec<Secret>);

/// Keys as vendors write them, also where a provider echoes one that we do not know.
static KEY: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?i)\b(?:sk|pk|rk|gsk|xai|key)-[\w*.-]{6,}|\bbearer\s+[^\s,;]+").ok());

const REDACTED: &str = "[redacted]";

/// So many characters of a secret are enough to take what follows for the rest of it: providers show the start of a key.
const START: usize = 12;

impl Redaction {
    /// Keeps back these secrets and what the query of a URL has of them.
    pub(super) fn new(secrets: impl IntoIterator<Item = Secret>, base: &Url) -> Self {
        let in_query = base.query_pairs().filter(|(_, value)| !is_version(value));
        let in_query: Vec<Secret> = in_query.map(|(_, value)| Secret::new(value)).collect();
        Self(secrets.into_iter().chain(in_query).flat_map(|secret| forms(&secret)).collect())
    }

    /// Text without secrets, on one line, short enough to read.
    pub(super) fn preview(&self, text: &str) -> String {
        let mut text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        for secret in &self.0 {
            text = without(&text, secret.expose());
        }
        let text = KEY.as_ref().map_or(text.clone(), |key| key.replace_all(&text, REDACTED).into_owned());
        // What moves the cursor or changes colours has no business on somebody's terminal.
        let text: String = text.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect();
        shorten_text(&text)
    }
}

/// The forms in which a secret may come back: as it is, in base64, and as URLs write it.
fn forms(secret: &Secret) -> Vec<Secret> {
    let exact = secret.expose().trim();
    if exact.is_empty() {
        return Vec::new();
    }
    let bare = |text: String| text.trim_end_matches('=').to_owned();
    let upper = in_url(exact);
    let mut all = vec![exact.to_owned(), bare(STANDARD.encode(exact)), bare(URL_SAFE.encode(exact))];
    all.extend([upper.replace('%', "%25"), lower_hex(&upper), upper]);
    all.sort();
    all.dedup();
    // The longest first: none leaves a part of another behind.
    all.sort_by_key(|form| std::cmp::Reverse(form.len()));
    all.into_iter().map(Secret::new).collect()
}

/// Text as a part of a URL, in upper case hexadecimal.
fn in_url(text: &str) -> String {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-._~".contains(&b);
    text.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

/// The same in lower case hexadecimal.
fn lower_hex(text: &str) -> String {
    let mut parts = text.split('%');
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2).unwrap_or((part, ""));
        all.push('%');
        all.push_str(&digits.to_ascii_lowercase());
        all.push_str(rest);
    }
    all
}

/// Text without a secret: the whole of a short one, and of a long one whatever starts like it.
fn without(text: &str, secret: &str) -> String {
    let start = secret.char_indices().nth(START).map_or(secret, |(at, _)| &secret[..at]);
    if !text.contains(start) {
        return text.to_owned();
    }
    let goes_on = |c: char| c.is_alphanumeric() || "-_.~+/=%*:".contains(c);
    let mut parts = text.split(start);
    let mut all = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        all.push_str(REDACTED);
        let tail = if start.len() == secret.len() { part } else { part.trim_start_matches(goes_on) };
        all.push_str(tail);
    }
    all
}

/// Whether the value of a query is a version or a date, which an error may well be about.
fn is_version(value: &str) -> bool {
    let bare = value.trim_start_matches('v').trim_end_matches("-preview").trim_end_matches("-beta");
    bare.len() <= 10 && bare.bytes().all(|b| b.is_ascii_digit() || b".-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_kept_back_in_each_form() {
        let secret = "canary/+= 5f7e1c0a9b";
        let base: Url = "http://h/v1?api-version=2024-10-21&code=query-secret-77".parse().expect("a URL");
        let redaction = Redaction::new([Secret::new(secret), Secret::new("short")], &base);
        let encoded = in_url(secret);
        for form in [
            secret.to_owned(),
            STANDARD.encode(secret),
            URL_SAFE.encode(secret),
            encoded.clone(),
            lower_hex(&encoded),
            encoded.replace('%', "%25"),
            secret[..14].to_owned(),
            "short".to_owned(),
            "query-secret-77".to_owned(),
            "query-secret-...".to_owned(),
        ] {
            let shown = redaction.preview(&format!("wrong key \"{form}\", see the page"));
            assert!(shown.starts_with("wrong key \"[redacted]"), "{form}: {shown}");
            assert!(shown.ends_with("\", see the page"), "{form}: {shown}");
            assert!(!shown.contains(&form[..4]), "{form}: {shown}");
        }
        let harmless = "api-version 2024-10-21 is not known";
        assert_eq!(redaction.preview(harmless), harmless);
    }
}
