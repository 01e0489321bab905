//! Metrics: how good a prediction is.

use crate::context::Context;
use crate::error::Result;
use crate::module::BoxFuture;
use crate::prediction::{Prediction, Score};

/// Scores a prediction against an example: `E` is the example, `O` the program's output.
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
