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

/// One call of a predictor, as a [`Trace`] has it.
///
/// ```
/// use dspex_core::{Path, Record, Signature, Trace, TraceSink, TraceStep};
/// let signature = Signature::parse("question -> answer")?;
/// let mut step = TraceStep::new(Path::from("qa"), signature, Record::new().with("question", "1+1?"));
/// assert!(step.outputs.is_none() && step.error.is_none(), "only its start is known");
/// step.outputs = Some(Record::new().with("answer", "2"));
///
/// let trace = Trace::new();
/// trace.record(step);
/// let steps = trace.steps();
/// assert_eq!((steps[0].path.as_str(), steps[0].inputs.len()), ("qa", 1));
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
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

/// Takes the steps of a trace, for a context made by [`Context::with_trace`](crate::Context::with_trace). [`Trace`] is one
/// that keeps them all.
///
/// ```
/// use dspex_core::{Path, Record, Signature, TraceSink, TraceStep};
/// use std::sync::Mutex;
///
/// /// Keeps the paths of predictors that failed.
/// #[derive(Default)]
/// struct Failures(Mutex<Vec<String>>);
///
/// impl TraceSink for Failures {
///     fn record(&self, step: TraceStep) {
///         if step.error.is_some() {
///             self.0.lock().unwrap().push(step.path.to_string());
///         }
///     }
/// }
///
/// let failures = Failures::default();
/// let mut step = TraceStep::new(Path::from("qa"), Signature::parse("question -> answer")?, Record::new());
/// failures.record(step.clone());
/// step.error = Some("timeout");
/// failures.record(step);
/// assert_eq!(*failures.0.lock().unwrap(), ["qa"]);
/// # Ok::<(), dspex_core::SignatureError>(())
/// ```
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

/// Something that happened while a program ran, for progress and logs. An [`EventSink`] takes it.
///
/// ```
/// use dspex_core::{Context, Path, RunEvent, lm::Request};
/// # use futures_util::FutureExt as _;
/// # use std::sync::{Arc, Mutex};
/// # use dspex_core::lm;
/// # struct Fixed;
/// # impl dspex_core::LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a lm::Request) -> dspex_core::BoxFuture<'a, Result<lm::Reply, lm::LmError>> {
/// #         Box::pin(async { Ok(lm::Reply::text("hi")) })
/// #     }
/// # }
/// # let log = Arc::new(Mutex::new(Vec::new()));
/// # let lines = Arc::clone(&log);
/// let ctx = Context::new(Fixed).with_events(move |event: &RunEvent| {
///     let line = match event {
///         RunEvent::CallStarted { path, model } => format!("{path} asks {model}"),
///         RunEvent::CallFinished { usage, .. } => format!("done: {usage}"),
///         _ => return,
///     };
///     lines.lock().unwrap().push(line);
/// });
/// ctx.ask(&Path::from("qa"), ctx.lm(), &Request::default()).now_or_never().unwrap()?;
/// assert_eq!(*log.lock().unwrap(), ["qa asks fixed", "done: 1 call, 0 tokens in, 0 out"]);
/// # Ok::<(), dspex_core::Error>(())
/// ```
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

/// Takes events, for a context made by [`Context::with_events`](crate::Context::with_events). A closure is one.
///
/// ```
/// use dspex_core::{EventSink, Path, RunEvent};
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// /// Counts the calls that are under way.
/// #[derive(Default)]
/// struct UnderWay(AtomicUsize);
///
/// impl EventSink for UnderWay {
///     fn emit(&self, event: &RunEvent) {
///         match event {
///             RunEvent::CallStarted { .. } => self.0.fetch_add(1, Ordering::SeqCst),
///             RunEvent::CallFinished { .. } => self.0.fetch_sub(1, Ordering::SeqCst),
///             _ => return,
///         };
///     }
/// }
///
/// let sink = UnderWay::default();
/// sink.emit(&RunEvent::CallStarted { path: Path::from("qa"), model: "openai/gpt-4o-mini".into() });
/// assert_eq!(sink.0.load(Ordering::SeqCst), 1);
/// ```
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
