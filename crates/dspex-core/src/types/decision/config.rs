//! What may be set of a decision: the threshold, the weights or the cuts, and other instructions and criteria.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json, json};

use super::{DecisionError, DecisionType, Kind};

/// Settings of one output that is a decision, with DSPy's keys: `threshold` for a yes or no, `weights` by label for a
/// choice, `cuts` for a scale; `instructions` and `criteria` for any. What is not set is as DSPy has it.
///
/// ```
/// use dspex_core::types::{DecisionConfig, DecisionType};
/// let strict = DecisionConfig::new().threshold(0.8);
/// assert_eq!(serde_json::to_string(&strict)?, r#"{"threshold":0.8}"#);
/// assert!(DecisionType::noul().check_config(&strict).is_ok());
/// let e = DecisionType::noul().check_config(&DecisionConfig::new().threshold(1.5)).unwrap_err();
/// assert_eq!(e.to_string(), "expected a `threshold` from 0 to 1, found 1.5");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DecisionConfig(Map<String, Json>);

/// Settings of outputs by their names.
///
/// ```
/// use dspex_core::types::{DecisionConfig, DecisionFields};
/// let fields = DecisionFields::from([("ok".to_owned(), DecisionConfig::new().threshold(0.8))]);
/// assert_eq!(fields["ok"].get("threshold"), Some(&serde_json::json!(0.8)));
/// ```
pub type DecisionFields = IndexMap<String, DecisionConfig>;

impl DecisionConfig {
    /// Nothing is set.
    pub fn new() -> Self {
        Self::default()
    }

    /// A yes is what is at least so likely.
    #[must_use]
    pub fn threshold(self, threshold: f64) -> Self {
        self.with("threshold", json!(threshold))
    }

    /// Each option's probability counts so much; those that are not named count 1.
    #[must_use]
    pub fn weights<K: Into<String>>(self, weights: impl IntoIterator<Item = (K, f64)>) -> Self {
        let weights: Map<String, Json> = weights.into_iter().map(|(k, w)| (k.into(), json!(w))).collect();
        self.with("weights", Json::Object(weights))
    }

    /// The bounds between levels, in their order.
    #[must_use]
    pub fn cuts(self, cuts: impl IntoIterator<Item = f64>) -> Self {
        self.with("cuts", cuts.into_iter().map(|c| json!(c)).collect())
    }

    /// What the model is asked, instead of the description of the field.
    #[must_use]
    pub fn instructions(self, instructions: impl Into<Json>) -> Self {
        self.with("instructions", instructions.into())
    }

    /// What the answers mean, instead of what the type says; see [`DecisionType::criteria`] for the form.
    #[must_use]
    pub fn criteria(self, criteria: impl Into<Json>) -> Self {
        self.with("criteria", criteria.into())
    }

    /// A setting.
    pub fn get(&self, key: &str) -> Option<&Json> {
        self.0.get(key)
    }

    fn with(mut self, key: &str, value: Json) -> Self {
        self.0.insert(key.to_owned(), value);
        self
    }

    fn numbers(&self, key: &str) -> Vec<f64> {
        self.get(key).and_then(Json::as_array).into_iter().flatten().filter_map(Json::as_f64).collect()
    }
}

/// The most levels of a scale that can be asked for.
const MOST_LEVELS: usize = 10;

impl DecisionType {
    /// Whether settings fit the decision.
    pub fn check_config(&self, config: &DecisionConfig) -> Result<(), DecisionError> {
        let own = match &*self.0 {
            Kind::Noul(_) => "threshold",
            Kind::Choice(_) => "weights",
            Kind::Score(_) => "cuts",
        };
        if let Some(key) = config.0.keys().find(|k| ![own, "instructions", "criteria"].contains(&k.as_str()))
        {
            let expected = format!("`{own}`, `instructions` or `criteria` of a {}", self.kind());
            return Err(DecisionError::new(expected, format!("`{key}`")));
        }
        if let Some(said) = config.get("instructions").filter(|i| i.is_number() || i.is_boolean()) {
            let expected = "`instructions` that are text, a list, an object or null";
            return Err(DecisionError::new(expected, said.to_string()));
        }
        self.configured(config)?;
        let found = |json: &Json| json.to_string();
        match &*self.0 {
            Kind::Noul(_) => match config.get(own) {
                Some(t) if !t.as_f64().is_some_and(|t| (0.0..=1.0).contains(&t)) => {
                    Err(DecisionError::new("a `threshold` from 0 to 1", found(t)))
                }
                _ => Ok(()),
            },
            Kind::Choice(_) => self.check_weights(config.get(own).unwrap_or(&json!({}))),
            Kind::Score(levels) => {
                if levels.len() > MOST_LEVELS {
                    let expected = format!("at most {MOST_LEVELS} levels of a Score");
                    return Err(DecisionError::new(expected, levels.len().to_string()));
                }
                let Some(given) = config.get(own) else { return Ok(()) };
                let (cuts, most) = (config.numbers(own), as_f64(levels.len() - 1));
                let all = given.as_array().is_some_and(|g| g.len() == cuts.len());
                let inside = cuts.iter().all(|c| *c > 0.0 && *c < most);
                let rising = cuts.windows(2).all(|pair| pair[0] < pair[1]);
                if all && cuts.len() == levels.len() - 1 && inside && rising {
                    return Ok(());
                }
                let expected = format!("{} rising `cuts` between 0 and {most}", levels.len() - 1);
                Err(DecisionError::new(expected, found(given)))
            }
        }
    }

    fn check_weights(&self, weights: &Json) -> Result<(), DecisionError> {
        let labels = self.labels();
        let fit = weights.as_object().is_some_and(|weights| {
            let known = weights.iter().all(|(label, w)| {
                labels.contains(label) && w.as_f64().is_some_and(|w| w.is_finite() && w >= 0.0)
            });
            known && labels.iter().any(|l| weights.get(l).and_then(Json::as_f64).unwrap_or(1.0) > 0.0)
        });
        if fit {
            return Ok(());
        }
        let expected = format!("`weights` of {}, none below 0 and one above", labels.join(", "));
        Err(DecisionError::new(expected, weights.to_string()))
    }

    /// The decision with the criteria of its settings.
    pub fn configured(&self, config: &DecisionConfig) -> Result<Self, DecisionError> {
        match config.get("criteria") {
            Some(criteria) => self.with_criteria(criteria),
            None => Ok(self.clone()),
        }
    }

    /// The question as DSPy puts it: instructions, kind and criteria. The description is the field's; without one, the
    /// settings must have instructions.
    ///
    /// ```
    /// use dspex_core::types::{DecisionConfig, DecisionType};
    /// let question = DecisionType::noul().question(Some("is it ok"), &DecisionConfig::new())?;
    /// assert_eq!(question.to_string(), r#"{"instructions":"is it ok","type":"noul"}"#);
    /// # Ok::<(), dspex_core::types::DecisionError>(())
    /// ```
    pub fn question(
        &self,
        description: Option<&str>,
        config: &DecisionConfig,
    ) -> Result<Json, DecisionError> {
        let description = description.filter(|d| !d.trim().is_empty()).map(|d| json!(d));
        let Some(instructions) = config.get("instructions").cloned().or(description) else {
            let expected = "a description of the output, or `instructions` in its settings";
            return Err(DecisionError::new(expected, "neither"));
        };
        let mut question = json!({"instructions": instructions, "type": self.kind().to_lowercase()});
        let criteria = config.get("criteria").cloned().unwrap_or_else(|| self.criteria());
        if !criteria.is_null() || config.get("criteria").is_some() {
            question["criteria"] = criteria;
        }
        Ok(question)
    }

    pub(super) fn threshold(config: &DecisionConfig) -> f64 {
        config.get("threshold").and_then(Json::as_f64).unwrap_or(0.5)
    }

    pub(super) fn weight(config: &DecisionConfig, label: &str) -> f64 {
        config.get("weights").and_then(|w| w.get(label)).and_then(Json::as_f64).unwrap_or(1.0)
    }

    pub(super) fn cuts(config: &DecisionConfig, levels: usize) -> Vec<f64> {
        match config.get("cuts") {
            Some(_) => config.numbers("cuts"),
            None => (0..levels - 1).map(|i| as_f64(i) + 0.5).collect(),
        }
    }
}

/// A number of levels, which is small.
pub(super) fn as_f64(n: usize) -> f64 {
    f64::from(u32::try_from(n).unwrap_or(u32::MAX))
}
