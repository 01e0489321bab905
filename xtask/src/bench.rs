//! Measuring: speed and size of what users wait for.

use crate::{Outcome, cargo};

pub(crate) fn bench(args: &[&str]) -> Outcome {
    let mut all = vec!["run", "--quiet", "--release", "--package", "dspex-bench", "--"];
    all.extend(args);
    // The command whose start is measured must be built the same way.
    cargo(&["build", "--quiet", "--release", "--package", "dspex-cli"])?;
    cargo(&all)
}
