//! `dspex-conformance FILE [--json]`: runs a corpus and prints what agrees with DSPy.

use std::path::PathBuf;
use std::process::ExitCode;

use dspex_conformance::{Corpus, run};

const USAGE: &str = "usage: dspex-conformance FILE [--json]";

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is what this program is for")]
fn main() -> ExitCode {
    let mut file: Option<PathBuf> = None;
    let mut json = false;
    for argument in std::env::args_os().skip(1) {
        if argument == "--json" {
            json = true;
        } else if argument == "--help" {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        } else if file.replace(argument.into()).is_some() {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    let Some(file) = file else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match Corpus::read(&file) {
        Ok(corpus) => {
            let report = run(&corpus);
            if json {
                println!("{}", report.to_json());
            } else {
                print!("{report}");
            }
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
    }
}
