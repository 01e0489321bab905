//! Metrics: closures, and those of a field that have a name. To add one: a file here, and a line in [`METRICS`].

mod answer;
mod closure;
mod exact;
mod numeric;
mod passage;
mod sides;
mod token_f1;

use dspex_core::{Example, Metric, Record, Result, unknown_name};

pub use answer::{AnswerExactMatch, answer_exact_match};
pub use closure::{AsyncMetric, FnMetric, IntoScore, metric, metric_async};
pub use exact::{ExactMatch, exact_match};
pub use numeric::{Numeric, numeric};
pub use passage::{AnswerPassageMatch, answer_passage_match};
pub use token_f1::{TokenF1, f1, hotpot_f1};

/// Makes a metric for a field of records.
type Make = fn(&str) -> Box<dyn Metric<Example, Record>>;

/// Every metric that a name and a field make, for the command line.
///
/// ```
/// let names: Vec<&str> = dspex_evaluate::METRICS.iter().map(|(name, _)| *name).collect();
/// assert!(names.contains(&"f1"));
/// ```
pub const METRICS: &[(&str, Make)] = &[
    ("exact_match", |field| Box::new(exact_match(field))),
    ("answer_exact_match", |field| Box::new(answer_exact_match(field))),
    ("f1", |field| Box::new(f1(field))),
    ("hotpot_f1", |field| Box::new(hotpot_f1(field))),
    ("answer_passage_match", |field| Box::new(answer_passage_match(field))),
    ("numeric", |field| Box::new(numeric(field))),
];

/// The metric of a name, for a field.
///
/// ```
/// use dspex_evaluate::by_name;
/// assert_eq!(by_name("f1", "answer")?.name(), "f1");
/// assert_eq!(by_name("f2", "answer").err().unwrap().hint(), Some("did you mean `f1`?"));
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn by_name(name: &str, field: &str) -> Result<Box<dyn Metric<Example, Record>>> {
    match METRICS.iter().find(|(n, _)| *n == name) {
        Some((_, make)) => Ok(make(field)),
        None => Err(unknown_name("metrics", name, METRICS.iter().map(|(n, _)| *n))),
    }
}
