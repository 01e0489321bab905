//! Programming language models: say what goes in and what comes out, compose such steps into programs, teach them by
//! demonstrations, and measure them. The vocabulary is DSPy's.
//!
//! # A first call
//!
//! A signature is a struct whose fields are inputs and outputs. [`Predict`] asks a model once; the answer has the types
//! of the struct. The [`Context`] holds the model; there is nothing global.
//!
//! ```
//! use dspex::prelude::*;
//!
//! /// Answer the question in one word.
//! #[derive(Signature)]
//! struct Answer {
//!     #[input]
//!     question: String,
//!     #[output]
//!     answer: String,
//!     /// how sure you are
//!     #[output(ge = 0.0, le = 1.0)]
//!     confidence: f64,
//! }
//!
//! # dspex_testkit::block_on(async {
//! // A model that follows a script stands in for one that costs money.
//! let lm = dspex_testkit::ScriptedLm::always("[[ ## answer ## ]]\nGoethe\n\n[[ ## confidence ## ]]\n0.9");
//! let ctx = Context::new(lm);
//! let out = Predict::<Answer>::new().call(&ctx, AnswerInput { question: "Who wrote Faust?".into() }).await?;
//! assert_eq!((out.answer.as_str(), out.confidence), ("Goethe", 0.9));
//! assert_eq!(out.usage().calls, 1);
//! # Ok::<(), dspex::Error>(())
//! # }).unwrap();
//! ```
//!
//! # The same as data
//!
//! A signature is data first. From a string it gives and takes records:
//!
//! ```
//! use dspex::prelude::*;
//!
//! # dspex_testkit::block_on(async {
//! let ctx = Context::new(dspex_testkit::ScriptedLm::always("[[ ## answer ## ]]\nGoethe"));
//! let predict = Predict::parse("question -> answer")?;
//! let out = predict.call(&ctx, Record::new().with("question", "Who wrote Faust?")).await?;
//! assert_eq!(out.get("answer").unwrap().as_str(), Some("Goethe"));
//! # Ok::<(), dspex::Error>(())
//! # }).unwrap();
//! ```
//!
//! # Programs
//!
//! A program is a struct that holds predictors. `#[derive(Parameters)]` finds them, so that they can be taught, saved
//! and tuned; [`Module`] says what the program does.
//!
//! ```
//! use dspex::prelude::*;
//!
//! /// Turn the question into a search.
//! #[derive(Signature)]
//! struct Search {
//!     #[input]
//!     question: String,
//!     #[output]
//!     query: String,
//! }
//!
//! /// Answer from what was found.
//! #[derive(Signature)]
//! struct Grounded {
//!     #[input]
//!     found: Vec<String>,
//!     #[input]
//!     question: String,
//!     #[output]
//!     answer: String,
//! }
//!
//! #[derive(Clone, Parameters)]
//! struct TwoSteps {
//!     search: Predict<Search>,
//!     answer: ChainOfThought<Grounded>,
//!     #[parameters(skip)]
//!     shelf: Vec<String>,
//! }
//!
//! impl Module for TwoSteps {
//!     type Input = SearchInput;
//!     type Output = WithReasoning<GroundedOutput>;
//!
//!     async fn forward(&self, ctx: &Context, input: SearchInput) -> Result<Prediction<Self::Output>> {
//!         let question = input.question.clone();
//!         let search = self.search.call(ctx, input).await?;
//!         let found = self.shelf.iter().filter(|s| s.contains(&search.query)).cloned().collect();
//!         self.answer.call(ctx, GroundedInput { found, question }).await
//!     }
//! }
//!
//! # dspex_testkit::block_on(async {
//! let lm = dspex_testkit::ScriptedLm::replies([
//!     "[[ ## query ## ]]\nFaust",
//!     "[[ ## reasoning ## ]]\nIt says so.\n\n[[ ## answer ## ]]\nGoethe",
//! ]);
//! let program =
//!     TwoSteps { search: Predict::new(), answer: ChainOfThought::new(), shelf: vec!["Goethe wrote Faust.".into()] };
//! let paths: Vec<String> = program.paths().iter().map(ToString::to_string).collect();
//! assert_eq!(paths, ["search", "answer.predict"]);
//! let out = program.call(&Context::new(lm), SearchInput { question: "Who wrote Faust?".into() }).await?;
//! assert_eq!((out.answer.as_str(), out.reasoning.as_str()), ("Goethe", "It says so."));
//! assert_eq!(out.usage().calls, 2);
//! # Ok::<(), dspex::Error>(())
//! # }).unwrap();
//! ```
//!
//! # Demonstrations and evaluation
//!
//! The struct of a signature is also a labelled example. Demonstrations are such examples; [`Evaluate`](evaluate::Evaluate)
//! scores a program on a set of them. `builtin/nearest` answers with the reply of the most similar demonstration: it is
//! no language model, but shows offline that a program learns.
//!
//! ```
//! use dspex::prelude::*;
//!
//! #[derive(Signature)]
//! struct Mood {
//!     #[input]
//!     text: String,
//!     #[output]
//!     good: bool,
//! }
//!
//! # dspex_testkit::block_on(async {
//! let mood = |text: &str, good| Mood { text: text.into(), good };
//! let demos = [mood("a lovely great day", true), mood("a terrible rainy day", false)];
//! let dev = [mood("what a great thing", true), mood("rainy and terrible", false)];
//!
//! let ctx = Context::new(dspex::lm::NearestLm::new());
//! let evaluate = Evaluate::new(&dev).metric(metric(|e: &Mood, out: &Prediction<MoodOutput>| e.good == out.good));
//! let untaught = Predict::<Mood>::new();
//! let taught = untaught.clone().with_demos(demos)?;
//! assert_eq!(evaluate.run(&ctx, &untaught).await?.score(), Some(0.5));
//! assert_eq!(evaluate.run(&ctx, &taught).await?.score(), Some(1.0));
//! # Ok::<(), dspex::Error>(())
//! # }).unwrap();
//! ```
//!
//! A run over many examples with a model that costs money needs ends: a threshold of errors, a time for each example and
//! one for all. Whatever ends it, the report has what was known until then. Errors are never scores.
//!
//! ```
//! use dspex::prelude::*;
//! use std::time::Duration;
//!
//! # dspex_testkit::block_on(async {
//! // The examples come one by one and are not held; the fourth is an outage.
//! let examples = (0..1_000).map(|n| Ok(Example::new([("n", n), ("m", n)]).with_inputs(["n"])));
//! let outage = dspex::lm::LmError::new(dspex::lm::LmErrorKind::Server, "down");
//! let lm = dspex_testkit::ScriptedLm::always("[[ ## m ## ]]\n2").with_failure(3, outage);
//!
//! let mut right = Vec::new();
//! let summary = Evaluate::over(examples)
//!     .metric(exact_match("m"))
//!     .concurrency(1)
//!     .max_infrastructure_errors(0)
//!     .example_deadline(Duration::from_secs(30))
//!     .total_deadline(Duration::from_secs(3_600))
//!     .run_each(&Context::new(lm), &Predict::parse("n: int -> m: int")?, |_, result| {
//!         right.extend(result.outcome.score().filter(|s| *s == 1.0).map(|_| result.index));
//!         Ok(())
//!     })
//!     .await?;
//! assert_eq!((summary.outcomes().scored, summary.outcomes().infrastructure_error), (3, 1));
//! assert_eq!((summary.score(), right), (Some(1.0 / 3.0), vec![2]));
//! assert!(summary.stopped.unwrap().to_string().starts_with("more than 0 examples ended with an infrastructure"));
//! # Ok::<(), dspex::Error>(())
//! # }).unwrap();
//! ```
//!
//! # Saving
//!
//! What a program has learned is saved to a file that DSPy 3.4.1 loads too, and what DSPy saves is loaded here
//! ([`SaveLoad`]). A file of another program is an error that names what does not fit, and a key or a header is never
//! written.
//!
//! ```
//! use dspex::prelude::*;
//!
//! # let folder = tempfile::tempdir().unwrap();
//! # let path = folder.path().join("mood.json");
//! let demo = Example::new([("text", "a lovely great day"), ("mood", "good")]);
//! let taught = Predict::parse("text -> mood")?.with_demos([demo])?;
//! taught.save(&path)?;
//!
//! let loaded = Predict::parse("text -> mood")?.load(&path)?;
//! assert_eq!(loaded.demos(), taught.demos());
//! let e = Predict::parse("text -> score: int")?.load(&path).unwrap_err();
//! assert!(e.to_string().contains("`self`: expected the output `score`, found none"));
//! # Ok::<(), dspex::Error>(())
//! ```
//!
//! # Models behind an endpoint
//!
//! [`Lm::from_env`](lm::Lm::from_env) takes a model by its name and the key from the environment: `openai/gpt-4o-mini`,
//! `ollama/llama3`, or any server that speaks OpenAI's chat completions. A failure is a typed error with its status, what
//! the provider said and what to do next; a key is never shown.
//!
//! ```
//! use dspex::prelude::*;
//! use dspex::lm::Secret;
//!
//! let server = "http://localhost:8000/v1";
//! let lm = Lm::builder("openai/llama-3.1-8b").api_base(server).api_key(Secret::new("...")).build()?;
//! let ctx = Context::new(lm);
//! # let _ = ctx;
//! # Ok::<(), dspex::Error>(())
//! ```
//!
//! # Testing your program
//!
//! `dspex_testkit` has models that follow a script, and a server for the whole way through HTTP. A test sees what the program
//! sent and what it makes of a reply, of an odd one, and of an outage.
//!
//! ```
//! use dspex::prelude::*;
//! use dspex::lm::{LmError, LmErrorKind};
//! use dspex_testkit::ScriptedLm;
//!
//! # dspex_testkit::block_on(async {
//! let lm = ScriptedLm::replies(["[[ ## n ## ]]\n7", "[[ ## n ## ]]\nseven or eight"])
//!     .with_failure(2, LmError::new(LmErrorKind::RateLimit, "slow down"));
//! let ctx = Context::new(lm.clone());
//! let count = Predict::parse("text -> n: int")?;
//! let ask = || count.call(&ctx, Record::new().with("text", "seven swans"));
//!
//! assert_eq!(ask().await?.get("n").and_then(Value::as_i64), Some(7));
//! assert!(lm.requests()[0].messages[1].text().contains("seven swans"));
//! assert_eq!(ask().await.unwrap_err().code(), "field_type");
//! let outage = ask().await.unwrap_err();
//! assert!(outage.is_infrastructure() && outage.hint().is_some());
//! # Ok::<(), dspex::Error>(())
//! # }).unwrap();
//! ```
//!
//! # What this does not do yet
//!
//! Optimizers, and streaming through modules, are not part of this version.

// The names of this list are the public API of the crate; each is here on purpose.
#[doc(hidden)]
pub use dspex_core::__private;
pub use dspex_core::value::{Audio, Citations, Code, Document, File, Image, Reasoning};
pub use dspex_core::{
    Adapter, Attempt, AttemptReason, BoxFuture, Budget, Cancellation, Clock, CoercionMode, Constraint,
    ConstraintError, Context, Dict, Direction, DynModule, EditError, Error, ErrorKind, EventSink, Example,
    Extraction, Fallback, Field, FieldState, FieldType, FieldValue, FromRecord, HasInput, Int, LanguageModel,
    Leaf, LeafState, Limits, Meter, Metric, Module, Money, MoneyError, Nonce, Note, Overrides, Parameters,
    ParsePolicy, ParseRule, Parsed, Path, Prediction, Program, ProgramState, Random, Record, RenderCall,
    Result, RuleEffect, RunEvent, SchemaDialect, Score, Signature, SignatureError, SignatureParser,
    SignatureState, Special, Spending, Stage, StateError, SystemClock, Tallies, Tally, ToExample, ToRecord,
    Trace, TraceSink, TraceStep, TypeRegistry, TypedSignature, UnsupportedSchema, Usage, Value, Walk,
    WalkMut, WithReasoning, infer_prefix, nearest, schema, signature, types, unknown_name, value, visit,
    visit_mut,
};
pub use dspex_lm::FromPath;
pub use dspex_modules::{ChainOfThought, DemoSource, Dynamic, Predict, ProgramFile, SaveLoad, SavedProgram};

/// Adapters: from calls to requests and from replies to values.
pub mod adapters {
    pub use dspex_adapters::{
        ADAPTERS, BamlAdapter, BamlTypeWording, BamlWording, ChatAdapter, ChatWording, DemoWording,
        FieldWording, Guarded, InstructionsWording, JsonAdapter, JsonWording, LeanAdapter, LeanWording,
        Native, NativeWording, ReminderWording, TwoStepAdapter, TwoStepWording, Wording, XmlAdapter,
        XmlWording, by_name, by_name_with, found_sections, literal, output_schema, read_text, read_value,
    };
}

/// Rules beyond types, values checked by themselves, and types built or registered at run time.
pub mod validation {
    pub use dspex_core::validation::{
        Computed, Validation, ValidationErrors, Validator, Violation, When, before, check, validator,
        validator_of,
    };
    #[cfg(feature = "garde")]
    pub use dspex_validate::garde_rules;
    #[cfg(feature = "jsonschema")]
    pub use dspex_validate::shape;
    pub use dspex_validate::{
        DynTypeAdapter, Quality, QualityMetric, ReasoningQuality, RecordSchema, SharedTypes, TypeAdapter,
    };
}

/// Data sets, metrics and evaluation.
pub mod evaluate {
    pub use dspex_evaluate::{
        AnswerExactMatch, AnswerPassageMatch, AsyncMetric, Columns, Dataset, ErrorGroup, Evaluate,
        ExactMatch, ExampleResult, FnMetric, Format, IntoScore, METRICS, MetricArgs, Numeric, Outcome,
        Outcomes, Progress, Report, ResultWriter, Row, Rows, Stop, Streamed, Summary, TokenF1,
        answer_exact_match, answer_passage_match, by_name, exact_match, f1, hotpot_f1, majority, metric,
        metric_async, normalize_vote, numeric, text,
    };
}

/// Language models, and the requests and replies that pass to and from them.
pub mod lm {
    pub use dspex_core::lm::{
        Capabilities, Choice, EmbedRequest, Embedder, Embeddings, Event, EventStream, FailedTry,
        FinishReason, InputType, LanguageModel, LmError, LmErrorKind, Message, OnUnsupported, Options, Part,
        Reasoning, RefusedForms, Reply, ReplyBuilder, Request, ResponseFormat, Role, StoredError, ToolChoice,
        ToolSpec,
    };
    pub use dspex_lm::{
        Above, Cache, CacheBuilder, CacheKey, CacheStats, Cached, Catalog, Governors, ModelInfo, Price,
        Priced, Rates, Recorded, Recorder, Replay, Replayed, Resilience, Resilient, Routed, RoutedBuilder,
        Source,
    };
    pub use dspex_lm::{Batch, BatchState, BatchStatus, Batches};
    pub use dspex_lm::{Content, Decoded, EmbeddingModel, ROUTES, RecordedReply, Route};
    #[cfg(feature = "disk-cache")]
    pub use dspex_lm::{DiskCache, DiskStats, Entry, Verified};
    pub use dspex_lm::{Lm, LmBuilder, NearestLm, PROVIDERS, Provider, Secret, Timeouts, by_name};
}

/// What stands between a caller and a provider that fails, throttles or hangs. [`lm::Resilience`] holds the policies of a
/// model; the layers can also be used alone, around any async call.
///
/// ```
/// use dspex::lm::{Lm, Resilience};
/// use dspex::resilience::Rate;
///
/// let mut resilience = Resilience::default();
/// resilience.policy.retry.attempts = 5;
/// resilience.policy.limits.requests = Some(Rate::per_minute(600.0));
/// resilience.policy.breaker.in_a_row = Some(20);
/// let lm = Lm::builder("ollama/llama3").resilience(resilience).build()?;
/// # let _ = lm;
/// # Ok::<(), dspex::Error>(())
/// ```
pub mod resilience {
    pub use dspex_resilience::{
        Adaptive, AllFailed, Allowance, Answered, Ask, Attempt, Breaker, BreakerPolicy, BreakerState, Class,
        Deadline, Endpoint, Event, Events, Failed, Fallback, Fault, Health, HealthReport, Hedge, Hedged,
        Jitter, Key, LONGEST, Limiter, Limits, Next, Open, Order, Outcome, Permit, QuotaPolicy, Rate,
        RateLimits, Refusal, Registry, Retry, RetryPolicy, RetryQuota, Router, Stack, StackPolicy, Stop,
        Ticket, Timeout, UnderWay, Window, retry_after, should_retry,
    };
}

/// Saved programs in their parts; [`SaveLoad`] does the usual.
pub mod saved {
    pub use dspex_modules::{
        FORMAT, FieldFacts, LmSettings, PredictorFacts, SavedFacts, SavedPolicy, SavedPredictor, write_whole,
    };
}

/// Modules by name, as program files call them.
pub mod modules {
    pub use dspex_modules::{MODULES, by_name};
}

/// What a first program needs.
pub mod prelude {
    pub use crate::evaluate::{Evaluate, exact_match, metric, metric_async};
    pub use crate::lm::Lm;
    pub use crate::{
        ChainOfThought, Context, Example, Module, Parameters, Predict, Prediction, Program, Record, Result,
        SaveLoad, Signature, Value, WithReasoning,
    };
}

/// The Rust blocks of the pages, as tests.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../../README.md")]
    mod readme {}
    #[doc = include_str!("../../../ARCHITECTURE.md")]
    mod architecture {}
    #[doc = include_str!("../../../CONTRIBUTING.md")]
    mod contributing {}
    #[doc = include_str!("../../../docs/coming-from-dspy.md")]
    mod coming_from_dspy {}
    #[doc = include_str!("../../../docs/testing.md")]
    mod testing {}
    #[doc = include_str!("../../../docs/wording.md")]
    mod wording {}
    #[doc = include_str!("../../../docs/adapters.md")]
    mod adapters_page {}
    #[doc = include_str!("../../../docs/benchmarks.md")]
    mod benchmarks {}
    #[doc = include_str!("../../../docs/cache.md")]
    mod cache {}
    #[doc = include_str!("../../../docs/cli.md")]
    mod cli {}
    #[doc = include_str!("../../../docs/errors.md")]
    mod errors {}
    #[doc = include_str!("../../../docs/parsing.md")]
    mod parsing {}
    #[doc = include_str!("../../../docs/program-files.md")]
    mod program_files {}
    #[doc = include_str!("../../../docs/reading-a-prompt.md")]
    mod reading_a_prompt {}
    #[doc = include_str!("../../../docs/saved-programs.md")]
    mod saved_programs {}
    #[doc = include_str!("../../../docs/schemas.md")]
    mod schemas {}
    #[doc = include_str!("../../../docs/validation.md")]
    mod validation {}
    #[doc = include_str!("../../../docs/second-calls.md")]
    mod second_calls {}
    #[doc = include_str!("../../../docs/decisions.md")]
    mod decisions {}
    #[doc = include_str!("../../../docs/structured-output.md")]
    mod structured_output {}
}
