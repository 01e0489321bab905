//! Evaluation: a program over a set of examples, several at a time, one outcome each.

use std::fmt;
use std::sync::Arc;

use dspex_core::{
    Context, Error, ErrorKind, HasInput, Metric, Module, Parameters, Prediction, Program, Result,
};
use futures_util::stream::{self, StreamExt as _};

use crate::report::{ExampleResult, Outcome, Report};

/// Scores a program on examples.
///
/// ```
/// use dspex_core::{Context, Example};
/// use dspex_evaluate::{Evaluate, exact_match};
/// use dspex_modules::Predict;
/// use dspex_testkit::{ScriptedLm, block_on};
///
/// let dev = [
///     Example::new([("question", "2+2"), ("answer", "4")]).with_inputs(["question"]),
///     Example::new([("question", "2+3"), ("answer", "5")]).with_inputs(["question"]),
/// ];
/// let ctx = Context::new(ScriptedLm::always("[[ ## answer ## ]]\n4"));
/// let program = Predict::parse("question -> answer")?;
/// let report = block_on(Evaluate::new(&dev).metric(exact_match("answer")).run(&ctx, &program))?;
/// assert_eq!(report.score(), Some(0.5));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[must_use = "an evaluation does nothing until it is run"]
pub struct Evaluate<'a, E, M = ()> {
    examples: &'a [E],
    metric: M,
    concurrency: usize,
    progress: Option<Arc<dyn Fn(usize, usize) + Send + Sync + 'a>>,
}

/// Examples at one time, unless another number is set.
const CONCURRENCY: usize = 8;

impl<'a, E> Evaluate<'a, E> {
    /// An evaluation on these examples; it still needs a metric.
    pub fn new(examples: &'a [E]) -> Self {
        Self { examples, metric: (), concurrency: CONCURRENCY, progress: None }
    }
}

impl<'a, E, M> Evaluate<'a, E, M> {
    /// The evaluation with a metric.
    pub fn metric<N>(self, metric: N) -> Evaluate<'a, E, N> {
        Evaluate { examples: self.examples, metric, concurrency: self.concurrency, progress: self.progress }
    }

    /// The evaluation with at most so many examples at one time; at least one.
    pub fn concurrency(mut self, most: usize) -> Self {
        self.concurrency = most.max(1);
        self
    }

    /// The evaluation telling after each example how many are done, of how many.
    pub fn on_progress(mut self, tell: impl Fn(usize, usize) + Send + Sync + 'a) -> Self {
        self.progress = Some(Arc::new(tell));
        self
    }

    /// Runs the program on every example.
    ///
    /// Errors of single examples are outcomes in the report. The call itself fails only for an empty set. When the
    /// context is cancelled, the report holds what was done until then.
    pub async fn run<P>(&self, ctx: &Context, program: &P) -> Result<Report<P::Output>>
    where
        P: Module + Parameters + Clone,
        E: HasInput<P::Input> + Sync,
        M: Metric<E, P::Output>,
        P::Output: Sync,
    {
        if self.examples.is_empty() {
            return Err(Error::configuration("expected at least one example, found an empty set")
                .with_hint("check the file, or the filter that made the set"));
        }
        let program = program.clone().stamped();
        ctx.check_overrides(&program)?;
        let started = ctx.clock().now();
        let program = &program;
        let work = self.examples.iter().enumerate().map(|(index, example)| async move {
            let started = ctx.clock().now();
            let mut result = self.one(ctx, program, index, example).await;
            result.elapsed = ctx.clock().now().saturating_duration_since(started);
            result
        });
        let mut done = 0;
        let mut results: Vec<ExampleResult<P::Output>> = stream::iter(work)
            .buffer_unordered(self.concurrency)
            .inspect(|_| {
                done += 1;
                if let Some(tell) = &self.progress {
                    tell(done, self.examples.len());
                }
            })
            .collect()
            .await;
        results.sort_by_key(|r| r.index);
        let cancelled = results.iter().any(|r| matches!(r.outcome, Outcome::NotRun));
        let elapsed = ctx.clock().now().saturating_duration_since(started);
        let seed = ctx.random("evaluate").next_u64();
        Ok(Report::new(self.metric.name().to_owned(), results, cancelled, elapsed, seed))
    }

    async fn one<P>(&self, ctx: &Context, program: &P, index: usize, example: &E) -> ExampleResult<P::Output>
    where
        P: Module,
        E: HasInput<P::Input>,
        M: Metric<E, P::Output>,
    {
        let called = match example.program_input() {
            Ok(input) => program.call(ctx, input).await,
            Err(e) => Err(e),
        };
        let prediction = match called {
            Ok(prediction) => prediction,
            Err(e) => {
                let usage = e.usage();
                let outcome = match e.kind() {
                    ErrorKind::Cancelled => Outcome::NotRun,
                    _ if e.is_infrastructure() => Outcome::InfrastructureError(e),
                    _ => Outcome::ProgramError(e),
                };
                return ExampleResult { usage, ..ExampleResult::new(index, outcome) };
            }
        };
        // A metric may ask models, too; that is paid for as well.
        let (ctx, meter) = ctx.metered();
        let outcome = self.score(&ctx, example, &prediction).await;
        let usage = prediction.usage() + meter.usage();
        ExampleResult { usage, prediction: Some(prediction), ..ExampleResult::new(index, outcome) }
    }

    async fn score<O>(&self, ctx: &Context, example: &E, prediction: &Prediction<O>) -> Outcome
    where
        M: Metric<E, O>,
    {
        let failed =
            |message: String| ErrorKind::Metric { metric: self.metric.name().to_owned(), message }.into();
        match self.metric.score(ctx, example, prediction).await {
            Ok(score) if score.value().is_finite() => Outcome::Scored(score.value()),
            Ok(score) => Outcome::MetricError(failed(format!("expected a number, found {score}"))),
            Err(e) if matches!(e.kind(), ErrorKind::Cancelled) => Outcome::NotRun,
            Err(e) if e.is_infrastructure() => Outcome::InfrastructureError(e),
            Err(e) if matches!(e.kind(), ErrorKind::Metric { .. }) => Outcome::MetricError(e),
            Err(e) => Outcome::MetricError(failed(e.to_string())),
        }
    }
}

impl<E, M: fmt::Debug> fmt::Debug for Evaluate<'_, E, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluate")
            .field("examples", &self.examples.len())
            .field("metric", &self.metric)
            .field("concurrency", &self.concurrency)
            .finish_non_exhaustive()
    }
}
