//! Long runs of what the tests run shortly: random replies, read here and by DSPy; a cache whose processes are killed; many
//! callers at a server that throttles, and at one that is down.

use std::process::Command;

use crate::{Outcome, cargo, python, root, warn};

/// How many cases the judge has, unless it is told.
const CASES: &str = "50000";

/// `soak [judge [--cases N] [--seed S] | cache | load]`
pub(crate) fn soak(args: &[&str]) -> Outcome {
    match args {
        ["cache"] => cache(),
        ["load"] => load(),
        ["judge", rest @ ..] => judge(rest),
        [] => judge(&[]).and_then(|()| cache()).and_then(|()| load()),
        rest => judge(rest),
    }
}

/// A cache on disk, for a minute, under `kill -9` every second.
fn cache() -> Outcome {
    long_test("hammer", &[], ("DSPEX_HAMMER_SECONDS", "60"))
}

/// 500 calls at a server that refills ten a second, and an outage of a minute under a thousand callers.
fn load() -> Outcome {
    long_test("faults", &["load"], ("DSPEX_LOAD", "full"))
}

/// Runs a test of the models, with a switch that makes it long.
fn long_test(test: &str, filter: &[&str], switch: (&str, &str)) -> Outcome {
    let mut args = vec!["nextest", "run", "--package", "dspex-lm", "--test", test, "--no-capture"];
    args.extend(filter);
    warn(&format!("\n$ {}={} cargo {}", switch.0, switch.1, args.join(" ")));
    let status = Command::new("cargo").args(&args).env(switch.0, switch.1).current_dir(root()).status();
    let status = status.map_err(|e| format!("`cargo` cannot be started: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("the long run of `{test}` failed ({status})")) }
}

/// Random replies, read here and by DSPy.
fn judge(args: &[&str]) -> Outcome {
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
