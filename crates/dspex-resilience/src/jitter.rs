//! Chance, given from outside so that a test or a run can be repeated.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Where waits and choices take their chance from: a seed, or a function of the caller's.
///
/// ```
/// use dspex_resilience::Jitter;
/// let (a, b) = (Jitter::seeded(7), Jitter::seeded(7));
/// assert_eq!(a.next().to_bits(), b.next().to_bits(), "the same seed, the same numbers");
/// let highest = Jitter::from_fn(|| 1.0);
/// assert!(highest.next() <= 1.0);
/// ```
pub struct Jitter(Mutex<Box<dyn FnMut() -> f64 + Send>>);

impl Jitter {
    /// Numbers that follow from a seed.
    pub fn seeded(seed: u64) -> Self {
        let mut rng = fastrand::Rng::with_seed(seed);
        Self::from_fn(move || rng.f64())
    }

    /// Numbers from a function; what lies outside of 0 to 1 is moved to the nearer end.
    pub fn from_fn(next: impl FnMut() -> f64 + Send + 'static) -> Self {
        Self(Mutex::new(Box::new(next)))
    }

    /// The next number, from 0 to 1.
    pub fn next(&self) -> f64 {
        let mut next = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let number = (*next)();
        if number.is_nan() { 0.0 } else { number.clamp(0.0, 1.0) }
    }

    /// A span from zero to `most`.
    pub fn up_to(&self, most: Duration) -> Duration {
        most.mul_f64(self.next())
    }
}

impl fmt::Debug for Jitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Jitter")
    }
}
