//! What stands between a caller and a server that fails, throttles or hangs: layers around any async call.
//!
//! No layer knows what is called. An error says by [`Fault`] what kind of failure it is; an error type that layers can
//! add their own refusals to has a `From<Refusal>`, or is wrapped in [`Failed`]. Each layer can be used alone:
//!
//! | Layer | What it does |
//! |---|---|
//! | [`Retry`] | tries again by class, with full jitter, the server's word and a quota |
//! | [`Breaker`] | keeps calls away from a server that fails |
//! | [`Limiter`] | requests and tokens a minute, calls at once, fairness, the server's back-off window |
//! | [`Timeout`], [`Deadline`] | limits of one wait, and of all |
//! | [`Hedge`] | a second attempt beside a slow first one |
//! | [`Router`], [`Fallback`] | which endpoint is asked, and which next |
//! | [`Health`] | how an endpoint does |
//!
//! [`Stack`] puts retry, breaker, limits and timeout together in the order that is right for a server:
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
//! use dspex_resilience::{Ask, Class, Deadline, Events, Failed, Fault, Jitter, Rate, Stack, StackPolicy, retry_after};
//! use std::time::{Duration, UNIX_EPOCH};
//!
//! #[derive(Debug)]
//! struct Status(u16, Option<Duration>);
//!
//! impl Fault for Status {
//!     fn class(&self) -> Class {
//!         Class::from_status(self.0)
//!     }
//!     fn retry_after(&self) -> Option<Duration> {
//!         self.1
//!     }
//! }
//!
//! let mut policy = StackPolicy::default();
//! policy.limits.requests = Some(Rate::per_minute(600.0));
//! policy.limits.in_flight = Some(8);
//! let stack = Stack::new("a server", policy, Jitter::seeded(7), Events::default());
//!
//! // The first attempt is throttled, the second answered.
//! let call = |attempt| async move {
//!     let headers = [("retry-after", "2")];
//!     let find = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| *v);
//!     match attempt {
//!         1 => Err(Failed::Call(Status(429, retry_after(find, UNIX_EPOCH)))),
//!         _ => Ok("hello"),
//!     }
//! };
//! let start = tokio::time::Instant::now();
//! let ask = Ask::default().deadline(Deadline::after(Duration::from_secs(60)));
//! assert_eq!(stack.run(&ask, call).await.unwrap(), "hello");
//! assert!(start.elapsed() >= Duration::from_secs(2), "as the server asked");
//! # }
//! ```
//!
//! Time is that of [`tokio::time`], which tests can pause. Chance is a [`Jitter`] that the caller gives. Nothing runs
//! but the futures that are polled: no tasks are started, and dropping a future frees whatever it held.

mod adaptive;
mod breaker;
mod bucket;
mod deadline;
mod events;
mod fair;
mod fallback;
mod fault;
mod headers;
mod health;
mod hedge;
mod jitter;
mod learned;
mod limits;
mod machine;
mod quota;
mod rate_limit;
mod refusal;
mod registry;
mod retry;
mod router;
mod span;
mod stack;
mod timeout;
mod window;

pub use adaptive::Adaptive;
pub use breaker::{Breaker, BreakerPolicy, BreakerState, Ticket};
pub use bucket::Rate;
pub use deadline::Deadline;
pub use events::{Event, Events};
pub use fallback::{AllFailed, Answered, Fallback};
pub use fault::{Class, Failed, Fault, Outcome};
pub use headers::{Allowance, RateLimits, retry_after, should_retry};
pub use health::{Health, HealthReport, UnderWay};
pub use hedge::{Hedge, Hedged};
pub use jitter::Jitter;
pub use limits::{Ask, Limits};
pub use quota::{QuotaPolicy, RetryQuota};
pub use rate_limit::{Limiter, Permit};
pub use refusal::{Open, Refusal};
pub use registry::{Key, Registry};
pub use retry::{Attempt, Next, Retry, RetryPolicy, Stop};
pub use router::{Endpoint, Order, Router};
pub use span::LONGEST;
pub use stack::{Stack, StackPolicy};
pub use timeout::Timeout;
pub use window::Window;
