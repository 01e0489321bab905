//! How alike two things are.

use serde::{Deserialize, Serialize};

use super::names_its_type;
use crate::signature::Constraint;
use crate::types::{FieldType, NamedType};
use crate::validation::Violation;

/// How alike two things are, from -1 (opposite) to 1 (the same); the cosine of two embeddings is one.
///
/// ```
/// use dspex_core::types::builtin::{Embedding, Similarity};
/// let (a, b) = (Embedding::new(vec![1.0, 0.0])?, Embedding::new(vec![0.0, 2.0])?);
/// assert_eq!(a.cosine(&b)?, Similarity::new(0.0)?);
/// assert!(Similarity::new(1.5).is_err());
/// # Ok::<(), dspex_core::validation::Violation>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Similarity(f64);

impl Similarity {
    /// A number from -1 to 1.
    pub fn new(value: f64) -> Result<Self, Violation> {
        if (-1.0..=1.0).contains(&value) {
            return Ok(Self(value));
        }
        Err(Violation::new("range", format!("expected a similarity from -1 to 1, found {value}")))
    }

    /// The number.
    pub fn get(self) -> f64 {
        self.0
    }
}

impl TryFrom<f64> for Similarity {
    type Error = Violation;

    fn try_from(value: f64) -> Result<Self, Violation> {
        Self::new(value)
    }
}

impl From<Similarity> for f64 {
    fn from(similarity: Similarity) -> Self {
        similarity.0
    }
}

names_its_type!(Similarity);

pub(super) fn named() -> NamedType {
    NamedType::new("Similarity", FieldType::Float)
        .with_description("how alike, from -1 to 1")
        .with_constraint(Constraint::ge(-1.0))
        .with_constraint(Constraint::le(1.0))
}
