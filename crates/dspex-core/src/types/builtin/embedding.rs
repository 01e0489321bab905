//! Vectors that stand for texts.

use serde::{Deserialize, Serialize};

use super::{Similarity, names_its_type};
use crate::signature::Constraint;
use crate::types::{FieldType, NamedType};
use crate::validation::{Violation, check};
use crate::value::Value;

/// A vector that stands for a text: finite numbers, not all zero.
///
/// ```
/// use dspex_core::types::builtin::Embedding;
/// let v = Embedding::new(vec![3.0, 4.0])?;
/// assert_eq!((v.dimension(), v.norm()), (2, 5.0));
/// assert!((v.normalized().norm() - 1.0).abs() < 1e-6);
/// assert_eq!(Embedding::new(vec![0.0, 0.0]).unwrap_err().code, "zero");
/// assert_eq!(Embedding::new(vec![f32::NAN]).unwrap_err().code, "finite");
/// # Ok::<(), dspex_core::validation::Violation>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Vec<f32>", into = "Vec<f32>")]
pub struct Embedding(Vec<f32>);

impl Embedding {
    /// A vector of these numbers.
    pub fn new(numbers: Vec<f32>) -> Result<Self, Violation> {
        let vector = Self(numbers);
        if let Some(place) = vector.0.iter().position(|x| !x.is_finite()) {
            let found = vector.0[place];
            return Err(Violation::new("finite", format!("expected a finite number, found {found}"))
                .at(format!("[{place}]")));
        }
        if vector.norm() == 0.0 {
            return Err(Violation::new("zero", "expected a vector that is not zero, found one that is"));
        }
        Ok(vector)
    }

    /// The vector, which must have so many numbers.
    pub fn with_dimension(self, dimension: usize) -> Result<Self, Violation> {
        if self.0.len() == dimension {
            return Ok(self);
        }
        let message = format!("expected {dimension} numbers, found {}", self.0.len());
        Err(Violation::new("dimension", message))
    }

    /// The numbers.
    pub fn as_slice(&self) -> &[f32] {
        &self.0
    }

    /// How many numbers there are.
    pub fn dimension(&self) -> usize {
        self.0.len()
    }

    /// The length of the vector.
    pub fn norm(&self) -> f64 {
        self.0.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt()
    }

    /// The vector of length 1 in the same direction.
    #[must_use]
    pub fn normalized(&self) -> Self {
        let norm = self.norm();
        #[expect(clippy::cast_possible_truncation, reason = "the quotient is at most 1")]
        let scaled = |x: &f32| (f64::from(*x) / norm) as f32;
        Self(self.0.iter().map(scaled).collect())
    }

    /// The cosine of the angle between two vectors of one dimension.
    pub fn cosine(&self, other: &Self) -> Result<Similarity, Violation> {
        if self.dimension() != other.dimension() {
            let (ours, theirs) = (self.dimension(), other.dimension());
            return Err(Violation::new("dimension", format!("expected {ours} numbers, found {theirs}")));
        }
        let dot: f64 = self.0.iter().zip(&other.0).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
        // Rounding may lead just outside.
        Similarity::new((dot / (self.norm() * other.norm())).clamp(-1.0, 1.0))
    }
}

impl TryFrom<Vec<f32>> for Embedding {
    type Error = Violation;

    fn try_from(numbers: Vec<f32>) -> Result<Self, Violation> {
        Self::new(numbers)
    }
}

impl From<Embedding> for Vec<f32> {
    fn from(embedding: Embedding) -> Self {
        embedding.0
    }
}

names_its_type!(Embedding);

pub(super) fn named() -> NamedType {
    let numbers =
        |v: &Value| v.as_list().unwrap_or_default().iter().filter_map(Value::as_f64).collect::<Vec<_>>();
    NamedType::new("Embedding", FieldType::list(FieldType::Float))
        .with_description("a vector: numbers that are not all zero")
        .with_constraint(Constraint::MinLength(1))
        .with_step(check("finite", "finite numbers", move |v| numbers(v).iter().all(|x| x.is_finite())))
        .with_step(check("zero", "a vector that is not zero", move |v| numbers(v).iter().any(|x| *x != 0.0)))
}

/// [`Embedding`] of a dimension, for signatures in data.
///
/// ```
/// use dspex_core::{FieldType, types::builtin::embedding_of};
/// let ty = FieldType::from(embedding_of(3));
/// assert!(ty.check(&vec![0.5, 0.0, 1.0].into()).is_ok());
/// assert!(ty.check(&vec![0.5, 1.0].into()).is_err());
/// assert_eq!((&ty.json_schema()["minItems"], &ty.json_schema()["maxItems"]), (&3.into(), &3.into()));
/// ```
pub fn embedding_of(dimension: usize) -> NamedType {
    NamedType::new(format!("Embedding{dimension}"), named().into())
        .with_description(format!("a vector of {dimension} numbers"))
        .with_constraint(Constraint::MinLength(dimension))
        .with_constraint(Constraint::MaxLength(dimension))
}
