//! How sure a model is.

use super::unit::{unit_number, unit_type};
use crate::types::NamedType;
use crate::validation::before;
use crate::value::Value;

unit_number! {
    /// How sure a model says it is, from 0 to 1. A reply may say `0.85`, `85 %` or `85 percent`; a bare `85` is refused.
    ///
    /// ```
    /// use dspex_core::{FieldType, Value, types::{builtin::Confidence, field_type_of}};
    /// assert_eq!(Confidence::new(0.85)?.get(), 0.85);
    /// assert!(Confidence::new(85.0).is_err() && Confidence::new(f64::NAN).is_err());
    /// let FieldType::Named(ty) = field_type_of::<Confidence>() else { panic!("expected a named type") };
    /// assert_eq!(ty.before("85 %".into())?, Value::from(0.85));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Confidence, "confidence"
}

impl Confidence {
    /// The confidence as a calibration makes it; what falls outside is cut to 0 or 1.
    ///
    /// ```
    /// use dspex_core::types::builtin::Confidence;
    /// let humbler = Confidence::new(0.9)?.calibrated(|p| p * 0.8);
    /// assert!((humbler.get() - 0.72).abs() < 1e-12);
    /// # Ok::<(), dspex_core::validation::Violation>(())
    /// ```
    #[must_use]
    pub fn calibrated(self, calibration: impl FnOnce(f64) -> f64) -> Self {
        let value = calibration(self.0);
        Self(if value.is_nan() { self.0 } else { value.clamp(0.0, 1.0) })
    }
}

/// The words that [`worded_confidence`] takes, and what they stand for.
const WORDS: &[(&str, f64)] = &[
    ("very low", 0.1),
    ("low", 0.25),
    ("medium", 0.5),
    ("moderate", 0.5),
    ("high", 0.75),
    ("very high", 0.9),
    ("certain", 1.0),
];

pub(super) fn named() -> NamedType {
    unit_type("Confidence", "how sure, from 0 to 1")
}

/// [`Confidence`] that may also come as a word: `very low` 0.1, `low` 0.25, `medium` or `moderate` 0.5, `high` 0.75,
/// `very high` 0.9, `certain` 1. In signature strings it is `WordedConfidence`.
///
/// ```
/// use dspex_core::{Value, types::builtin::worded_confidence};
/// let ty = worded_confidence();
/// assert_eq!(ty.before("High.".into())?, Value::from(0.75));
/// assert_eq!(ty.before("not high".into())?, Value::from("not high"), "no word of these: the number is missing");
/// # Ok::<(), dspex_core::validation::ValidationErrors>(())
/// ```
pub fn worded_confidence() -> NamedType {
    NamedType::new("WordedConfidence", named().into())
        .with_description("how sure, from 0 to 1, or one of: very low, low, medium, high, very high, certain")
        .with_step(before("words", |value| Ok(value.as_str().and_then(of_word).map_or(value, Value::Float))))
}

fn of_word(text: &str) -> Option<f64> {
    let word = text.trim().trim_matches(['.', '"', '\'', '*', '`']).to_lowercase();
    WORDS.iter().find(|(w, _)| *w == word).map(|(_, value)| *value)
}
