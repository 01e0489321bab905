//! Choosing among endpoints.

use std::future::Future;
use std::time::Duration;

use crate::deadline::Deadline;
use crate::fallback::{AllFailed, Answered, Fallback};
use crate::fault::Fault;
use crate::health::Health;
use crate::jitter::Jitter;
use crate::refusal::Refusal;

/// One that can be asked: a name, whatever the caller needs to ask it, a weight, and how it does.
///
/// ```
/// use dspex_resilience::Endpoint;
/// let endpoint = Endpoint::new("a", "https://a.example").weight(3.0);
/// assert_eq!((&*endpoint.name, endpoint.value, endpoint.weight), ("a", "https://a.example", 3.0));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Endpoint<C> {
    /// Its name.
    pub name: String,
    /// What the caller asks it with.
    pub value: C,
    /// Its weight, where the router chooses by weight. 1, unless set.
    pub weight: f64,
    /// How it does, as counted by the router; and its breaker and window, where they were given.
    pub health: Health,
}

impl<C> Endpoint<C> {
    /// An endpoint of weight 1.
    pub fn new(name: impl Into<String>, value: C) -> Self {
        Self { name: name.into(), value, weight: 1.0, health: Health::default() }
    }

    /// With a weight. What is not above zero counts as the least there is.
    #[must_use]
    pub fn weight(mut self, weight: f64) -> Self {
        self.weight = weight;
        self
    }

    /// With a health that knows its breaker and window.
    #[must_use]
    pub fn health(mut self, health: Health) -> Self {
        self.health = health;
        self
    }
}

/// In which order endpoints are asked. In each, those whose breaker is open or whose window is closed come last.
///
/// ```
/// use dspex_resilience::{Jitter, Order};
/// let order = Order::Weighted(Jitter::seeded(7));
/// assert!(matches!(order, Order::Weighted(_)));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum Order {
    /// As they are listed.
    Listed,
    /// By chance: each is first as often as its share of the weights.
    Weighted(Jitter),
    /// The one whose successes take least time first; those that have not been asked yet before all others.
    LeastLatency,
}

/// Chooses among endpoints and falls on where one fails.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// use dspex_resilience::{Deadline, Endpoint, Fallback, Order, Refusal, Router};
/// let router = Router::new(
///     [Endpoint::new("small", 8), Endpoint::new("large", 128)],
///     Order::Listed,
///     Fallback::default(),
/// );
/// let call = |endpoint: &Endpoint<u32>| std::future::ready(Ok::<_, Refusal>(endpoint.value));
/// let answered = router.run(Deadline::NONE, |e| e.value >= 32, call).await.unwrap();
/// assert_eq!(answered.by, "large");
/// # }
/// ```
#[derive(Debug)]
pub struct Router<C> {
    endpoints: Vec<Endpoint<C>>,
    order: Order,
    fallback: Fallback,
}

impl<C> Router<C> {
    /// A router over endpoints.
    pub fn new(endpoints: impl IntoIterator<Item = Endpoint<C>>, order: Order, fallback: Fallback) -> Self {
        Self { endpoints: endpoints.into_iter().collect(), order, fallback }
    }

    /// The endpoints, as they are listed.
    pub fn endpoints(&self) -> &[Endpoint<C>] {
        &self.endpoints
    }

    /// The endpoints that suit, in the order in which a call would now ask them.
    pub fn candidates(&self, suits: impl Fn(&Endpoint<C>) -> bool) -> Vec<&Endpoint<C>> {
        let mut suitable: Vec<&Endpoint<C>> = self.endpoints.iter().filter(|e| suits(e)).collect();
        match &self.order {
            Order::Listed => {}
            Order::Weighted(jitter) => suitable.sort_by_cached_key(|e| Cost(draw(e.weight, jitter))),
            Order::LeastLatency => {
                suitable.sort_by_key(|e| e.health.report().latency.unwrap_or(Duration::ZERO));
            }
        }
        suitable.sort_by_cached_key(|e| !e.health.report().is_available());
        suitable
    }

    /// Asks the endpoints that suit (by capability, context size, ...) until one answers.
    ///
    /// Errors: [`AllFailed`], with every cause; with none, if no endpoint suits.
    pub async fn run<'a, T, E, F, Fut>(
        &'a self,
        deadline: Deadline,
        suits: impl Fn(&Endpoint<C>) -> bool,
        call: F,
    ) -> Result<Answered<T, E>, AllFailed<E>>
    where
        C: 'a,
        F: FnMut(&'a Endpoint<C>) -> Fut,
        Fut: Future<Output = Result<T, E>>,
        E: Fault + From<Refusal>,
    {
        self.fallback.run(deadline, self.candidates(suits), call).await
    }
}

/// A number whose order by size is a choice by weight without putting back: exponential with the weight as its rate.
fn draw(weight: f64, jitter: &Jitter) -> f64 {
    let weight = if weight > 0.0 { weight } else { f64::MIN_POSITIVE };
    -(1.0 - jitter.next()).max(f64::MIN_POSITIVE).ln() / weight
}

/// A number that can be sorted by.
#[derive(PartialEq)]
struct Cost(f64);

impl Eq for Cost {}

impl PartialOrd for Cost {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Cost {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0)
    }
}
