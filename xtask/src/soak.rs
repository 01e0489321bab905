//! Long runs of what the tests run shortly: random replies, read here and by DSPy.

use crate::{Outcome, cargo, python, root, warn};

/// How many cases a run has, unless it is told.
const CASES: &str = "50000";

/// `soak [--cases N] [--seed S]`
pub(crate) fn soak(args: &[&str]) -> Outcome {
    python::setup(&root())?;
    let python = root().join("target/python/bin/python");
    if !python.exists() {
        warn("SKIPPED: there is no DSPy in target/python, so nothing is judged");
        return Ok(());
    }
    let python = python.display().to_string();
    let mut all = vec![
        "run",
        "--quiet",
        "--package",
        "dspex-conformance",
        "--bin",
        "dspy-judge",
        "--",
        "--python",
        &python,
    ];
    if !args.contains(&"--cases") {
        all.extend(["--cases", CASES]);
    }
    all.extend(args);
    cargo(&all)
}
