//! What a call cost: tokens and calls.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};

use serde::{Deserialize, Serialize};

use crate::money::Money;

/// Tokens and calls. Adding is total: sums never fail and never lose a part.
///
/// ```
/// use dspex_core::Usage;
/// let one = Usage::tokens(100, 20);
/// assert_eq!((one + one).total_tokens(), 240);
/// assert_eq!((one + one).calls, 2);
/// assert_eq!((one + one).to_string(), "2 calls, 200 tokens in, 40 out");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Usage {
    /// Calls of a model that were answered or paid for.
    pub calls: u64,
    /// Tokens given to the model, cached ones included.
    pub input_tokens: u64,
    /// Tokens that the model wrote, reasoning included.
    pub output_tokens: u64,
    /// Of the input: tokens read from the provider's cache.
    pub cached_read_tokens: u64,
    /// Of the input: tokens written to the provider's cache.
    pub cached_write_tokens: u64,
    /// Of the output: tokens of reasoning.
    pub reasoning_tokens: u64,
    /// Tokens of sound, in and out.
    pub audio_tokens: u64,
    /// Of the calls: those whose provider did not tell their tokens, or told nonsense. The counts above miss these.
    #[serde(skip_serializing_if = "is_zero")]
    pub uncounted_calls: u64,
    /// What the calls cost, by the prices that are known.
    #[serde(skip_serializing_if = "Money::is_zero")]
    pub cost: Money,
    /// Of the calls: those whose price is not known. The cost above misses these.
    #[serde(skip_serializing_if = "is_zero")]
    pub unpriced_calls: u64,
}

impl Usage {
    /// One call with so many tokens in and out.
    pub fn tokens(input: u64, output: u64) -> Self {
        Self { calls: 1, input_tokens: input, output_tokens: output, ..Self::default() }
    }

    /// One call whose tokens nobody told.
    pub fn uncounted() -> Self {
        Self { calls: 1, uncounted_calls: 1, ..Self::default() }
    }

    /// Tokens in and out.
    pub fn total_tokens(&self) -> u64 {
        self.input_tokens.saturating_add(self.output_tokens)
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde gives a reference")]
fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl fmt::Display for Usage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let s = if self.calls == 1 { "" } else { "s" };
        write!(f, "{} call{s}, {} tokens in, {} out", self.calls, self.input_tokens, self.output_tokens)?;
        if self.cost.is_zero() { Ok(()) } else { write!(f, ", {}", self.cost) }
    }
}

impl Add for Usage {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            calls: self.calls.saturating_add(other.calls),
            input_tokens: self.input_tokens.saturating_add(other.input_tokens),
            output_tokens: self.output_tokens.saturating_add(other.output_tokens),
            cached_read_tokens: self.cached_read_tokens.saturating_add(other.cached_read_tokens),
            cached_write_tokens: self.cached_write_tokens.saturating_add(other.cached_write_tokens),
            reasoning_tokens: self.reasoning_tokens.saturating_add(other.reasoning_tokens),
            audio_tokens: self.audio_tokens.saturating_add(other.audio_tokens),
            uncounted_calls: self.uncounted_calls.saturating_add(other.uncounted_calls),
            cost: self.cost + other.cost,
            unpriced_calls: self.unpriced_calls.saturating_add(other.unpriced_calls),
        }
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl Sum for Usage {
    fn sum<I: Iterator<Item = Self>>(iter: I) -> Self {
        iter.fold(Self::default(), Add::add)
    }
}
