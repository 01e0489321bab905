//! Evaluation: data sets, metrics, votes, and the score of a program with its interval.
//!
//! An outage is never a score: only examples whose metric gave a number enter the mean.

mod dataset;
mod evaluate;
mod majority;
mod metric;
mod outcome;
mod report;
mod results;
mod statistics;
mod stop;
pub mod text;

pub use dataset::{Dataset, Format, Row, Rows};
pub use evaluate::{Evaluate, Progress, Streamed};
pub use majority::{majority, normalize_vote};
pub use metric::{
    AnswerExactMatch, AnswerPassageMatch, AsyncMetric, ExactMatch, FnMetric, IntoScore, METRICS, MetricArgs,
    Numeric, TokenF1, answer_exact_match, answer_passage_match, by_name, exact_match, f1, hotpot_f1, metric,
    metric_async, numeric,
};
pub use outcome::{ExampleResult, Outcome, Outcomes};
pub use report::{ErrorGroup, Report, Summary};
pub use results::{Columns, ResultWriter};
pub use stop::Stop;
