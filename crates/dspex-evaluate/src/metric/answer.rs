//! Answer match: texts that are the same but for case, punctuation, articles and white space.

use dspex_core::{Result, Score};

use super::args::MetricArgs;
use super::sides::{Measure, Sides, field_metric};
use crate::text::{em_score, f1_score};

/// Whether a text of the prediction matches an answer of the example. [`answer_exact_match`] makes one.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::{AnswerExactMatch, answer_exact_match};
/// let metric: AnswerExactMatch = answer_exact_match("answer").frac(0.5);
/// let example = Example::new([("answer", "the Eiffel Tower")]);
/// let out = Prediction::new(Record::new().with("answer", "It is the Eiffel Tower."));
/// assert_eq!(metric.compare(&example, &out)?, 1.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct AnswerExactMatch {
    field: String,
    frac: f64,
}

/// 1 where the text of the prediction's field is that of the label after
/// [`normalize_text`](crate::text::normalize_text), 0 where it is not. The label may be a list of which any counts.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::answer_exact_match;
/// let example = Example::new([("answer", vec!["Eiffel Tower", "Louvre"])]);
/// let out = Prediction::new(Record::new().with("answer", "The Eiffel Tower!"));
/// assert_eq!(answer_exact_match("answer").compare(&example, &out)?, 1.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn answer_exact_match(field: impl Into<String>) -> AnswerExactMatch {
    AnswerExactMatch { field: field.into(), frac: 1.0 }
}

impl AnswerExactMatch {
    pub(super) fn with_args(field: &str, args: &mut MetricArgs) -> Result<Self> {
        Ok(answer_exact_match(field).frac(args.number("frac", 1.0, 0.0..=1.0)?))
    }

    /// The metric content with a token F1 of at least so much, where that is below 1.
    ///
    /// ```
    /// use dspex_core::{Example, Prediction, Record};
    /// use dspex_evaluate::answer_exact_match;
    /// let example = Example::new([("answer", "Eiffel Tower")]);
    /// let out = Prediction::new(Record::new().with("answer", "tower"));
    /// assert_eq!(answer_exact_match("answer").compare(&example, &out)?, 0.0);
    /// assert_eq!(answer_exact_match("answer").frac(0.6).compare(&example, &out)?, 1.0);
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    #[must_use]
    pub fn frac(mut self, frac: f64) -> Self {
        self.frac = frac;
        self
    }
}

impl Measure for AnswerExactMatch {
    fn metric_name(&self) -> &str {
        "answer_exact_match"
    }

    fn measure(&self, sides: &Sides) -> Result<Score> {
        let (answers, predicted) = (sides.label_texts(&self.field)?, sides.predicted_text(&self.field)?);
        let matches = |answer: &&str| {
            if self.frac >= 1.0 {
                em_score(predicted, answer)
            } else {
                f1_score(predicted, answer) >= self.frac
            }
        };
        Ok(answers.iter().any(matches).into())
    }
}

field_metric!(AnswerExactMatch);
