//! The loop of an evaluation: starts examples while there is room, takes in results, and ends when it is time.

use std::borrow::Borrow;
use std::future::pending;
use std::pin::{Pin, pin};

use dspex_core::{
    Cancellation, Context, Error, ErrorKind, HasInput, Metric, Module, Parameters, Program as _, Result,
};
use futures_util::future::{Either, select};
use futures_util::stream::{FuturesUnordered, Stream, StreamExt as _};
use tokio::time::{Instant, sleep_until};

use super::one::One;
use super::settings::{Progress, Settings};
use crate::outcome::{ExampleResult, Outcome};
use crate::report::Summary;
use crate::stop::Stop;

/// After so many results in a row others get a turn on the thread, also where nothing ever waits.
const IN_A_ROW: usize = 32;

/// What comes next.
enum Step<B, R> {
    /// An example, or the end of the set.
    Next(Option<Result<B>>),
    /// A result.
    Done(R),
    /// The end of the time, or of the caller's patience.
    Over,
}

impl Settings<'_> {
    pub(super) async fn drive<B, E, P, M, S, F>(
        &self,
        metric: &M,
        source: S,
        total: Option<usize>,
        ctx: &Context,
        program: &P,
        each: F,
    ) -> Result<Summary>
    where
        B: Borrow<E> + Send,
        E: HasInput<P::Input> + Sync,
        P: Module + Parameters + Clone,
        P::Output: Sync,
        M: Metric<E, P::Output>,
        S: Stream<Item = Result<B>> + Send,
        F: FnMut(&E, ExampleResult<P::Output>) -> Result<()> + Send,
    {
        let program = &program.clone().stamped();
        ctx.check_overrides(program)?;
        let limit = self.timer()?;
        let (started, end) = (ctx.clock().now(), Cancellation::new());
        let one = One { ctx, program, metric, time: self.example_deadline, end: &end };
        let summary = Summary::new(metric.name(), ctx.random("evaluate").next_u64());
        let mut taken = Taken::new(self, ctx, summary, total, each);
        let (mut dry, mut count) = (false, 0);
        let (mut source, mut over) = (pin!(source), pin!(over(ctx, limit)));
        let mut running = FuturesUnordered::new();
        loop {
            // Looked at each time: where nothing ever waits, no timer and no signal is ever heard.
            if !end.is_cancelled()
                && let Some(why) = self.is_over(ctx, limit)
            {
                taken.stop.get_or_insert(why);
                end.cancel();
            }
            let open = taken.stop.is_none() && !dry && running.len() < self.concurrency;
            if !open && running.is_empty() {
                break;
            }
            let source = open.then_some(source.as_mut());
            let over = (!end.is_cancelled()).then_some(over.as_mut());
            match step(&mut running, source, over).await {
                Step::Over => {}
                Step::Next(None) => dry = true,
                Step::Next(Some(Err(e))) => taken.stop = Some(Stop::Data(e)),
                Step::Next(Some(Ok(example))) => {
                    running.push(one.run::<B, E>(count, example));
                    count += 1;
                }
                Step::Done((example, result)) => {
                    taken.take(example.borrow(), result);
                    if taken.told.done.is_multiple_of(IN_A_ROW) {
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
        if count == 0 && taken.stop.is_none() {
            return Err(Error::configuration("expected at least one example, found an empty set")
                .with_hint("check the file, or the filter that made the set"));
        }
        let Taken { mut summary, stop, .. } = taken;
        summary.close(total, stop, ctx.clock().now().saturating_duration_since(started));
        Ok(summary)
    }

    /// When the run is to end; an error where there is a deadline and no timer.
    fn timer(&self) -> Result<Option<Instant>> {
        let timed = self.example_deadline.is_some() || self.total_deadline.is_some();
        if timed && tokio::runtime::Handle::try_current().is_err() {
            return Err(Error::configuration("expected a tokio runtime for the deadlines, found none")
                .with_hint("run the evaluation in tokio, with its timer, or without deadlines"));
        }
        // A time beyond all clocks is none.
        Ok(self.total_deadline.and_then(|time| Instant::now().checked_add(time)))
    }

    fn is_over(&self, ctx: &Context, limit: Option<Instant>) -> Option<Stop> {
        if ctx.cancellation().is_cancelled() {
            return Some(Stop::Cancelled);
        }
        limit.filter(|limit| Instant::now() >= *limit)?;
        self.total_deadline.map(Stop::Deadline)
    }
}

/// What comes next: results before examples, so that no example starts after the one too many.
async fn step<B, R, S: Stream<Item = Result<B>>>(
    running: &mut FuturesUnordered<impl Future<Output = R>>,
    source: Option<Pin<&mut S>>,
    over: Option<Pin<&mut impl Future<Output = ()>>>,
) -> Step<B, R> {
    let done = pin!(async {
        match running.next().await {
            Some(result) => Step::Done(result),
            None => pending().await,
        }
    });
    let next = pin!(async {
        match source {
            Some(mut source) => Step::Next(source.next().await),
            None => pending().await,
        }
    });
    let over = pin!(async {
        match over {
            Some(over) => over.await,
            None => pending().await,
        }
        Step::Over
    });
    match select(done, select(next, over)).await {
        Either::Left((step, _)) | Either::Right((Either::Left((step, _)) | Either::Right((step, _)), _)) => {
            step
        }
    }
}

/// Waits until the caller cancels or the time is over.
async fn over(ctx: &Context, limit: Option<Instant>) {
    let time = pin!(async {
        match limit {
            Some(limit) => sleep_until(limit).await,
            None => pending().await,
        }
    });
    select(time, pin!(ctx.cancellation().cancelled())).await;
}

/// What was taken in so far.
struct Taken<'s, F> {
    settings: &'s Settings<'s>,
    ctx: &'s Context,
    summary: Summary,
    total: Option<usize>,
    told: Told,
    stop: Option<Stop>,
    each: F,
    /// Whether `each` still takes results.
    open: bool,
}

impl<'s, F> Taken<'s, F> {
    fn new(
        settings: &'s Settings<'s>,
        ctx: &'s Context,
        summary: Summary,
        total: Option<usize>,
        each: F,
    ) -> Self {
        Self { settings, ctx, summary, total, told: Told::default(), stop: None, each, open: true }
    }

    /// Counts a result, tells of it, hands it over, and looks whether it was one error too many.
    fn take<E, O>(&mut self, example: &E, result: ExampleResult<O>)
    where
        F: FnMut(&E, ExampleResult<O>) -> Result<()>,
    {
        self.summary.add(&result);
        if matches!(result.outcome, Outcome::NotRun) {
            return;
        }
        self.told.take(&result.outcome);
        let by_budget = result.outcome.error().is_some_and(|e| matches!(e.kind(), ErrorKind::Budget { .. }));
        if let Some(tell) = &self.settings.progress {
            tell(&self.told.progress(self.total));
        }
        if self.open
            && let Err(e) = (self.each)(example, result)
        {
            self.open = false;
            self.stop.get_or_insert(Stop::Output(e));
        }
        // A program may have budgets of its own within; only that of the whole run ends it.
        if by_budget && self.stop.is_none() {
            self.stop = self.ctx.over_budget().map(Stop::Budget);
        }
        if self.stop.is_none() {
            self.stop = self.settings.beyond(self.summary.outcomes());
        }
    }
}

/// The counts for progress; their mean is that in the order in which examples end.
#[derive(Default)]
struct Told {
    done: usize,
    scored: usize,
    sum: f64,
}

impl Told {
    fn take(&mut self, outcome: &Outcome) {
        self.done += 1;
        if let Some(score) = outcome.score() {
            self.scored += 1;
            self.sum += score;
        }
    }

    fn progress(&self, total: Option<usize>) -> Progress {
        let score = (self.scored > 0).then(|| self.sum / self.scored as f64);
        Progress { done: self.done, total, score, errors: self.done - self.scored }
    }
}
