//! A model behind retry, breaker, limits and timeout.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use dspex_core::lm::{Event, EventStream, LmError, LmErrorKind, Reply, Request};
use dspex_core::{BoxFuture, LanguageModel};
use dspex_resilience::{
    Ask, Deadline, Events, HealthReport, Jitter, Key, Outcome, Permit, Refusal, Registry, Stack, StackPolicy,
    Ticket, UnderWay,
};
use futures_util::stream::{self, StreamExt as _};

use super::tries::Tries;
use super::{Failure, estimate, silent};

/// How a model is kept from failing, and its provider from being hurried.
///
/// ```
/// use dspex_lm::{Lm, Resilience};
/// let mut resilience = Resilience::default();
/// resilience.policy.retry.attempts = 5;
/// resilience.tenant = "evaluation".into();
/// let lm = Lm::builder("ollama/llama3").resilience(resilience).build()?;
/// # let _ = lm;
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Resilience {
    /// The rules of the layers.
    pub policy: StackPolicy,
    /// Seed of the jitter.
    pub seed: u64,
    /// For whom calls are made: tenants of one [`Governors`] share its limits fairly.
    pub tenant: Arc<str>,
    /// The tenant's weight.
    pub weight: u32,
    /// Names the credential, where several are used at one endpoint. It is no secret: it stands in errors.
    pub key_id: String,
    /// Who shares limits, breakers and quota; models of one endpoint, name and credential do.
    pub governors: Governors,
}

impl Default for Resilience {
    fn default() -> Self {
        Self {
            policy: StackPolicy::default(),
            seed: 0,
            tenant: "".into(),
            weight: 1,
            key_id: String::new(),
            governors: Governors::default(),
        }
    }
}

impl Resilience {
    /// Every call is tried once.
    #[must_use]
    pub fn without_retries(mut self) -> Self {
        self.policy.retry.attempts = 1;
        self.policy.retry.throttled_attempts = 1;
        self
    }
}

/// One set of limits, breaker and quota for each endpoint, model and credential. Copies share them.
///
/// ```
/// use dspex_lm::{Governors, Lm, Resilience};
/// let governors = Governors::default();
/// let mut resilience = Resilience::default();
/// resilience.governors = governors.clone();
/// let lm = Lm::builder("ollama/llama3").resilience(resilience).build()?;
/// let health = governors.health();
/// assert!(health[0].1.is_available());
/// # let _ = lm;
/// # Ok::<(), dspex_core::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct Governors(Arc<Shared>);

#[derive(Default)]
struct Shared {
    stacks: Registry<Stack>,
    events: Events,
}

impl Governors {
    /// Governors that tell what happens: a breaker opens, a call is tried again.
    ///
    /// ```
    /// use dspex_lm::Governors;
    /// let governors = Governors::telling(|endpoint, event| eprintln!("{endpoint}: {event}"));
    /// # let _ = governors;
    /// ```
    pub fn telling(sink: impl Fn(&str, &dspex_resilience::Event) + Send + Sync + 'static) -> Self {
        Self(Arc::new(Shared { stacks: Registry::default(), events: Events::to(sink) }))
    }

    /// How each endpoint does, by its name.
    pub fn health(&self) -> Vec<(String, HealthReport)> {
        self.0
            .stacks
            .entries()
            .into_iter()
            .map(|(key, stack)| (key.to_string(), stack.health().report()))
            .collect()
    }

    pub(crate) fn stack(&self, endpoint: &str, resilience: &Resilience) -> Arc<Stack> {
        let key = Key::new(endpoint, "", resilience.key_id.as_str());
        self.0.stacks.get_or_make(&key, || {
            let jitter = Jitter::seeded(resilience.seed);
            Stack::new(endpoint, resilience.policy, jitter, self.0.events.clone())
        })
    }
}

impl fmt::Debug for Governors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.stacks.entries().iter().map(|(key, _)| key.to_string())).finish()
    }
}

/// A model behind retry, breaker, limits and timeout. What was tried before an answer, or before the last failure, stands
/// in the reply or in the error.
///
/// A reply that says nothing is an error here, and asked for once more. Of a stream, only what fails before its first
/// event is tried again.
///
/// ```
/// use dspex_core::LanguageModel as _;
/// use dspex_lm::{NearestLm, Resilience, Resilient};
/// let lm = Resilient::new(NearestLm::new(), Resilience::default());
/// assert_eq!(lm.id(), "builtin/nearest");
/// ```
#[derive(Clone)]
pub struct Resilient {
    lm: Arc<dyn LanguageModel>,
    stack: Arc<Stack>,
    tenant: Arc<str>,
    weight: u32,
}

impl Resilient {
    /// The model behind the layers.
    pub fn new(lm: impl LanguageModel + 'static, resilience: Resilience) -> Self {
        let lm: Arc<dyn LanguageModel> = Arc::new(lm);
        let stack = resilience.governors.stack(&lm.endpoint(), &resilience);
        Self { lm, stack, tenant: resilience.tenant, weight: resilience.weight }
    }

    /// How the endpoint does.
    pub fn health(&self) -> HealthReport {
        self.stack.health().report()
    }

    fn ask(&self, request: &Request) -> Ask {
        let deadline = match request.options.deadline {
            Some(deadline) => Deadline::at(deadline.into()),
            None => Deadline::NONE,
        };
        Ask::default()
            .tenant(Arc::clone(&self.tenant))
            .weight(self.weight)
            .tokens(estimate::tokens(request))
            .deadline(deadline)
    }

    async fn answer(&self, request: &Request) -> Result<Reply, LmError> {
        let (ask, mut tries) = (self.ask(request), Tries::default());
        let empty = AtomicU32::new(0);
        let attempt = |_| async {
            let answered = self.lm.call(request).await;
            let checked = answered.and_then(|reply| silent::check(&reply).map(|()| reply));
            checked.map_err(|e| Failure(if e.kind == LmErrorKind::Empty { once_more(e, &empty) } else { e }))
        };
        let answered = self.stack.run_observed(&ask, attempt, |attempt| tries.see(attempt)).await;
        match answered {
            Ok(mut reply) => {
                reply.failed.splice(0..0, tries.0);
                Ok(reply)
            }
            Err(Failure(e)) => Err(tries.into_error(self.named(e))),
        }
    }

    /// What a layer refused, or found wrong with a reply, with the name of the model.
    fn named(&self, e: LmError) -> LmError {
        if e.model.is_some() { e } else { e.with_model(self.id()) }
    }

    /// Opens a stream up to its first event.
    async fn open<'a>(&'a self, request: &'a Request, ask: &Ask) -> Result<Opened<'a>, Failure> {
        let ticket = self.stack.breaker().enter().map_err(Refusal::Open)?;
        let permit = self.stack.limiter().acquire(ask).await?;
        if ticket.is_stale() {
            // It opened while this one waited for its turn.
            drop(self.stack.breaker().enter().map_err(Refusal::Open)?);
        }
        let held = Held { ticket, permit, under_way: self.stack.health().begin() };
        let mut events = self.lm.stream(request);
        match events.next().await {
            Some(Ok(first)) => Ok(Opened { first, events, held }),
            other => {
                let e = match other {
                    Some(Err(e)) => e,
                    _ => LmError::new(LmErrorKind::Transport, "expected a stream of events, found it empty"),
                };
                let failed = Failure(e);
                held.end(&Err(failed.clone()));
                Err(failed)
            }
        }
    }
}

/// Lets a reply that says nothing be asked for once more, and no more than that.
fn once_more(mut error: LmError, empty: &AtomicU32) -> LmError {
    if empty.fetch_add(1, Ordering::Relaxed) > 0 {
        error.should_retry = Some(false);
    }
    error
}

/// A stream whose first event came.
struct Opened<'a> {
    first: Event,
    events: EventStream<'a>,
    held: Held,
}

/// What a stream holds while it flows.
struct Held {
    ticket: Ticket,
    permit: Permit,
    under_way: UnderWay,
}

impl Held {
    fn end(self, result: &Result<(), Failure>) {
        let outcome = Outcome::of(result);
        self.under_way.end(outcome);
        self.permit.finish(result);
        self.ticket.record(outcome);
    }
}

impl LanguageModel for Resilient {
    crate::forward::forward!(lm);

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(self.answer(request))
    }

    fn stream<'a>(&'a self, request: &'a Request) -> EventStream<'a> {
        let opened = async move {
            let (ask, mut tries) = (self.ask(request), Tries::default());
            let retry = self.stack.retry();
            let opened =
                retry.run_observed(ask.deadline, |_| self.open(request, &ask), |a| tries.see(a)).await;
            match opened {
                Ok(opened) => {
                    let failed = tries.0.into_iter().map(|f| Ok(Event::Failed(f)));
                    let named = |event: Result<Event, LmError>| event.map_err(|e| self.named(e));
                    stream::iter(failed).chain(flow(opened)).map(named).boxed()
                }
                Err(Failure(e)) => stream::iter([Err(tries.into_error(self.named(e)))]).boxed(),
            }
        };
        Box::pin(stream::once(opened).flatten())
    }
}

/// The events of a stream, which tells the layers how it ended. One that ends and says nothing is an error.
fn flow(opened: Opened<'_>) -> EventStream<'_> {
    let Opened { first, events, held } = opened;
    let (mut held, mut said) = (Some(held), silent::Heard::default());
    let all = stream::iter([Ok(first)]).chain(events).map(move |event| {
        let event = event.and_then(|event| said.hear(event));
        match &event {
            Ok(Event::Usage(usage)) => {
                if let Some(held) = &held {
                    held.permit.used_tokens(usage.total_tokens());
                }
            }
            Ok(Event::Done { .. }) => {
                if let Some(held) = held.take() {
                    held.end(&Ok(()));
                }
            }
            Err(e) => {
                if let Some(held) = held.take() {
                    held.end(&Err(Failure(e.clone())));
                }
            }
            Ok(_) => {}
        }
        event
    });
    Box::pin(all)
}

impl fmt::Debug for Resilient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resilient").field("lm", &self.lm.id()).finish_non_exhaustive()
    }
}
