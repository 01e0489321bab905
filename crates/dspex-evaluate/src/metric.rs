//! Metrics: made from closures, and exact match. To add one: a function here or a file beside this, and a line in
//! [`METRICS`].

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;

use dspex_core::{
    BoxFuture, Context, Error, ErrorKind, Metric, Prediction, Record, Result, Score, ToExample, ToRecord,
    Value, nearest, unknown_name,
};

/// What a metric may give: a number, a truth value, or a result of either.
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

/// A metric that is a closure.
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

/// A metric that is an asynchronous closure.
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

/// Whether a field of the prediction is the same as that of the example.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactMatch {
    field: String,
}

/// 1 where the field of the prediction equals the label, 0 where it does not.
///
/// Whole numbers and floats of one value are equal, and so are a member of an enumeration and its value, a list and the
/// set or tuple of its items, and a mapping and the struct of its entries.
///
/// ```
/// use dspex_core::{Context, Example, Metric, Prediction, Record};
/// use dspex_evaluate::exact_match;
/// use dspex_testkit::{ScriptedLm, block_on};
/// let (ctx, example) = (Context::new(ScriptedLm::always("")), Example::new([("answer", "Paris")]));
/// let out = Prediction::new(Record::new().with("answer", "Paris"));
/// assert_eq!(block_on(exact_match("answer").score(&ctx, &example, &out))?.value(), 1.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn exact_match(field: impl Into<String>) -> ExactMatch {
    ExactMatch { field: field.into() }
}

impl<E: ToExample + Sync, O: ToRecord + Sync> Metric<E, O> for ExactMatch {
    fn name(&self) -> &str {
        "exact_match"
    }

    fn score<'a>(
        &'a self,
        _: &'a Context,
        example: &'a E,
        prediction: &'a Prediction<O>,
    ) -> BoxFuture<'a, Result<Score>> {
        Box::pin(async move {
            let example = example.to_example()?;
            let predicted = (**prediction).to_record()?;
            let (label, value) =
                (self.get(example.record(), "example")?, self.get(&predicted, "prediction")?);
            Ok(Score::from(same(label, value)))
        })
    }
}

impl ExactMatch {
    fn get<'a>(&self, record: &'a Record, whose: &str) -> Result<&'a Value> {
        record.get(&self.field).ok_or_else(|| {
            let known: Vec<_> = record.keys().map(|k| format!("`{k}`")).collect();
            let message =
                format!("expected `{}` among the {whose}'s fields {}", self.field, known.join(", "));
            let e = Error::new(ErrorKind::Metric { metric: "exact_match".into(), message });
            match nearest(&self.field, record.keys()) {
                Some(near) => e.with_hint(format!("did you mean `{near}`?")),
                None => e,
            }
        })
    }
}

/// Whether two values say the same. Data files have lists for what a reply gives as a set or a tuple, whole numbers for
/// floats, and mappings for structs.
fn same(label: &Value, value: &Value) -> bool {
    use Value::{Decimal, Dict, Enum, Float, FrozenSet, Int, List, Set, Struct, Tuple};
    match (label, value) {
        (Int(_), Float(_)) | (Float(_), Int(_)) => label.as_f64() == value.as_f64(),
        (Decimal(_), Decimal(_) | Int(_)) | (Int(_), Decimal(_)) => digits(label) == digits(value),
        (Enum(e), other) | (other, Enum(e)) if !matches!(other, Enum(_)) => same(&e.value, other),
        (Set(a) | FrozenSet(a), other) | (other, Set(a) | FrozenSet(a)) => other.as_list().is_some_and(|b| {
            let within =
                |these: &[Value], those: &[Value]| these.iter().all(|x| those.iter().any(|y| same(x, y)));
            within(a, b) && within(b, a)
        }),
        (List(a) | Tuple(a), List(b) | Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(x, y)| same(x, y))
        }
        (Dict(a), Dict(b)) => {
            a.len() == b.len() && a.iter().all(|(key, x)| b.get(key).is_some_and(|y| same(x, y)))
        }
        (Struct(a), Struct(b)) => a.type_name == b.type_name && same_fields(&a.fields, &b.fields),
        (Struct(s), Dict(d)) | (Dict(d), Struct(s)) => {
            Record::try_from(d.clone()).is_ok_and(|d| same_fields(&s.fields, &d))
        }
        _ => label == value,
    }
}

/// A number as text without the zeros that change nothing: `12.50` is `12.5`. One with an exponent stays as it is.
fn digits(value: &Value) -> String {
    let text = value.to_text().unwrap_or_default();
    match text.split_once('.') {
        Some((whole, part)) if part.bytes().all(|b| b.is_ascii_digit()) => {
            format!("{whole}.{part}").trim_end_matches('0').trim_end_matches('.').to_owned()
        }
        _ => text,
    }
}

fn same_fields(a: &Record, b: &Record) -> bool {
    a.len() == b.len() && a.iter().all(|(name, x)| b.get(name).is_some_and(|y| same(x, y)))
}

/// Makes a metric for a field of records.
type Make = fn(&str) -> Box<dyn Metric<dspex_core::Example, Record>>;

/// Every metric that a name and a field make, for the command line.
pub const METRICS: &[(&str, Make)] = &[("exact_match", |field| Box::new(exact_match(field)))];

/// The metric of a name, for a field.
pub fn by_name(name: &str, field: &str) -> Result<Box<dyn Metric<dspex_core::Example, Record>>> {
    match METRICS.iter().find(|(n, _)| *n == name) {
        Some((_, make)) => Ok(make(field)),
        None => Err(unknown_name("metrics", name, METRICS.iter().map(|(n, _)| *n))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dspex_core::value::{EnumMember, StructValue};

    #[test]
    fn labels_as_data_files_have_them_equal_what_replies_give() {
        let list = || Value::List(vec![1.into(), "b".into()]);
        let member = |value: &str| {
            let (type_name, member) = ("E".to_owned(), "M".to_owned());
            Value::Enum(EnumMember { type_name, member, value: Box::new(value.into()) })
        };
        let person = Value::Struct(StructValue {
            type_name: "P".into(),
            fields: Record::new().with("age", Value::Float(3.0)),
        });
        let decimal = |text: &str| Value::Decimal(text.parse().unwrap());
        let dict = |age: i64| Value::Dict([(Value::from("age"), Value::from(age))].into_iter().collect());
        let table = [
            (list(), Value::Tuple(vec![Value::Float(1.0), "b".into()]), true),
            (list(), Value::Tuple(vec!["b".into(), 1.into()]), false),
            (list(), Value::Set(vec!["b".into(), 1.into()]), true),
            (list(), Value::Set(vec!["b".into()]), false),
            (list(), Value::List(vec![1.into()]), false),
            (dict(3), person.clone(), true),
            (dict(4), person, false),
            (Value::List(vec!["x".into()]), Value::List(vec![member("x")]), true),
            (Value::from("x"), member("y"), false),
            (true.into(), 1.into(), false),
            (decimal("12.50"), decimal("12.5"), true),
            (decimal("12.0"), 12.into(), true),
            (decimal("120"), decimal("12"), false),
        ];
        for (label, value, expected) in table {
            assert_eq!(same(&label, &value), expected, "{label:?} {value:?}");
            assert_eq!(same(&value, &label), expected, "{value:?} {label:?}");
        }
    }
}
