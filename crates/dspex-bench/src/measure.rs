//! Timing, and figures with their bounds.

use std::fmt;
use std::time::Duration;
#[cfg(not(unix))]
use std::time::Instant;

/// A figure, its unit and its bound.
#[derive(Debug)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) value: f64,
    pub(crate) unit: &'static str,
    pub(crate) at_most: f64,
}

impl Figure {
    pub(crate) fn keeps(&self) -> bool {
        self.value <= self.at_most
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = if self.keeps() { "kept" } else { "BROKEN" };
        let Self { name, value, unit, at_most } = self;
        write!(f, "{name:<58} {value:>10.2} {unit:<3} at most {at_most:>7.2}  {verdict}")
    }
}

/// The time of the processor that this thread has had; where the system does not tell, the time that went by.
pub(crate) fn busy() -> Duration {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
    }
    #[cfg(not(unix))]
    {
        static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
        START.elapsed()
    }
}

/// The median time of the processor for one round in microseconds: rounds are run in batches, and the median batch counts.
pub(crate) fn median_micros(rounds: usize, mut round: impl FnMut()) -> f64 {
    const BATCHES: usize = 21;
    for _ in 0..rounds {
        round();
    }
    let mut batches: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let started = busy();
            for _ in 0..rounds {
                round();
            }
            busy().saturating_sub(started).as_secs_f64() * 1e6 / rounds as f64
        })
        .collect();
    batches.sort_by(f64::total_cmp);
    batches[BATCHES / 2]
}
