//! DSPy as the judge: random signatures, values and replies, read here and by DSPy 3.4.1 itself.
//!
//! Each case is a signature, a value for each output, the reply that an adapter writes for them, and what a mutation
//! made of that reply. A seed and the number of a case make it again. What counts as a failure is in [`Failure`].

mod case;
mod dspy;
mod known;
mod mutate;
mod report;
mod verdict;

use dspex_adapters::ADAPTERS;

pub use case::Case;
pub use dspy::Dspy;
pub use known::{KNOWN, KnownDifference};
pub use mutate::{MUTATIONS, Mutation};
pub use report::JudgeReport;
pub use verdict::{Failure, Finding, Verdict};

/// Cases that share their enumerations and models; one batch for DSPy.
const BATCH: u64 = 100;

/// Judges the cases of these numbers under a seed.
///
/// The error is one of talking to DSPy.
pub fn judge(dspy: &mut Dspy, seed: u64, cases: std::ops::Range<u64>) -> Result<JudgeReport, String> {
    let mut report = JudgeReport::new(seed);
    let mut next = cases.start;
    while next < cases.end {
        let end = cases.end.min((next / BATCH + 1) * BATCH);
        // The lean adapter is ours alone.
        let adapters: Vec<_> = ADAPTERS.iter().copied().filter(|(name, _)| *name != "lean").collect();
        let world = case::world(seed, next / BATCH);
        let batch: Vec<Case> =
            (next..end).map(|number| Case::draw(seed, number, &world, &adapters)).collect();
        dspy.ask(&world, &batch)?;
        let ours: Vec<verdict::Ours> = batch.iter().map(verdict::Ours::read).collect();
        for ((case, ours), theirs) in batch.iter().zip(ours).zip(dspy.answer(batch.len())?) {
            report.add(case, &verdict::verdict(case, &ours, &theirs));
        }
        next = end;
    }
    Ok(report)
}
