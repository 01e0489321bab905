//! The contenders: how each is started, and what it says of its run.

use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value as Json;

use super::Setting;

/// One who is measured.
pub(super) struct Contender {
    pub(super) name: &'static str,
    /// The program and its first arguments, from the folder of the workspace.
    command: &'static [&'static str],
    /// The ways in which it can be asked; the one with most calls per second counts.
    modes: &'static [&'static [&'static str]],
    calls: fn(&Setting) -> usize,
}

/// Who is measured; ours comes first.
pub(super) const CONTENDERS: &[Contender] = &[
    Contender {
        name: "dspex",
        command: &["target/against/release/against-dspex"],
        modes: &[&[]],
        calls: |s| s.calls,
    },
    Contender {
        name: "dspy-rs 0.7.3",
        command: &["target/against/release/against-dspy-rs"],
        modes: &[&[]],
        calls: |s| s.calls,
    },
    Contender {
        name: "DSPy 3.4.1",
        command: &["target/python/bin/python", "bench/against/dspy_client.py"],
        modes: &[&["--mode", "threads"], &["--mode", "asyncio"]],
        calls: |s| s.calls_of_dspy,
    },
];

/// The figures of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Measured {
    pub(super) calls_per_second: f64,
    /// Seconds of the processor for a call, in the contender's own process.
    pub(super) cpu: f64,
    /// The same in the server's process.
    pub(super) server_cpu: f64,
    pub(super) peak_mb: f64,
    /// Time over that of calls which wait for the server's latency and for nothing else.
    pub(super) over_ideal: f64,
    /// Calls with those of the warm-up.
    pub(super) asked: f64,
}

impl Measured {
    /// The median of each figure by itself.
    pub(super) fn median(runs: &[Self]) -> Self {
        let of = |figure: fn(&Self) -> f64| {
            let mut all: Vec<f64> = runs.iter().map(figure).collect();
            all.sort_by(f64::total_cmp);
            all.get(all.len() / 2).copied().unwrap_or_default()
        };
        Self {
            calls_per_second: of(|m| m.calls_per_second),
            cpu: of(|m| m.cpu),
            server_cpu: of(|m| m.server_cpu),
            peak_mb: of(|m| m.peak_mb),
            over_ideal: of(|m| m.over_ideal),
            asked: of(|m| m.asked),
        }
    }
}

impl Contender {
    /// Runs it in each of its modes, and gives the figures of the fastest.
    pub(super) fn run(
        &self,
        root: &Path,
        base: &str,
        s: &Setting,
        divisor: usize,
    ) -> Result<Measured, String> {
        let mut best = Measured::default();
        let mut asked = 0.0;
        for mode in self.modes {
            let run = self.run_mode(root, base, s, divisor, mode)?;
            asked += run.asked;
            if run.calls_per_second > best.calls_per_second {
                best = run;
            }
        }
        Ok(Measured { asked, ..best })
    }

    fn run_mode(
        &self,
        root: &Path,
        base: &str,
        setting: &Setting,
        divisor: usize,
        mode: &[&str],
    ) -> Result<Measured, String> {
        // Not fewer than one call each, or the width is not what it says.
        let calls = ((self.calls)(setting) / divisor).max(setting.concurrency);
        let warm_up = (calls / 10).max(setting.concurrency);
        let (program, first) = self.command.split_first().ok_or("a contender without a command")?;
        let output = Command::new(root.join(program))
            .args(first)
            .args(mode)
            .args(["--base", base, "--calls", &calls.to_string(), "--warm-up", &warm_up.to_string()])
            .args(["--concurrency", &setting.concurrency.to_string()])
            .current_dir(root)
            .stderr(Stdio::inherit())
            .output()
            .map_err(|e| format!("{program} cannot be started: {e}"))?;
        if !output.status.success() {
            return Err(format!("{} failed at {setting:?} ({})", self.name, output.status));
        }
        let json: Json = serde_json::from_slice(&output.stdout)
            .map_err(|e| format!("expected a line of JSON of {}, found: {e}", self.name))?;
        let figure = |key: &str| {
            json[key].as_f64().ok_or_else(|| format!("expected `{key}` of {}, found {json}", self.name))
        };
        let (done, seconds) = (figure("calls")?, figure("seconds")?);
        let turns = done / setting.concurrency as f64;
        Ok(Measured {
            calls_per_second: done / seconds,
            cpu: figure("cpu_seconds")? / done,
            server_cpu: 0.0,
            peak_mb: figure("peak_kilobytes")? / 1024.0,
            over_ideal: seconds * 1e3 / (turns * setting.latency_ms as f64),
            asked: (calls + warm_up) as f64,
        })
    }
}
