//! The wire of Anthropic's Messages, which other vendors speak, too.
//!
//! Source: Anthropic's API reference, "Messages", "Streaming messages", "Errors", and the guides of each feature.

mod block;
mod blocks;
mod cache;
mod counts;
mod decode;
mod encode;
mod family;
#[cfg(test)]
mod tests;
mod turns;

use dspex_core::lm::{Capabilities, LmError, Part, Request};
use dspex_core::value::MediaSource;
use serde_json::Value as Json;

use self::family::{Family, Thinking};
use super::{Auth, Call, Decode, Quirks, Wire};

/// Messages.
#[derive(Debug)]
pub(crate) struct Anthropic;

/// The name of the wire, under which parts that only it understands are kept.
const NAME: &str = "anthropic";

/// The header that names what is not yet for everyone.
const BETA: &str = "anthropic-beta";

/// Files under an id are such.
const FILES: &str = "files-api-2025-04-14";

impl Wire for Anthropic {
    fn name(&self) -> &'static str {
        NAME
    }

    fn path(&self, _: &Call<'_>) -> String {
        "messages".to_owned()
    }

    fn encode(&self, call: &Call<'_>) -> Result<Json, LmError> {
        encode::body(call)
    }

    fn decoder(&self, _: &Quirks) -> Box<dyn Decode> {
        Box::new(decode::Decoder::default())
    }

    fn auth(&self) -> Auth {
        Auth::Header("x-api-key")
    }

    fn headers(&self) -> &'static [(&'static str, &'static str)] {
        &[("anthropic-version", "2023-06-01")]
    }

    fn list_headers(&self) -> &'static [&'static str] {
        &[BETA]
    }

    /// What the request needs of what is not yet for everyone, beside what the caller names.
    fn request_headers(&self, call: &Call<'_>) -> Vec<(String, String)> {
        let mut headers = call.options().headers.clone();
        if names_files(call.request) {
            headers.push((BETA.to_owned(), FILES.to_owned()));
        }
        headers
    }

    fn narrow(&self, model: &str, can: &mut Capabilities) {
        let family = Family::of(model);
        can.json_schema &= family.schema;
        can.reasoning &= family.thinking != Thinking::Never;
    }
}

fn names_files(request: &Request) -> bool {
    let named = |p: &Part| matches!(p, Part::Media(m) if matches!(m.source, MediaSource::Id(_)));
    request.messages.iter().flat_map(|m| &m.parts).any(named)
}
