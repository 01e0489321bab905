//! From evidence to a value: DSPy's rules.

use super::config::as_f64;
use super::{DecisionConfig, DecisionError, DecisionType, Kind, label};
use crate::value::{Dict, Record, StructValue, Value};

impl DecisionType {
    /// The value that evidence leads to under some settings.
    ///
    /// - Yes or no: yes where the probability is at least the threshold; confidence is how far it is from the
    ///   threshold, as a part of how far it can be.
    /// - Choice: the option of the highest weighted probability; of several, the one of the highest probability, then
    ///   the first.
    /// - Scale: the mean of the levels' numbers; the level is the number of cuts up to there.
    ///
    /// Evidence is an object as the model gives it, or a value that was decided before and kept its probabilities.
    ///
    /// ```
    /// use dspex_core::types::{DecisionConfig, DecisionType};
    /// use dspex_core::{Record, Value};
    /// let evidence = Value::from(Record::new().with("noul", 0.6));
    /// let field = |value: &Value, name: &str| match value {
    ///     Value::Struct(s) => s.fields.get(name).cloned(),
    ///     _ => None,
    /// };
    /// let lax = DecisionType::noul().decide(&evidence, &DecisionConfig::new())?;
    /// assert_eq!(field(&lax, "value"), Some(true.into()));
    /// let strict = DecisionType::noul().decide(&lax, &DecisionConfig::new().threshold(0.8))?;
    /// assert_eq!(field(&strict, "value"), Some(false.into()));
    /// # Ok::<(), dspex_core::types::DecisionError>(())
    /// ```
    pub fn decide(&self, evidence: &Value, config: &DecisionConfig) -> Result<Value, DecisionError> {
        self.check_config(config)?;
        let fields = match &*self.0 {
            Kind::Noul(_) => {
                let p = member(evidence, "noul").or_else(|| member(evidence, "probability"));
                let p = share(p, "`noul`")?;
                let threshold = Self::threshold(config);
                let confidence = (p - threshold).abs() / threshold.max(1.0 - threshold);
                decided(confidence, p >= threshold).with("probability", p)
            }
            Kind::Choice(options) => {
                let (given, confidence) = self.distribution(evidence)?;
                let of = |name: &str| given.iter().find(|(l, _)| l == name).map_or(0.0, |(_, p)| *p);
                let raw: Vec<f64> = options.iter().map(|(v, _)| of(&label(v))).collect();
                let winner = first_of_most(raw.iter().copied());
                let weighted: Vec<f64> =
                    options.iter().zip(&raw).map(|((v, _), p)| p * Self::weight(config, &label(v))).collect();
                let best = first_of_most(weighted.iter().copied());
                let best = if weighted[winner] >= weighted[best] { winner } else { best };
                if weighted[best] <= 0.0 {
                    let found = "weights that leave nothing of them";
                    return Err(DecisionError::new("a probability above 0 of an option that counts", found));
                }
                let given: Dict = given.into_iter().map(|(l, p)| (Value::Str(l), p.into())).collect();
                decided(confidence, options[best].0.clone()).with("probabilities", given)
            }
            Kind::Score(levels) => {
                let (given, confidence) = self.distribution(evidence)?;
                let index = |l: &str| l.parse::<u32>().unwrap_or_default();
                let sum: f64 = given.iter().fold(0.0, |sum, (_, p)| sum + p);
                let mean = given.iter().fold(0.0, |sum, (l, p)| sum + f64::from(index(l)) * p) / sum;
                // The last digits of a mean may be beyond the highest level.
                let mean = mean.min(as_f64(levels.len() - 1));
                let level = Self::cuts(config, levels.len()).iter().filter(|cut| mean >= **cut).count();
                let given: Dict = given.iter().map(|(l, p)| (index(l).into(), (*p).into())).collect();
                decided(confidence, mean).with("probabilities", given).with("level", level)
            }
        };
        Ok(Value::Struct(StructValue { type_name: self.name(), fields }))
    }

    /// A value from the object of its fields, whose kinds are those of [`value_type`](Self::value_type).
    ///
    /// ```
    /// use dspex_core::types::DecisionType;
    /// use dspex_core::Record;
    /// let said = Record::new().with("value", "x").with("confidence", 0.9);
    /// let choice = DecisionType::choice([("x", ""), ("y", "")])?;
    /// assert!(choice.stated(said.clone().into()).is_ok());
    /// let unknown = Record::new().with("z", 0.5);
    /// let e = choice.stated(said.with("probabilities", unknown).into()).unwrap_err();
    /// assert_eq!(e.to_string(), "expected probabilities of x, y, found `z`");
    /// # Ok::<(), dspex_core::types::DecisionError>(())
    /// ```
    pub fn stated(&self, fields: Value) -> Result<Value, DecisionError> {
        let shown = crate::error::shorten(&fields);
        let Some(fields) = record(fields) else {
            return Err(DecisionError::new(format!("the fields of {}", self.name()), shown));
        };
        if let Some(probabilities) = fields.get("probabilities").filter(|p| !p.is_none()) {
            let labels = self.labels();
            for (l, p) in entries(probabilities)? {
                if !labels.contains(&l) {
                    let expected = format!("probabilities of {}", labels.join(", "));
                    return Err(DecisionError::new(expected, format!("`{l}`")));
                }
                share(Some(&p), "each probability")?;
            }
        }
        // DSPy leaves out what is not known.
        let fields = fields.into_iter().filter(|(name, v)| name == "value" || !v.is_none()).collect();
        Ok(Value::Struct(StructValue { type_name: self.name(), fields }))
    }

    /// Whether a value is one of this decision.
    pub(crate) fn fits(&self, value: &Value) -> bool {
        let named = |v: &Value| {
            matches!(v, Value::Dict(_)) || matches!(v, Value::Struct(s) if s.type_name == self.name())
        };
        named(value) && self.value_type().check(value).is_ok() && self.stated(value.clone()).is_ok()
    }

    /// What a model that knows nothing says: no, the first option, the lowest level.
    pub(crate) fn first_value(&self) -> Option<Value> {
        let labels = self.labels().into_iter().enumerate();
        let probabilities: Record =
            labels.map(|(i, l)| (l, Value::Float(if i == 0 { 1.0 } else { 0.0 }))).collect();
        let evidence =
            Record::new().with("noul", 0.0).with("probabilities", probabilities).with("confidence", 1.0);
        self.decide(&evidence.into(), &DecisionConfig::new()).ok()
    }

    /// Every label with its probability in the order in which they were given, and the confidence.
    fn distribution(&self, evidence: &Value) -> Result<(Vec<(String, f64)>, f64), DecisionError> {
        let labels = self.labels();
        let expected = || format!("a probability of each of {}", labels.join(", "));
        let Some(given) = member(evidence, "probabilities") else {
            return Err(DecisionError::new(expected(), crate::error::shorten(evidence)));
        };
        let mut out: Vec<(String, f64)> = Vec::with_capacity(labels.len());
        for (l, p) in entries(given)? {
            if !labels.contains(&l) || out.iter().any(|(seen, _)| *seen == l) {
                return Err(DecisionError::new(expected(), format!("`{l}`")));
            }
            out.push((l, share(Some(&p), "each probability")?));
        }
        if out.len() != labels.len() {
            return Err(DecisionError::new(expected(), crate::error::shorten(given)));
        }
        if out.iter().all(|(_, p)| *p <= 0.0) {
            return Err(DecisionError::new("a probability above 0", crate::error::shorten(given)));
        }
        Ok((out, share(member(evidence, "confidence"), "`confidence`")?))
    }
}

fn decided(confidence: f64, value: impl Into<Value>) -> Record {
    Record::new().with("confidence", confidence).with("value", value)
}

/// The place of the first of the highest.
fn first_of_most(scores: impl Iterator<Item = f64>) -> usize {
    let mut best = (0, f64::NEG_INFINITY);
    for (i, score) in scores.enumerate() {
        if score > best.1 {
            best = (i, score);
        }
    }
    best.0
}

fn share(value: Option<&Value>, what: &str) -> Result<f64, DecisionError> {
    let found = || value.map_or_else(|| "none".to_owned(), crate::error::shorten);
    match value.and_then(Value::as_f64).filter(|p| (0.0..=1.0).contains(p)) {
        Some(p) => Ok(p),
        None => Err(DecisionError::new(format!("{what} from 0 to 1"), found())),
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    match value {
        Value::Dict(d) => d.get_str(name),
        Value::Struct(s) => s.fields.get(name),
        _ => None,
    }
}

fn record(value: Value) -> Option<Record> {
    match value {
        Value::Struct(s) => Some(s.fields),
        Value::Dict(d) => d.iter().map(|(k, v)| Some((k.as_str()?.to_owned(), v.clone()))).collect(),
        _ => None,
    }
}

fn entries(value: &Value) -> Result<Vec<(String, Value)>, DecisionError> {
    match value {
        Value::Struct(s) => Ok(s.fields.iter().map(|(k, v)| (k.to_owned(), v.clone())).collect()),
        Value::Dict(d) => Ok(d.iter().map(|(k, v)| (label(k), v.clone())).collect()),
        other => Err(DecisionError::new("probabilities by label", crate::error::shorten(other))),
    }
}
