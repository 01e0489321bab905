//! Fuzzing: `cargo fuzz` with the nightly compiler, over the targets in `fuzz/`.

use std::fs;

use crate::setup::works;
use crate::{Outcome, cargo, root, run, say};

/// The targets; a file each in `fuzz/fuzz_targets`.
const TARGETS: [&str; 4] = ["scan", "repair", "coerce", "signature"];

/// The longest input. Longer ones find nothing that these do not, in more time.
const MAX_LEN: &str = "-max_len=4096";

/// Seconds that one input may take.
const TIMEOUT: &str = "-timeout=5";

pub(crate) fn fuzz(args: &[&str]) -> Outcome {
    let (targets, minutes) = wanted(args)?;
    if !works(&["cargo", "fuzz", "--version"]) {
        say("fuzz: cargo-fuzz is missing; installing it");
        cargo(&["install", "cargo-fuzz", "--locked"])?;
    }
    for target in targets {
        // What is found goes to the first folder, which is not kept; the second one is ours.
        let found = format!("fuzz/target/corpus/{target}");
        fs::create_dir_all(root().join(&found)).map_err(|e| format!("{found}: {e}"))?;
        let time = format!("-max_total_time={}", minutes * 60);
        let seeds = format!("fuzz/corpus/{target}");
        run(
            "cargo",
            &[
                "+nightly",
                "fuzz",
                "run",
                target,
                &found,
                &seeds,
                "--",
                &time,
                MAX_LEN,
                TIMEOUT,
                "-print_final_stats=1",
            ],
        )?;
    }
    Ok(())
}

/// The targets and the minutes for each.
fn wanted<'a>(args: &[&'a str]) -> Result<(Vec<&'a str>, u32), String> {
    let usage = || format!("expected `cargo xtask fuzz [{}] [--minutes N]`", TARGETS.join("|"));
    let (targets, minutes) = match args {
        [] => (TARGETS.to_vec(), 1),
        [target] => (vec![*target], 1),
        ["--minutes", n] => (TARGETS.to_vec(), n.parse().map_err(|_| usage())?),
        [target, "--minutes", n] => (vec![*target], n.parse().map_err(|_| usage())?),
        _ => return Err(usage()),
    };
    if targets.iter().all(|t| TARGETS.contains(t)) && minutes > 0 {
        Ok((targets, minutes))
    } else {
        Err(usage())
    }
}
