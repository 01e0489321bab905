//! One long-lived Python with DSPy, which reads batches of cases.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value as Json, json};

use super::Case;
use crate::draw::World;

/// What Python runs.
const SCRIPT: &str = include_str!("judge.py");

/// DSPy in a process of its own, which ends with this value.
#[derive(Debug)]
pub struct Dspy {
    process: Child,
    questions: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Dspy {
    /// Starts a Python that has DSPy.
    pub fn start(python: &Path) -> Result<Self, String> {
        let mut process = Command::new(python)
            .args(["-c", SCRIPT])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("{} cannot be started: {e}", python.display()))?;
        let questions = process.stdin.take();
        let answers = process.stdout.take().ok_or("the output of Python is not to be had")?;
        Ok(Self { process, questions, answers: BufReader::new(answers) })
    }

    /// Sends a batch; [`Dspy::answer`] has to follow before the next one.
    pub(super) fn ask(&mut self, world: &World, cases: &[Case]) -> Result<(), String> {
        let cases: Vec<Json> = cases.iter().map(Case::question).collect();
        let mut line = json!({"world": world.tables(), "cases": cases}).to_string();
        line.push('\n');
        let to = self.questions.as_mut().ok_or("Python has ended")?;
        to.write_all(line.as_bytes())
            .and_then(|()| to.flush())
            .map_err(|e| format!("Python does not listen: {e}"))
    }

    /// What DSPy says to a batch of so many cases.
    pub(super) fn answer(&mut self, cases: usize) -> Result<Vec<Json>, String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).map_err(|e| format!("Python does not answer: {e}"))?;
        match serde_json::from_str(&line) {
            Ok(Json::Array(answers)) if answers.len() == cases => Ok(answers),
            Ok(_) => Err(format!("expected {cases} answers of DSPy, found another number")),
            Err(e) => Err(format!("expected JSON from Python, found {line:?}: {e}")),
        }
    }
}

impl Drop for Dspy {
    fn drop(&mut self) {
        // Python ends at the end of its input.
        self.questions = None;
        let _ = self.process.wait();
    }
}
