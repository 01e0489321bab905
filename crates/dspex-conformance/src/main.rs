//! `dspex-conformance FILE [--json]`: runs a corpus and prints what agrees with DSPy.

use std::io::Write as _;
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
            let text = if json { format!("{}\n", report.to_json()) } else { report.to_string() };
            // A reader that has seen enough may close the pipe.
            let _ = std::io::stdout().write_all(text.as_bytes());
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
    }
}
