//! What an evaluation found: the mean of the examples that were scored, and what became of the others.

use std::fmt;
use std::io::{Cursor, Write};
use std::ops::Deref;
use std::time::Duration;

use dspex_core::{Error, ErrorKind, Result, Tallies, ToExample, ToRecord, Usage};
use serde_json::{Value as Json, json};

use crate::dataset::Format;
use crate::outcome::{ExampleResult, Outcome, Outcomes};
use crate::results::{Columns, ResultWriter};
use crate::statistics::Scores;
use crate::stop::Stop;

/// Errors of one outcome and one code.
///
/// ```
/// use dspex_core::{Context, Example};
/// use dspex_evaluate::{Evaluate, exact_match};
/// use dspex_modules::Predict;
/// use dspex_testkit::{ScriptedLm, block_on};
///
/// let dev: Vec<Example> = (0..3).map(|n| Example::new([("n", n), ("m", n)]).with_inputs(["n"])).collect();
/// let ctx = Context::new(ScriptedLm::always("[[ ## m ## ]]\nmany"));
/// let program = Predict::parse("n: int -> m: int")?;
/// let report = block_on(Evaluate::new(&dev).metric(exact_match("m")).run(&ctx, &program))?;
/// let group = &report.errors[0];
/// assert_eq!((group.count, group.outcome, group.error.code()), (3, "program_error", "field_type"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ErrorGroup {
    /// How many examples ended so.
    pub count: usize,
    /// The first of them, by its place in the set.
    pub index: usize,
    /// The outcome's name.
    pub outcome: &'static str,
    /// The error of the first.
    pub error: Error,
}

/// The figures of an evaluation. It holds no examples and no predictions, whatever the size of the set.
///
/// ```
/// use dspex_core::{Context, Error, Example};
/// use dspex_evaluate::{Evaluate, exact_match};
/// use dspex_modules::Predict;
/// use dspex_testkit::{ScriptedLm, block_on};
///
/// let numbers = (0..100).map(|n| Ok(Example::new([("n", n), ("half", n / 2)]).with_inputs(["n"])));
/// let ctx = Context::new(ScriptedLm::always("[[ ## half ## ]]\n7"));
/// let program = Predict::parse("n: int -> half: int")?;
/// let summary = block_on(Evaluate::over(numbers).metric(exact_match("half")).run_each(&ctx, &program, |_, _| Ok(())))?;
/// assert_eq!((summary.score(), summary.outcomes().scored), (Some(0.02), 100));
/// assert_eq!(summary.to_json()["outcomes"]["program_error"], 0);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Summary {
    /// The metric's name.
    pub metric: String,
    /// Why it ended before the end of the set; none where it did not.
    pub stopped: Option<Stop>,
    /// How long it took.
    pub elapsed: Duration,
    /// The errors, one entry for each outcome and code, in the order of the first of each.
    pub errors: Vec<ErrorGroup>,
    outcomes: Outcomes,
    usage: Usage,
    tallies: Tallies,
    scores: Scores,
    seed: u64,
}

impl Summary {
    pub(crate) fn new(metric: &str, seed: u64) -> Self {
        Self {
            metric: metric.to_owned(),
            stopped: None,
            elapsed: Duration::ZERO,
            errors: Vec::new(),
            outcomes: Outcomes::default(),
            usage: Usage::default(),
            tallies: Tallies::default(),
            scores: Scores::default(),
            seed,
        }
    }

    pub(crate) fn add<O>(&mut self, result: &ExampleResult<O>) {
        self.outcomes.count(&result.outcome);
        self.usage += result.usage;
        self.tallies += &result.tallies;
        self.scores.add(result.index, result.outcome.score());
        if let Some(error) = result.outcome.error() {
            self.add_error(result.index, &result.outcome, error);
        }
    }

    fn add_error(&mut self, index: usize, outcome: &Outcome, error: &Error) {
        let same = |g: &&mut ErrorGroup| g.outcome == outcome.name() && g.error.code() == error.code();
        match self.errors.iter_mut().find(same) {
            Some(group) => {
                group.count += 1;
                if index < group.index {
                    (group.index, group.error) = (index, error.clone());
                }
            }
            None => {
                let outcome = outcome.name();
                self.errors.push(ErrorGroup { count: 1, index, outcome, error: error.clone() });
            }
        }
    }

    /// The end: of `total` examples, where that is known, those that are not here were not run.
    pub(crate) fn close(&mut self, total: Option<usize>, stopped: Option<Stop>, elapsed: Duration) {
        self.scores.close();
        self.errors.sort_by_key(|g| g.index);
        if let Some(total) = total {
            self.outcomes.not_run = total.saturating_sub(self.outcomes.ended());
        }
        (self.stopped, self.elapsed) = (stopped, elapsed);
    }

    /// The mean of the scores; none where no example was scored.
    pub fn score(&self) -> Option<f64> {
        self.scores.mean()
    }

    /// The 95 % interval of the mean; none where no example was scored.
    ///
    /// Wilson's score interval where every score is 0 or 1; else the percentile bootstrap with 2,000 resamples, the
    /// same for the same seed; beyond 5,000 scores the normal interval, which the bootstrap is then no better than.
    pub fn interval(&self) -> Option<(f64, f64)> {
        self.scores.interval(self.seed)
    }

    /// How many examples came to which outcome. Of a stream that ended early only those count that were started,
    /// unless it was said how many there are.
    pub fn outcomes(&self) -> Outcomes {
        self.outcomes
    }

    /// What it cost, failed examples included.
    pub fn usage(&self) -> Usage {
        self.usage
    }

    /// What the attempts came to: answered, cached and failed ones apart, by predictor and by tag.
    ///
    /// ```
    /// use dspex_core::{Context, Example};
    /// use dspex_evaluate::{Evaluate, exact_match};
    /// use dspex_modules::Predict;
    /// use dspex_testkit::{ScriptedLm, block_on};
    ///
    /// let dev = [Example::new([("q", "2+2"), ("a", "4")]).with_inputs(["q"])];
    /// let ctx = Context::new(ScriptedLm::always("[[ ## a ## ]]\n4")).with_tag("nightly");
    /// let report = block_on(Evaluate::new(&dev).metric(exact_match("a")).run(&ctx, &Predict::parse("q -> a")?))?;
    /// assert_eq!((report.tallies().total.answered, report.tallies().by_tag["nightly"].failed), (1, 0));
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn tallies(&self) -> &Tallies {
        &self.tallies
    }

    /// The figures as a JSON object: `score`, `interval`, `n`, `outcomes`, `usage`, `attempts`, `seconds`, `metric`,
    /// `stopped` and `errors`. Of `attempts` those that were answered, cached and failed are told apart.
    pub fn to_json(&self) -> Json {
        let errors: Vec<Json> = self
            .errors
            .iter()
            .map(|g| {
                json!({"index": g.index, "outcome": g.outcome, "count": g.count, "error": g.error.to_json()})
            })
            .collect();
        json!({
            "score": self.score(),
            "interval": self.interval().map(|(low, high)| [low, high]),
            "n": self.outcomes.total(),
            "outcomes": self.outcomes.to_json(),
            "usage": self.usage,
            "attempts": self.tallies.to_json(),
            "seconds": self.elapsed.as_secs_f64(),
            "metric": self.metric,
            "stopped": self.stopped.as_ref().map(Stop::to_json),
            "errors": errors,
        })
    }
}

/// What an evaluation found: its figures, to which it dereferences, and a result for each example.
///
/// ```
/// use dspex_core::{Context, Example};
/// use dspex_evaluate::{Evaluate, Format, exact_match};
/// use dspex_modules::Predict;
/// use dspex_testkit::{ScriptedLm, block_on};
///
/// let dev = [Example::new([("question", "2+2"), ("answer", "4")]).with_inputs(["question"])];
/// let ctx = Context::new(ScriptedLm::always("[[ ## answer ## ]]\n5"));
/// let evaluate = Evaluate::new(&dev).metric(exact_match("answer"));
/// let report = block_on(evaluate.run(&ctx, &Predict::parse("question -> answer")?))?;
/// assert_eq!((report.score(), report.results[0].outcome.score()), (Some(0.0), Some(0.0)));
///
/// let mut table = Vec::new();
/// report.write_results(&dev, Format::Csv, &mut table)?;
/// assert!(table.starts_with(b"index,input.question,label.answer,output.answer,outcome,score,"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report<O> {
    /// One result for each example, in the order of the set.
    pub results: Vec<ExampleResult<O>>,
    summary: Summary,
}

/// `0.733 (95 % 0.556 to 0.858)`: the mean of the scores and its interval; where not every example was scored, also
/// how many were, and where none was, the first error.
impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcomes = self.outcomes();
        if let (Some(score), Some((low, high))) = (self.score(), self.interval()) {
            write!(f, "{score:.3} (95 % {low:.3} to {high:.3})")?;
            return if outcomes.scored < outcomes.total() { write!(f, ", {outcomes}") } else { Ok(()) };
        }
        write!(f, "{outcomes}")?;
        match self.errors.iter().min_by_key(|group| group.index) {
            Some(first) => write!(f, "; the first: {}", first.error),
            None => Ok(()),
        }
    }
}

/// As its [`Summary`].
impl<O> fmt::Display for Report<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.summary.fmt(f)
    }
}

impl<O> Report<O> {
    pub(crate) fn new(results: Vec<ExampleResult<O>>, summary: Summary) -> Self {
        Self { results, summary }
    }

    /// The figures alone.
    pub fn into_summary(self) -> Summary {
        self.summary
    }

    /// Writes the results, one line for each, as [`ResultWriter`] does; columns of CSV are those that there are.
    ///
    /// `examples` are those that were evaluated, in their order. A writer that fails is an error.
    pub fn write_results<E: ToExample>(
        &self,
        examples: &[E],
        format: Format,
        mut to: impl Write,
    ) -> Result<()>
    where
        O: ToRecord,
    {
        let pairs = || self.results.iter().filter_map(|r| Some((examples.get(r.index)?, r)));
        let columns = Columns::seen(pairs())?;
        let mut writer = ResultWriter::new("results", Cursor::new(Vec::new()), format, columns)?;
        for (example, result) in pairs() {
            writer.write(example, result)?;
        }
        to.write_all(writer.into_inner().get_ref()).map_err(|e| {
            let message = format!("cannot be written: {e}");
            ErrorKind::Output { place: "results".into(), message }.into()
        })
    }
}

impl<O> Deref for Report<O> {
    type Target = Summary;

    fn deref(&self) -> &Summary {
        &self.summary
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_in_words() {
        let error = || Error::configuration("odd");
        let summary = |outcomes: Vec<Outcome>| {
            let mut summary = Summary::new("m", 0);
            for (index, outcome) in outcomes.into_iter().enumerate() {
                summary.add(&ExampleResult::<()>::new(index, outcome));
            }
            summary.to_string()
        };
        let scored = Outcome::Scored;
        assert_eq!(
            summary(vec![scored(1.0), scored(0.0), Outcome::ProgramError(error()), Outcome::NotRun]),
            "0.500 (95 % 0.095 to 0.905), 2 of 4 examples scored, 1 program error, 1 not run"
        );
        assert_eq!(summary(vec![scored(1.0), scored(0.0)]), "0.500 (95 % 0.095 to 0.905)");
        assert_eq!(
            summary(vec![Outcome::MetricError(error()), Outcome::MetricError(error())]),
            "0 of 2 examples scored, 2 metric errors; the first: odd"
        );
    }
}
