//! One example: the program's call and its score, in the time that it has, with whatever goes wrong as its outcome.

use std::any::Any;
use std::borrow::Borrow;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use dspex_core::lm::{LmError, LmErrorKind, Options};
use dspex_core::{
    Cancellation, Context, Error, ErrorKind, HasInput, Meter, Metric, Module, Prediction, Tally,
};
use futures_util::FutureExt as _;
use futures_util::future::{Either, select};
use tokio::time::{Instant, sleep_until};

use crate::outcome::{ExampleResult, Outcome};

/// What all examples of a run have in common.
pub(super) struct One<'r, P, M> {
    pub(super) ctx: &'r Context,
    pub(super) program: &'r P,
    pub(super) metric: &'r M,
    pub(super) time: Option<Duration>,
    /// Ends what runs, with nothing to show for it.
    pub(super) end: &'r Cancellation,
}

impl<P, M> One<'_, P, M> {
    pub(super) async fn run<B, E>(&self, index: usize, example: B) -> (B, ExampleResult<P::Output>)
    where
        B: Borrow<E>,
        P: Module,
        E: HasInput<P::Input> + Sync,
        M: Metric<E, P::Output>,
        P::Output: Sync,
    {
        let started = self.ctx.clock().now();
        let (mut ctx, meter) = self.ctx.metered();
        let until = self.time.and_then(|time| Instant::now().checked_add(time));
        if let Some(until) = until {
            ctx = ctx.with_options(Options::new().deadline(until.into_std()).over(ctx.options()));
        }
        let mut prediction = None;
        let ended = {
            let work = pin!(self.judge(&ctx, example.borrow(), &mut prediction));
            let over = pin!(async {
                match until {
                    Some(until) => sleep_until(until).await,
                    None => pending().await,
                }
            });
            let end = pin!(self.end.cancelled());
            let cut = pin!(select(over, end));
            match select(work, cut).await {
                Either::Left((outcome, _)) => Some(outcome),
                Either::Right((Either::Left(_), _)) => None,
                Either::Right((Either::Right(_), _)) => Some(Outcome::NotRun),
            }
        };
        let outcome = ended
            .unwrap_or_else(|| Outcome::InfrastructureError(self.too_late(prediction.is_some(), &meter)));
        // An error of a part that ran outside of the context knows its cost itself.
        let mut tallies = meter.tallies();
        let usage = match outcome.error() {
            Some(e) if tallies.total.usage.calls == 0 => {
                if tallies.total == Tally::default() {
                    tallies = e.attempts().iter().collect();
                }
                e.usage()
            }
            _ => tallies.total.usage,
        };
        let elapsed = self.ctx.clock().now().saturating_duration_since(started);
        (example, ExampleResult { prediction, usage, tallies, elapsed, ..ExampleResult::new(index, outcome) })
    }

    /// Calls the program and scores what it gives, which is left in `prediction` even where the score fails.
    async fn judge<E>(
        &self,
        ctx: &Context,
        example: &E,
        prediction: &mut Option<Prediction<P::Output>>,
    ) -> Outcome
    where
        P: Module,
        E: HasInput<P::Input> + Sync,
        M: Metric<E, P::Output>,
        P::Output: Sync,
    {
        let call = async { self.program.call(ctx, example.program_input()?).await };
        let given = match AssertUnwindSafe(call).catch_unwind().await {
            Ok(Ok(given)) => prediction.insert(given),
            Ok(Err(e)) => return program_failed(e),
            Err(panic) => return Outcome::ProgramError(ErrorKind::Panic { message: said(&*panic) }.into()),
        };
        let name = self.metric.name();
        let failed = |message: String| {
            Outcome::MetricError(ErrorKind::Metric { metric: name.to_owned(), message }.into())
        };
        let score = async { self.metric.score(ctx, example, given).await };
        match AssertUnwindSafe(score).catch_unwind().await {
            Ok(Ok(score)) if score.value().is_finite() => Outcome::Scored(score.value()),
            Ok(Ok(score)) => failed(format!("expected a number, found {score}")),
            Ok(Err(e)) if matches!(e.kind(), ErrorKind::Cancelled) => Outcome::NotRun,
            Ok(Err(e)) if e.is_infrastructure() => Outcome::InfrastructureError(e),
            Ok(Err(e)) if matches!(e.kind(), ErrorKind::Metric { .. }) => Outcome::MetricError(e),
            Ok(Err(e)) => failed(e.to_string()),
            Err(panic) => failed(format!("expected a score, found a panic: {}", said(&*panic))),
        }
    }

    fn too_late(&self, scoring: bool, meter: &Meter) -> Error {
        let (time, part) = (self.time.unwrap_or_default(), if scoring { "metric" } else { "program" });
        let message = format!(
            "expected the example to end within {} s, found the {part} still at work",
            time.as_secs_f64()
        );
        Error::from(LmError::new(LmErrorKind::Timeout, message))
            .with_hint("give each example more time, or run fewer at one time")
            .with_attempts(meter.attempts())
    }
}

fn program_failed(e: Error) -> Outcome {
    match e.kind() {
        ErrorKind::Cancelled => Outcome::NotRun,
        _ if e.is_infrastructure() => Outcome::InfrastructureError(e),
        _ => Outcome::ProgramError(e),
    }
}

/// What a panic said.
fn said(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("nothing that can be shown").to_owned()
}
