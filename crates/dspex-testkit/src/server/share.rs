//! Chance from a seed, so that a run can be made again; and durations and sizes as users write them.

use std::time::Duration;

/// Scatters a number over all numbers (`SplitMix64`).
pub(super) fn mix(x: u64) -> u64 {
    let x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A number from 0 up to 1 for the call of this number.
pub(super) fn chance(seed: u64, call: usize) -> f64 {
    (mix(seed ^ mix(call as u64)) >> 11) as f64 / (1_u64 << 53) as f64
}

/// How long a server waits before each answer: always the same, or a seeded draw from a range.
///
/// ```
/// use dspex_testkit::Latency;
/// use std::time::Duration;
/// assert_eq!("50ms".parse::<Latency>()?, Latency::from(Duration::from_millis(50)));
/// let range: Latency = "50ms..200ms".parse()?;
/// assert_eq!(range.with_seed(7).of(3), range.with_seed(7).of(3), "a call waits as long in each run");
/// assert!("fast".parse::<Latency>().is_err());
/// # Ok::<(), String>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Latency {
    least: Duration,
    most: Duration,
    seed: u64,
}

impl Latency {
    /// A wait between these two.
    pub fn range(least: Duration, most: Duration) -> Self {
        Self { least, most: most.max(least), seed: 0 }
    }

    /// The same range with other draws.
    #[must_use]
    pub fn with_seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// How long the call of this number waits.
    pub fn of(&self, call: usize) -> Duration {
        self.least + self.most.saturating_sub(self.least).mul_f64(chance(self.seed, call))
    }
}

impl From<Duration> for Latency {
    fn from(same: Duration) -> Self {
        Self::range(same, same)
    }
}

impl std::str::FromStr for Latency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text.split_once("..") {
            Some((least, most)) => Self::range(duration(least)?, duration(most)?),
            None => Self::from(duration(text)?),
        })
    }
}

/// A span: `200ms`, `1.5s`, `2m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("expected a span such as 200ms, 1s or 2m, found `{text}`");
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * unit).map_err(|_| wrong())
}

/// A size in bytes: `20`, `10KB`, `100MB`, `2GB`, counted in thousands.
pub(super) fn size(text: &str) -> Result<u64, String> {
    let wrong = || format!("expected a size such as 20, 10KB or 2GB, found `{text}`");
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit {
        "" | "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        _ => return Err(wrong()),
    };
    number.parse::<u64>().ok().and_then(|n| n.checked_mul(unit)).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::{chance, duration, size};
    use std::time::Duration;

    #[test]
    fn spans_and_sizes() {
        assert_eq!(duration("1.5s"), Ok(Duration::from_millis(1500)));
        assert_eq!(duration("2m"), Ok(Duration::from_mins(2)));
        assert_eq!(size("2GB"), Ok(2_000_000_000));
        for wrong in ["", "5", "ms", "-1s", "1h", "1e400s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
        for wrong in ["", "x", "1TB", "99999999999GB"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_share_is_about_that_share() {
        let hits = (0..10_000).filter(|call| chance(7, *call) < 0.2).count();
        assert!((1_800..2_200).contains(&hits), "{hits}");
    }
}
