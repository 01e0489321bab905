//! The mean of scores and its interval, from sums that take no memory to speak of.

use std::collections::BTreeMap;

use dspex_core::Random;

/// So many scores are kept for the bootstrap; beyond that the normal interval is as good.
const KEPT: usize = 5_000;

/// The 97.5th percentile of the normal distribution.
const Z: f64 = 1.959_963_984_540_054;

/// Scores, taken in as examples end and added up in the order of the set, so that the sums do not depend on which
/// example ended first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Scores {
    next: usize,
    /// Those that ended before one that stands before them.
    waiting: BTreeMap<usize, Option<f64>>,
    n: usize,
    sum: f64,
    /// How many are neither 0 nor 1.
    between: usize,
    // Welford's sums.
    centre: f64,
    spread: f64,
    kept: Vec<f64>,
}

impl Scores {
    /// Takes in what became of the example at a place: a score, or none.
    pub(crate) fn add(&mut self, index: usize, score: Option<f64>) {
        self.waiting.insert(index, score);
        while let Some(score) = self.waiting.remove(&self.next) {
            self.next += 1;
            self.take(score);
        }
    }

    /// Adds up what still waits: nothing stands before it any more.
    pub(crate) fn close(&mut self) {
        for score in std::mem::take(&mut self.waiting).into_values() {
            self.take(score);
        }
    }

    fn take(&mut self, score: Option<f64>) {
        let Some(score) = score else { return };
        self.n += 1;
        self.sum += score;
        self.between += usize::from(![0.0, 1.0].contains(&score));
        let off = score - self.centre;
        self.centre += off / self.n as f64;
        self.spread += off * (score - self.centre);
        match self.n {
            n if n <= KEPT => self.kept.push(score),
            _ => self.kept = Vec::new(),
        }
    }

    /// The mean; none where there is no score.
    pub(crate) fn mean(&self) -> Option<f64> {
        (self.n > 0).then(|| self.sum / self.n as f64)
    }

    /// The 95 % interval of the mean; none where there is no score.
    pub(crate) fn interval(&self, seed: u64) -> Option<(f64, f64)> {
        let (mean, n) = (self.mean()?, self.n as f64);
        Some(if self.between == 0 {
            wilson(mean, n)
        } else if self.n <= KEPT {
            bootstrap(&self.kept, seed)
        } else {
            let half = Z * (self.spread / n / n).sqrt();
            (mean - half, mean + half)
        })
    }
}

/// Wilson's score interval for a share `p` of `n` (E. B. Wilson, 1927), at 95 %.
fn wilson(p: f64, n: f64) -> (f64, f64) {
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    ((centre - half).max(0.0), (centre + half).min(1.0))
}

/// The percentile bootstrap of the mean (B. Efron, 1979), at 95 %.
fn bootstrap(scores: &[f64], seed: u64) -> (f64, f64) {
    const RESAMPLES: usize = 2_000;
    let mut random = Random::new(seed, "evaluate/interval");
    let mut means: Vec<f64> = (0..RESAMPLES)
        .map(|_| {
            (0..scores.len()).map(|_| scores[random.below(scores.len())]).sum::<f64>() / scores.len() as f64
        })
        .collect();
    means.sort_by(f64::total_cmp);
    (means[RESAMPLES / 40], means[RESAMPLES - 1 - RESAMPLES / 40])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(scores: impl IntoIterator<Item = f64>) -> Scores {
        let mut all = Scores::default();
        scores.into_iter().enumerate().for_each(|(i, s)| all.add(i, Some(s)));
        all
    }

    #[test]
    fn wilson_as_published() {
        // 81 of 263 at 95 %: 0.2553 to 0.3662 (R. G. Newcombe, 1998, table I, method 3).
        let (low, high) = of((0..263).map(|i| f64::from(u8::from(i < 81)))).interval(1).unwrap();
        assert!((low - 0.2553).abs() < 5e-5 && (high - 0.3662).abs() < 5e-5, "{low} {high}");
        // 0 of 20: 0.0000 to 0.1611.
        let (low, high) = of([0.0; 20]).interval(1).unwrap();
        assert!(low.abs() < 1e-12 && (high - 0.1611).abs() < 5e-5, "{low} {high}");
    }

    #[test]
    fn the_bootstrap_covers_the_mean_and_repeats() {
        let scores = of((0..200).map(|i| f64::from(i % 10) / 9.0));
        let (low, high) = scores.interval(1).unwrap();
        assert!(low < 0.5 && 0.5 < high && high - low < 0.12, "{low} {high}");
        assert_eq!(scores.interval(1), Some((low, high)));
    }

    #[test]
    fn beyond_what_is_kept_the_interval_goes_on_as_it_was() {
        let score = |i: usize| (i * 7 % 11) as f64 / 10.0;
        let kept = of((0..KEPT).map(score));
        let beyond = of((0..=KEPT).map(score));
        assert_eq!((kept.kept.len(), beyond.kept.len()), (KEPT, 0));
        let ((a, b), (c, d)) = (kept.interval(1).unwrap(), beyond.interval(1).unwrap());
        assert!((a - c).abs() < 5e-4 && (b - d).abs() < 5e-4, "{a} {b}, {c} {d}");
        assert!((b - a) > 0.01, "{a} {b}");
    }

    #[test]
    fn which_ended_first_changes_nothing() {
        let scores: Vec<f64> = (0..500).map(|i| f64::from(i) / 3.0).collect();
        let mut last_first = Scores::default();
        for (i, score) in scores.iter().enumerate().rev() {
            last_first.add(i, (i != 7).then_some(*score));
        }
        let mut gap = Scores::default();
        for (i, score) in scores.iter().enumerate().filter(|(i, _)| *i != 7) {
            gap.add(i, Some(*score));
        }
        gap.close();
        assert_eq!(last_first.mean().map(f64::to_bits), gap.mean().map(f64::to_bits));
        assert_eq!(last_first.interval(3), gap.interval(3));
    }
}
