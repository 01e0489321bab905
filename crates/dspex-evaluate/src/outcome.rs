//! What became of one example, and how many came to which outcome.

use std::fmt;
use std::time::Duration;

use dspex_core::{Error, Prediction, Tallies, Usage};
use serde_json::{Value as Json, json};

/// What became of one example.
///
/// ```
/// use dspex_evaluate::Outcome;
/// assert_eq!((Outcome::Scored(0.5).name(), Outcome::Scored(0.5).score()), ("scored", Some(0.5)));
/// assert_eq!((Outcome::NotRun.name(), Outcome::NotRun.score()), ("not_run", None));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// The metric gave a number.
    Scored(f64),
    /// The program failed: a reply that cannot be read, a value that breaks a rule, a panic.
    ProgramError(Error),
    /// Something outside the program failed: the network, the provider, the account; or the time for it was over.
    InfrastructureError(Error),
    /// The metric failed, panicked or gave no number.
    MetricError(Error),
    /// The evaluation ended before it did.
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

    /// The score, where there is one.
    pub fn score(&self) -> Option<f64> {
        if let Self::Scored(score) = self { Some(*score) } else { None }
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
///
/// ```
/// use dspex_core::{Context, Example};
/// use dspex_evaluate::{Evaluate, exact_match};
/// use dspex_modules::Predict;
/// use dspex_testkit::{ScriptedLm, block_on};
///
/// let dev = [Example::new([("q", "2+2"), ("a", "4")]).with_inputs(["q"])];
/// let ctx = Context::new(ScriptedLm::always("[[ ## a ## ]]\n5"));
/// let report = block_on(Evaluate::new(&dev).metric(exact_match("a")).run(&ctx, &Predict::parse("q -> a")?))?;
/// let first = &report.results[0];
/// assert_eq!((first.index, first.outcome.score(), first.usage.calls), (0, Some(0.0), 1));
/// assert_eq!(first.prediction.as_ref().unwrap().get("a").unwrap().as_str(), Some("5"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ExampleResult<O> {
    /// Its place in the set, from 0.
    pub index: usize,
    /// What the program gave; none where it failed.
    pub prediction: Option<Prediction<O>>,
    /// What became of it.
    pub outcome: Outcome,
    /// What it cost.
    pub usage: Usage,
    /// What its attempts came to, by predictor and by tag.
    pub tallies: Tallies,
    /// How long it took.
    pub elapsed: Duration,
}

impl<O> ExampleResult<O> {
    pub(crate) fn new(index: usize, outcome: Outcome) -> Self {
        Self {
            index,
            prediction: None,
            outcome,
            usage: Usage::default(),
            tallies: Tallies::default(),
            elapsed: Duration::ZERO,
        }
    }
}

/// How many examples came to which outcome.
///
/// ```
/// use dspex_evaluate::Outcomes;
/// assert_eq!((Outcomes::default().total(), Outcomes::default().errors()), (0, 0));
/// ```
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
    /// Not run to the end.
    pub not_run: usize,
}

/// `28 of 30 examples scored, 2 program errors`: what did not happen is left out.
impl fmt::Display for Outcomes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} examples scored", self.scored, self.total())?;
        for (count, name, plural) in [
            (self.program_error, "program error", "s"),
            (self.infrastructure_error, "infrastructure error", "s"),
            (self.metric_error, "metric error", "s"),
            (self.not_run, "not run", ""),
        ] {
            if count > 0 {
                write!(f, ", {count} {name}{}", if count == 1 { "" } else { plural })?;
            }
        }
        Ok(())
    }
}

impl Outcomes {
    pub(crate) fn count(&mut self, outcome: &Outcome) {
        *match outcome {
            Outcome::Scored(_) => &mut self.scored,
            Outcome::ProgramError(_) => &mut self.program_error,
            Outcome::InfrastructureError(_) => &mut self.infrastructure_error,
            Outcome::MetricError(_) => &mut self.metric_error,
            Outcome::NotRun => &mut self.not_run,
        } += 1;
    }

    /// Examples with an error of any kind.
    pub fn errors(&self) -> usize {
        self.program_error + self.infrastructure_error + self.metric_error
    }

    /// Examples that came to an end: scored, or with an error.
    pub fn ended(&self) -> usize {
        self.scored + self.errors()
    }

    /// All examples.
    pub fn total(&self) -> usize {
        self.ended() + self.not_run
    }

    pub(crate) fn to_json(self) -> Json {
        json!({
            "scored": self.scored,
            "program_error": self.program_error,
            "infrastructure_error": self.infrastructure_error,
            "metric_error": self.metric_error,
            "not_run": self.not_run,
        })
    }
}
