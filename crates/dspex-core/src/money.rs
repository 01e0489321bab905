//! Money, exactly.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Mul};
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount of US dollars, exact to a trillionth (10⁻¹²) of one. Sums never fail; they stop at the largest amount.
///
/// Prices are given per million tokens with at most six decimals, so that a price for one token is a whole number of
/// trillionths, and no sum of calls is ever rounded.
///
/// ```
/// use dspex_core::Money;
/// let per_million: Money = "0.15".parse().unwrap();
/// let call = per_million.for_tokens(1_234);
/// assert_eq!(call.to_string(), "$0.0001851");
/// assert_eq!((call + call).to_string(), "$0.0003702");
/// assert!("1,5".parse::<Money>().is_err());
/// assert_eq!(serde_json::to_string(&call).unwrap(), "\"0.0001851\"");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u128);

/// Decimals of a dollar that are kept.
const DECIMALS: usize = 12;
const DOLLAR: u128 = 1_000_000_000_000;
const MILLION: u128 = 1_000_000;

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// So many whole dollars.
    pub const fn dollars(dollars: u64) -> Self {
        Self((dollars as u128).saturating_mul(DOLLAR))
    }

    /// What so many tokens cost where a million of them costs this. Less than a trillionth of a dollar counts as one.
    #[must_use]
    pub fn for_tokens(self, tokens: u64) -> Self {
        Self(self.0.saturating_mul(u128::from(tokens)).div_ceil(MILLION))
    }

    /// The amount as a number of dollars, for plots and for reading; sums are better made of amounts.
    #[expect(clippy::cast_precision_loss, reason = "it is for reading")]
    pub fn as_dollars(self) -> f64 {
        self.0 as f64 / DOLLAR as f64
    }

    /// Whether it is nothing.
    pub fn is_zero(&self) -> bool {
        self.0 == 0
    }

    /// What is left after an amount is taken away; nothing where that is more.
    #[must_use]
    pub fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// The decimal number, without a sign of the currency.
    fn decimal(self) -> String {
        let (whole, part) = (self.0 / DOLLAR, self.0 % DOLLAR);
        if part == 0 {
            return whole.to_string();
        }
        let digits = format!("{part:012}");
        format!("{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// Dollars to the cent; smaller parts where there are any.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let decimal = self.decimal();
        let cents = decimal.split_once('.').map_or(0, |(_, part)| part.len());
        match cents {
            0 => write!(f, "${decimal}.00"),
            1 => write!(f, "${decimal}0"),
            _ => write!(f, "${decimal}"),
        }
    }
}

/// Why a text is no amount.
///
/// ```
/// use dspex_core::{Money, MoneyError};
/// let e: MoneyError = "five".parse::<Money>().unwrap_err();
/// assert!(e.to_string().ends_with("found `five`"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected dollars as a decimal number of at most {DECIMALS} decimals, as `2.50`, found `{0}`")]
pub struct MoneyError(String);

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let error = || MoneyError(crate::shorten_text(text));
        let number = text.trim().trim_start_matches('$');
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        let digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if (whole.is_empty() && part.is_empty()) || !digits(whole) || !digits(part) {
            return Err(error());
        }
        let part = part.trim_end_matches('0');
        if part.len() > DECIMALS {
            return Err(error());
        }
        let whole: u128 = if whole.is_empty() { 0 } else { whole.parse().map_err(|_| error())? };
        let part: u128 = format!("{part:0<DECIMALS$}").parse().map_err(|_| error())?;
        let all = whole.checked_mul(DOLLAR).and_then(|w| w.checked_add(part)).ok_or_else(error)?;
        Ok(Self(all))
    }
}

impl Add for Money {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Mul<u64> for Money {
    type Output = Self;

    fn mul(self, times: u64) -> Self {
        Self(self.0.saturating_mul(u128::from(times)))
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::ZERO, Add::add)
    }
}

impl Serialize for Money {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.decimal())
    }
}

impl<'de> Deserialize<'de> for Money {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::Money;

    #[test]
    fn amounts_are_read_and_written_without_loss() {
        for (text, shown) in [
            ("0", "$0.00"),
            ("2.5", "$2.50"),
            ("$3", "$3.00"),
            (".25", "$0.25"),
            ("0.000000000001", "$0.000000000001"),
            ("1234567.890", "$1234567.89"),
        ] {
            let money: Money = text.parse().expect(text);
            assert_eq!(money.to_string(), shown);
            let json = serde_json::to_string(&money).expect(text);
            assert_eq!(serde_json::from_str::<Money>(&json).expect(text), money);
        }
        for text in
            ["", ".", "-1", "1e3", "1.2.3", "0.0000000000001", "ten", "99999999999999999999999999999999"]
        {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    #[test]
    fn sums_stop_at_the_largest_amount() {
        let most = Money(u128::MAX);
        assert_eq!(most + most, most);
        assert_eq!(most.for_tokens(u64::MAX), Money(u128::MAX.div_ceil(1_000_000)));
        assert_eq!(Money::dollars(1).saturating_sub(Money::dollars(2)), Money::ZERO);
    }
}
