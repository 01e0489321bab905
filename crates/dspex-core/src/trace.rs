//! Traces: what each predictor was given and gave, in order.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::adapter::Note;
use crate::lm::{Reply, Request};
use crate::path::Path;
use crate::signature::Signature;
use crate::usage::Usage;
use crate::value::Record;

/// One call of a predictor.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TraceStep {
    /// Path of the predictor.
    pub path: Path,
    /// Its signature at the time.
    pub signature: Signature,
    /// What it was given.
    pub inputs: Record,
    /// What it gave; none where it failed.
    pub outputs: Option<Record>,
    /// What the model was asked; none where it was not.
    pub request: Option<Arc<Request>>,
    /// What the model answered; none where it did not.
    pub reply: Option<Arc<Reply>>,
    /// What was mended while the reply was read.
    pub notes: Vec<Note>,
    /// What it cost.
    pub usage: Usage,
    /// How long it took.
    pub elapsed: Duration,
    /// The code of the error, where it failed.
    pub error: Option<&'static str>,
}

impl TraceStep {
    /// A step about which only its start is known.
    pub fn new(path: Path, signature: Signature, inputs: Record) -> Self {
        Self {
            path,
            signature,
            inputs,
            outputs: None,
            request: None,
            reply: None,
            notes: Vec::new(),
            usage: Usage::default(),
            elapsed: Duration::ZERO,
            error: None,
        }
    }
}

/// Takes the steps of a trace.
pub trait TraceSink: Send + Sync {
    /// Takes one step, as soon as it is over.
    fn record(&self, step: TraceStep);
}

/// A trace held in memory. Copies share their steps.
///
/// ```
/// use dspex_core::Trace;
/// let trace = Trace::new();
/// assert!(trace.steps().is_empty());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Trace(Arc<Mutex<Vec<TraceStep>>>);

impl Trace {
    /// An empty trace.
    pub fn new() -> Self {
        Self::default()
    }

    /// The steps so far.
    pub fn steps(&self) -> Vec<TraceStep> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl TraceSink for Trace {
    fn record(&self, step: TraceStep) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(step);
    }
}

/// Something that happened while a program ran, for progress and logs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum RunEvent {
    /// A model is asked.
    CallStarted {
        /// Path of the predictor.
        path: Path,
        /// The model.
        model: String,
    },
    /// A model answered or failed.
    CallFinished {
        /// Path of the predictor.
        path: Path,
        /// The model.
        model: String,
        /// What it cost.
        usage: Usage,
        /// How long it took.
        elapsed: Duration,
        /// The code of the error, where it failed.
        error: Option<&'static str>,
    },
}

/// Takes events.
pub trait EventSink: Send + Sync {
    /// Takes one event, as it happens. It must not block.
    fn emit(&self, event: &RunEvent);
}

impl<F: Fn(&RunEvent) + Send + Sync> EventSink for F {
    fn emit(&self, event: &RunEvent) {
        self(event);
    }
}

impl fmt::Debug for dyn TraceSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TraceSink")
    }
}
