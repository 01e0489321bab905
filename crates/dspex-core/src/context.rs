//! The context of a call: the model, the adapter, the rules and the sinks. An explicit value, never a global.

use std::fmt;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_lock::Semaphore;
use futures_util::future::{Either, select};

use crate::adapter::{Adapter, Note, ParsePolicy};
use crate::budget::{Budget, Spending};
use crate::cancel::Cancellation;
use crate::clock::{Clock, SystemClock};
use crate::error::{Error, ErrorKind, Result};
use crate::fallback::Fallback;
use crate::lm::{LanguageModel, LmError, Options, Reply, Request};
use crate::meter::Meter;
use crate::module::BoxFuture;
use crate::parameters::{Program, visit};
use crate::path::Path;
use crate::prediction::{Attempt, AttemptReason};
use crate::random::Random;
use crate::suggest::unknown_name;
use crate::trace::{EventSink, RunEvent, Trace, TraceSink, TraceStep};

/// What a call runs with. Cheap to clone; a copy can move into a spawned task.
///
/// Methods give a changed copy and leave the original as it is, so that nothing leaks from one call into another.
///
/// ```
/// use dspex_core::{Context, ParsePolicy, lm::Options};
/// # use dspex_core::{BoxFuture, lm::{LanguageModel, LmError, Reply, Request}};
/// # struct Fixed;
/// # impl LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
/// #         Box::pin(async { Ok(Reply::text("hi")) })
/// #     }
/// # }
/// let ctx = Context::new(Fixed).with_options(Options::new().temperature(0.0));
/// let strict = ctx.with_policy(ParsePolicy::compat());
/// assert!(!ctx.policy().is_compat() && strict.policy().is_compat());
/// ```
#[derive(Clone)]
pub struct Context(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    lm: Arc<dyn LanguageModel>,
    adapter: Option<Arc<dyn Adapter>>,
    policy: ParsePolicy,
    fallbacks: Arc<[Fallback]>,
    extraction_lm: Option<Arc<dyn LanguageModel>>,
    options: Options,
    limits: Arc<LimitState>,
    cancellation: Cancellation,
    clock: Arc<dyn Clock>,
    seed: u64,
    trace: Option<Arc<dyn TraceSink>>,
    events: Option<Arc<dyn EventSink>>,
    meter: Option<Meter>,
    spending: Option<Spending>,
    tags: Arc<[String]>,
    overrides: Vec<(Path, Overrides)>,
}

/// Bounds on what a context and its copies may use together. What is not set is not bounded.
///
/// ```
/// use dspex_core::{Context, Limits, Path, lm::Request};
/// # use futures_util::FutureExt as _;
/// # use dspex_core::lm;
/// # struct Fixed;
/// # impl dspex_core::LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a lm::Request) -> dspex_core::BoxFuture<'a, Result<lm::Reply, lm::LmError>> {
/// #         Box::pin(async { Ok(lm::Reply::text("hi")) })
/// #     }
/// # }
/// let ctx = Context::new(Fixed).with_limits(Limits::none().calls(1));
/// let ask = || ctx.ask(&Path::root(), ctx.lm(), &Request::default()).now_or_never().unwrap();
/// assert!(ask().is_ok());
/// let e = ask().unwrap_err();
/// assert_eq!(e.code(), "limit");
/// assert_eq!(e.to_string(), "expected at most 1 calls of models, and that many are used");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Most calls of models.
    pub calls: Option<u64>,
    /// Most calls of models at one time.
    pub in_flight: Option<usize>,
}

impl Limits {
    /// No bounds.
    pub fn none() -> Self {
        Self::default()
    }

    /// Bounds the calls of models.
    #[must_use]
    pub fn calls(mut self, most: u64) -> Self {
        self.calls = Some(most);
        self
    }

    /// Bounds the calls of models at one time.
    #[must_use]
    pub fn in_flight(mut self, most: usize) -> Self {
        self.in_flight = Some(most.max(1));
        self
    }
}

struct LimitState {
    limits: Limits,
    calls: AtomicU64,
    slots: Option<Semaphore>,
}

impl LimitState {
    fn new(limits: Limits) -> Self {
        Self { limits, calls: AtomicU64::new(0), slots: limits.in_flight.map(Semaphore::new) }
    }

    fn take_call(&self) -> Result<()> {
        let Some(limit) = self.limits.calls else { return Ok(()) };
        let taken = self
            .calls
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |used| (used < limit).then_some(used + 1));
        match taken {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::new(ErrorKind::Limit { what: "calls of models".into(), limit })
                .with_hint("raise `Limits::calls` on the context, or start from a fresh context")),
        }
    }
}

/// What one predictor uses instead of what its context says. What is not set is as in the context.
///
/// [`Context::with`] ties them to the path of a predictor.
///
/// ```
/// use dspex_core::{Context, Overrides, ParsePolicy, Path, lm::Options};
/// # use dspex_core::lm;
/// # struct Fixed;
/// # impl dspex_core::LanguageModel for Fixed {
/// #     fn id(&self) -> &str { "fixed" }
/// #     fn call<'a>(&'a self, _: &'a lm::Request) -> dspex_core::BoxFuture<'a, Result<lm::Reply, lm::LmError>> {
/// #         Box::pin(async { Ok(lm::Reply::text("hi")) })
/// #     }
/// # }
/// let strict = Overrides::new().policy(ParsePolicy::compat()).options(Options::new().temperature(0.0));
/// let ctx = Context::new(Fixed).with("answer.predict", strict);
/// let path = Path::from("answer.predict");
/// let found: Vec<&Overrides> = ctx.overrides(Some(&path))?.collect();
/// assert_eq!(found[0].options.temperature, Some(0.0));
/// assert_eq!(ctx.overrides(Some(&Path::from("rank")))?.count(), 0);
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Overrides {
    /// Its model.
    pub lm: Option<Arc<dyn LanguageModel>>,
    /// Its adapter.
    pub adapter: Option<Arc<dyn Adapter>>,
    /// Its way to read completions.
    pub policy: Option<ParsePolicy>,
    /// What it does about replies that cannot be read.
    pub fallbacks: Option<Arc<[Fallback]>>,
    /// Its model for second calls, which read the text of a first.
    pub extraction_lm: Option<Arc<dyn LanguageModel>>,
    /// Its options, over those of the context.
    pub options: Options,
}

impl Overrides {
    /// Nothing overridden.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another model.
    #[must_use]
    pub fn lm(mut self, lm: impl LanguageModel + 'static) -> Self {
        self.lm = Some(Arc::new(lm));
        self
    }

    /// Another adapter.
    #[must_use]
    pub fn adapter(mut self, adapter: impl Adapter + 'static) -> Self {
        self.adapter = Some(Arc::new(adapter));
        self
    }

    /// Another way to read completions.
    #[must_use]
    pub fn policy(mut self, policy: ParsePolicy) -> Self {
        self.policy = Some(policy);
        self
    }

    /// Other things to do about replies that cannot be read; an empty list for nothing.
    #[must_use]
    pub fn fallbacks(mut self, fallbacks: impl IntoIterator<Item = Fallback>) -> Self {
        self.fallbacks = Some(fallbacks.into_iter().collect());
        self
    }

    /// Another model for second calls, which read the text of a first.
    #[must_use]
    pub fn extraction_lm(mut self, lm: impl LanguageModel + 'static) -> Self {
        self.extraction_lm = Some(Arc::new(lm));
        self
    }

    /// Other options.
    #[must_use]
    pub fn options(mut self, options: Options) -> Self {
        self.options = options;
        self
    }
}

impl fmt::Debug for Overrides {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Overrides")
            .field("lm", &self.lm.as_deref().map(LanguageModel::id))
            .field("adapter", &self.adapter.as_ref().map(|a| a.name()))
            .field("policy", &self.policy)
            .field("fallbacks", &self.fallbacks)
            .field("extraction_lm", &self.extraction_lm.as_deref().map(LanguageModel::id))
            .field("options", &self.options)
            .finish()
    }
}

impl Context {
    /// A context with a model; everything else is as usual: the chat adapter, the default way to read completions,
    /// no limits, the machine's clock, seed 0, no sinks.
    pub fn new(lm: impl LanguageModel + 'static) -> Self {
        Self(Arc::new(Inner {
            lm: Arc::new(lm),
            adapter: None,
            policy: ParsePolicy::default(),
            fallbacks: Arc::default(),
            extraction_lm: None,
            options: Options::default(),
            limits: Arc::new(LimitState::new(Limits::none())),
            cancellation: Cancellation::new(),
            clock: Arc::new(SystemClock),
            seed: 0,
            trace: None,
            events: None,
            meter: None,
            spending: None,
            tags: Arc::default(),
            overrides: Vec::new(),
        }))
    }

    fn change(&self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = (*self.0).clone();
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// The context with another model.
    #[must_use]
    pub fn with_lm(&self, lm: impl LanguageModel + 'static) -> Self {
        self.change(|c| c.lm = Arc::new(lm))
    }

    /// The context with an adapter.
    #[must_use]
    pub fn with_adapter(&self, adapter: impl Adapter + 'static) -> Self {
        self.change(|c| c.adapter = Some(Arc::new(adapter)))
    }

    /// The context with an adapter that is shared already.
    #[must_use]
    pub fn with_shared_adapter(&self, adapter: Arc<dyn Adapter>) -> Self {
        self.change(|c| c.adapter = Some(adapter))
    }

    /// The context with another way to read completions.
    #[must_use]
    pub fn with_policy(&self, policy: ParsePolicy) -> Self {
        self.change(|c| c.policy = policy)
    }

    /// The context in which replies that cannot be read lead to further calls. They are tried in this order, until a
    /// reply can be read. Without them, which is the default, no such call is made.
    ///
    /// ```
    /// use dspex_core::{Context, Fallback};
    /// # use dspex_core::{BoxFuture, lm::{LanguageModel, LmError, Reply, Request}};
    /// # struct Fixed;
    /// # impl LanguageModel for Fixed {
    /// #     fn id(&self) -> &str { "fixed" }
    /// #     fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
    /// #         Box::pin(async { Ok(Reply::text("hi")) })
    /// #     }
    /// # }
    /// let ctx = Context::new(Fixed).with_fallbacks([Fallback::ShowError(2), Fallback::AskAsJson]);
    /// assert_eq!(ctx.fallbacks().len(), 2, "at most three further calls");
    /// assert!(Context::new(Fixed).fallbacks().is_empty());
    /// ```
    #[must_use]
    pub fn with_fallbacks(&self, fallbacks: impl IntoIterator<Item = Fallback>) -> Self {
        self.change(|c| c.fallbacks = fallbacks.into_iter().collect())
    }

    /// The context with a model for second calls, which read the text of a first: those of the two-step adapter and of
    /// [`Fallback::Extract`]. Without it, the model of the first call makes them.
    #[must_use]
    pub fn with_extraction_lm(&self, lm: impl LanguageModel + 'static) -> Self {
        self.change(|c| c.extraction_lm = Some(Arc::new(lm)))
    }

    /// The context with options for every call; those of a predictor count over them.
    #[must_use]
    pub fn with_options(&self, options: Options) -> Self {
        self.change(|c| c.options = options)
    }

    /// The context with bounds, counted from now on for it and its copies together.
    #[must_use]
    pub fn with_limits(&self, limits: Limits) -> Self {
        self.change(|c| c.limits = Arc::new(LimitState::new(limits)))
    }

    /// The context with a budget, counted from now on for it and its copies together, and what is used of it. What it
    /// uses also counts for the budgets of the context that it was made from.
    pub fn budgeted(&self, budget: Budget) -> (Self, Spending) {
        let spending = Spending::new(budget, self.0.spending.clone(), Arc::clone(&self.0.clock));
        (self.change(|c| c.spending = Some(spending.clone())), spending)
    }

    /// Why no further call may be made under this context's budgets, where one of them is used up.
    pub fn over_budget(&self) -> Option<Error> {
        self.0.spending.as_ref()?.any_exhausted()
    }

    /// The context with one more tag: attempts that are made under it carry the tag, and [`Meter::tallies`] sums by it.
    ///
    /// ```
    /// # use dspex_core::{BoxFuture, Context, lm::{LanguageModel, LmError, Reply, Request}};
    /// # struct Fixed;
    /// # impl LanguageModel for Fixed {
    /// #     fn id(&self) -> &str { "fixed" }
    /// #     fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
    /// #         Box::pin(async { Ok(Reply::text("hi")) })
    /// #     }
    /// # }
    /// let ctx = Context::new(Fixed).with_tag("nightly").with_tag("customer-7").with_tag("nightly");
    /// assert_eq!(ctx.tags(), ["nightly", "customer-7"]);
    /// ```
    #[must_use]
    pub fn with_tag(&self, tag: impl Into<String>) -> Self {
        let tag = tag.into();
        if self.0.tags.contains(&tag) {
            return self.clone();
        }
        self.change(|c| c.tags = c.tags.iter().cloned().chain([tag]).collect())
    }

    /// The tags.
    pub fn tags(&self) -> &[String] {
        &self.0.tags
    }

    /// The context with a way to end its work.
    #[must_use]
    pub fn with_cancellation(&self, cancellation: Cancellation) -> Self {
        self.change(|c| c.cancellation = cancellation)
    }

    /// The context with another clock.
    #[must_use]
    pub fn with_clock(&self, clock: impl Clock + 'static) -> Self {
        self.change(|c| c.clock = Arc::new(clock))
    }

    /// The context with another seed.
    #[must_use]
    pub fn with_seed(&self, seed: u64) -> Self {
        self.change(|c| c.seed = seed)
    }

    /// The context with a sink for the steps of its calls.
    #[must_use]
    pub fn with_trace(&self, sink: impl TraceSink + 'static) -> Self {
        self.change(|c| c.trace = Some(Arc::new(sink)))
    }

    /// The context with a trace of its own, and the trace.
    pub fn traced(&self) -> (Self, Trace) {
        let trace = Trace::new();
        (self.with_trace(trace.clone()), trace)
    }

    /// The context with a meter of its own, which counts what is done under it, and the meter. What it counts also
    /// counts for the context that it was made from.
    ///
    /// ```
    /// # use dspex_core::{Attempt, BoxFuture, Context, Path, lm::{LanguageModel, LmError, Reply, Request}};
    /// # struct Fixed;
    /// # impl LanguageModel for Fixed {
    /// #     fn id(&self) -> &str { "fixed" }
    /// #     fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
    /// #         Box::pin(async { Ok(Reply::text("hi")) })
    /// #     }
    /// # }
    /// # use futures_util::FutureExt as _;
    /// let (ctx, meter) = Context::new(Fixed).metered();
    /// let request = Request::default();
    /// ctx.ask(&Path::root(), &Fixed, &request).now_or_never().unwrap()?;
    /// assert_eq!(meter.usage().calls, 1);
    /// # Ok::<(), dspex_core::Error>(())
    /// ```
    pub fn metered(&self) -> (Self, Meter) {
        let meter = Meter::under(self.0.meter.clone());
        (self.change(|c| c.meter = Some(meter.clone())), meter)
    }

    /// Tells the meters what was mended while a reply was read.
    pub fn note(&self, notes: &[Note]) {
        if let Some(meter) = self.0.meter.as_ref().filter(|_| !notes.is_empty()) {
            meter.note(notes);
        }
    }

    /// Tells the meters that the reply of the last attempt was of no use, and why.
    pub fn blame_last_attempt(&self, code: &str) {
        if let Some(meter) = &self.0.meter {
            meter.blame_last(code);
        }
    }

    /// The context with a sink for events.
    #[must_use]
    pub fn with_events(&self, sink: impl EventSink + 'static) -> Self {
        self.change(|c| c.events = Some(Arc::new(sink)))
    }

    /// The context in which the predictor at a path uses something else.
    ///
    /// Predictors are known by their path once the program is stamped (see [`Program`](crate::Program)).
    #[must_use]
    pub fn with(&self, path: impl Into<Path>, overrides: Overrides) -> Self {
        let path = path.into();
        self.change(|c| c.overrides.push((path, overrides)))
    }

    /// The model.
    pub fn lm(&self) -> &Arc<dyn LanguageModel> {
        &self.0.lm
    }

    /// The adapter, where one was set.
    pub fn adapter(&self) -> Option<&Arc<dyn Adapter>> {
        self.0.adapter.as_ref()
    }

    /// The way to read completions.
    pub fn policy(&self) -> &ParsePolicy {
        &self.0.policy
    }

    /// What is done about replies that cannot be read, in this order.
    pub fn fallbacks(&self) -> &[Fallback] {
        &self.0.fallbacks
    }

    /// The model for second calls, where one was set.
    pub fn extraction_lm(&self) -> Option<&Arc<dyn LanguageModel>> {
        self.0.extraction_lm.as_ref()
    }

    /// The options for every call.
    pub fn options(&self) -> &Options {
        &self.0.options
    }

    /// The clock.
    pub fn clock(&self) -> &dyn Clock {
        &*self.0.clock
    }

    /// What ends the work of this context.
    pub fn cancellation(&self) -> &Cancellation {
        &self.0.cancellation
    }

    /// The randomness for a purpose: the same for the same seed and purpose.
    pub fn random(&self, purpose: &str) -> Random {
        Random::new(self.0.seed, purpose)
    }

    /// What the predictor at a path overrides; the last override of a path counts first.
    ///
    /// A predictor without a path cannot be told from others, so with overrides set it is an error.
    pub fn overrides(&self, path: Option<&Path>) -> Result<impl Iterator<Item = &Overrides>> {
        if path.is_none() && !self.0.overrides.is_empty() {
            return Err(Error::configuration(
                "expected predictors that know their path, since the context has overrides by path; \
                 found one that no walk has stamped",
            )
            .with_hint("call `.stamped()` on the program first"));
        }
        Ok(self.0.overrides.iter().rev().filter(move |(p, _)| Some(p) == path).map(|(_, o)| o))
    }

    /// An error if the overrides name a path that no predictor of the program has.
    pub fn check_overrides<P: Program + ?Sized>(&self, program: &P) -> Result<()> {
        let mut paths = Vec::new();
        visit(program, |path, _| paths.push(path.to_string()));
        for (path, _) in &self.0.overrides {
            let path = path.to_string();
            if !paths.contains(&path) {
                return Err(unknown_name("predictors", &path, paths.iter().map(String::as_str)));
            }
        }
        Ok(())
    }

    /// An error if the work was cancelled.
    pub fn check_cancelled(&self) -> Result<()> {
        if self.0.cancellation.is_cancelled() { Err(ErrorKind::Cancelled.into()) } else { Ok(()) }
    }

    /// Whether somebody wants the steps of a trace.
    pub fn is_traced(&self) -> bool {
        self.0.trace.is_some()
    }

    /// Hands a step to the trace.
    pub fn record(&self, step: TraceStep) {
        if let Some(sink) = &self.0.trace {
            sink.record(step);
        }
    }

    /// Asks a model under the limits of this context, and ends early if the work is cancelled.
    ///
    /// This is the one way from a module to a model. The attempt says what happened, also where it failed; then the
    /// error carries it.
    pub async fn ask(
        &self,
        path: &Path,
        lm: &dyn LanguageModel,
        request: &Request,
    ) -> Result<(Reply, Attempt)> {
        self.ask_because(path, lm, request, AttemptReason::Asked).await
    }

    /// The same for another reason than that a program asks, which the attempt then tells.
    pub async fn ask_because(
        &self,
        path: &Path,
        lm: &dyn LanguageModel,
        request: &Request,
        reason: AttemptReason,
    ) -> Result<(Reply, Attempt)> {
        self.check_cancelled()?;
        let work = pin!(async {
            let slot = match &self.0.limits.slots {
                Some(slots) => Some(slots.acquire().await),
                None => None,
            };
            // Those who waited for a slot get theirs when the cancelled ones let go; nothing may be sent then.
            self.check_cancelled()?;
            self.0.limits.take_call()?;
            let answer = self.ask_within_budget(path, lm, request, reason).await;
            drop(slot);
            answer
        });
        match select(work, pin!(self.0.cancellation.cancelled())).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(ErrorKind::Cancelled.into()),
        }
    }

    async fn ask_within_budget(
        &self,
        path: &Path,
        lm: &dyn LanguageModel,
        request: &Request,
        reason: AttemptReason,
    ) -> Result<(Reply, Attempt)> {
        let Some(spending) = &self.0.spending else {
            return self.ask_now(path, lm, lm.call(request), request, reason).await;
        };
        let begun = match spending.begin() {
            Ok(begun) => begun,
            // What was paid for once is free.
            Err(e) => match lm.cached(request).await {
                Some(reply) => {
                    let kept = Box::pin(async { Ok(reply) });
                    return self.ask_now(path, lm, kept, request, reason).await;
                }
                None => return Err(e),
            },
        };
        let answer = match spending.deadline() {
            None => self.ask_now(path, lm, lm.call(request), request, reason).await,
            Some(deadline) => {
                let mut request = request.clone();
                request.options = Options::new().deadline(deadline).over(&request.options);
                self.ask_now(path, lm, lm.call(&request), &request, reason).await
            }
        };
        match &answer {
            Ok((_, attempt)) => begun.settle(attempt.usage, attempt.cached),
            Err(e) => begun.settle(e.usage(), false),
        }
        answer
    }

    async fn ask_now(
        &self,
        path: &Path,
        lm: &dyn LanguageModel,
        call: BoxFuture<'_, Result<Reply, LmError>>,
        request: &Request,
        reason: AttemptReason,
    ) -> Result<(Reply, Attempt)> {
        let started = self.0.clock.now();
        if let Some(events) = &self.0.events {
            events.emit(&RunEvent::CallStarted { path: path.clone(), model: lm.id().to_owned() });
        }
        let answer = call.await;
        let elapsed = self.0.clock.now().saturating_duration_since(started);
        let mut attempt = Attempt::new(path.clone(), lm.id());
        attempt.reason = reason;
        attempt.elapsed = elapsed;
        attempt.tags = Arc::clone(&self.0.tags);
        attempt.response_format = request.response_format.as_ref().map(crate::lm::ResponseFormat::name);
        let failed = match &answer {
            Ok(reply) => &reply.failed,
            Err(e) => &e.failed,
        };
        attempt.failed_tries = failed.len() as u64;
        attempt.failed_usage = failed.iter().map(|f| f.usage).sum();
        match &answer {
            Ok(reply) => {
                attempt.usage = reply.all_usage();
                attempt.cached = reply.cached;
                attempt.text = reply.choices.first().map(crate::lm::Choice::content);
                attempt.finish = reply.choices.first().map(|c| c.finish.clone());
            }
            Err(e) => {
                attempt.usage = e.all_usage();
                attempt.text.clone_from(&e.partial);
                attempt.error = Some(e.kind.code().to_owned());
            }
        }
        if let Some(events) = &self.0.events {
            events.emit(&RunEvent::CallFinished {
                path: path.clone(),
                model: lm.id().to_owned(),
                usage: attempt.usage,
                elapsed,
                error: answer.as_ref().err().map(|e| e.kind.code()),
            });
        }
        if let Some(meter) = &self.0.meter {
            meter.record(attempt.clone());
        }
        match answer {
            Ok(reply) => Ok((reply, attempt)),
            Err(e) => Err(Error::from(e).with_attempts(vec![attempt])),
        }
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("lm", &self.0.lm.id())
            .field("adapter", &self.0.adapter.as_ref().map(|a| a.name()))
            .field("policy", &self.0.policy.name())
            .field("seed", &self.0.seed)
            .finish_non_exhaustive()
    }
}
