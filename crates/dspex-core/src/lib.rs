//! The heart of DSPEx: signatures, values, modules, parameters and the traits that the other crates implement.
//!
//! This crate does no I/O and needs no runtime. Users reach it through `dspex`; it stands alone so that adapters,
//! models, modules and optimizers can be written without pulling in each other.

// The code that the derives write names this crate by its name, here too.
extern crate self as dspex_core;

#[doc(hidden)]
pub mod __private;
pub mod adapter;
mod budget;
mod cancel;
mod clock;
mod context;
mod error;
mod error_json;
mod example;
mod fallback;
pub mod lm;
mod meter;
mod metric;
mod module;
mod money;
mod nonce;
mod parameters;
mod path;
mod prediction;
mod random;
pub mod schema;
pub mod signature;
mod suggest;
mod tally;
mod trace;
pub mod types;
mod usage;
pub mod validation;
pub mod value;

pub use adapter::{
    Adapter, CoercionMode, Extraction, Note, ParsePolicy, ParseRule, Parsed, RenderCall, RuleEffect,
};
pub use budget::{Budget, Spending};
pub use cancel::Cancellation;
pub use clock::{Clock, SystemClock};
pub use context::{Context, Limits, Overrides};
pub use dspex_macros::{Parameters, Signature};
pub use error::{Error, ErrorKind, Result, Stage, shorten_text};
pub use example::{Example, HasInput, ToExample};
pub use fallback::Fallback;
pub use lm::LanguageModel;
pub use meter::Meter;
pub use metric::Metric;
pub use module::{BoxFuture, DynModule, Module};
pub use money::{Money, MoneyError};
pub use nonce::Nonce;
pub use parameters::{Leaf, LeafState, Parameters, Program, ProgramState, Walk, WalkMut, visit, visit_mut};
pub use path::Path;
pub use prediction::{Attempt, AttemptReason, Prediction, Score};
pub use random::Random;
pub use schema::{SchemaDialect, UnsupportedSchema};
pub use signature::{
    Constraint, ConstraintError, Direction, EditError, Field, FieldState, FromRecord, Signature,
    SignatureError, SignatureParser, SignatureState, StateError, ToRecord, TypeRegistry, TypedSignature,
    WithReasoning, infer_prefix,
};
pub use suggest::{nearest, unknown_name};
pub use tally::{Tallies, Tally};
pub use trace::{EventSink, RunEvent, Trace, TraceSink, TraceStep};
pub use types::{FieldType, FieldValue, Special};
pub use usage::Usage;
pub use value::{Dict, Int, Record, Value};
