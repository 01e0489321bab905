//! The layers in their order.

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::breaker::{Breaker, BreakerPolicy};
use crate::events::Events;
use crate::fault::{Fault, Outcome};
use crate::health::Health;
use crate::jitter::Jitter;
use crate::limits::{Ask, Limits};
use crate::quota::{QuotaPolicy, RetryQuota};
use crate::rate_limit::Limiter;
use crate::refusal::{Open, Refusal};
use crate::retry::{Attempt, Retry, RetryPolicy};
use crate::timeout::Timeout;
use crate::window::Window;

/// The settings of a [`Stack`].
///
/// ```
/// use dspex_resilience::StackPolicy;
/// use std::time::Duration;
/// let mut policy = StackPolicy::default();
/// policy.retry.attempts = 5;
/// assert_eq!(policy.attempt_timeout, Duration::from_secs(600));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct StackPolicy {
    /// When a call is tried again.
    pub retry: RetryPolicy,
    /// What retries cost.
    pub quota: QuotaPolicy,
    /// When the breaker opens.
    pub breaker: BreakerPolicy,
    /// The limits.
    pub limits: Limits,
    /// How long one attempt may take, its wait for a turn not included. 10 minutes, unless set.
    pub attempt_timeout: Duration,
}

impl Default for StackPolicy {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            quota: QuotaPolicy::default(),
            breaker: BreakerPolicy::default(),
            limits: Limits::default(),
            attempt_timeout: Duration::from_mins(10),
        }
    }
}

/// Retry, breaker, limits and timeout of one attempt, from the outside in, for calls with one key: the caller's deadline
/// is around all. A retry waits for its turn like any call and holds nothing while it sleeps; the breaker sees each
/// attempt; a call whose breaker opens while it waits for its turn is not sent.
///
/// The crate's page has an example.
///
/// ```
/// use dspex_resilience::{Events, Jitter, Stack, StackPolicy};
/// let stack = Stack::new("a", StackPolicy::default(), Jitter::seeded(1), Events::default());
/// assert!(stack.health().report().is_available());
/// ```
#[derive(Debug)]
pub struct Stack {
    retry: Retry,
    breaker: Breaker,
    limiter: Limiter,
    timeout: Timeout,
    health: Health,
}

impl Stack {
    /// The layers for one key.
    pub fn new(key: &str, policy: StackPolicy, jitter: Jitter, events: Events) -> Self {
        let breaker = Breaker::new(key, policy.breaker).with_events(events.clone());
        let limiter = Limiter::shared(key, policy.limits, Window::default(), events.clone());
        Self {
            retry: Retry::new(policy.retry, RetryQuota::new(policy.quota), jitter).with_events(key, events),
            health: Health::default().with_breaker(&breaker).with_window(limiter.window()),
            breaker,
            limiter,
            timeout: Timeout::attempt(policy.attempt_timeout),
        }
    }

    /// The retry layer.
    pub fn retry(&self) -> &Retry {
        &self.retry
    }

    /// The breaker.
    pub fn breaker(&self) -> &Breaker {
        &self.breaker
    }

    /// The limits.
    pub fn limiter(&self) -> &Limiter {
        &self.limiter
    }

    /// How the server does, by its attempts.
    pub fn health(&self) -> &Health {
        &self.health
    }

    /// Makes a call through all layers. `call` gets the number of the attempt, from 1.
    ///
    /// Errors: those of the layers and of the call.
    pub async fn run<T, E, F, Fut>(&self, ask: &Ask, call: F) -> Result<T, E>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Refusal>,
    {
        self.run_observed(ask, call, |_| ()).await
    }

    /// As [`Stack::run`], and shows each attempt to an observer when it is over.
    pub async fn run_observed<T, E, F, Fut>(
        &self,
        ask: &Ask,
        call: F,
        observe: impl FnMut(&Attempt<'_, E>),
    ) -> Result<T, E>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Refusal>,
    {
        // One attempt at a time calls it, so the lock is always free; it lets attempts share what is `FnMut`.
        let call = Mutex::new(call);
        let attempt = |number| self.attempt(ask, number, &call);
        self.retry.run_observed(ask.deadline, attempt, observe).await
    }

    /// One attempt: breaker, limits, timeout.
    async fn attempt<T, E, F, Fut>(&self, ask: &Ask, number: u32, call: &Mutex<F>) -> Result<T, E>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Refusal>,
    {
        let ticket = self.breaker.enter().map_err(Refusal::Open)?;
        let result = self
            .limiter
            .run(ask, || async {
                if ticket.is_stale()
                    && let Err(open) = self.refused()
                {
                    return Err(Refusal::Open(open).into());
                }
                let under_way = self.health.begin();
                let future = (*call.lock().unwrap_or_else(PoisonError::into_inner))(number);
                let result = self.timeout.run(ask.deadline, future).await;
                under_way.end(Outcome::of(&result));
                result
            })
            .await;
        ticket.record(Outcome::of(&result));
        result
    }

    /// Whether the breaker refuses now, without taking the place of a probe.
    fn refused(&self) -> Result<(), Open> {
        if self.breaker.is_available() { Ok(()) } else { self.breaker.enter().map(drop) }
    }
}
