//! A second attempt beside a slow first one.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{Either, select};
use tokio::time::timeout;

use crate::events::{Event, Events};

/// Starts a second attempt where the first has not ended after a delay, and takes the one that ends first; the other is
/// dropped. Both may be paid for, so it is for calls that may be made twice, and nothing here does it unasked.
///
/// An attempt that fails while the other runs is waited out: the other's result counts. One that fails before the delay
/// is the call's failure, since trying again is for [`Retry`](crate::Retry).
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use dspex_resilience::Hedge;
/// use std::time::Duration;
/// let hedge = Hedge::new(Duration::from_secs(2));
/// let call = |n| async move {
///     tokio::time::sleep(Duration::from_secs(if n == 1 { 60 } else { 1 })).await;
///     Ok::<_, ()>(n)
/// };
/// let hedged = hedge.run(call).await;
/// assert_eq!((hedged.result, hedged.answered_by, hedged.started), (Ok(2), 2, 2));
/// assert_eq!((hedge.second_attempts(), hedge.dropped()), (1, 1));
/// # }
/// ```
#[derive(Debug)]
pub struct Hedge {
    delay: Duration,
    key: String,
    events: Events,
    seconds: AtomicU64,
    dropped: AtomicU64,
}

/// The result of a hedged call. See [`Hedge`].
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use dspex_resilience::Hedge;
/// let hedged = Hedge::new(std::time::Duration::from_secs(1)).run(|n| async move { Ok::<_, ()>(n) }).await;
/// assert_eq!(hedged.started, 1);
/// # }
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct Hedged<T, E> {
    /// What came.
    pub result: Result<T, E>,
    /// Which attempt it is from: 1 or 2.
    pub answered_by: u32,
    /// How many attempts were started.
    pub started: u32,
}

impl Hedge {
    /// A second attempt after a delay.
    pub fn new(delay: Duration) -> Self {
        Self {
            delay,
            key: String::new(),
            events: Events::default(),
            seconds: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        }
    }

    /// Tells events under a key.
    #[must_use]
    pub fn with_events(mut self, key: impl Into<String>, events: Events) -> Self {
        (self.key, self.events) = (key.into(), events);
        self
    }

    /// How many second attempts were started so far.
    pub fn second_attempts(&self) -> u64 {
        self.seconds.load(Ordering::Relaxed)
    }

    /// How many attempts were dropped so far because the other one answered.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Makes a call; `call` gets the number of the attempt, 1 or 2.
    pub async fn run<T, E, F, Fut>(&self, mut call: F) -> Hedged<T, E>
    where
        F: FnMut(u32) -> Fut,
        Fut: Future<Output = Result<T, E>>,
    {
        let mut first = pin!(call(1));
        if let Ok(result) = timeout(self.delay, &mut first).await {
            return Hedged { result, answered_by: 1, started: 1 };
        }
        self.seconds.fetch_add(1, Ordering::Relaxed);
        self.events.tell(&self.key, &Event::Hedged);
        let second = pin!(call(2));
        let (result, answered_by) = match select(first, second).await {
            Either::Left((Err(_), second)) => (second.await, 2),
            Either::Right((Err(_), first)) => (first.await, 1),
            Either::Left((result, _)) => (self.drop_other(result), 1),
            Either::Right((result, _)) => (self.drop_other(result), 2),
        };
        Hedged { result, answered_by, started: 2 }
    }

    fn drop_other<R>(&self, result: R) -> R {
        self.dropped.fetch_add(1, Ordering::Relaxed);
        result
    }
}
