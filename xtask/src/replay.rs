//! Recorded traffic of vendors, read by the wires.

use crate::{Outcome, cargo};

/// `replay DIR [--json]`
pub(crate) fn replay(args: &[&str]) -> Outcome {
    // The folder is one from where the caller stands; the command runs in the folder of the workspace.
    let here = |arg: &&str| match std::path::absolute(arg) {
        Ok(path) if !arg.starts_with("--") => path.display().to_string(),
        _ => (*arg).to_owned(),
    };
    let args: Vec<String> = args.iter().map(here).collect();
    let mut all = vec!["run", "--quiet", "--package", "dspex-conformance", "--bin", "replay", "--"];
    all.extend(args.iter().map(String::as_str));
    cargo(&all)
}
