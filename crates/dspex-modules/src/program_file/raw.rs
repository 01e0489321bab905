//! The keys of a program file.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

/// The keys of the file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Raw {
    pub(super) signature: Option<Spanned<String>>,
    pub(super) name: Option<String>,
    #[serde(default)]
    pub(super) inputs: Vec<Spanned<RawField>>,
    #[serde(default)]
    pub(super) outputs: Vec<Spanned<RawField>>,
    pub(super) module: Option<Spanned<String>>,
    pub(super) instructions: Option<String>,
    pub(super) demos: Option<Spanned<RawDemos>>,
    pub(super) load: Option<String>,
    pub(super) lm: Option<String>,
    pub(super) adapter: Option<String>,
    pub(super) wording: Option<String>,
    pub(super) policy: Option<Spanned<String>>,
    pub(super) fallback: Option<Spanned<RawFallback>>,
    pub(super) extraction_lm: Option<String>,
    pub(super) options: Option<RawOptions>,
}

#[derive(Deserialize)]
pub(super) struct RawField {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) ty: Option<String>,
    pub(super) description: Option<String>,
    pub(super) prefix: Option<String>,
    pub(super) default: Option<toml::Value>,
    /// Constraints by their keyword.
    #[serde(flatten)]
    pub(super) constraints: BTreeMap<String, toml::Value>,
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawDemos {
    File(String),
    Inline(Vec<toml::Table>),
}

#[derive(Deserialize)]
#[serde(untagged)]
pub(super) enum RawFallback {
    One(String),
    Several(Vec<String>),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawOptions {
    pub(super) n: Option<u32>,
    pub(super) temperature: Option<f64>,
    pub(super) max_tokens: Option<u64>,
    pub(super) seed: Option<u64>,
}
