//! Evaluation: a program over a set of examples, several at a time, one outcome each.

mod one;
mod run;
mod settings;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use dspex_core::{Context, HasInput, Metric, Module, Parameters, Result};
use futures_util::stream::{self, Stream};

use crate::outcome::{ExampleResult, Outcome};
use crate::report::{Report, Summary};

pub use settings::Progress;
use settings::Settings;

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
///
/// # What counts
///
/// Every example has one [`Outcome`]. Only scores enter the mean; errors of the program, of what lies outside of it, and
/// of the metric never do. A panic of the program or of the metric is an error of that example.
///
/// # What ends a run early
///
/// Nothing but what was stated: [`max_errors`](Self::max_errors),
/// [`max_infrastructure_errors`](Self::max_infrastructure_errors), [`total_deadline`](Self::total_deadline), the
/// context's cancellation, and, for streams, an item that is an error. What was known until then is in the report, and
/// [`Summary::stopped`] says why.
///
/// ```
/// # use dspex_core::{Context, Example};
/// # use dspex_evaluate::{Evaluate, exact_match};
/// # use dspex_modules::Predict;
/// # use dspex_testkit::{ScriptedLm, block_on};
/// # let dev: Vec<_> = (0..100).map(|n| Example::new([("question", n), ("answer", n)]).with_inputs(["question"])).collect();
/// # let program = Predict::parse("question: int -> answer: int")?;
/// let lm = ScriptedLm::replies(["[[ ## answer ## ]]\n0"]); // one answer, then errors
/// let evaluate = Evaluate::new(&dev).metric(exact_match("answer")).max_errors(3).concurrency(1);
/// let report = block_on(evaluate.run(&Context::new(lm), &program))?;
/// assert_eq!(report.stopped.as_ref().unwrap().to_string(), "more than 3 examples ended with an error");
/// let outcomes = report.outcomes();
/// assert_eq!((outcomes.scored, outcomes.infrastructure_error, outcomes.not_run), (1, 4, 95));
/// assert_eq!(report.score(), Some(1.0));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[must_use = "an evaluation does nothing until it is run"]
pub struct Evaluate<'a, S, M = ()> {
    source: S,
    metric: M,
    settings: Settings<'a>,
}

/// Examples that come one by one; made by [`Evaluate::stream`] and [`Evaluate::over`].
///
/// ```
/// use dspex_core::{Example, Result};
/// use dspex_evaluate::{Evaluate, Streamed};
/// // A function that takes evaluations of streams only; more examples than fit into memory are fine.
/// fn careful<S>(evaluate: Evaluate<'_, Streamed<S>>) -> Evaluate<'_, Streamed<S>> {
///     evaluate.max_errors(100)
/// }
/// let rows = (0..1_000_000_i64).map(|n| -> Result<Example> { Ok(Example::new([("n", n)])) });
/// assert!(format!("{:?}", careful(Evaluate::over(rows))).contains("100"));
/// ```
#[derive(Clone)]
pub struct Streamed<S> {
    stream: S,
    total: Option<usize>,
}

impl<S> fmt::Debug for Streamed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed").field("total", &self.total).finish_non_exhaustive()
    }
}

impl<'a, E> Evaluate<'a, &'a [E]> {
    /// An evaluation on these examples; it still needs a metric.
    pub fn new(examples: &'a [E]) -> Self {
        Self { source: examples, metric: (), settings: Settings::default() }
    }
}

impl<S> Evaluate<'_, Streamed<S>> {
    /// An evaluation on examples that come one by one, of which no more are held than run at one time; it still needs
    /// a metric. The first item that is an error ends the run.
    ///
    /// ```
    /// use dspex_core::{Context, Error, Example};
    /// use dspex_evaluate::{Evaluate, Stop, exact_match};
    /// use dspex_modules::Predict;
    /// use dspex_testkit::{ScriptedLm, block_on};
    /// use futures_util::stream;
    ///
    /// let example = |n: i64| Example::new([("n", n), ("m", 1)]).with_inputs(["n"]);
    /// let rows = stream::iter([Ok(example(1)), Ok(example(2)), Err(Error::configuration("a bad row"))]);
    /// let ctx = Context::new(ScriptedLm::always("[[ ## m ## ]]\n1"));
    /// let program = Predict::parse("n: int -> m: int")?;
    /// let report = block_on(Evaluate::stream(rows).metric(exact_match("m")).run(&ctx, &program))?;
    /// assert_eq!((report.score(), report.results.len()), (Some(1.0), 2));
    /// assert!(matches!(report.stopped, Some(Stop::Data(_))));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn stream(stream: S) -> Self {
        Self { source: Streamed { stream, total: None }, metric: (), settings: Settings::default() }
    }
}

impl<I: Iterator> Evaluate<'_, Streamed<stream::Iter<I>>> {
    /// As [`stream`](Self::stream), of an iterator. Each item is taken on the thread that runs the evaluation: where
    /// taking one waits, as reading from a pipe does, use a stream.
    pub fn over(examples: impl IntoIterator<IntoIter = I>) -> Self {
        Self::stream(stream::iter(examples))
    }
}

impl<S, M> Evaluate<'_, Streamed<S>, M> {
    /// The evaluation knowing how many examples will come, so that progress and the count of those not run can say.
    pub fn total(mut self, examples: usize) -> Self {
        self.source.total = Some(examples);
        self
    }
}

impl<'a, S, M> Evaluate<'a, S, M> {
    /// The evaluation with a metric.
    pub fn metric<N>(self, metric: N) -> Evaluate<'a, S, N> {
        Evaluate { source: self.source, metric, settings: self.settings }
    }

    /// The evaluation with at most so many examples at one time; at least one.
    pub fn concurrency(mut self, most: usize) -> Self {
        self.settings.concurrency = most.max(1);
        self
    }

    /// The evaluation ending when more than so many examples ended with an error, of the program, of what lies outside
    /// or of the metric; 0 ends it at the first. Without this nothing but its end ends it.
    ///
    /// No example starts after that. Those that run then, at most [`concurrency`](Self::concurrency) less one, go on to
    /// their end and count; the rest is [`Outcome::NotRun`]. (DSPy's `max_errors` stops at that number, not beyond it.)
    pub fn max_errors(mut self, most: usize) -> Self {
        self.settings.max_errors = Some(most);
        self
    }

    /// The evaluation ending, as with [`max_errors`](Self::max_errors), when more than so many examples ended with an
    /// infrastructure error: in an outage there is nothing to learn about the program.
    pub fn max_infrastructure_errors(mut self, most: usize) -> Self {
        self.settings.max_infrastructure_errors = Some(most);
        self
    }

    /// The evaluation giving each example so much time, program and metric together. One that takes longer is dropped
    /// and ends with an infrastructure error of the code `timeout`, which has what was paid for. Models are told, too
    /// ([`Options::deadline`](dspex_core::lm::Options)).
    ///
    /// The timer is tokio's. It ends what waits; a program or a metric that computes without waiting goes on, and what
    /// it gives counts.
    ///
    /// ```
    /// use dspex_core::{Context, Example};
    /// use dspex_evaluate::{Evaluate, exact_match};
    /// use dspex_modules::Predict;
    /// use dspex_testkit::{ScriptedLm, block_on};
    /// use std::time::Duration;
    ///
    /// let dev = [Example::new([("question", "2+2"), ("answer", "4")]).with_inputs(["question"])];
    /// let slow = ScriptedLm::always("[[ ## answer ## ]]\n4").with_latency(Duration::from_secs(60));
    /// let evaluate = Evaluate::new(&dev).metric(exact_match("answer")).example_deadline(Duration::from_millis(1));
    /// let report = block_on(evaluate.run(&Context::new(slow), &Predict::parse("question -> answer")?))?;
    /// assert_eq!((report.score(), report.errors[0].error.code()), (None, "timeout"));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn example_deadline(mut self, time: Duration) -> Self {
        self.settings.example_deadline = Some(time);
        self
    }

    /// The evaluation ending after so much time, with what is known until then; those that run then are dropped and
    /// count as [`Outcome::NotRun`]. The timer is tokio's.
    pub fn total_deadline(mut self, time: Duration) -> Self {
        self.settings.total_deadline = Some(time);
        self
    }

    /// The evaluation telling after each example how far it is.
    pub fn on_progress(mut self, tell: impl Fn(&Progress) + Send + Sync + 'a) -> Self {
        self.settings.progress = Some(Arc::new(tell));
        self
    }
}

impl<'a, E, M> Evaluate<'a, &'a [E], M> {
    /// Runs the program on every example.
    ///
    /// Errors of single examples are outcomes in the report. The call itself fails only where nothing could start: the
    /// set is empty, the context's overrides name what the program does not have, or a deadline is set and there is no
    /// tokio runtime.
    pub async fn run<P>(&self, ctx: &Context, program: &P) -> Result<Report<P::Output>>
    where
        P: Module + Parameters + Clone,
        E: HasInput<P::Input> + Sync,
        M: Metric<E, P::Output>,
        P::Output: Sync,
    {
        let mut results = Vec::with_capacity(self.source.len());
        let summary = self
            .run_each(ctx, program, |_: &E, result| {
                results.push(result);
                Ok(())
            })
            .await?;
        results.sort_by_key(|r| r.index);
        // Those that never ended have their place, too.
        let mut ended = results.into_iter().peekable();
        let all = (0..self.source.len())
            .map(|i| {
                ended.next_if(|r| r.index == i).unwrap_or_else(|| ExampleResult::new(i, Outcome::NotRun))
            })
            .collect();
        Ok(Report::new(all, summary))
    }

    /// Runs the program on every example and hands each result over as it comes, in the order in which they end,
    /// holding none. An error of `each` ends the run, as [`Stop::Output`](crate::Stop); examples that did not end are
    /// not handed over. Else as [`run`](Self::run).
    pub async fn run_each<P, F>(&self, ctx: &Context, program: &P, each: F) -> Result<Summary>
    where
        P: Module + Parameters + Clone,
        E: HasInput<P::Input> + Sync,
        M: Metric<E, P::Output>,
        P::Output: Sync,
        F: FnMut(&E, ExampleResult<P::Output>) -> Result<()> + Send,
    {
        let source = stream::iter(self.source.iter().map(Ok));
        let total = Some(self.source.len());
        self.settings.drive::<&E, E, P, M, _, F>(&self.metric, source, total, ctx, program, each).await
    }
}

impl<S, M> Evaluate<'_, Streamed<S>, M> {
    /// Runs the program on every example that comes, and keeps the results.
    ///
    /// As for a slice, but that the report has no results of examples that did not end.
    pub async fn run<E, P>(self, ctx: &Context, program: &P) -> Result<Report<P::Output>>
    where
        S: Stream<Item = Result<E>> + Send,
        P: Module + Parameters + Clone,
        E: HasInput<P::Input> + Send + Sync,
        M: Metric<E, P::Output>,
        P::Output: Sync,
    {
        let mut results = Vec::new();
        let summary = self
            .run_each(ctx, program, |_: &E, result| {
                results.push(result);
                Ok(())
            })
            .await?;
        results.sort_by_key(|r| r.index);
        Ok(Report::new(results, summary))
    }

    /// Runs the program on every example that comes and hands each result over as it comes, in the order in which they
    /// end, holding none: a set may be larger than memory. An error of `each` ends the run, as
    /// [`Stop::Output`](crate::Stop); examples that did not end are not handed over.
    pub async fn run_each<E, P, F>(self, ctx: &Context, program: &P, each: F) -> Result<Summary>
    where
        S: Stream<Item = Result<E>> + Send,
        P: Module + Parameters + Clone,
        E: HasInput<P::Input> + Send + Sync,
        M: Metric<E, P::Output>,
        P::Output: Sync,
        F: FnMut(&E, ExampleResult<P::Output>) -> Result<()> + Send,
    {
        let Streamed { stream, total } = self.source;
        self.settings.drive::<E, E, P, M, S, F>(&self.metric, stream, total, ctx, program, each).await
    }
}

impl<S, M: fmt::Debug> fmt::Debug for Evaluate<'_, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Evaluate")
            .field("metric", &self.metric)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
