//! Limits on calls with one key: requests and tokens a minute, calls at once, and what the server asks for.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use crate::adaptive::Concurrency;
use crate::bucket::Bucket;
use crate::events::{Event, Events};
use crate::fair::FairQueue;
use crate::fault::{Class, Fault};
use crate::headers::RateLimits;
use crate::learned::Learned;
use crate::limits::{Ask, Limits};
use crate::refusal::Refusal;
use crate::window::Window;

/// Gives calls with one key their turn. Clones share one limiter.
///
/// Within a tenant the first goes first, and tenants share by weight, so that one with many calls cannot starve another.
/// When the server throttles one call, all wait as long as it asked. A waiting call that is dropped leaves no trace, and
/// a permit frees its place when it is dropped.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use dspex_resilience::{Ask, Limiter, Limits, Rate, Refusal};
/// use std::time::Duration;
/// let mut limits = Limits::default();
/// limits.requests = Some(Rate::per_minute(60.0).burst(1.0));
/// let limiter = Limiter::new("a", limits);
/// let start = tokio::time::Instant::now();
/// for _ in 0..3 {
///     limiter.run(&Ask::default(), || async { Ok::<_, Refusal>(()) }).await.unwrap();
/// }
/// assert_eq!(start.elapsed(), Duration::from_secs(2));
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct Limiter(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    key: Arc<str>,
    limits: Limits,
    window: Window,
    events: Events,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    queue: FairQueue,
    in_flight: usize,
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
    concurrency: Option<Concurrency>,
    learned: Learned,
}

/// When a call can go.
enum Turn {
    Now,
    At(Instant),
    /// When another ends.
    Freed,
}

impl Limiter {
    /// A limiter for calls with one key.
    pub fn new(key: impl Into<Arc<str>>, limits: Limits) -> Self {
        Self::shared(key, limits, Window::default(), Events::default())
    }

    /// A limiter with a window that is shared with others, and a sink for events.
    pub fn shared(key: impl Into<Arc<str>>, limits: Limits, window: Window, events: Events) -> Self {
        let state = State {
            queue: FairQueue::default(),
            in_flight: 0,
            requests: limits.requests.map(Bucket::new),
            tokens: limits.tokens.map(Bucket::new),
            concurrency: limits.adaptive.map(Concurrency::new),
            learned: Learned::default(),
        };
        Self(Arc::new(Shared { key: key.into(), limits, window, events, state: Mutex::new(state) }))
    }

    /// The back-off window.
    pub fn window(&self) -> &Window {
        &self.0.window
    }

    /// Calls under way.
    pub fn in_flight(&self) -> usize {
        self.0.lock().in_flight
    }

    /// Calls that wait for their turn.
    pub fn waiting(&self) -> usize {
        self.0.lock().queue.len()
    }

    /// How many calls can be under way now; `None` is any number.
    pub fn concurrency(&self) -> Option<usize> {
        self.0.lock().most(&self.0.limits)
    }

    /// Calls a second that the server takes, as learned from when it throttled.
    pub fn learned_rate(&self) -> Option<f64> {
        self.0.lock().learned.rate()
    }

    /// Waits for a turn. For calls whose end is seen elsewhere, such as streams; others use [`Limiter::run`].
    ///
    /// Errors: [`Refusal::TooLong`] where the server asked for a longer wait than is allowed or than the deadline leaves,
    /// [`Refusal::Deadline`] where the deadline passes while it waits.
    pub async fn acquire(&self, ask: &Ask) -> Result<Permit, Refusal> {
        if ask.deadline.passed() {
            return Err(Refusal::Deadline);
        }
        self.0.window.check(ask.deadline, self.0.limits.longest_wait)?;
        if let Some(permit) = self.at_once(ask) {
            return Ok(permit);
        }
        ask.deadline.run(self.wait(ask)).await
    }

    /// A permit without a queue, where nobody waits and nothing is lacking.
    fn at_once(&self, ask: &Ask) -> Option<Permit> {
        let mut state = self.0.lock();
        let now = Instant::now();
        let free = state.queue.is_empty() && matches!(state.turn(&self.0, ask, now), Turn::Now);
        free.then(|| self.permit(&mut state, ask, now))
    }

    async fn wait(&self, ask: &Ask) -> Result<Permit, Refusal> {
        let place = Place::join(&self.0, ask);
        loop {
            let until = {
                let mut state = self.0.lock();
                let now = Instant::now();
                let is_next = state.queue.head().is_some_and(|w| w.id == place.id);
                match is_next.then(|| state.turn(&self.0, ask, now)) {
                    Some(Turn::Now) => {
                        let permit = self.permit(&mut state, ask, now);
                        drop(state);
                        place.had_turn();
                        return Ok(permit);
                    }
                    Some(Turn::At(at)) => Some(at),
                    Some(Turn::Freed) | None => None,
                }
            };
            self.0.window.check(ask.deadline, self.0.limits.longest_wait)?;
            match until {
                // Woken or not, it looks again.
                Some(at) => drop(timeout_at(at, place.wake.notified()).await),
                None => place.wake.notified().await,
            }
        }
    }

    fn permit(&self, state: &mut State, ask: &Ask, now: Instant) -> Permit {
        let first = state.in_flight == 0;
        state.in_flight += 1;
        if let Some(requests) = &mut state.requests {
            requests.take(1.0, now);
        }
        if let Some(tokens) = &mut state.tokens {
            tokens.take(ask.tokens as f64, now);
        }
        state.learned.sent(first, now);
        Permit { limiter: self.clone(), began: now, tokens: ask.tokens }
    }

    /// Makes a call when it is its turn, and learns from its end.
    ///
    /// Errors: as [`Limiter::acquire`], or the call's own.
    pub async fn run<T, E, Fut>(&self, ask: &Ask, call: impl FnOnce() -> Fut) -> Result<T, E>
    where
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Refusal>,
    {
        let permit = self.acquire(ask).await?;
        let result = call().await;
        permit.finish(&result);
        result
    }

    /// Takes in what the server told of its limits with any reply: where no request is left, all calls wait until about
    /// one is there again. (The reset that servers tell is when *all* are, so it is divided by the limit.)
    pub fn observe(&self, told: &RateLimits) {
        let requests = told.requests;
        if let (true, Some(reset)) = (requests.is_exhausted(), requests.reset) {
            let all = requests.limit.unwrap_or(1).clamp(1, u64::from(u32::MAX));
            self.pause(reset / u32::try_from(all).unwrap_or(u32::MAX));
        }
    }

    fn pause(&self, wait: Duration) {
        if self.0.window.extend(wait) {
            self.0.events.tell(&self.0.key, &Event::Throttled { wait });
        }
        // The one that is next may now have to fail.
        self.0.lock().wake_next();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn most(&self, limits: &Limits) -> Option<usize> {
        let adaptive = self.concurrency.as_ref().map(Concurrency::limit);
        [limits.in_flight.map(|n| n.max(1)), adaptive].into_iter().flatten().min()
    }

    fn turn(&mut self, shared: &Shared, ask: &Ask, now: Instant) -> Turn {
        if self.most(&shared.limits).is_some_and(|most| self.in_flight >= most) {
            return Turn::Freed;
        }
        let mut at = shared.window.until().unwrap_or(now);
        if let Some(requests) = &mut self.requests {
            at = at.max(requests.ready(1.0, now));
        }
        if let Some(tokens) = &mut self.tokens {
            at = at.max(tokens.ready(ask.tokens as f64, now));
        }
        if shared.limits.learn_rate {
            at = at.max(self.learned.ready(now));
        }
        if at <= now { Turn::Now } else { Turn::At(at) }
    }

    fn throttled(&mut self, limits: &Limits, began: Instant, now: Instant, open: Instant) {
        self.learned.throttled(began, now);
        self.learned.idle_from(open);
        // Calls that are spaced by a known rate need not be fewer at once as well.
        let spaced = limits.learn_rate && self.learned.rate().is_some();
        if let (false, Some(concurrency)) = (spaced, &mut self.concurrency) {
            concurrency.throttled(began, now);
        }
    }

    fn wake_next(&self) {
        if let Some(next) = self.queue.head() {
            next.wake.notify_one();
        }
    }
}

/// A place in the queue, which is left when it is dropped.
struct Place<'a> {
    shared: &'a Shared,
    ask: &'a Ask,
    id: u64,
    wake: Arc<Notify>,
    had_turn: bool,
}

impl<'a> Place<'a> {
    fn join(shared: &'a Shared, ask: &'a Ask) -> Self {
        let wake = Arc::new(Notify::new());
        // With a limit on tokens a turn is as long as the tokens that it takes.
        let work = shared.limits.tokens.map_or(1, |_| ask.tokens);
        let id = shared.lock().queue.join(&ask.tenant, ask.weight, work, Arc::clone(&wake));
        Self { shared, ask, id, wake, had_turn: false }
    }

    fn had_turn(mut self) {
        self.had_turn = true;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.queue.leave(&self.ask.tenant, self.id, self.had_turn);
        state.wake_next();
    }
}

/// The turn of one call. Dropping it frees its place.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use dspex_resilience::{Ask, Limiter, Limits, Refusal};
/// let limiter = Limiter::new("a", Limits::default());
/// let permit = limiter.acquire(&Ask::default().tokens(1000)).await.unwrap();
/// permit.used_tokens(250); // the other 750 are there for others
/// assert_eq!(limiter.in_flight(), 1);
/// permit.finish(&Ok::<_, Refusal>(()));
/// assert_eq!(limiter.in_flight(), 0);
/// # }
/// ```
#[derive(Debug)]
#[must_use = "the place is freed when it is dropped"]
pub struct Permit {
    limiter: Limiter,
    began: Instant,
    tokens: u64,
}

impl Permit {
    /// Corrects the estimate of tokens by what the call used, as soon as that is known. To be told once.
    pub fn used_tokens(&self, used: u64) {
        let mut state = self.limiter.0.lock();
        if let Some(tokens) = &mut state.tokens {
            tokens.give(self.tokens as f64 - used as f64, Instant::now());
            state.wake_next();
        }
    }

    /// Tells how the call ended, and frees the place. A throttled call makes all others wait.
    pub fn finish<T, E: Fault>(self, result: &Result<T, E>) {
        let now = Instant::now();
        let Err(error) = result else {
            let mut state = self.limiter.0.lock();
            let in_flight = state.in_flight;
            if let Some(concurrency) = &mut state.concurrency {
                concurrency.succeeded(self.began, in_flight, now);
            }
            return;
        };
        if error.class() == Class::Throttled {
            let shared = &self.limiter.0;
            // First of all no other call goes; then what there is to learn.
            self.limiter.pause(error.retry_after().unwrap_or(shared.limits.pause));
            let open = shared.window.until().unwrap_or(now);
            shared.lock().throttled(&shared.limits, self.began, now, open);
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        let mut state = self.limiter.0.lock();
        state.in_flight -= 1;
        if state.in_flight == 0 {
            state.learned.idle_from(Instant::now());
        }
        state.wake_next();
    }
}
