//! Rendering and reading alone, of the same rows by both: no server, no model, no network.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use crate::{Outcome, python, say};

/// The rows: a signature, inputs, demonstrations, a reply and what it says.
const ROWS: &str = "bench/against/rows.jsonl";

/// How many times faster all rows together are to be rendered and read.
const AT_LEAST: f64 = 30.0;

/// Measures both, one after the other, and says of each row whether it keeps the aim.
pub(crate) fn compare(root: &Path) -> Outcome {
    let Some(python) = python::installed(root) else {
        say("SKIPPED: there is no DSPy in target/python, so no rows are compared");
        return Ok(());
    };
    let ours = figures(root, "target/release/dspex-bench", &["--rows", ROWS])?;
    let theirs = figures(root, &python, &["bench/against/dspy_rows.py", ROWS])?;
    let mut table = format!("{:<30} {:>22} {:>22}\n", "row", "render, us (DSPy)", "parse, us (DSPy)");
    let mut sums = (0.0, 0.0);
    for (row, own) in ours.as_object().into_iter().flatten() {
        let of = |figures: &Json, key: &str| {
            figures[key]
                .as_f64()
                .ok_or_else(|| format!("expected `{key}` of the row `{row}`, found {figures}"))
        };
        let other = &theirs[row];
        let both = |figures| Ok::<_, String>(of(figures, "render")? + of(figures, "parse")?);
        let (own_sum, other_sum) = (both(own)?, both(other)?);
        sums = (sums.0 + own_sum, sums.1 + other_sum);
        let pair = |key: &str| Ok::<_, String>(format!("{:.1} ({:.1})", of(own, key)?, of(other, key)?));
        let (render, parse) = (pair("render")?, pair("parse")?);
        let ratio = other_sum / own_sum;
        let _ = writeln!(table, "{row:<30} {render:>22} {parse:>22}   {ratio:>4.0} times faster");
    }
    let ratio = sums.1 / sums.0;
    let verdict = if ratio >= AT_LEAST { "met" } else { "MISSED" };
    let _ = write!(table, "all rows together: {ratio:.1} times faster, at least {AT_LEAST}: {verdict}");
    say(&table);
    if ratio >= AT_LEAST { Ok(()) } else { Err("the rows miss their aim".to_owned()) }
}

/// What a program prints of itself.
fn figures(root: &Path, program: &str, args: &[&str]) -> Result<Json, String> {
    let output = Command::new(root.join(program))
        .args(args)
        .current_dir(root)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|e| format!("{program} cannot be started: {e}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    serde_json::from_str(text.trim()).map_err(|e| format!("expected JSON of {program}, found {text:?}: {e}"))
}
