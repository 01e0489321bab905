//! Token F1: how many words a text shares with the answer.

use dspex_core::{Result, Score};

use super::sides::{Measure, Sides, field_metric};
use crate::text::{f1_score, hotpot_f1_score};

/// How many words the prediction and the label share, from 0 to 1. [`f1`] and [`hotpot_f1`] make one.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::{TokenF1, f1};
/// let metric: TokenF1 = f1("answer");
/// let example = Example::new([("answer", vec!["Marlowe", "Johann Wolfgang Goethe"])]);
/// let out = Prediction::new(Record::new().with("answer", "Goethe"));
/// assert_eq!(metric.compare(&example, &out)?, 0.5, "1 of 1 word, 1 of 3: the better of both labels");
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenF1 {
    field: String,
    hotpot: bool,
}

/// The token F1 of a field, as [`f1_score`] has it; the best where the label is a list.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::f1;
/// let example = Example::new([("answer", "Paris")]);
/// let out = Prediction::new(Record::new().with("answer", "Paris, France"));
/// assert_eq!(f1("answer").compare(&example, &out)?, 2.0 / 3.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn f1(field: impl Into<String>) -> TokenF1 {
    TokenF1 { field: field.into(), hotpot: false }
}

/// The token F1 of a field as `HotPotQA` has it ([`hotpot_f1_score`]): between `yes`, `no`, `noanswer` and anything
/// else it is 0.
///
/// ```
/// use dspex_core::{Example, Prediction, Record};
/// use dspex_evaluate::hotpot_f1;
/// let example = Example::new([("answer", "no")]);
/// let out = Prediction::new(Record::new().with("answer", "no way"));
/// assert_eq!(hotpot_f1("answer").compare(&example, &out)?, 0.0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
pub fn hotpot_f1(field: impl Into<String>) -> TokenF1 {
    TokenF1 { field: field.into(), hotpot: true }
}

impl Measure for TokenF1 {
    fn metric_name(&self) -> &str {
        if self.hotpot { "hotpot_f1" } else { "f1" }
    }

    fn measure(&self, sides: &Sides) -> Result<Score> {
        let (answers, predicted) = (sides.label_texts(&self.field)?, sides.predicted_text(&self.field)?);
        let score = if self.hotpot { hotpot_f1_score } else { f1_score };
        Ok(Score::new(answers.into_iter().map(|answer| score(predicted, answer)).fold(0.0, f64::max)))
    }
}

field_metric!(TokenF1);
