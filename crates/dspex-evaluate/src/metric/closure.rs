//! Metrics made from closures.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use dspex_core::{BoxFuture, Context, Metric, Prediction, Result, Score};

/// What a metric may give: a number, a truth value, or a result of either.
///
/// ```
/// use dspex_core::{Error, Result};
/// use dspex_evaluate::IntoScore;
/// assert_eq!(true.into_score()?, 1.0);
/// assert_eq!(0.25.into_score()?, 0.25);
/// let failed: Result<bool> = Err(Error::configuration("no judge"));
/// assert!(failed.into_score().is_err(), "an error stays one and is no 0");
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub trait IntoScore {
    /// The score.
    fn into_score(self) -> Result<Score>;
}

impl IntoScore for f64 {
    fn into_score(self) -> Result<Score> {
        Ok(Score::new(self))
    }
}

impl IntoScore for bool {
    fn into_score(self) -> Result<Score> {
        Ok(self.into())
    }
}

impl IntoScore for Score {
    fn into_score(self) -> Result<Score> {
        Ok(self)
    }
}

impl<T: IntoScore> IntoScore for Result<T> {
    fn into_score(self) -> Result<Score> {
        self?.into_score()
    }
}

/// A metric that is a closure. [`metric`] makes one.
///
/// ```
/// use dspex_core::{Context, Example, Metric, Prediction, Record};
/// use dspex_testkit::{ScriptedLm, block_on};
/// let short = dspex_evaluate::metric(|_: &Example, out: &Prediction<Record>| {
///     out.get("answer").and_then(|a| a.as_str()).is_some_and(|a| a.len() < 10)
/// })
/// .named("short");
/// let ctx = Context::new(ScriptedLm::always("")); // it asks no model
/// let out = Prediction::new(Record::new().with("answer", "Paris"));
/// assert_eq!(block_on(short.score(&ctx, &Example::default(), &out))?, 1.0);
/// assert_eq!(short.name(), "short");
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub struct FnMetric<F, E: ?Sized, O, R> {
    name: String,
    f: F,
    types: Signs<E, O, R>,
}

/// The types that a closure takes and gives, held without holding values of them.
type Signs<E, O, R> = PhantomData<fn(&E, O) -> R>;

/// A metric from a closure that gives a number or a truth value.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::metric;
/// let shorter = metric(|example: &Example, out: &Prediction<Record>| {
///     out.get("answer").and_then(|a| a.as_str()).is_some_and(|a| a.len() < 10)
/// });
/// ```
pub fn metric<E: ?Sized, O, R, F>(f: F) -> FnMetric<F, E, O, R>
where
    F: Fn(&E, &Prediction<O>) -> R + Send + Sync,
    R: IntoScore,
{
    FnMetric { name: "metric".into(), f, types: PhantomData }
}

impl<F, E: ?Sized, O, R> FnMetric<F, E, O, R> {
    /// The metric under a name, as reports print it.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

impl<F, E: ?Sized, O, R> fmt::Debug for FnMetric<F, E, O, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FnMetric").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<F, E: ?Sized, O, R> Metric<E, O> for FnMetric<F, E, O, R>
where
    F: Fn(&E, &Prediction<O>) -> R + Send + Sync,
    R: IntoScore,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn score<'a>(
        &'a self,
        _: &'a Context,
        example: &'a E,
        prediction: &'a Prediction<O>,
    ) -> BoxFuture<'a, Result<Score>> {
        let score = (self.f)(example, prediction).into_score();
        Box::pin(async move { score })
    }
}

/// A metric that is an asynchronous closure. [`metric_async`] makes one.
///
/// ```
/// use dspex_core::{Context, Example, Metric, Module, Prediction, Record, Result};
/// use dspex_modules::Predict;
/// use dspex_testkit::{ScriptedLm, block_on};
/// let judge = dspex_evaluate::metric_async(|ctx: Context, _: Example, out: Prediction<Record>| async move {
///     let verdict = Predict::parse("answer -> polite: bool")?.call(&ctx, out.into_inner()).await?;
///     Ok::<_, dspex_core::Error>(verdict.get("polite").and_then(|v| v.as_bool()).unwrap_or_default())
/// })
/// .named("polite");
/// let ctx = Context::new(ScriptedLm::always("[[ ## polite ## ]]\nTrue"));
/// let out = Prediction::new(Record::new().with("answer", "Thank you, 42."));
/// assert_eq!(block_on(judge.score(&ctx, &Example::default(), &out))?, 1.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub struct AsyncMetric<F, E: ?Sized, O> {
    name: String,
    f: F,
    types: Signs<E, O, ()>,
}

/// A metric from a closure that gives a future, for metrics that call models. It gets the context, and copies of its
/// own of the example and the prediction.
///
/// ```
/// use dspex_core::{Context, Example, Prediction, Record};
/// use dspex_evaluate::metric_async;
/// let judge = metric_async(|_ctx: Context, _example: Example, out: Prediction<Record>| async move {
///     Ok::<_, dspex_core::Error>(out.contains_key("answer"))
/// });
/// ```
pub fn metric_async<E, O, F, Fut, R>(f: F) -> AsyncMetric<F, E, O>
where
    F: Fn(Context, E, Prediction<O>) -> Fut + Send + Sync,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoScore,
{
    AsyncMetric { name: "metric".into(), f, types: PhantomData }
}

impl<F, E: ?Sized, O> AsyncMetric<F, E, O> {
    /// The metric under a name, as reports print it.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }
}

impl<F, E: ?Sized, O> fmt::Debug for AsyncMetric<F, E, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncMetric").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<F, E, O, Fut, R> Metric<E, O> for AsyncMetric<F, E, O>
where
    E: Clone + Send + Sync,
    O: Clone + Send + Sync,
    F: Fn(Context, E, Prediction<O>) -> Fut + Send + Sync,
    Fut: Future<Output = R> + Send + 'static,
    R: IntoScore,
{
    fn name(&self) -> &str {
        &self.name
    }

    fn score<'a>(
        &'a self,
        ctx: &'a Context,
        example: &'a E,
        prediction: &'a Prediction<O>,
    ) -> BoxFuture<'a, Result<Score>> {
        let work = (self.f)(ctx.clone(), example.clone(), prediction.clone());
        Box::pin(async move { work.await.into_score() })
    }
}
