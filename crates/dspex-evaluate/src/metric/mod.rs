//! Metrics: closures, and those of a field that have a name. To add one: a file here, and a line in [`METRICS`].

mod answer;
mod args;
mod closure;
mod exact;
mod numeric;
mod passage;
mod sides;
mod token_f1;

use dspex_core::{Example, Metric, Record, Result, unknown_name};

pub use answer::{AnswerExactMatch, answer_exact_match};
pub use args::MetricArgs;
pub use closure::{AsyncMetric, FnMetric, IntoScore, metric, metric_async};
pub use exact::{ExactMatch, exact_match};
pub use numeric::{Numeric, numeric};
pub use passage::{AnswerPassageMatch, answer_passage_match};
pub use token_f1::{TokenF1, f1, hotpot_f1};

/// Makes a metric for a field of records, with the arguments that stand behind its name.
type Make = fn(&str, &mut MetricArgs) -> Result<Box<dyn Metric<Example, Record>>>;

/// Every metric that a name and a field make, for the command line.
///
/// ```
/// let names: Vec<&str> = dspex_evaluate::METRICS.iter().map(|(name, _)| *name).collect();
/// assert!(names.contains(&"f1"));
/// ```
pub const METRICS: &[(&str, Make)] = &[
    ("exact_match", |field, _| Ok(Box::new(exact_match(field)))),
    ("answer_exact_match", |field, args| Ok(Box::new(AnswerExactMatch::with_args(field, args)?))),
    ("f1", |field, _| Ok(Box::new(f1(field)))),
    ("hotpot_f1", |field, _| Ok(Box::new(hotpot_f1(field)))),
    ("answer_passage_match", |field, args| Ok(Box::new(AnswerPassageMatch::with_args(field, args)))),
    ("numeric", |field, args| Ok(Box::new(Numeric::with_args(field, args)?))),
];

/// The metric of a name, for a field. Arguments stand behind the name: `numeric(absolute=0.5)`; they are those of
/// the metric's methods.
///
/// ```
/// use dspex_evaluate::by_name;
/// assert_eq!(by_name("f1", "answer")?.name(), "f1");
/// assert_eq!(by_name("f2", "answer").err().unwrap().hint(), Some("did you mean `f1`?"));
/// assert!(by_name("numeric(absolute=0.5, relative=0)", "n").is_ok());
/// let e = by_name("numeric(absolut=0.5)", "n").err().unwrap();
/// assert_eq!(e.to_string(), "expected one of the arguments of `numeric` `absolute`, `relative`, found `absolut`");
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn by_name(spec: &str, field: &str) -> Result<Box<dyn Metric<Example, Record>>> {
    let mut args = MetricArgs::parse(spec)?;
    let name = args.metric().to_owned();
    let Some((_, make)) = METRICS.iter().find(|(n, _)| *n == name) else {
        return Err(unknown_name("metrics", &name, METRICS.iter().map(|(n, _)| *n)));
    };
    let metric = make(field, &mut args)?;
    args.finish()?;
    Ok(metric)
}
