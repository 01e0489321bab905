//! Whole numbers of any size. Small ones cost no allocation.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use num_bigint::BigInt;

/// A whole number of any size, as Python's `int`.
///
/// ```
/// use dspex_core::value::Int;
/// let big: Int = "123456789012345678901234567890".parse()?;
/// assert_eq!(big.to_string(), "123456789012345678901234567890");
/// assert_eq!(Int::from(7).to_i64(), Some(7));
/// # Ok::<(), dspex_core::value::ScalarError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Int(Repr);

/// `Big` never holds a number that fits `Small`: derived equality is then equality of numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Repr {
    Small(i64),
    Big(BigInt),
}

impl Int {
    /// The number, where it fits.
    pub fn to_i64(&self) -> Option<i64> {
        match &self.0 {
            Repr::Small(i) => Some(*i),
            Repr::Big(_) => None,
        }
    }

    /// The nearest double; beyond the range of doubles an infinity.
    pub fn to_f64(&self) -> f64 {
        match &self.0 {
            Repr::Small(i) => *i as f64,
            // Decimal text is read back with correct rounding.
            Repr::Big(b) => b.to_string().parse().unwrap_or(f64::NAN),
        }
    }

    /// The whole number that a double stands for: `None` for fractions, infinities and NaN.
    pub fn from_f64_exact(f: f64) -> Option<Self> {
        if !f.is_finite() || f.fract() != 0.0 {
            return None;
        }
        format!("{f:.0}").parse().ok()
    }

    /// The number that text in a base of 2 to 36 spells.
    pub fn from_radix(digits: &str, radix: u32) -> Option<Self> {
        BigInt::parse_bytes(digits.as_bytes(), radix).map(Self::from_big)
    }

    /// Whether the number is a multiple of another one; of 0, none is.
    ///
    /// ```
    /// use dspex_core::value::Int;
    /// let big: Int = "12345678901234567890123".parse()?;
    /// assert!(big.is_multiple_of(&3.into()) && !big.is_multiple_of(&10.into()));
    /// # Ok::<(), dspex_core::value::ScalarError>(())
    /// ```
    pub fn is_multiple_of(&self, of: &Self) -> bool {
        match (&self.0, &of.0) {
            (_, Repr::Small(0)) => false,
            (Repr::Small(a), Repr::Small(b)) => a.checked_rem(*b).is_none_or(|rest| rest == 0),
            _ => self.big() % of.big() == BigInt::ZERO,
        }
    }

    fn from_big(b: BigInt) -> Self {
        match i64::try_from(&b) {
            Ok(i) => Self(Repr::Small(i)),
            Err(_) => Self(Repr::Big(b)),
        }
    }

    fn big(&self) -> BigInt {
        match &self.0 {
            Repr::Small(i) => BigInt::from(*i),
            Repr::Big(b) => b.clone(),
        }
    }
}

impl From<BigInt> for Int {
    fn from(b: BigInt) -> Self {
        Self::from_big(b)
    }
}

macro_rules! from_fixed {
    ($($t:ty),*) => {$(
        impl From<$t> for Int {
            fn from(i: $t) -> Self {
                i64::try_from(i).map_or_else(|_| Self::from_big(BigInt::from(i)), |i| Self(Repr::Small(i)))
            }
        }
    )*};
}
from_fixed!(i8, i16, i32, i64, i128, isize, u8, u16, u32, u64, u128, usize);

impl PartialOrd for Int {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Int {
    fn cmp(&self, other: &Self) -> Ordering {
        match (&self.0, &other.0) {
            (Repr::Small(a), Repr::Small(b)) => a.cmp(b),
            _ => self.big().cmp(&other.big()),
        }
    }
}

impl fmt::Display for Int {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Repr::Small(i) => fmt::Display::fmt(i, f),
            Repr::Big(b) => fmt::Display::fmt(b, f),
        }
    }
}

impl FromStr for Int {
    type Err = super::ScalarError;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        if let Ok(i) = s.parse::<i64>() {
            return Ok(Self(Repr::Small(i)));
        }
        BigInt::from_str(s).map(Self::from_big).map_err(|_| super::ScalarError::new("a whole number", s))
    }
}
