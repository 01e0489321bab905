//! `judge --python PATH [--cases N] [--seed S] [--first K] [--all]`: reads random replies here and with
//! DSPy.

use std::path::PathBuf;
use std::process::ExitCode;

use dspex_conformance::judge::{Dspy, judge};

const USAGE: &str = "usage: dspy-judge --python PATH [--cases N] [--seed S] [--first K] [--all]";

/// What is asked for.
struct Args {
    python: PathBuf,
    cases: u64,
    seed: u64,
    first: u64,
    /// Whether every failure is shown.
    all: bool,
}

fn args() -> Option<Args> {
    let mut args = Args { python: PathBuf::new(), cases: 2_000, seed: 1, first: 0, all: false };
    let mut words = std::env::args().skip(1);
    while let Some(name) = words.next() {
        if name == "--all" {
            args.all = true;
            continue;
        }
        let value = words.next()?;
        let number = || value.parse().ok();
        match name.as_str() {
            "--python" => args.python = value.into(),
            "--cases" => args.cases = number()?,
            "--seed" => args.seed = number()?,
            "--first" => args.first = number()?,
            _ => return None,
        }
    }
    (!args.python.as_os_str().is_empty()).then_some(args)
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is what this program is for")]
fn main() -> ExitCode {
    let Some(args) = args() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let cases = args.first..args.first.saturating_add(args.cases);
    match Dspy::start(&args.python).and_then(|mut dspy| judge(&mut dspy, args.seed, cases)) {
        Ok(report) => {
            if args.all {
                println!("{report:#}");
            } else {
                println!("{report}");
            }
            if report.failures().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
    }
}
