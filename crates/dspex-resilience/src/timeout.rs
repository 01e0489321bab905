//! A limit on one attempt, or on one part of it.

use std::future::Future;
use std::time::Duration;

use tokio::time::timeout;

use crate::deadline::Deadline;
use crate::refusal::Refusal;

/// A limit on how long one wait may take, which the caller's deadline shortens: a whole attempt, the first byte, the
/// next piece of a stream.
///
/// ```
/// # #[tokio::main(flavor = "current_thread", start_paused = true)] async fn main() {
/// use dspex_resilience::{Deadline, Refusal, Timeout};
/// use std::time::Duration;
/// let idle = Timeout::new("the next piece", Duration::from_secs(60));
/// let silent = std::future::pending::<Result<(), Refusal>>();
/// let e = idle.run(Deadline::NONE, silent).await.unwrap_err();
/// assert_eq!(e.to_string(), "expected the next piece within 60s, found none; try again, or give more time");
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeout {
    what: &'static str,
    limit: Duration,
}

impl Timeout {
    /// A limit on what the error calls `what`.
    pub fn new(what: &'static str, limit: Duration) -> Self {
        Self { what, limit }
    }

    /// A limit on a whole attempt.
    pub fn attempt(limit: Duration) -> Self {
        Self::new("a reply", limit)
    }

    /// Runs a future within the limit and the deadline; what runs longer is dropped.
    ///
    /// Errors: [`Refusal::Deadline`] where the deadline comes first, [`Refusal::TimedOut`] where the limit does.
    pub async fn run<T, E: From<Refusal>>(
        &self,
        deadline: Deadline,
        future: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        if !deadline.allows(self.limit) {
            return deadline.run(future).await;
        }
        let Ok(result) = timeout(self.limit, future).await else {
            return Err(Refusal::TimedOut { what: self.what, limit: self.limit }.into());
        };
        result
    }
}
