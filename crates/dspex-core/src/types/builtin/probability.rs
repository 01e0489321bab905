//! The probability of something.

use super::unit::{unit_number, unit_type};
use crate::types::NamedType;

unit_number! {
    /// A probability, from 0 to 1. A reply may say `0.3`, `30 %` or `30 percent`.
    ///
    /// ```
    /// use dspex_core::types::builtin::Probability;
    /// let rain = Probability::new(0.3)?;
    /// assert_eq!(rain.complement().get(), 0.7);
    /// assert!(Probability::new(-0.1).is_err());
    /// # Ok::<(), dspex_core::validation::Violation>(())
    /// ```
    Probability, "probability"
}

impl Probability {
    /// The probability that it is not so.
    #[must_use]
    pub fn complement(self) -> Self {
        Self(1.0 - self.0)
    }
}

pub(super) fn named() -> NamedType {
    unit_type("Probability", "a probability, from 0 to 1")
}
