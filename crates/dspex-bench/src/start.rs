//! How long the command takes from its start to its end.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

use crate::Measured;
use crate::measure::Figure;

const RUNS: usize = 31;

pub(crate) fn render() -> Measured {
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let started = Instant::now();
        let status = Command::new(command()?)
            .args([
                "render",
                "--signature",
                "question -> answer",
                "--inputs",
                r#"{"question": "Q"}"#,
                "--json",
            ])
            .stdout(Stdio::null())
            .status()?;
        times.push(started.elapsed().as_secs_f64() * 1e3);
        if !status.success() {
            return Err(format!("dspex render failed: {status}").into());
        }
    }
    times.sort_by(f64::total_cmp);
    let value = times[RUNS / 2];
    Ok(vec![Figure { name: "dspex render, from start to end".into(), value, unit: "ms", at_most: 20.0 }])
}

/// The command that was built beside this program.
fn command() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let own = std::env::current_exe()?;
    let path = own.parent().ok_or("no folder of this program")?.join("dspex");
    if path.exists() { Ok(path) } else { Err(format!("expected the command at {}", path.display()).into()) }
}
