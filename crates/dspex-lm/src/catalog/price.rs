//! Prices, and what a call costs by them.

use dspex_core::{Money, Usage};
use serde::Deserialize;
use serde_json::{Map, Value as Json};

/// Dollars per million tokens. A rate that is not given is that of plain input or output.
///
/// ```
/// use dspex_lm::Rates;
/// let rates: Rates = serde_json::from_str(r#"{"input": "3", "output": "15", "cached_read": "0.3"}"#).unwrap();
/// assert_eq!(rates.input.to_string(), "$3.00");
/// assert_eq!(rates.cached_write, None, "as plain input");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Rates {
    /// Of what the model reads.
    pub input: Money,
    /// Of what it writes.
    #[serde(default)]
    pub output: Money,
    /// Of what it reads from the provider's cache.
    #[serde(default)]
    pub cached_read: Option<Money>,
    /// Of what it reads and the provider's cache keeps.
    #[serde(default)]
    pub cached_write: Option<Money>,
    /// Of what it thinks, where that differs from what it writes.
    #[serde(default)]
    pub reasoning: Option<Money>,
    /// Of sound.
    #[serde(default)]
    pub audio: Option<Money>,
}

/// What a model costs.
///
/// ```
/// use dspex_core::Usage;
/// use dspex_lm::Catalog;
/// let catalog = Catalog::shipped();
/// let price = catalog.model("openai/gpt-4o-mini").unwrap().price.as_ref().unwrap();
/// let mut usage = Usage::tokens(10_000, 1_000);
/// assert_eq!(price.cost(&usage, None).unwrap().to_string(), "$0.0021");
/// usage.cached_read_tokens = 8_000; // at half the price
/// assert_eq!(price.cost(&usage, None).unwrap().to_string(), "$0.0015");
/// assert_eq!(price.cost(&usage, Some("priority")).unwrap().to_string(), "$0.0025");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Price {
    /// As a rule.
    pub rates: Rates,
    /// In batches.
    pub batch: Option<Rates>,
    /// In the class of service `flex`.
    pub flex: Option<Rates>,
    /// In the class of service `priority`.
    pub priority: Option<Rates>,
    /// For requests above a length.
    pub above: Option<Above>,
}

/// What requests above a length cost.
///
/// ```
/// let catalog = dspex_lm::Catalog::shipped();
/// let price = catalog.model("gemini/gemini-2.5-pro").unwrap().price.as_ref().unwrap();
/// assert_eq!(price.above.as_ref().map(|a| a.tokens), Some(200_000));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Map<String, Json>")]
#[non_exhaustive]
pub struct Above {
    /// So many tokens of input, cached ones included.
    pub tokens: u64,
    /// The rates for the whole request.
    pub rates: Rates,
}

impl TryFrom<Map<String, Json>> for Above {
    type Error = String;

    fn try_from(mut map: Map<String, Json>) -> Result<Self, String> {
        let tokens =
            map.remove("tokens").as_ref().and_then(Json::as_u64).ok_or("expected `tokens` as a number")?;
        let rates = Rates::deserialize(Json::Object(map)).map_err(|e| e.to_string())?;
        Ok(Self { tokens, rates })
    }
}

impl Price {
    /// What was used costs so much, in a class of service; none where that cannot be told: nobody counted the tokens, or
    /// there is sound among them that has a price of its own.
    pub fn cost(&self, usage: &Usage, service_tier: Option<&str>) -> Option<Money> {
        let tier = match service_tier {
            Some("batch") => self.batch.as_ref(),
            Some("flex") => self.flex.as_ref(),
            Some("priority") => self.priority.as_ref(),
            _ => None,
        };
        let long = self.above.as_ref().filter(|a| tier.is_none() && usage.input_tokens > a.tokens);
        let rates = tier.or(long.map(|a| &a.rates)).unwrap_or(&self.rates);
        let of_sound = usage.audio_tokens > 0 && self.rates.audio.is_some();
        (usage.uncounted_calls == 0 && !of_sound).then(|| rates.cost(usage))
    }
}

impl Rates {
    fn cost(&self, usage: &Usage) -> Money {
        let cached = usage.cached_read_tokens.saturating_add(usage.cached_write_tokens);
        let plain = usage.input_tokens.saturating_sub(cached);
        let thought = if self.reasoning.is_some() { usage.reasoning_tokens } else { 0 };
        let said = usage.output_tokens.saturating_sub(thought);
        self.input.for_tokens(plain)
            + self.cached_read.unwrap_or(self.input).for_tokens(usage.cached_read_tokens)
            + self.cached_write.unwrap_or(self.input).for_tokens(usage.cached_write_tokens)
            + self.output.for_tokens(said)
            + self.reasoning.unwrap_or(self.output).for_tokens(thought)
    }
}

#[cfg(test)]
mod tests {
    use dspex_core::Usage;

    use super::Price;

    fn price(json: &str) -> Price {
        let line = format!(r#"{{"model": "a/b", {json}}}"#).replace('\n', " ");
        crate::Catalog::parse(&line).expect(json).model("a/b").and_then(|m| m.price.clone()).expect(json)
    }

    #[test]
    fn each_kind_of_token_has_its_rate() {
        let all = price(
            r#""input": "1", "output": "10", "cached_read": "0.1", "cached_write": "2", "reasoning": "20",
                "above": {"tokens": 1000000, "input": "100", "output": "0"}"#,
        );
        let mut usage = Usage::tokens(1_000_000, 1_000_000);
        (usage.cached_read_tokens, usage.cached_write_tokens, usage.reasoning_tokens) =
            (500_000, 100_000, 300_000);
        // 0.4 + 0.05 + 0.2 + 7 + 6
        assert_eq!(all.cost(&usage, None).map(|m| m.to_string()).as_deref(), Some("$13.65"));
        usage = Usage::tokens(1_000_001, 1);
        assert_eq!(all.cost(&usage, None).map(|m| m.to_string()).as_deref(), Some("$100.0001"));
    }

    #[test]
    fn what_cannot_be_told_is_not_guessed() {
        let sound = price(r#""input": "1", "output": "1", "audio": "40""#);
        let mut usage = Usage::tokens(10, 10);
        usage.audio_tokens = 5;
        assert_eq!(sound.cost(&usage, None), None);
        assert_eq!(price(r#""input": "1", "output": "1""#).cost(&Usage::uncounted(), None), None);
    }

    #[test]
    fn counts_that_make_no_sense_do_not_overflow() {
        let all = price(r#""input": "1000000", "output": "1000000", "cached_read": "1""#);
        let mut usage = Usage::tokens(u64::MAX, u64::MAX);
        usage.cached_read_tokens = u64::MAX;
        usage.cached_write_tokens = u64::MAX;
        assert!(all.cost(&usage, None).is_some());
    }
}
