//! The table of providers.

use std::sync::Arc;

#[cfg(feature = "http")]
use dspex_core::lm::Capabilities;
#[cfg(feature = "http")]
use dspex_core::schema::{ANTHROPIC, GBNF};

#[cfg(feature = "http")]
use super::vendor::Vendor;
use super::{How, Provider};
use crate::NearestLm;
#[cfg(feature = "http")]
use crate::wire::{Anthropic, OpenAiResponses, Quirks};

/// Every provider. To add one: a row here.
///
/// ```
/// let names: Vec<&str> = dspex_lm::PROVIDERS.iter().map(|p| p.name).collect();
/// assert!(names.contains(&"builtin") && names.contains(&"ollama"));
/// ```
pub const PROVIDERS: &[Provider] = &[
    Provider { name: "builtin", how: How::BuiltIn(&[("nearest", || Arc::new(NearestLm::new()))]) },
    #[cfg(feature = "http")]
    Provider {
        name: "openai",
        how: How::Http(Vendor {
            base: "https://api.openai.com/v1",
            base_variables: &["OPENAI_BASE_URL", "OPENAI_API_BASE"],
            key_variables: &["OPENAI_API_KEY"],
            more_wires: &[("responses/", &OpenAiResponses)],
            quirks: Quirks { max_completion_tokens: is_openai_reasoning, instructions: true, ..Quirks::NONE },
            capabilities: || {
                let mut all = Capabilities::default();
                (all.tools, all.json_schema, all.json_object) = (true, true, true);
                (all.images, all.audio, all.logprobs, all.several) = (true, true, true, true);
                all
            },
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "anthropic",
        how: How::Http(Vendor {
            base: "https://api.anthropic.com/v1",
            base_path: "/v1",
            base_variables: &["ANTHROPIC_BASE_URL", "ANTHROPIC_API_BASE"],
            key_variables: &["ANTHROPIC_API_KEY"],
            wire: &Anthropic,
            capabilities: || {
                let mut all = Capabilities::default();
                (all.tools, all.json_schema, all.images) = (true, true, true);
                (all.reasoning, all.citations) = (true, true);
                all
            },
            dialect: ANTHROPIC,
            ..Vendor::CHAT
        }),
    },
    #[cfg(feature = "http")]
    Provider {
        name: "ollama",
        how: How::Http(Vendor {
            base: "http://localhost:11434/v1",
            base_path: "/v1",
            base_variables: &["OLLAMA_API_BASE"],
            key_variables: &["OLLAMA_API_KEY"],
            needs_key: false,
            capabilities: || {
                let mut all = Capabilities::default();
                (all.tools, all.json_schema, all.json_object, all.images) = (true, true, true, true);
                all
            },
            dialect: GBNF,
            ..Vendor::CHAT
        }),
    },
];

/// Whether a model of OpenAI is one that reasons: these refuse `max_tokens`.
#[cfg(feature = "http")]
fn is_openai_reasoning(model: &str) -> bool {
    let o_series = model.strip_prefix('o').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    o_series || model.starts_with("gpt-5")
}
