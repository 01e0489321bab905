//! Metrics: how good a prediction is.

use crate::context::Context;
use crate::error::Result;
use crate::module::BoxFuture;
use crate::prediction::{Prediction, Score};

/// Scores a prediction against an example: `E` is the example, `O` the program's output.
///
/// Most metrics are closures (`dspex_evaluate::metric`); implement this for one that has settings of its own.
///
/// ```
/// use dspex_core::{BoxFuture, Context, Example, Metric, Prediction, Record, Result, Score};
///
/// /// 1 where the answer is short enough.
/// struct AtMost(usize);
///
/// impl Metric<Example, Record> for AtMost {
///     fn name(&self) -> &str {
///         "at_most"
///     }
///     fn score<'a>(
///         &'a self,
///         _: &'a Context,
///         _: &'a Example,
///         prediction: &'a Prediction<Record>,
///     ) -> BoxFuture<'a, Result<Score>> {
///         let answer = prediction.get("answer").and_then(|a| a.as_str()).unwrap_or_default();
///         let short = answer.chars().count() <= self.0;
///         Box::pin(async move { Ok(short.into()) })
///     }
/// }
/// # use futures_util::FutureExt as _;
/// # use dspex_core::lm;
/// # struct Fixed;
/// # impl dspex_core::LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a lm::Request) -> dspex_core::BoxFuture<'a, Result<lm::Reply, lm::LmError>> {
/// #         Box::pin(async { Ok(lm::Reply::text("hi")) })
/// #     }
/// # }
///
/// let out = Prediction::new(Record::new().with("answer", "Paris"));
/// # let (ctx, example) = (Context::new(Fixed), Example::default());
/// let score = AtMost(5).score(&ctx, &example, &out).now_or_never().unwrap()?;
/// assert_eq!(score, 1.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub trait Metric<E: ?Sized, O>: Send + Sync {
    /// The metric's name, as reports print it.
    fn name(&self) -> &str;

    /// The score. An error says that the metric failed, not that the prediction is bad.
    fn score<'a>(
        &'a self,
        ctx: &'a Context,
        example: &'a E,
        prediction: &'a Prediction<O>,
    ) -> BoxFuture<'a, Result<Score>>;
}

impl<E: ?Sized, O> Metric<E, O> for Box<dyn Metric<E, O>> {
    fn name(&self) -> &str {
        (**self).name()
    }

    fn score<'a>(
        &'a self,
        ctx: &'a Context,
        example: &'a E,
        prediction: &'a Prediction<O>,
    ) -> BoxFuture<'a, Result<Score>> {
        (**self).score(ctx, example, prediction)
    }
}
