//! `replay DIR [--json]`: reads recorded traffic by the wires that its paths call for.

use std::path::PathBuf;
use std::process::ExitCode;

use dspex_conformance::replay::{Summary, replay};

const USAGE: &str = "usage: replay DIR [--json]";

fn args() -> Option<(PathBuf, bool)> {
    let (mut folder, mut json) = (None, false);
    for word in std::env::args().skip(1) {
        match word.as_str() {
            "--json" => json = true,
            flag if flag.starts_with("--") => return None,
            path if folder.is_none() => folder = Some(PathBuf::from(path)),
            _ => return None,
        }
    }
    Some((folder?, json))
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the lines are what this program is for")]
fn main() -> ExitCode {
    let Some((folder, json)) = args() else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match replay(&folder) {
        Ok(all) if json => {
            for one in &all {
                println!("{}", one.line());
            }
            ExitCode::SUCCESS
        }
        Ok(all) => {
            print!("{}", Summary::of(&all));
            ExitCode::SUCCESS
        }
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
    }
}
