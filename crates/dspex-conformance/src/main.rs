//! `dspex-conformance FILE [--wording FILE] [--json]`: runs a corpus and prints what agrees with DSPy.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use dspex_adapters::Wording;
use dspex_conformance::{Corpus, run, run_bytes};

const USAGE: &str = "usage: dspex-conformance FILE [--wording FILE] [--json]";

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the report is what this program is for")]
fn main() -> ExitCode {
    let (mut file, mut wording): (Option<PathBuf>, Option<PathBuf>) = (None, None);
    let mut json = false;
    let mut arguments = std::env::args_os().skip(1);
    while let Some(argument) = arguments.next() {
        let taken = if argument == "--json" {
            json = true;
            true
        } else if argument == "--help" {
            println!("{USAGE}");
            return ExitCode::SUCCESS;
        } else if argument == "--wording" {
            arguments.next().is_some_and(|path| wording.replace(path.into()).is_none())
        } else {
            file.replace(argument.into()).is_none()
        };
        if !taken {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    }
    let Some(file) = file else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let wording = match wording.map(Wording::from_file).transpose() {
        Ok(wording) => wording,
        Err(e) => {
            eprintln!("{e}");
            return ExitCode::from(2);
        }
    };
    match Corpus::read(&file) {
        Ok(corpus) => {
            let report = wording.as_ref().map_or_else(|| run(&corpus), |w| run_bytes(&corpus, w));
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
