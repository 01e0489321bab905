//! Decisions: outputs that a model gives as probabilities, and a rule turns into a value. DSPy's `Noul`, `Choice` and
//! `Score`.
//!
//! This module holds the types; what may be set of an output is in `config`, and the rule in `decide`.

mod config;
mod decide;
mod schema;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use serde_json::{Value as Json, json};

use super::FieldType;
use crate::value::Value;

pub use config::{DecisionConfig, DecisionFields};

/// What a decision is about: yes or no, one of several options, or a place on a scale. Each comes with criteria, which
/// are text or other JSON; empty text and `null` say nothing.
///
/// ```
/// use dspex_core::{FieldType, Special, types::DecisionType};
/// let tone = DecisionType::score(["poor", "fair", "great"])?;
/// assert_eq!(tone.name(), "Score['poor', 'fair', 'great']");
/// let read = FieldType::parse("dspy.Score['poor', 'fair', 'great']", None)?;
/// assert_eq!(read, FieldType::Special(Special::Decision(tone)));
/// let topic = DecisionType::choice([("billing", "about payments"), ("other", "")])?;
/// assert_eq!(topic.name(), "Choice[('billing', 'about payments'), ('other', '')]");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DecisionType(Arc<Kind>);

#[derive(Debug, PartialEq, Eq)]
enum Kind {
    /// What yes and no mean, where that is said.
    Noul(Vec<(bool, Json)>),
    /// Options in order, with what they mean.
    Choice(Vec<(Value, Json)>),
    /// Levels, the lowest first.
    Score(Vec<Json>),
}

/// A decision that cannot be made, or settings that do not fit one.
///
/// ```
/// use dspex_core::types::DecisionType;
/// let e = DecisionType::score(["good"]).unwrap_err();
/// assert_eq!(e.to_string(), "expected at least two levels of a Score, the lowest first, found 1");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct DecisionError {
    /// What would have been right.
    pub expected: String,
    /// What is there.
    pub found: String,
}

impl DecisionError {
    pub(crate) fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: found.into() }
    }
}

impl DecisionType {
    /// Yes or no, without criteria.
    pub fn noul() -> Self {
        Self(Arc::new(Kind::Noul(Vec::new())))
    }

    /// Yes or no, with what one of them or both mean.
    ///
    /// ```
    /// use dspex_core::types::DecisionType;
    /// let usable = DecisionType::noul_with([(false, "blocked"), (true, "usable")])?;
    /// assert_eq!(usable.name(), "Noul[(True, 'usable'), (False, 'blocked')]");
    /// # Ok::<(), dspex_core::types::DecisionError>(())
    /// ```
    pub fn noul_with<D: Into<Json>>(
        criteria: impl IntoIterator<Item = (bool, D)>,
    ) -> Result<Self, DecisionError> {
        let mut criteria: Vec<(bool, Json)> = criteria.into_iter().map(|(v, d)| (v, d.into())).collect();
        criteria.sort_by_key(|(value, _)| !value);
        if criteria.windows(2).any(|pair| pair[0].0 == pair[1].0) {
            return Err(DecisionError::new("one description each for True and False", "two of one"));
        }
        criteria.iter().try_for_each(|(_, d)| description(d))?;
        Ok(Self(Arc::new(Kind::Noul(criteria))))
    }

    /// One of several options, each with what it means. Options are text, whole numbers, truth values or `None`, and
    /// differ as text, because that is how the model names them.
    pub fn choice<V: Into<Value>, D: Into<Json>>(
        options: impl IntoIterator<Item = (V, D)>,
    ) -> Result<Self, DecisionError> {
        let options: Vec<(Value, Json)> = options.into_iter().map(|(v, d)| (v.into(), d.into())).collect();
        if options.is_empty() {
            return Err(DecisionError::new("at least one option of a Choice", "none"));
        }
        for (i, (value, d)) in options.iter().enumerate() {
            if !matches!(value, Value::Str(_) | Value::Int(_) | Value::Bool(_) | Value::None) {
                let expected = "options that are text, whole numbers, truth values or None";
                return Err(DecisionError::new(expected, crate::error::shorten(value)));
            }
            if options[..i].iter().any(|(other, _)| label(other) == label(value)) {
                let found = format!("`{}` twice", label(value));
                return Err(DecisionError::new("options that differ as text", found));
            }
            description(d)?;
        }
        Ok(Self(Arc::new(Kind::Choice(options))))
    }

    /// A place on a scale, of which these are the levels, the lowest first.
    pub fn score<D: Into<Json>>(levels: impl IntoIterator<Item = D>) -> Result<Self, DecisionError> {
        let levels: Vec<Json> = levels.into_iter().map(Into::into).collect();
        if levels.len() < 2 {
            let expected = "at least two levels of a Score, the lowest first";
            return Err(DecisionError::new(expected, levels.len().to_string()));
        }
        if levels.contains(&Json::Null) {
            return Err(DecisionError::new("a description of each level", "null"));
        }
        levels.iter().try_for_each(description)?;
        Ok(Self(Arc::new(Kind::Score(levels))))
    }

    /// The decision that a type with values of its own stands for: a `bool` is a yes or no, a `Literal` a choice.
    /// None for other types, and for literals that no choice can be among.
    ///
    /// ```
    /// use dspex_core::{FieldType, types::DecisionType};
    /// let mood = DecisionType::of(&FieldType::literal(["good", "bad"])).unwrap();
    /// assert_eq!(mood.labels(), ["good", "bad"]);
    /// assert!(DecisionType::of(&FieldType::Str).is_none());
    /// ```
    pub fn of(ty: &FieldType) -> Option<Self> {
        match ty {
            FieldType::Special(super::Special::Decision(decision)) => Some(decision.clone()),
            FieldType::Bool => Some(Self::noul()),
            FieldType::Literal(values) => Self::choice(values.iter().map(|v| (v.clone(), ""))).ok(),
            _ => None,
        }
    }

    /// The name of the kind: `Noul`, `Choice` or `Score`.
    pub fn kind(&self) -> &'static str {
        match &*self.0 {
            Kind::Noul(_) => "Noul",
            Kind::Choice(_) => "Choice",
            Kind::Score(_) => "Score",
        }
    }

    /// The name as DSPy prints it, criteria included.
    pub fn name(&self) -> String {
        let of = |json: &Json| Value::from_plain(json).to_repr().unwrap_or_default();
        let pair = |value: &Value, d: &Json| format!("({}, {})", value.to_repr().unwrap_or_default(), of(d));
        let inner: Vec<String> = match &*self.0 {
            Kind::Noul(criteria) => criteria.iter().map(|(v, d)| pair(&(*v).into(), d)).collect(),
            Kind::Choice(options) => options.iter().map(|(v, d)| pair(v, d)).collect(),
            Kind::Score(levels) => levels.iter().map(of).collect(),
        };
        if inner.is_empty() { self.kind().into() } else { format!("{}[{}]", self.kind(), inner.join(", ")) }
    }

    /// The texts by which a model names the options: of a scale the numbers of the levels, from 0; none of a yes or no.
    ///
    /// ```
    /// use dspex_core::types::DecisionType;
    /// assert_eq!(DecisionType::choice([(true, ""), (false, "")])?.labels(), ["True", "False"]);
    /// assert_eq!(DecisionType::score(["poor", "great"])?.labels(), ["0", "1"]);
    /// # Ok::<(), dspex_core::types::DecisionError>(())
    /// ```
    pub fn labels(&self) -> Vec<String> {
        match &*self.0 {
            Kind::Noul(_) => Vec::new(),
            Kind::Choice(options) => options.iter().map(|(v, _)| label(v)).collect(),
            Kind::Score(levels) => (0..levels.len()).map(|i| i.to_string()).collect(),
        }
    }

    /// The criteria as DSPy has them: an object by `true` and `false` or by label, a list of levels, or `null`. What an
    /// option means is `null` where it is empty text.
    ///
    /// ```
    /// use dspex_core::types::DecisionType;
    /// let topic = DecisionType::choice([("billing", "about payments"), ("other", "")])?;
    /// assert_eq!(topic.criteria().to_string(), r#"{"billing":"about payments","other":null}"#);
    /// # Ok::<(), dspex_core::types::DecisionError>(())
    /// ```
    pub fn criteria(&self) -> Json {
        match &*self.0 {
            Kind::Noul(criteria) if criteria.is_empty() => Json::Null,
            Kind::Noul(criteria) => {
                Json::Object(criteria.iter().map(|(v, d)| (v.to_string(), d.clone())).collect())
            }
            Kind::Choice(options) => {
                let said = |d: &Json| if d == "" { Json::Null } else { d.clone() };
                Json::Object(options.iter().map(|(v, d)| (label(v), said(d))).collect())
            }
            Kind::Score(levels) => Json::Array(levels.clone()),
        }
    }

    /// The same decision with other criteria, in the form of [`criteria`](Self::criteria).
    pub(crate) fn with_criteria(&self, criteria: &Json) -> Result<Self, DecisionError> {
        let wrong = |expected: &str| Err(DecisionError::new(expected, criteria.to_string()));
        match (&*self.0, criteria) {
            (Kind::Noul(_), Json::Null) => Ok(Self::noul()),
            (Kind::Noul(_), Json::Object(map)) if map.keys().all(|k| k == "true" || k == "false") => {
                Self::noul_with(map.iter().map(|(k, d)| (k == "true", d.clone())))
            }
            (Kind::Noul(_), _) => wrong("criteria for `true` and `false`, or null"),
            (Kind::Choice(options), Json::Object(map))
                if map.len() == options.len() && options.iter().all(|(v, _)| map.contains_key(&label(v))) =>
            {
                Self::choice(options.iter().map(|(v, _)| (v.clone(), map[&label(v)].clone())))
            }
            (Kind::Choice(_), _) => wrong("criteria for each option and no other"),
            (Kind::Score(levels), Json::Array(items)) if items.len() == levels.len() => {
                Self::score(items.clone())
            }
            (Kind::Score(_), _) => wrong("a list with the criteria of each level"),
        }
    }

    /// All of the type as JSON, without loss.
    pub(crate) fn to_json(&self) -> Json {
        match &*self.0 {
            Kind::Noul(criteria) => json!({"noul": criteria}),
            Kind::Choice(options) => {
                json!({"choice": options.iter().map(|(v, d)| json!([v.to_tagged(), d])).collect::<Vec<_>>()})
            }
            Kind::Score(levels) => json!({"score": levels}),
        }
    }

    /// The type from that JSON.
    pub(crate) fn from_json(json: &Json) -> Option<Self> {
        let (kind, items) = json.as_object()?.iter().next()?;
        let items = items.as_array()?;
        match kind.as_str() {
            "noul" => {
                let pairs = items.iter().map(|p| Some((p[0].as_bool()?, p[1].clone())));
                Self::noul_with(pairs.collect::<Option<Vec<_>>>()?).ok()
            }
            "choice" => {
                let pairs = items.iter().map(|p| Some((Value::from_tagged(&p[0]).ok()?, p[1].clone())));
                Self::choice(pairs.collect::<Option<Vec<_>>>()?).ok()
            }
            _ => Self::score(items.clone()).ok(),
        }
    }
}

/// Whether the name of a type is that of a decision.
pub(crate) fn is_name(name: &str) -> bool {
    name == "Noul"
        || ["Noul[", "Choice[", "Score["].iter().any(|s| name.starts_with(s)) && name.ends_with(']')
}

/// The text by which a model names an option: Python's `str()` of it.
fn label(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_repr().unwrap_or_default(), str::to_owned)
}

fn description(json: &Json) -> Result<(), DecisionError> {
    match json {
        Json::Bool(_) | Json::Number(_) => {
            Err(DecisionError::new("a description that is text, a list, an object or null", json.to_string()))
        }
        _ => Ok(()),
    }
}
