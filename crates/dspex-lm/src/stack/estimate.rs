//! How many tokens a request may take, before anybody counted them.

use dspex_core::lm::{Part, Request};

/// Characters of a token, about, in English and in code. Too few is the safe side.
const CHARACTERS: u64 = 4;

/// Tokens of a picture, about.
const PICTURE: u64 = 1_000;

/// An estimate of the tokens that a request takes, in and out.
pub(super) fn tokens(request: &Request) -> u64 {
    let part = |part: &Part| match part {
        Part::Text(text) | Part::Reasoning(text) => text.len() as u64 / CHARACTERS,
        Part::Media(_) => PICTURE,
        Part::Document(document) => document.data.len() as u64 / CHARACTERS,
        Part::ToolResult { content, .. } => content.len() as u64 / CHARACTERS,
        _ => 16,
    };
    let said: u64 = request.messages.iter().map(|m| 4 + m.parts.iter().map(part).sum::<u64>()).sum();
    let tools: u64 = request.tools.iter().map(|t| t.parameters.to_string().len() as u64 / CHARACTERS).sum();
    let several = u64::from(request.options.n.unwrap_or(1).max(1));
    let answer = request.options.max_tokens.unwrap_or(256);
    said.saturating_add(tools).saturating_add(answer.saturating_mul(several))
}

/// An estimate of the tokens of texts.
pub(super) fn of_texts(texts: &[String]) -> u64 {
    texts.iter().map(|text| text.len() as u64 / CHARACTERS).sum()
}
