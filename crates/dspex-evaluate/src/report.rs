//! What an evaluation found: an outcome for each example, and the mean of those that were scored.

use std::fmt;
use std::time::Duration;

use dspex_core::{Error, Prediction, Random, Usage};

/// What became of one example.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The metric gave a number.
    Scored(f64),
    /// The program failed: a reply that cannot be read, a value that breaks a rule.
    ProgramError(Error),
    /// Something outside the program failed: the network, the provider, the account.
    InfrastructureError(Error),
    /// The metric failed or gave no number.
    MetricError(Error),
    /// The evaluation ended before its turn.
    NotRun,
}

impl Outcome {
    /// The outcome's name, as reports print it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Scored(_) => "scored",
            Self::ProgramError(_) => "program_error",
            Self::InfrastructureError(_) => "infrastructure_error",
            Self::MetricError(_) => "metric_error",
            Self::NotRun => "not_run",
        }
    }

    /// The error, where it is one.
    pub fn error(&self) -> Option<&Error> {
        match self {
            Self::ProgramError(e) | Self::InfrastructureError(e) | Self::MetricError(e) => Some(e),
            Self::Scored(_) | Self::NotRun => None,
        }
    }
}

/// One example of an evaluation.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExampleResult<O> {
    /// Its place in the set.
    pub index: usize,
    /// What the program gave; none where it failed.
    pub prediction: Option<Prediction<O>>,
    /// What became of it.
    pub outcome: Outcome,
    /// What it cost.
    pub usage: Usage,
    /// How long it took.
    pub elapsed: Duration,
}

impl<O> ExampleResult<O> {
    pub(crate) fn new(index: usize, outcome: Outcome) -> Self {
        Self { index, prediction: None, outcome, usage: Usage::default(), elapsed: Duration::ZERO }
    }
}

/// How many examples came to which outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outcomes {
    /// Scored.
    pub scored: usize,
    /// The program failed.
    pub program_error: usize,
    /// Something outside failed.
    pub infrastructure_error: usize,
    /// The metric failed.
    pub metric_error: usize,
    /// Not run.
    pub not_run: usize,
}

/// `28 of 30 examples scored, 2 program errors`: what did not happen is left out.
impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let others = [
            (self.program_error, "program error", "s"),
            (self.infrastructure_error, "infrastructure error", "s"),
            (self.metric_error, "metric error", "s"),
            (self.not_run, "not run", ""),
        ];
        let all = self.scored + others.iter().map(|(count, ..)| count).sum::<usize>();
        write!(f, "{} of {all} examples scored", self.scored)?;
        for (count, name, plural) in others.into_iter().filter(|(count, ..)| *count > 0) {
            write!(f, ", {count} {name}{}", if count == 1 { "" } else { plural })?;
        }
        Ok(())
    }
}

/// What an evaluation found.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report<O> {
    /// The metric's name.
    pub metric: String,
    /// One result for each example, in the order of the set.
    pub results: Vec<ExampleResult<O>>,
    /// Whether it was cancelled before its end.
    pub cancelled: bool,
    /// How long it took.
    pub elapsed: Duration,
    seed: u64,
}

impl<O> Report<O> {
    pub(crate) fn new(
        metric: String,
        results: Vec<ExampleResult<O>>,
        cancelled: bool,
        elapsed: Duration,
        seed: u64,
    ) -> Self {
        Self { metric, results, cancelled, elapsed, seed }
    }

    fn scores(&self) -> Vec<f64> {
        self.results
            .iter()
            .filter_map(|r| if let Outcome::Scored(score) = r.outcome { Some(score) } else { None })
            .collect()
    }

    /// The mean of the scores; none where no example was scored.
    pub fn score(&self) -> Option<f64> {
        mean(&self.scores())
    }

    /// The 95 % interval of the mean; none where no example was scored.
    ///
    /// Wilson's score interval where every score is 0 or 1; else the percentile bootstrap with 2,000 resamples, the
    /// same for the same seed.
    pub fn interval(&self) -> Option<(f64, f64)> {
        interval(&self.scores(), self.seed)
    }

    /// How many examples came to which outcome.
    pub fn outcomes(&self) -> Outcomes {
        let mut all = Outcomes::default();
        for r in &self.results {
            *match r.outcome {
                Outcome::Scored(_) => &mut all.scored,
                Outcome::ProgramError(_) => &mut all.program_error,
                Outcome::InfrastructureError(_) => &mut all.infrastructure_error,
                Outcome::MetricError(_) => &mut all.metric_error,
                Outcome::NotRun => &mut all.not_run,
            } += 1;
        }
        all
    }

    /// What it cost, failed examples included.
    pub fn usage(&self) -> Usage {
        self.results.iter().map(|r| r.usage).sum()
    }
}

/// `0.733 (95 % 0.556 to 0.858)`: the mean of the scores and its interval; where not every example was scored, also
/// how many were, and where none was, the first error.
impl<O> fmt::Display for Report<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(score), Some((low, high))) = (self.score(), self.interval()) {
            write!(f, "{score:.3} (95 % {low:.3} to {high:.3})")?;
            let outcomes = self.outcomes();
            return if outcomes.scored < self.results.len() { write!(f, ", {outcomes}") } else { Ok(()) };
        }
        write!(f, "{}", self.outcomes())?;
        match self.results.iter().find_map(|r| r.outcome.error()) {
            Some(e) => write!(f, "; the first: {e}"),
            None => Ok(()),
        }
    }
}

fn mean(scores: &[f64]) -> Option<f64> {
    (!scores.is_empty()).then(|| scores.iter().sum::<f64>() / scores.len() as f64)
}

fn interval(scores: &[f64], seed: u64) -> Option<(f64, f64)> {
    let mean = mean(scores)?;
    if scores.iter().all(|s| [0.0, 1.0].contains(s)) {
        return Some(wilson(mean, scores.len() as f64));
    }
    Some(bootstrap(scores, seed))
}

/// Wilson's score interval for a share `p` of `n` (E. B. Wilson, 1927), at 95 %.
fn wilson(p: f64, n: f64) -> (f64, f64) {
    const Z: f64 = 1.959_963_984_540_054;
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// The percentile bootstrap of the mean (B. Efron, 1979), at 95 %.
fn bootstrap(scores: &[f64], seed: u64) -> (f64, f64) {
    const RESAMPLES: usize = 2_000;
    let mut random = Random::new(seed, "evaluate/interval");
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            (0..scores.len()).map(|_| scores[random.below(scores.len())]).sum::<f64>() / scores.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wilson_as_published() {
        // 81 of 263 at 95 %: 0.2553 to 0.3662 (R. G. Newcombe, 1998, table I, method 3).
        let (low, high) = wilson(81.0 / 263.0, 263.0);
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        // 0 of 20: 0.0000 to 0.1611.
        let (low, high) = wilson(0.0, 20.0);
        assert!(low.abs() < 1e-12 && (high - 0.1611).abs() < 5e-5, "{low} {high}");
    }

    #[test]
    fn a_report_in_words() {
        let error = || Error::configuration("odd");
        let scored = |score| ExampleResult::<()>::new(0, Outcome::Scored(score));
        let failed = ExampleResult::new(2, Outcome::ProgramError(error()));
        let not_run = ExampleResult::new(3, Outcome::NotRun);
        let report = |results| Report::new("m".into(), results, false, Duration::ZERO, 0);
        let some = report(vec![scored(1.0), scored(0.0), failed, not_run]);
        assert_eq!(
            some.to_string(),
            "0.500 (95 % 0.095 to 0.905), 2 of 4 examples scored, 1 program error, 1 not run"
        );
        let all = report(vec![scored(1.0), scored(0.0)]);
        assert_eq!(all.to_string(), "0.500 (95 % 0.095 to 0.905)");
        let none = report(vec![
            ExampleResult::new(0, Outcome::MetricError(error())),
            ExampleResult::new(1, Outcome::MetricError(error())),
        ]);
        assert_eq!(none.to_string(), "0 of 2 examples scored, 2 metric errors; the first: odd");
    }

    #[test]
    fn the_bootstrap_covers_the_mean_and_repeats() {
        let scores: Vec<f64> = (0..200).map(|i| f64::from(i % 10) / 9.0).collect();
        let (low, high) = interval(&scores, 1).unwrap();
        assert!(low < 0.5 && 0.5 < high && high - low < 0.12, "{low} {high}");
        assert_eq!(interval(&scores, 1), Some((low, high)));
    }
}
