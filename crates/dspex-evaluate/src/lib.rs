//! Evaluation: data sets, metrics, and the score of a program with its interval.
//!
//! An outage is never a score: only examples whose metric gave a number enter the mean.

mod dataset;
mod evaluate;
mod metric;
mod report;

pub use dataset::{Dataset, Format, Row};
pub use evaluate::Evaluate;
pub use metric::{
    AsyncMetric, ExactMatch, FnMetric, IntoScore, METRICS, by_name, exact_match, metric, metric_async,
};
pub use report::{ExampleResult, Outcome, Outcomes, Report};
