//! DSPEx beside DSPy and dspy-rs: the same program over the same server, in one run.
//!
//! Opt-in, since it builds and installs what only this needs: `bench/against`, a workspace of its own, and DSPy in
//! `target/python`.

mod contender;
mod rows;
mod server;
mod table;

use std::path::Path;

use contender::{CONTENDERS, Contender, Measured};
use server::Server;

use crate::{Outcome, cargo, python, root, say, warn};

/// How much is measured.
pub(crate) struct Extent {
    /// How often each setting is run; the median of each figure counts.
    rounds: usize,
    /// What the number of calls is divided by.
    divisor: usize,
}

pub(crate) const FULL: Extent = Extent { rounds: 3, divisor: 1 };
pub(crate) const QUICK: Extent = Extent { rounds: 1, divisor: 4 };

/// What a run is made under.
#[derive(Clone, Copy, Debug)]
struct Setting {
    latency_ms: u64,
    concurrency: usize,
    /// Calls of the contenders in Rust.
    calls: usize,
    /// Calls of DSPy, which would take too long for as many where nothing is waited for.
    calls_of_dspy: usize,
}

const SETTINGS: &[Setting] = &[
    Setting { latency_ms: 0, concurrency: 1, calls: 8_000, calls_of_dspy: 800 },
    Setting { latency_ms: 0, concurrency: 16, calls: 30_000, calls_of_dspy: 1_200 },
    Setting { latency_ms: 0, concurrency: 200, calls: 30_000, calls_of_dspy: 1_200 },
    Setting { latency_ms: 200, concurrency: 1, calls: 20, calls_of_dspy: 20 },
    Setting { latency_ms: 200, concurrency: 16, calls: 320, calls_of_dspy: 320 },
    Setting { latency_ms: 200, concurrency: 200, calls: 4_000, calls_of_dspy: 2_000 },
];

pub(crate) fn bench(extent: &Extent) -> Outcome {
    let root = root();
    build(&root)?;
    let mut results: Vec<Vec<Vec<Measured>>> = vec![vec![Vec::new(); CONTENDERS.len()]; SETTINGS.len()];
    let mut servers = Vec::new();
    for setting in SETTINGS {
        // One server a latency, for all contenders.
        if !servers.iter().any(|(latency, _)| *latency == setting.latency_ms) {
            servers.push((setting.latency_ms, Server::start(&root, setting.latency_ms)?));
        }
    }
    for round in 1..=extent.rounds {
        warn(&format!("round {round} of {}", extent.rounds));
        for (setting, results) in SETTINGS.iter().zip(&mut results) {
            let Some((_, server)) = servers.iter().find(|(latency, _)| *latency == setting.latency_ms) else {
                continue;
            };
            // The contenders one after another, so that noise hits all alike.
            for (contender, results) in CONTENDERS.iter().zip(results) {
                results.push(measure(contender, &root, server, setting, extent)?);
            }
        }
    }
    let medians: Vec<Vec<Measured>> =
        results.iter().map(|row| row.iter().map(|runs| Measured::median(runs)).collect()).collect();
    say(&table::figures(&medians));
    let rows = rows::compare(&root);
    table::verdicts(&medians).and(rows)
}

/// Only rendering and reading, which need neither a server nor the other contender.
pub(crate) fn rows() -> Outcome {
    let root = root();
    cargo(&["build", "--quiet", "--release", "--package", "dspex-bench"])?;
    python::setup(&root)?;
    rows::compare(&root)
}

/// Builds the server, the contenders, each by itself so that none gets the features of another, and DSPy.
fn build(root: &Path) -> Outcome {
    cargo(&["build", "--quiet", "--release", "--package", "dspex-cli", "--package", "dspex-bench"])?;
    for package in ["against-dspex", "against-dspy-rs"] {
        let manifest = "bench/against/Cargo.toml";
        cargo(&[
            "build",
            "--quiet",
            "--release",
            "--manifest-path",
            manifest,
            "--target-dir",
            "target/against",
            "--package",
            package,
        ])?;
    }
    python::setup(root)
}

/// One run of a contender, with what the server used for it.
fn measure(
    contender: &Contender,
    root: &Path,
    server: &Server,
    setting: &Setting,
    extent: &Extent,
) -> Result<Measured, String> {
    let before = server.cpu_seconds()?;
    let mut measured = contender.run(root, &server.base, setting, extent.divisor)?;
    measured.server_cpu = (server.cpu_seconds()? - before) / measured.asked;
    Ok(measured)
}
