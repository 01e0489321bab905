//! The circuit breaker: what keeps calls away from a server that fails.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::events::{Event, Events};
use crate::fault::{Fault, Outcome};
use crate::machine::{Change, Entry, Machine};
use crate::refusal::{Open, Refusal};

/// When a breaker opens, and for how long.
///
/// ```
/// use dspex_resilience::BreakerPolicy;
/// use std::time::Duration;
/// let mut policy = BreakerPolicy::default();
/// policy.in_a_row = None;
/// assert_eq!((policy.share, policy.least_calls, policy.open_at_most), (0.5, 20, Duration::from_secs(60)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct BreakerPolicy {
    /// It opens after so many failures without a success between them. 10, unless set; `None` does not look at it.
    pub in_a_row: Option<u32>,
    /// It opens when that share of the calls fails, of 0 to 1. 0.5, unless set; above 1 does not look at it.
    pub share: f64,
    /// The share counts only from so many calls on. 20, unless set.
    pub least_calls: u32,
    /// The span over which the share is taken. 30 s, unless set.
    pub over: Duration,
    /// Whether a refused key or an empty account opens it at once. It does, unless set; otherwise they are ignored.
    pub fatal: bool,
    /// How long it stays open the first time. 2 s, unless set; doubled each time that a probe fails.
    pub open_for: Duration,
    /// How long it stays open at most. 60 s, unless set.
    pub open_at_most: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self {
            in_a_row: Some(10),
            share: 0.5,
            least_calls: 20,
            over: Duration::from_secs(30),
            fatal: true,
            open_for: Duration::from_secs(2),
            open_at_most: Duration::from_mins(1),
        }
    }
}

/// The state of a breaker.
///
/// ```
/// use dspex_resilience::{Breaker, BreakerPolicy, BreakerState};
/// let breaker = Breaker::new("a", BreakerPolicy::default());
/// assert_eq!(breaker.state(), BreakerState::Closed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BreakerState {
    /// Calls go through.
    Closed,
    /// Calls are refused until then; the next one after it is the probe.
    Open {
        /// Until when.
        until: Instant,
    },
    /// One call at a time goes through.
    HalfOpen {
        /// Whether one is under way.
        probing: bool,
    },
}

/// Keeps calls away from a server that fails. Clones share one breaker.
///
/// It opens on failures only: a server that throttles, a request that is wrong and a caller that leaves are no failures.
/// A refused key or an empty account opens it at once. After a time it lets one call through; if that succeeds it closes,
/// and if it fails it opens for twice as long.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use dspex_resilience::{Breaker, BreakerPolicy, Refusal};
/// use std::time::Duration;
/// let breaker = Breaker::new("a", BreakerPolicy::default());
/// let slow = || async { Err::<(), _>(Refusal::TimedOut { what: "a reply", limit: Duration::from_secs(5) }) };
/// for _ in 0..10 {
///     breaker.run(slow).await.unwrap_err();
/// }
/// assert!(matches!(breaker.run(slow).await, Err(Refusal::Open(_))));
/// tokio::time::sleep(Duration::from_secs(2)).await;
/// breaker.run(|| async { Ok::<_, Refusal>("back") }).await.unwrap();
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Breaker {
    key: Arc<str>,
    machine: Arc<Mutex<Machine>>,
    events: Events,
}

impl Breaker {
    /// A closed breaker. The key is what errors and events call it.
    pub fn new(key: impl Into<Arc<str>>, policy: BreakerPolicy) -> Self {
        Self {
            key: key.into(),
            machine: Arc::new(Mutex::new(Machine::new(policy))),
            events: Events::default(),
        }
    }

    /// Tells events.
    #[must_use]
    pub fn with_events(mut self, events: Events) -> Self {
        self.events = events;
        self
    }

    fn lock(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Its state.
    pub fn state(&self) -> BreakerState {
        self.lock().state(Instant::now())
    }

    /// Whether a call would be let through now.
    pub fn is_available(&self) -> bool {
        matches!(self.state(), BreakerState::Closed | BreakerState::HalfOpen { probing: false })
    }

    /// Lets a call through, or refuses it at once. For calls whose end is seen elsewhere, such as streams; others use
    /// [`Breaker::run`].
    ///
    /// Errors: [`Open`], with until when.
    pub fn enter(&self) -> Result<Ticket, Open> {
        let now = Instant::now();
        let entered = self.lock().enter(now);
        match entered {
            Ok(entry) => {
                if entry.probe {
                    self.events.tell(&self.key, &Event::HalfOpened);
                }
                Ok(Ticket { breaker: self.clone(), entry, over: false })
            }
            Err(shut) => Err(Open {
                key: Arc::clone(&self.key),
                until: shut.until,
                wait: shut.until.saturating_duration_since(now),
                cause: shut.cause,
                probing: shut.probing,
            }),
        }
    }

    /// Makes a call through the breaker, which learns from its end. A dropped call says nothing, and a dropped probe
    /// makes room for the next.
    ///
    /// Errors: [`Refusal::Open`] without calling, or the call's own.
    pub async fn run<T, E, Fut>(&self, call: impl FnOnce() -> Fut) -> Result<T, E>
    where
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Refusal>,
    {
        let ticket = self.enter().map_err(|open| E::from(Refusal::Open(open)))?;
        let result = call().await;
        ticket.record(Outcome::of(&result));
        result
    }
}

/// The place of one call in a breaker. Dropping it without a record says nothing about the server.
///
/// ```
/// use dspex_resilience::{Breaker, BreakerPolicy, Outcome};
/// let breaker = Breaker::new("a", BreakerPolicy::default());
/// let ticket = breaker.enter().unwrap();
/// assert!(!ticket.is_stale());
/// ticket.record(Outcome::Success);
/// ```
#[derive(Debug)]
#[must_use = "dropping it makes room and says nothing about the server"]
pub struct Ticket {
    breaker: Breaker,
    entry: Entry,
    over: bool,
}

impl Ticket {
    /// Whether the breaker has opened since the call was let through. One that has not been sent yet, because it waited
    /// for a limit, should then not be sent.
    pub fn is_stale(&self) -> bool {
        self.breaker.lock().is_stale(self.entry)
    }

    /// Tells the breaker how the call ended.
    pub fn record(mut self, outcome: Outcome) {
        self.over = true;
        let change = self.breaker.lock().record(self.entry, outcome, Instant::now());
        let event = match change {
            Some(Change::Opened { wait, cause }) => Event::Opened { wait, cause },
            Some(Change::Closed) => Event::Closed,
            None => return,
        };
        self.breaker.events.tell(&self.breaker.key, &event);
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if !self.over {
            self.breaker.lock().record(self.entry, Outcome::Ignore, Instant::now());
        }
    }
}
