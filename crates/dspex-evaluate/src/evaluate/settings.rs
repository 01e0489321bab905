//! How an evaluation runs: how many at one time, when it ends early, whom it tells.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::outcome::Outcomes;
use crate::stop::Stop;

/// How far an evaluation is.
///
/// ```
/// use dspex_core::{Context, Example};
/// use dspex_evaluate::{Evaluate, Progress, exact_match};
/// use dspex_modules::Predict;
/// use dspex_testkit::{ScriptedLm, block_on};
///
/// let dev = [Example::new([("question", "2+2"), ("answer", "4")]).with_inputs(["question"])];
/// let ctx = Context::new(ScriptedLm::always("[[ ## answer ## ]]\n4"));
/// let tell = |p: &Progress| assert_eq!((p.done, p.total, p.score, p.errors), (1, Some(1), Some(1.0), 0));
/// let evaluate = Evaluate::new(&dev).metric(exact_match("answer")).on_progress(tell);
/// block_on(evaluate.run(&ctx, &Predict::parse("question -> answer")?))?;
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Examples that ended.
    pub done: usize,
    /// All examples, where that is known.
    pub total: Option<usize>,
    /// The mean so far; none where nothing was scored yet.
    pub score: Option<f64>,
    /// Examples that ended with an error of any kind.
    pub errors: usize,
}

/// A listener to progress.
type Tell<'a> = Arc<dyn Fn(&Progress) + Send + Sync + 'a>;

#[derive(Clone)]
pub(super) struct Settings<'a> {
    pub(super) concurrency: usize,
    pub(super) max_errors: Option<usize>,
    pub(super) max_infrastructure_errors: Option<usize>,
    pub(super) example_deadline: Option<Duration>,
    pub(super) total_deadline: Option<Duration>,
    pub(super) progress: Option<Tell<'a>>,
}

/// Examples at one time, unless another number is set.
const CONCURRENCY: usize = 8;

impl Default for Settings<'_> {
    fn default() -> Self {
        Self {
            concurrency: CONCURRENCY,
            max_errors: None,
            max_infrastructure_errors: None,
            example_deadline: None,
            total_deadline: None,
            progress: None,
        }
    }
}

impl Settings<'_> {
    /// The threshold that these outcomes are beyond, if any; the narrower one first.
    pub(super) fn beyond(&self, outcomes: Outcomes) -> Option<Stop> {
        if let Some(limit) =
            self.max_infrastructure_errors.filter(|most| outcomes.infrastructure_error > *most)
        {
            return Some(Stop::InfrastructureErrors { limit });
        }
        let limit = self.max_errors.filter(|most| outcomes.errors() > *most)?;
        Some(Stop::Errors { limit })
    }
}

impl fmt::Debug for Settings<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Settings")
            .field("concurrency", &self.concurrency)
            .field("max_errors", &self.max_errors)
            .field("max_infrastructure_errors", &self.max_infrastructure_errors)
            .field("example_deadline", &self.example_deadline)
            .field("total_deadline", &self.total_deadline)
            .finish_non_exhaustive()
    }
}
