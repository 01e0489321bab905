//! Random signatures, values and replies, read here and by DSPy 3.4.1 itself.
//!
//! `cargo xtask setup` makes the Python in which it runs; without it the test is skipped with a word about that.
//! `cargo xtask soak` runs more of the same.

use std::path::Path;

use dspex_adapters::ADAPTERS;
use dspex_conformance::judge::{Dspy, JudgeReport, MUTATIONS, judge};

/// What is drawn in each run of the tests; `cargo xtask soak --seed` draws others.
const SEED: u64 = 1;
const CASES: u64 = 2_000;

#[expect(clippy::print_stderr, reason = "a test that does not run must be seen")]
fn judged(cases: u64) -> Option<JudgeReport> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python");
    if !python.exists() {
        eprintln!("SKIPPED: there is no DSPy in target/python; `cargo xtask setup` installs it");
        return None;
    }
    let mut dspy = Dspy::start(&python).expect("Python starts");
    let report = judge(&mut dspy, SEED, 0..cases).expect("DSPy answers");
    eprintln!("{report}");
    Some(report)
}

#[test]
fn dspy_reads_the_same() {
    let Some(report) = judged(CASES) else { return };
    assert!(report.failures().is_empty(), "\n{report}");
    assert_eq!(report.cases(), CASES);
    assert!(report.mutated() >= 0.4, "too few replies were changed");
    // DSPy has no lean adapter.
    for (adapter, _) in ADAPTERS.iter().filter(|(name, _)| *name != "lean") {
        let cases = report.adapters().get(*adapter).copied().unwrap_or_default();
        assert!(cases >= CASES / 10, "the adapter {adapter} came {cases} times");
    }
}

#[test]
fn mutations_have_names_of_their_own() {
    let mut names: Vec<_> = MUTATIONS.iter().map(|m| m.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), MUTATIONS.len());
}
