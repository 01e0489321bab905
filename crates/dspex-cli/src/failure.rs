//! What failed, how it is shown, and the exit code that says so.

use std::fmt::Write as _;
use std::process::ExitCode;

use dspex_core::lm::LmErrorKind;
use dspex_core::{Error, ErrorKind, Stage};
use serde_json::json;

use crate::output::{complain, print_json};

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Done,
    ProgramFailed,
    Usage,
    Outside,
    Cancelled,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Done => 0,
            Exit::ProgramFailed => 1,
            Exit::Usage => 2,
            Exit::Outside => 3,
            Exit::Cancelled => 130,
        })
    }
}

impl Exit {
    /// The exit that an error stands for.
    pub(crate) fn of(e: &Error) -> Self {
        match e.stage() {
            _ if matches!(e.kind(), ErrorKind::Output { .. }) => Self::Outside,
            Stage::Cancelled => Self::Cancelled,
            Stage::Data | Stage::Configuration | Stage::Render => Self::Usage,
            // A name, a URL or an option that was given wrongly is no outage.
            _ if matches!(e.kind(), ErrorKind::Lm(lm) if lm.kind == LmErrorKind::Configuration) => {
                Self::Usage
            }
            _ if e.is_infrastructure() => Self::Outside,
            _ => Self::ProgramFailed,
        }
    }
}

/// An error and the form in which the caller wants to see it.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) json: bool,
}

impl Failure {
    /// Shows the error and gives its exit code.
    pub(crate) fn report(&self) -> ExitCode {
        if self.json {
            // Where this cannot be written, the exit code and the line below still tell.
            let _ = print_json(&json!({"error": self.error.to_json()}));
        }
        let mut text = format!("error: {}", self.error);
        if let ErrorKind::Signature(e) = self.error.kind() {
            for line in e.pointer().lines() {
                text.push_str("\n  ");
                text.push_str(line);
            }
        }
        if let Some(hint) = self.error.hint() {
            text.push_str("\nhint: ");
            text.push_str(hint);
        }
        // One call is what was asked for; more are told.
        if self.error.attempts().len() > 1 {
            let _ = write!(text, "\npaid for: {}", self.error.usage());
        }
        complain(&text);
        Exit::of(&self.error).into()
    }
}
