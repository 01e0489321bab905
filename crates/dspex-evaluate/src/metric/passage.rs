//! Passage match: whether what was found holds the answer.

use dspex_core::{Result, Score};

use super::args::MetricArgs;
use super::sides::{Measure, Sides, field_metric};
use crate::text::passage_has_answer;

/// Whether a passage of the prediction contains an answer of the example. [`answer_passage_match`] makes one.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::{AnswerPassageMatch, answer_passage_match};
/// let metric: AnswerPassageMatch = answer_passage_match("answer").passages_in("found");
/// let example = Example::new([("answer", "Goethe")]);
/// let out = Prediction::new(Record::new().with("found", "Faust is a play by Goethe."));
/// assert_eq!(metric.compare(&example, &out)?, 1.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerPassageMatch {
    field: String,
    passages: String,
}

/// 1 where one of the passages in the prediction's `context` contains the label of the field, 0 where none does.
///
/// Both are compared as [`passage_has_answer`] does. The label may be a list of which any counts, and the passages may
/// be one text.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::answer_passage_match;
/// let example = Example::new([("answer", "Eiffel Tower")]);
/// let out = Prediction::new(Record::new().with("context", vec!["...", "The Eiffel Tower is in Paris."]));
/// assert_eq!(answer_passage_match("answer").compare(&example, &out)?, 1.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn answer_passage_match(field: impl Into<String>) -> AnswerPassageMatch {
    AnswerPassageMatch { field: field.into(), passages: "context".into() }
}

impl AnswerPassageMatch {
    pub(super) fn with_args(field: &str, args: &mut MetricArgs) -> Self {
        let usual = answer_passage_match(field);
        let passages = args.text("passages_in", &usual.passages);
        usual.passages_in(passages)
    }

    /// The metric with the passages in another field of the prediction than `context`.
    ///
    /// ```
    /// let metric = dspex_evaluate::answer_passage_match("answer").passages_in("found");
    /// assert_ne!(metric, dspex_evaluate::answer_passage_match("answer"));
    /// ```
    #[must_use]
    pub fn passages_in(mut self, field: impl Into<String>) -> Self {
        self.passages = field.into();
        self
    }
}

impl Measure for AnswerPassageMatch {
    fn metric_name(&self) -> &str {
        "answer_passage_match"
    }

    fn measure(&self, sides: &Sides) -> Result<Score> {
        let answers = sides.label_texts(&self.field)?;
        let passages = sides.predicted_texts(&self.passages).map_err(|e| match e.hint() {
            Some(_) => e,
            None => {
                e.with_hint("let the program give its passages there, or name its field by `passages_in`")
            }
        })?;
        Ok(passages.into_iter().any(|passage| passage_has_answer(passage, &answers)).into())
    }
}

field_metric!(AnswerPassageMatch);
