//! The server that all contenders ask: `dspex testserver`, a process of its own.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// A server that runs until it is dropped.
pub(super) struct Server {
    child: Child,
    /// The base URL.
    pub(super) base: String,
}

impl Server {
    pub(super) fn start(root: &Path, latency_ms: u64) -> Result<Self, String> {
        let program = root.join("target/release/dspex");
        let mut child = Command::new(&program)
            .args(["testserver", "--port", "0", "--latency-ms", &latency_ms.to_string(), "--script"])
            .arg(root.join("bench/against/answers.jsonl"))
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{} cannot be started: {e}", program.display()))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.as_mut() {
            BufReader::new(out).read_line(&mut line).map_err(|e| format!("the server says nothing: {e}"))?;
        }
        let base =
            line.strip_prefix("listening on ").and_then(|rest| rest.split(',').next()).map(str::to_owned);
        let server = Self { child, base: base.unwrap_or_default() };
        if server.base.is_empty() {
            return Err(format!("expected the server to say where it listens, found {line:?}"));
        }
        Ok(server)
    }

    /// Time of the processor that it has used. The system counts it in steps of 10 ms.
    pub(super) fn cpu_seconds(&self) -> Result<f64, String> {
        let path = format!("/proc/{}/stat", self.child.id());
        let text = fs::read_to_string(&path).map_err(|e| format!("{path} cannot be read: {e}"))?;
        // After the name in brackets: the fields from the third on; user and system time are the 14th and 15th.
        let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11);
        let ticks: Vec<f64> = fields.take(2).filter_map(|f| f.parse().ok()).collect();
        Ok(ticks.iter().sum::<f64>() / 100.0)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which is as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
