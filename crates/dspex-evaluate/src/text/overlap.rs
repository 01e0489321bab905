//! How alike two texts are: equal, or by the words they share.

use std::collections::HashMap;

use super::normalize_text;

/// Whether two texts are the same after [`normalize_text`].
///
/// ```
/// use dspex_evaluate::text::em_score;
/// assert!(em_score("The Eiffel Tower", "eiffel tower!"));
/// ```
pub fn em_score(prediction: &str, answer: &str) -> bool {
    normalize_text(prediction) == normalize_text(answer)
}

/// The harmonic mean of how many of the prediction's words are in the answer, and of the answer's in the prediction.
///
/// Words are those of [`normalize_text`], each as often as it stands there. Where none is shared it is 0, even where
/// both texts are empty.
///
/// ```
/// use dspex_evaluate::text::f1_score;
/// assert_eq!(f1_score("Eiffel Tower in Paris", "the Eiffel Tower"), 2.0 / 3.0);
/// ```
pub fn f1_score(prediction: &str, answer: &str) -> f64 {
    Overlap::of(&normalize_text(prediction), &normalize_text(answer)).f1()
}

/// [`f1_score`] as `HotPotQA` has it: where one side is `yes`, `no` or `noanswer`, only the same counts.
///
/// ```
/// use dspex_evaluate::text::hotpot_f1_score;
/// assert_eq!(hotpot_f1_score("yes, it is", "Yes"), 0.0);
/// assert_eq!(hotpot_f1_score("YES!", "yes"), 1.0);
/// ```
pub fn hotpot_f1_score(prediction: &str, answer: &str) -> f64 {
    let (prediction, answer) = (normalize_text(prediction), normalize_text(answer));
    let is_verdict = |text: &str| matches!(text, "yes" | "no" | "noanswer");
    if prediction != answer && (is_verdict(&prediction) || is_verdict(&answer)) {
        return 0.0;
    }
    Overlap::of(&prediction, &answer).f1()
}

/// How many of the prediction's words are in the answer, of all that it has; words as in [`f1_score`].
///
/// ```
/// use dspex_evaluate::text::precision_score;
/// assert_eq!(precision_score("Paris, France", "Paris"), 0.5);
/// ```
pub fn precision_score(prediction: &str, answer: &str) -> f64 {
    Overlap::of(&normalize_text(prediction), &normalize_text(answer)).precision()
}

/// Numbers of words: those that both texts have, and those of each.
struct Overlap {
    shared: usize,
    prediction: usize,
    answer: usize,
}

impl Overlap {
    /// Of two texts that are normalised.
    fn of(prediction: &str, answer: &str) -> Self {
        let mut left: HashMap<&str, usize> = HashMap::new();
        let mut overlap = Self { shared: 0, prediction: 0, answer: 0 };
        for word in words(answer) {
            *left.entry(word).or_default() += 1;
            overlap.answer += 1;
        }
        for word in words(prediction) {
            overlap.prediction += 1;
            if let Some(n) = left.get_mut(word).filter(|n| **n > 0) {
                *n -= 1;
                overlap.shared += 1;
            }
        }
        overlap
    }

    fn precision(&self) -> f64 {
        if self.shared == 0 { 0.0 } else { self.shared as f64 / self.prediction as f64 }
    }

    fn f1(&self) -> f64 {
        if self.shared == 0 {
            return 0.0;
        }
        let (precision, recall) = (self.precision(), self.shared as f64 / self.answer as f64);
        2.0 * precision * recall / (precision + recall)
    }
}

/// The words of a text that is normalised: one space stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').filter(|w| !w.is_empty())
}

#[cfg(test)]
mod tests {
    use super::{em_score, f1_score, hotpot_f1_score, precision_score};

    #[test]
    fn scores_are_those_of_the_specification() {
        let two_thirds = 2.0 / 3.0;
        let table = [
            ("Paris", "paris", true, 1.0, 1.0, 1.0),
            ("Paris France", "Paris", false, two_thirds, two_thirds, 0.5),
            ("a", "", true, 0.0, 0.0, 0.0),
            ("yes", "no", false, 0.0, 0.0, 0.0),
            ("yes", "yes it is", false, 0.5, 0.0, 1.0),
            ("no answer", "noanswer", false, 0.0, 0.0, 0.0),
            ("x x y", "x y y", false, two_thirds, two_thirds, two_thirds),
        ];
        for (prediction, answer, em, f1, hotpot, precision) in table {
            assert_eq!(em_score(prediction, answer), em, "{prediction:?} {answer:?}");
            let found = [
                f1_score(prediction, answer),
                hotpot_f1_score(prediction, answer),
                precision_score(prediction, answer),
            ];
            for (found, expected) in found.into_iter().zip([f1, hotpot, precision]) {
                assert!((found - expected).abs() < 1e-15, "{prediction:?} {answer:?}: {found}");
            }
        }
    }
}
