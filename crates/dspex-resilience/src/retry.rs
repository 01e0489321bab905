//! Trying again: when, how often, after what wait.

use std::future::Future;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::deadline::Deadline;
use crate::events::{Event, Events};
use crate::fault::{Class, Fault};
use crate::jitter::Jitter;
use crate::quota::RetryQuota;
use crate::refusal::Refusal;

/// How often and how long a call is tried.
///
/// ```
/// use dspex_resilience::RetryPolicy;
/// use std::time::Duration;
/// let mut policy = RetryPolicy::default();
/// policy.attempts = 5;
/// assert_eq!((policy.base, policy.cap), (Duration::from_millis(500), Duration::from_secs(20)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts in all, the first included. 3, unless set; 0 counts as 1.
    pub attempts: u32,
    /// Attempts in all that the server throttled and told when to come back. They are counted apart: the server paces
    /// them, and says that it is in order. 10, unless set.
    pub throttled_attempts: u32,
    /// The longest first wait: waits are by chance between zero and `base * 2^(attempt - 1)`. 0.5 s, unless set.
    pub base: Duration,
    /// The longest wait that is not the server's wish. 20 s, unless set.
    pub cap: Duration,
    /// No attempt starts that long after the call began. 5 minutes, unless set.
    pub elapsed: Duration,
    /// The longest wait that the server can ask for; a longer one fails at once. 60 s, unless set.
    pub longest_wait: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            attempts: 3,
            throttled_attempts: 10,
            base: Duration::from_millis(500),
            cap: Duration::from_secs(20),
            elapsed: Duration::from_mins(5),
            longest_wait: Duration::from_mins(1),
        }
    }
}

/// Why a failed call is not tried again.
///
/// ```
/// use dspex_resilience::Stop;
/// assert_ne!(Stop::Quota, Stop::Attempts);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Stop {
    /// The failure is of a class that is not tried again.
    Class,
    /// The server said not to.
    Server,
    /// A part of the reply was given on already.
    OutputGiven,
    /// All attempts are made.
    Attempts,
    /// The server asks for a longer wait than is allowed.
    LongWait,
    /// The wait would reach the caller's deadline.
    Deadline,
    /// The wait would pass the longest time for all attempts.
    Elapsed,
    /// The retry quota is used up.
    Quota,
}

/// What follows an attempt.
///
/// ```
/// use dspex_resilience::{Next, Stop};
/// assert!(matches!(Next::Stop(Stop::Class), Next::Stop(_)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It succeeded.
    Done,
    /// Another attempt after this wait.
    Wait(Duration),
    /// The error is the call's.
    Stop(Stop),
}

/// One attempt, as an observer sees it when it is over. See [`Retry::run_observed`].
///
/// ```
/// use dspex_resilience::{Attempt, Refusal};
/// fn paid<T>(attempts: &mut Vec<u32>, attempt: &Attempt<'_, T>) {
///     attempts.push(attempt.number);
/// }
/// let _: fn(&mut Vec<u32>, &Attempt<'_, Refusal>) = paid;
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Attempt<'a, E> {
    /// Its number, from 1.
    pub number: u32,
    /// Its error; `None` if it succeeded.
    pub error: Option<&'a E>,
    /// How long it took, the waits of inner layers included.
    pub took: Duration,
    /// What follows.
    pub next: Next,
}

/// Tries a call again where that can help. It holds nothing while it waits, so a retry waits for its turn in the inner
/// layers like any call.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use dspex_resilience::{Class, Deadline, Failed, Fault, Jitter, Retry, RetryPolicy, RetryQuota};
/// #[derive(Debug)]
/// struct Down;
/// impl Fault for Down {
///     fn class(&self) -> Class {
///         Class::Transient
///     }
/// }
/// let retry = Retry::new(RetryPolicy::default(), RetryQuota::default(), Jitter::seeded(1));
/// let attempt = |n| async move { if n < 3 { Err(Failed::Call(Down)) } else { Ok(n) } };
/// assert_eq!(retry.run(Deadline::NONE, attempt).await.unwrap(), 3);
/// # }
/// ```
#[derive(Debug)]
pub struct Retry {
    policy: RetryPolicy,
    quota: RetryQuota,
    jitter: Jitter,
    key: String,
    events: Events,
}

impl Retry {
    /// Retries by a policy, on a quota that may be shared.
    pub fn new(policy: RetryPolicy, quota: RetryQuota, jitter: Jitter) -> Self {
        Self { policy, quota, jitter, key: String::new(), events: Events::default() }
    }

    /// Tells events under a key.
    #[must_use]
    pub fn with_events(mut self, key: impl Into<String>, events: Events) -> Self {
        (self.key, self.events) = (key.into(), events);
        self
    }

    /// The quota.
    pub fn quota(&self) -> &RetryQuota {
        &self.quota
    }

    /// Makes a call, again where it fails and that can help. `call` gets the number of the attempt, from 1.
    ///
    /// Errors: that of the last attempt. [`Refusal::Deadline`] only if the deadline passed before the first.
    pub async fn run<T, E, F, Fut>(&self, deadline: Deadline, call: F) -> Result<T, E>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Refusal>,
    {
        self.run_observed(deadline, call, |_| ()).await
    }

    /// As [`Retry::run`], and shows each attempt to an observer when it is over, with what follows.
    pub async fn run_observed<T, E, F, Fut>(
        &self,
        deadline: Deadline,
        mut call: F,
        mut observe: impl FnMut(&Attempt<'_, E>),
    ) -> Result<T, E>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Refusal>,
    {
        if deadline.passed() {
            return Err(Refusal::Deadline.into());
        }
        let mut so_far = SoFar { began: Instant::now(), failed: 0, throttled: 0, taken: None };
        loop {
            let number = so_far.failed + so_far.throttled + 1;
            let started = Instant::now();
            let result = call(number).await;
            let next = match &result {
                Ok(_) => Next::Done,
                Err(error) => self.decide(&mut so_far, error, deadline),
            };
            let (error, took) = (result.as_ref().err(), started.elapsed());
            observe(&Attempt { number, error, took, next });
            match next {
                Next::Done => self.quota.give_back(so_far.taken),
                Next::Stop(_) => {}
                Next::Wait(wait) => {
                    let class = error.map_or(Class::Transient, Fault::class);
                    drop(result);
                    self.events.tell(&self.key, &Event::Retried { attempt: number, wait, class });
                    sleep(wait).await;
                    continue;
                }
            }
            return result;
        }
    }

    fn decide<E: Fault>(&self, so_far: &mut SoFar, error: &E, deadline: Deadline) -> Next {
        let class = error.class();
        let asked = error.retry_after();
        let paced = class == Class::Throttled && asked.is_some();
        so_far.count(paced);
        if error.gave_output() {
            return Next::Stop(Stop::OutputGiven);
        }
        match error.should_retry() {
            Some(false) => return Next::Stop(Stop::Server),
            Some(true) if class != Class::Cancelled => {}
            _ if !class.is_retried() => return Next::Stop(Stop::Class),
            _ => {}
        }
        let (made, most) = if paced {
            (so_far.throttled, self.policy.throttled_attempts)
        } else {
            (so_far.failed, self.policy.attempts)
        };
        if made >= most {
            return Next::Stop(Stop::Attempts);
        }
        if asked.is_some_and(|wait| wait > self.policy.longest_wait) {
            return Next::Stop(Stop::LongWait);
        }
        let wait = self.wait(so_far, asked);
        if !deadline.allows(wait) {
            return Next::Stop(Stop::Deadline);
        }
        if so_far.began.elapsed() + wait > self.policy.elapsed {
            return Next::Stop(Stop::Elapsed);
        }
        if paced {
            return Next::Wait(wait);
        }
        // What an earlier retry took stays taken: it did not succeed.
        match self.quota.take(class) {
            Some(cost) => {
                so_far.taken = Some(cost);
                Next::Wait(wait)
            }
            None => Next::Stop(Stop::Quota),
        }
    }

    /// Full jitter; above the server's wish where it has one, so that not all come back in the same moment.
    fn wait(&self, so_far: &SoFar, asked: Option<Duration>) -> Duration {
        if let Some(asked) = asked {
            return asked + self.jitter.up_to(self.policy.base);
        }
        let doubled = 2_u32.saturating_pow(so_far.failed.saturating_sub(1));
        self.jitter.up_to(self.policy.base.saturating_mul(doubled).min(self.policy.cap))
    }
}

/// What a call has behind it.
struct SoFar {
    began: Instant,
    failed: u32,
    throttled: u32,
    /// What its last retry took from the quota.
    taken: Option<u32>,
}

impl SoFar {
    fn count(&mut self, paced: bool) {
        *(if paced { &mut self.throttled } else { &mut self.failed }) += 1;
    }
}
