//! The loop of an evaluation: starts examples while there is room, takes in results, and ends when it is time.

use std::borrow::Borrow;
use std::future::pending;
use std::pin::pin;

use dspex_core::{Cancellation, Context, Error, HasInput, Metric, Module, Parameters, Program as _, Result};
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
        mut each: F,
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
        let mut summary = Summary::new(metric.name(), ctx.random("evaluate").next_u64());
        let (mut stop, mut dry, mut count, mut handed_over) = (None, false, 0, Ok(()));
        let mut told = Told::default();
        let mut source = pin!(source);
        let mut over = pin!(over(ctx, limit));
        let mut running = FuturesUnordered::new();
        loop {
            // Looked at each time: where nothing ever waits, no timer and no signal is ever heard.
            if !end.is_cancelled()
                && let Some(why) = self.is_over(ctx, limit)
            {
                stop.get_or_insert(why);
                end.cancel();
            }
            let open = stop.is_none() && !dry && running.len() < self.concurrency;
            if !open && running.is_empty() {
                break;
            }
            let step = {
                let done = pin!(async {
                    match running.next().await {
                        Some(result) => Step::Done(result),
                        None => pending().await,
                    }
                });
                let next =
                    pin!(async { if open { Step::Next(source.next().await) } else { pending().await } });
                let over = pin!(async {
                    if !end.is_cancelled() {
                        over.as_mut().await;
                        return Step::Over;
                    }
                    pending().await
                });
                match select(done, select(next, over)).await {
                    Either::Left((step, _))
                    | Either::Right((Either::Left((step, _)) | Either::Right((step, _)), _)) => step,
                }
            };
            match step {
                Step::Over => {}
                Step::Next(None) => dry = true,
                Step::Next(Some(Err(e))) => stop = Some(Stop::Data(e)),
                Step::Next(Some(Ok(example))) => {
                    running.push(one.run::<B, E>(count, example));
                    count += 1;
                }
                Step::Done((example, result)) => {
                    summary.add(&result);
                    if matches!(result.outcome, Outcome::NotRun) {
                        continue;
                    }
                    told.take(&result.outcome);
                    self.tell(&told, total);
                    if handed_over.is_ok() {
                        handed_over = each(example.borrow(), result).map_err(|e| {
                            stop.get_or_insert(Stop::Output(e));
                        });
                    }
                    if stop.is_none() {
                        stop = self.beyond(summary.outcomes());
                    }
                    if told.done.is_multiple_of(IN_A_ROW) {
                        tokio::task::yield_now().await;
                    }
                }
            }
        }
        if count == 0 && stop.is_none() {
            return Err(Error::configuration("expected at least one example, found an empty set")
                .with_hint("check the file, or the filter that made the set"));
        }
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
        Ok(self.total_deadline.map(|time| Instant::now() + time))
    }

    fn is_over(&self, ctx: &Context, limit: Option<Instant>) -> Option<Stop> {
        if ctx.cancellation().is_cancelled() {
            return Some(Stop::Cancelled);
        }
        limit.filter(|limit| Instant::now() >= *limit)?;
        self.total_deadline.map(Stop::Deadline)
    }

    fn tell(&self, told: &Told, total: Option<usize>) {
        if let Some(tell) = &self.progress {
            let score = (told.scored > 0).then(|| told.sum / told.scored as f64);
            tell(&Progress { done: told.done, total, score, errors: told.done - told.scored });
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
}
