//! Evaluation: data sets, metrics, votes, and the score of a program with its interval.
//!
//! An outage is never a score: only examples whose metric gave a number enter the mean.

mod dataset;
mod evaluate;
mod majority;
mod metric;
mod report;
pub mod text;

pub use dataset::{Dataset, Format, Row};
pub use evaluate::Evaluate;
pub use majority::{majority, normalize_vote};
pub use metric::{
    AnswerExactMatch, AnswerPassageMatch, AsyncMetric, ExactMatch, FnMetric, IntoScore, METRICS, Numeric,
    TokenF1, answer_exact_match, answer_passage_match, by_name, exact_match, f1, hotpot_f1, metric,
    metric_async, numeric,
};
pub use report::{ExampleResult, Outcome, Outcomes, Report};
