//! What a metric of a field looks at: the example on one side, the prediction on the other, and what is wrong with
//! them in words.

use dspex_core::{
    Error, ErrorKind, Prediction, Record, Result, Score, ToExample, ToRecord, Value, nearest, shorten_text,
};

/// An example and a prediction as records, for the metric of a name.
pub(super) struct Sides {
    metric: String,
    example: Record,
    prediction: Record,
}

impl Sides {
    /// Of any example and any output.
    pub(super) fn of<E: ToExample, O: ToRecord>(
        metric: &str,
        example: &E,
        prediction: &Prediction<O>,
    ) -> Result<Self> {
        let example = example.to_example()?.record().clone();
        Ok(Self { metric: metric.to_owned(), example, prediction: (**prediction).to_record()? })
    }

    /// What the example says that is right.
    pub(super) fn label(&self, field: &str) -> Result<&Value> {
        self.get(&self.example, "example", field)
    }

    /// What was predicted.
    pub(super) fn predicted(&self, field: &str) -> Result<&Value> {
        self.get(&self.prediction, "prediction", field)
    }

    /// The texts that are right: one, or any of a list.
    pub(super) fn label_texts(&self, field: &str) -> Result<Vec<&str>> {
        let label = self.label(field)?;
        texts(label).filter(|texts| !texts.is_empty()).ok_or_else(|| {
            self.odd("example", field, "text or a list of texts", label)
                .with_hint("mend the data, or score other kinds with `exact_match` or a closure")
        })
    }

    /// The text that was predicted.
    pub(super) fn predicted_text(&self, field: &str) -> Result<&str> {
        let found = self.predicted(field)?;
        text(found).ok_or_else(|| {
            self.odd("prediction", field, "text", found)
                .with_hint("score other kinds with `exact_match` or a closure")
        })
    }

    /// The texts that were predicted: one, or a list.
    pub(super) fn predicted_texts(&self, field: &str) -> Result<Vec<&str>> {
        let found = self.predicted(field)?;
        texts(found).ok_or_else(|| {
            self.odd("prediction", field, "text or a list of texts", found)
                .with_hint("name the output that holds them")
        })
    }

    /// The error for a value of the wrong kind.
    pub(super) fn odd(&self, whose: &str, field: &str, expected: &str, found: &Value) -> Error {
        let found = found.to_repr().map_or_else(|_| found.kind().to_owned(), |text| shorten_text(&text));
        self.failed(format!("expected the {whose}'s `{field}` to be {expected}, found {found}"))
    }

    fn get<'a>(&self, record: &'a Record, whose: &str, field: &str) -> Result<&'a Value> {
        record.get(field).ok_or_else(|| {
            let known: Vec<_> = record.keys().map(|k| format!("`{k}`")).collect();
            let e =
                self.failed(format!("expected `{field}` among the {whose}'s fields {}", known.join(", ")));
            match nearest(field, record.keys()) {
                Some(near) => e.with_hint(format!("did you mean `{near}`?")),
                None => e,
            }
        })
    }

    fn failed(&self, message: String) -> Error {
        Error::new(ErrorKind::Metric { metric: self.metric.clone(), message })
    }
}

/// Text, or the text of an enumeration's member.
fn text(value: &Value) -> Option<&str> {
    match value {
        Value::Enum(member) => member.value.as_str(),
        other => other.as_str(),
    }
}

fn texts(value: &Value) -> Option<Vec<&str>> {
    match value.as_list() {
        Some(items) => items.iter().map(text).collect(),
        None => text(value).map(|one| vec![one]),
    }
}

/// A metric that looks at fields alone and asks nobody.
pub(super) trait Measure {
    /// The metric's name.
    fn metric_name(&self) -> &str;

    /// The score.
    fn measure(&self, sides: &Sides) -> Result<Score>;
}

/// Makes a type that measures a metric, of examples and outputs of every kind.
macro_rules! field_metric {
    ($type:ty) => {
        impl $type {
            /// The score at once, without a context: this metric asks no model.
            ///
            /// ```
            /// use dspex_core::{Example, Prediction, Record};
            /// use dspex_evaluate::f1;
            /// let example = Example::new([("answer", "Paris")]);
            /// let out = Prediction::new(Record::new().with("answer", "Paris, France"));
            /// assert_eq!(f1("answer").compare(&example, &out)?, 2.0 / 3.0);
            /// # Ok::<(), dspex_core::Error>(())
            /// ```
            pub fn compare<E, O>(
                &self,
                example: &E,
                prediction: &dspex_core::Prediction<O>,
            ) -> dspex_core::Result<dspex_core::Score>
            where
                E: dspex_core::ToExample,
                O: dspex_core::ToRecord,
            {
                use $crate::metric::sides::{Measure, Sides};
                self.measure(&Sides::of(self.metric_name(), example, prediction)?)
            }
        }

        impl<E, O> dspex_core::Metric<E, O> for $type
        where
            E: dspex_core::ToExample + Sync,
            O: dspex_core::ToRecord + Sync,
        {
            fn name(&self) -> &str {
                $crate::metric::sides::Measure::metric_name(self)
            }

            fn score<'a>(
                &'a self,
                _: &'a dspex_core::Context,
                example: &'a E,
                prediction: &'a dspex_core::Prediction<O>,
            ) -> dspex_core::BoxFuture<'a, dspex_core::Result<dspex_core::Score>> {
                Box::pin(async move { self.compare(example, prediction) })
            }
        }
    };
}
pub(super) use field_metric;
