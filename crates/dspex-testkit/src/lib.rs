//! What tests of programs need: models that follow a script, a clock that a test sets and, with the feature `server`, a
//! server that speaks the wires of providers and misbehaves as it is told.
//!
//! It is public: programs of users are tested with it as ours are.

mod clock;
mod scripted;
#[cfg(feature = "server")]
mod server;

use std::future::Future;

pub use clock::ManualClock;
pub use scripted::ScriptedLm;
#[cfg(feature = "server")]
pub use server::{
    Abandoned, Answer, Fault, FaultInfo, Latency, LimitHeaders, LineEnds, Outage, Rate, RateLimit, Received,
    RetryAfter, Script, TestServer, TestServerBuilder, UsageFault, When,
};

/// Runs a future to its end on the calling thread: for examples and tests without a runtime of their own.
///
/// # Panics
///
/// Where the machine gives no timer or thread, in which case no test can run.
#[expect(clippy::unwrap_used, reason = "a helper for tests has nobody to report to")]
pub fn block_on<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
