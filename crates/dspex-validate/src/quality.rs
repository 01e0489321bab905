//! How good a value is of its kind, in parts and as a whole.

use std::collections::HashSet;

use dspex_core::types::builtin::{ReasoningChain, ReasoningStep};

/// How good a value is: parts from 0 to 1 by name, and their mean.
///
/// ```
/// use dspex_validate::Quality;
/// let quality = Quality::new([("complete", 1.0), ("short", 0.5)]);
/// assert_eq!((quality.overall, quality.parts[1].1), (0.75, 0.5));
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Quality {
    /// The parts in order.
    pub parts: Vec<(&'static str, f64)>,
    /// Their mean; 0 without parts.
    pub overall: f64,
}

impl Quality {
    /// The quality of these parts; each is cut to 0 or 1.
    pub fn new(parts: impl IntoIterator<Item = (&'static str, f64)>) -> Self {
        let parts: Vec<_> = parts.into_iter().map(|(name, score)| (name, score.clamp(0.0, 1.0))).collect();
        let overall = parts.iter().map(|(_, score)| score).sum::<f64>() / parts.len().max(1) as f64;
        Self { parts, overall }
    }
}

/// Scores values of a type. It looks at the value alone and asks no model.
///
/// ```
/// use dspex_core::types::builtin::ReasoningChain;
/// use dspex_validate::{QualityMetric, ReasoningQuality};
/// let good = ReasoningChain::from_text("1. A pen costs 2 euros.\n2. Three pens cost 6 euros.\n3. So 6 euros.")?;
/// let bad = ReasoningChain::from_text("1. Hm.\n2. Hm.\n3. Bananas are yellow fruit in the south.")?;
/// assert!(ReasoningQuality.score(&good).overall > ReasoningQuality.score(&bad).overall);
/// # Ok::<(), dspex_core::validation::Violation>(())
/// ```
pub trait QualityMetric<T: ?Sized> {
    /// How good the value is.
    fn score(&self, value: &T) -> Quality;
}

/// How good a reasoning chain is by its form: steps that say something, that do not repeat each other, that follow from
/// what was said before, and an end that says a result. It does not know whether the reasoning is right.
///
/// The parts are `substance`, `novelty`, `coherence` and `conclusion`.
///
/// ```
/// use dspex_core::types::builtin::ReasoningChain;
/// use dspex_validate::{QualityMetric, ReasoningQuality};
/// let chain = ReasoningChain::from_text("1. The cat sat.\n2. The cat sat.")?;
/// let quality = ReasoningQuality.score(&chain);
/// assert_eq!(quality.parts.iter().find(|(name, _)| *name == "novelty").unwrap().1, 0.5);
/// # Ok::<(), dspex_core::validation::Violation>(())
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct ReasoningQuality;

/// Words from which on a step counts as saying something.
const ENOUGH_WORDS: f64 = 4.0;

/// Words that announce a conclusion.
const CONCLUDING: &[&str] =
    &["so", "therefore", "thus", "hence", "answer", "result", "conclusion", "total", "="];

impl QualityMetric<ReasoningChain> for ReasoningQuality {
    fn score(&self, chain: &ReasoningChain) -> Quality {
        let steps: Vec<Vec<String>> = chain.steps().iter().map(words).collect();
        let mean = |scores: Vec<f64>| scores.iter().sum::<f64>() / scores.len().max(1) as f64;
        let substance = mean(steps.iter().map(|s| (s.len() as f64 / ENOUGH_WORDS).min(1.0)).collect());
        let distinct: HashSet<&Vec<String>> = steps.iter().collect();
        let novelty = distinct.len() as f64 / steps.len().max(1) as f64;
        let coherence = mean(steps.windows(2).map(|pair| shared(&pair[0], &pair[1])).collect());
        let concludes = |step: &ReasoningStep| {
            step.result.is_some() || words(step).iter().any(|w| CONCLUDING.contains(&w.as_str()))
        };
        let conclusion = f64::from(u8::from(chain.steps().last().is_some_and(concludes)));
        // One step has nothing to follow from.
        let coherence = if steps.len() < 2 { 1.0 } else { coherence };
        Quality::new([
            ("substance", substance),
            ("novelty", novelty),
            ("coherence", coherence),
            ("conclusion", conclusion),
        ])
    }
}

fn words(step: &ReasoningStep) -> Vec<String> {
    let split = step.thought.split(|c: char| !c.is_alphanumeric() && c != '=');
    split.filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// The part of the shorter step's words that the other has too.
fn shared(a: &[String], b: &[String]) -> f64 {
    let (a, b): (HashSet<_>, HashSet<_>) = (a.iter().collect(), b.iter().collect());
    let least = a.len().min(b.len());
    if least == 0 { 0.0 } else { a.intersection(&b).count() as f64 / least as f64 }
}
