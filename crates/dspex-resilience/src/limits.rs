//! What a limiter holds calls to, and what a call asks it for.

use std::sync::Arc;
use std::time::Duration;

use crate::adaptive::Adaptive;
use crate::bucket::Rate;
use crate::deadline::Deadline;

/// The limits of a [`Limiter`](crate::Limiter). Without any it only learns from the server.
///
/// ```
/// use dspex_resilience::{Adaptive, Limits, Rate};
/// let mut limits = Limits::default();
/// limits.requests = Some(Rate::per_minute(600.0).burst(10.0));
/// limits.tokens = Some(Rate::per_minute(200_000.0));
/// limits.in_flight = Some(64);
/// limits.adaptive = Some(Adaptive::between(1, 64));
/// assert!(limits.learn_rate);
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct Limits {
    /// Requests a minute.
    pub requests: Option<Rate>,
    /// Tokens a minute, by what calls say that they need, corrected by what they used.
    pub tokens: Option<Rate>,
    /// Calls at once.
    pub in_flight: Option<usize>,
    /// Calls at once, between bounds, by how the server does.
    pub adaptive: Option<Adaptive>,
    /// Whether calls are spaced by the rate that is learned from a server that throttles. Unless set, they are.
    pub learn_rate: bool,
    /// How long all calls wait after the server throttled one without saying for how long. 0.5 s, unless set.
    pub pause: Duration,
    /// The longest wait that the server can ask for; where it asks for more, calls fail at once. 60 s, unless set.
    pub longest_wait: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: None,
            tokens: None,
            in_flight: None,
            adaptive: None,
            learn_rate: true,
            pause: Duration::from_millis(500),
            longest_wait: Duration::from_mins(1),
        }
    }
}

/// What a call asks a [`Limiter`](crate::Limiter) for.
///
/// ```
/// use dspex_resilience::{Ask, Deadline};
/// use std::time::Duration;
/// let ask = Ask::default().tenant("evaluation").weight(2).tokens(1200);
/// let ask = ask.deadline(Deadline::after(Duration::from_secs(30)));
/// assert_eq!(ask.tokens, 1200);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ask {
    /// For whom: tenants share by weight. All calls are of one tenant, unless set.
    pub tenant: Arc<str>,
    /// The tenant's weight: one of weight 2 has two turns for one. 1, unless set.
    pub weight: u32,
    /// Tokens that the call may use. 0, unless set.
    pub tokens: u64,
    /// By when it must have its turn.
    pub deadline: Deadline,
}

impl Default for Ask {
    fn default() -> Self {
        Self { tenant: "".into(), weight: 1, tokens: 0, deadline: Deadline::NONE }
    }
}

impl Ask {
    /// For a tenant.
    #[must_use]
    pub fn tenant(mut self, tenant: impl Into<Arc<str>>) -> Self {
        self.tenant = tenant.into();
        self
    }

    /// With a weight.
    #[must_use]
    pub fn weight(mut self, weight: u32) -> Self {
        self.weight = weight;
        self
    }

    /// With an estimate of tokens.
    #[must_use]
    pub fn tokens(mut self, tokens: u64) -> Self {
        self.tokens = tokens;
        self
    }

    /// With a deadline.
    #[must_use]
    pub fn deadline(mut self, deadline: Deadline) -> Self {
        self.deadline = deadline;
        self
    }
}
