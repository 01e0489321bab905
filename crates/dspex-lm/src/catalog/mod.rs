//! The catalog: what models cost, how much they read and write, and what they can do.

mod price;

use std::collections::BTreeMap;
use std::io::{self, BufRead as _};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use dspex_core::{Error, ErrorKind, Money, Result};
use serde::Deserialize;

pub use price::{Above, Price, Rates};

/// What came with this version: models and prices from LiteLLM's table (MIT licence), reduced by `cargo xtask catalog`.
const SHIPPED: &str = include_str!("../../data/models.jsonl");

/// What is known of a model.
///
/// ```
/// use dspex_lm::Catalog;
/// let catalog = Catalog::shipped();
/// let model = catalog.model("openai/gpt-4o-mini").unwrap();
/// assert_eq!((model.context, model.max_output), (Some(128_000), Some(16_384)));
/// assert!(model.can("tools") && !model.embeds);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ModelInfo {
    /// Its name, `provider/model`.
    pub model: String,
    /// Whether it makes embeddings, not answers.
    pub embeds: bool,
    /// What it costs, per million tokens; none where that is not known.
    pub price: Option<Price>,
    /// Most tokens that it reads.
    pub context: Option<u64>,
    /// Most tokens that it writes.
    pub max_output: Option<u64>,
    /// What it can do, by words: `tools`, `json_schema`, `images`, `audio`, `reasoning`, `prompt_cache`.
    pub can: Vec<String>,
    /// The day from which its provider no longer has it.
    pub retired: Option<String>,
    /// The day from which this entry holds; none for ever.
    pub from: Option<String>,
}

/// A line of a catalog: a model with its prices beside it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    model: String,
    #[serde(default)]
    embeds: bool,
    input: Option<Money>,
    output: Option<Money>,
    cached_read: Option<Money>,
    cached_write: Option<Money>,
    reasoning: Option<Money>,
    audio: Option<Money>,
    batch: Option<Rates>,
    flex: Option<Rates>,
    priority: Option<Rates>,
    above: Option<Above>,
    context: Option<u64>,
    max_output: Option<u64>,
    #[serde(default)]
    can: Vec<String>,
    retired: Option<String>,
    from: Option<String>,
}

impl From<Line> for ModelInfo {
    fn from(line: Line) -> Self {
        let Line { cached_read, cached_write, reasoning, audio, batch, flex, priority, above, .. } = line;
        let price = line.input.map(|input| {
            let output = line.output.unwrap_or_default();
            let rates = Rates { input, output, cached_read, cached_write, reasoning, audio };
            Price { rates, batch, flex, priority, above }
        });
        let (context, max_output) = (line.context, line.max_output);
        let (can, retired, from) = (line.can, line.retired, line.from);
        Self { model: line.model, embeds: line.embeds, price, context, max_output, can, retired, from }
    }
}

impl ModelInfo {
    /// Whether it can do something.
    pub fn can(&self, word: &str) -> bool {
        self.can.iter().any(|c| c == word)
    }
}

/// What is known of models, by name. It is data: reading it asks nobody.
///
/// ```
/// use dspex_core::Usage;
/// use dspex_lm::Catalog;
///
/// // A price of your own, over what is shipped. Prices are dollars per million tokens.
/// let own = r#"{"model": "hosted_vllm/our-model", "input": "0.05", "output": "0.2", "context": 32768}"#;
/// let catalog = Catalog::parse(own)?.over(&Catalog::shipped());
/// let price = catalog.model("hosted_vllm/our-model").unwrap().price.as_ref().unwrap();
/// assert_eq!(price.cost(&Usage::tokens(1_000_000, 500_000), None).unwrap().to_string(), "$0.15");
/// assert!(catalog.model("openai/gpt-4o-mini").is_some());
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Catalog {
    /// Entries of a model in the order of their days.
    models: BTreeMap<String, Vec<ModelInfo>>,
    source: Option<Source>,
}

/// Where a catalog comes from.
///
/// ```
/// let shipped = dspex_lm::Catalog::shipped();
/// let source = shipped.source().unwrap();
/// assert!(source.source.starts_with("LiteLLM") && source.license.starts_with("MIT"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Source {
    /// Who made it.
    pub source: String,
    /// The day on which it was taken.
    pub as_of: String,
    /// Its licence.
    pub license: String,
    /// What else is to be said.
    #[serde(default)]
    pub note: String,
}

static SHIPPED_CATALOG: LazyLock<Arc<Catalog>> = LazyLock::new(|| {
    // What is shipped is read by a test; a line that could not be read would be left out, not the catalog.
    Arc::new(Catalog::parse(SHIPPED).unwrap_or_default())
});

impl Catalog {
    /// The catalog that came with this version.
    pub fn shipped() -> Arc<Self> {
        Arc::clone(&SHIPPED_CATALOG)
    }

    /// A catalog from lines of JSON, one model each; the first may say where they come from.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read("catalog", text.as_bytes())
    }

    /// A catalog from a file of such lines.
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self> {
        let place = path.as_ref().display().to_string();
        let error = |e: io::Error| ErrorKind::File { place: place.clone(), message: e.to_string() };
        let file = std::fs::File::open(&path).map_err(error)?;
        Self::read(&place, io::BufReader::new(file))
    }

    fn read(place: &str, mut from: impl io::BufRead) -> Result<Self> {
        let mut catalog = Self::default();
        for (at, line) in from.by_ref().lines().enumerate() {
            let error = |message: String| {
                let place = format!("{place}:{}", at + 1);
                Error::from(ErrorKind::File { place, message }).with_hint(
                    "a line is an object with `model`, and `input` and `output` in dollars per million tokens",
                )
            };
            let line = line.map_err(|e| error(e.to_string()))?;
            if line.trim().is_empty() {
                continue;
            }
            let source = at == 0 && line.contains("\"source\"");
            if source {
                catalog.source = Some(serde_json::from_str(&line).map_err(|e| error(e.to_string()))?);
            } else {
                let line: Line = serde_json::from_str(&line).map_err(|e| error(e.to_string()))?;
                catalog.insert(line.into());
            }
        }
        Ok(catalog)
    }

    fn insert(&mut self, model: ModelInfo) {
        let entries = self.models.entry(model.model.clone()).or_default();
        let at = entries.partition_point(|e| e.from <= model.from);
        entries.insert(at, model);
    }

    /// This catalog, and where it does not know a model, the other.
    #[must_use]
    pub fn over(mut self, other: &Self) -> Self {
        for (name, entries) in &other.models {
            self.models.entry(name.clone()).or_insert_with(|| entries.clone());
        }
        self.source = self.source.or_else(|| other.source.clone());
        self
    }

    /// What is known of a model, by the newest entry.
    pub fn model(&self, name: &str) -> Option<&ModelInfo> {
        self.entries(name).last()
    }

    /// What held for a model on a day, as `2026-11-20`.
    pub fn model_on(&self, name: &str, day: &str) -> Option<&ModelInfo> {
        let entries = self.entries(name);
        entries.iter().rev().find(|e| e.from.as_deref().is_none_or(|from| from <= day))
    }

    /// A model by its name, also by that of a version of it: `openai/gpt-4o-mini-2024-07-18`. Providers tell it so.
    fn entries(&self, name: &str) -> &[ModelInfo] {
        let by = |name: &str| self.models.get(name).map(Vec::as_slice);
        // Whoever asks by another wire of the provider asks the same model.
        let plain = name.replacen("/responses/", "/", 1);
        let undated = || {
            let (head, day) = plain.rsplit_once('@').or_else(|| plain.rsplit_once("-20"))?;
            let digits = day.bytes().all(|b| b.is_ascii_digit() || b == b'-');
            digits.then(|| by(head)).flatten()
        };
        by(name).or_else(|| by(&plain)).or_else(undated).unwrap_or_default()
    }

    /// All models, by name.
    pub fn models(&self) -> impl Iterator<Item = &ModelInfo> {
        self.models.values().filter_map(|entries| entries.last())
    }

    /// Where it comes from.
    pub fn source(&self) -> Option<&Source> {
        self.source.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use dspex_core::Usage;

    use super::{Catalog, SHIPPED};

    #[test]
    fn each_line_that_is_shipped_is_read() {
        let catalog = Catalog::parse(SHIPPED).expect("the shipped catalog");
        assert_eq!(catalog.models().count() + 1, SHIPPED.lines().count());
        assert!(catalog.source().is_some_and(|s| s.license.starts_with("MIT")));
        let priced = catalog.models().filter(|m| m.price.is_some()).count();
        assert!(priced > 1_000, "only {priced} models have a price");
        assert_eq!(catalog.models().filter(|m| m.model.matches('/').count() == 0).count(), 0);
    }

    #[test]
    fn prices_hold_from_their_day_on() {
        let text = concat!(
            "{\"model\": \"a/b\", \"input\": \"2\", \"output\": \"4\", \"from\": \"2026-03-01\"}\n",
            "\n{\"model\": \"a/b\", \"input\": \"1\", \"output\": \"2\"}\n",
        );
        let catalog = Catalog::parse(text).expect("two entries");
        let cost = |day: &str| {
            let price = catalog.model_on("a/b", day).and_then(|m| m.price.clone()).expect("a price");
            price.cost(&Usage::tokens(1_000_000, 0), None).expect("a cost").to_string()
        };
        assert_eq!((cost("2026-02-28").as_str(), cost("2026-03-01").as_str()), ("$1.00", "$2.00"));
    }

    #[test]
    fn a_version_of_a_model_costs_what_the_model_costs() {
        let catalog = Catalog::shipped();
        let name = |model: &str| catalog.model(model).map(|m| m.model.clone());
        assert_eq!(name("openai/responses/gpt-4o-mini").as_deref(), Some("openai/gpt-4o-mini"));
        assert_eq!(name("openai/gpt-4o-mini-2099-01-02").as_deref(), Some("openai/gpt-4o-mini"));
        assert_eq!(name("openai/gpt-4o-mini-turbo"), None);
    }

    #[test]
    fn a_line_that_cannot_be_read_is_named() {
        for (text, place) in [
            ("{\"model\": \"a/b\", \"inptu\": \"1\"}", "catalog:1"),
            ("{\"model\": \"a/b\"}\n{\"model\": \"a/c\", \"input\": \"-1\", \"output\": \"1\"}", "catalog:2"),
            ("what", "catalog:1"),
        ] {
            let e = Catalog::parse(text).expect_err(text);
            assert!(e.to_string().contains(place), "{e}");
        }
    }
}
