//! What the tests share: an error as a client has it, and a server that is simulated.

#![allow(dead_code, reason = "each test uses a part of it")]
#![allow(clippy::allow_attributes, reason = "so there is nothing to expect in some of them")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dspex_resilience::{Class, Failed, Fault, Jitter, Retry, RetryPolicy, RetryQuota};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

/// An error of a server, with everything that it can tell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("status {status}")]
pub(crate) struct Status {
    pub(crate) status: u16,
    pub(crate) after: Option<Duration>,
    pub(crate) should_retry: Option<bool>,
    pub(crate) gave_output: bool,
    pub(crate) class: Option<Class>,
}

impl Fault for Status {
    fn class(&self) -> Class {
        self.class.unwrap_or_else(|| Class::from_status(self.status))
    }
    fn retry_after(&self) -> Option<Duration> {
        self.after
    }
    fn should_retry(&self) -> Option<bool> {
        self.should_retry
    }
    fn gave_output(&self) -> bool {
        self.gave_output
    }
}

pub(crate) type Error = Failed<Status>;

pub(crate) fn status(status: u16) -> Status {
    Status { status, after: None, should_retry: None, gave_output: false, class: None }
}

pub(crate) fn throttled(seconds: u64) -> Status {
    Status { after: Some(Duration::from_secs(seconds)), ..status(429) }
}

pub(crate) fn of_class(class: Class) -> Status {
    Status { class: Some(class), ..status(400) }
}

/// Retries whose chance gives the longest wait each time.
pub(crate) fn retry(policy: RetryPolicy) -> Retry {
    Retry::new(policy, RetryQuota::default(), Jitter::from_fn(|| 1.0))
}

/// Runs futures side by side and gives their results as they end.
pub(crate) async fn all<T: Send + 'static>(
    futures: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    let mut set = JoinSet::new();
    for future in futures {
        set.spawn(future);
    }
    set.join_all().await
}

/// A server that refills a bucket, answers after a while, throttles with whole seconds, and can be down.
#[derive(Clone)]
pub(crate) struct Server(Arc<Mutex<Inner>>);

struct Inner {
    per_second: f64,
    burst: f64,
    level: f64,
    at: Instant,
    down_until: Option<Instant>,
    seen: u64,
    throttled: u64,
    at_once: usize,
    most_at_once: usize,
}

impl Server {
    pub(crate) fn new(per_second: f64, burst: f64) -> Self {
        let inner = Inner {
            per_second,
            burst,
            level: burst,
            at: Instant::now(),
            down_until: None,
            seen: 0,
            throttled: 0,
            at_once: 0,
            most_at_once: 0,
        };
        Self(Arc::new(Mutex::new(inner)))
    }

    /// A server without limits, down for a while.
    pub(crate) fn down_for(span: Duration) -> Self {
        let server = Self::new(1e9, 1e9);
        server.0.lock().unwrap().down_until = Some(Instant::now() + span);
        server
    }

    /// Requests that reached it.
    pub(crate) fn seen(&self) -> u64 {
        self.0.lock().unwrap().seen
    }

    pub(crate) fn throttled(&self) -> u64 {
        self.0.lock().unwrap().throttled
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.0.lock().unwrap().most_at_once
    }

    pub(crate) async fn ask(&self, latency: Duration) -> Result<(), Error> {
        let result = self.0.lock().unwrap().decide();
        // Refusing takes a server less time than answering.
        sleep(if result.is_ok() { latency } else { latency.min(Duration::from_millis(50)) }).await;
        self.0.lock().unwrap().at_once -= 1;
        result.map_err(Failed::Call)
    }
}

impl Inner {
    fn decide(&mut self) -> Result<(), Status> {
        let now = Instant::now();
        self.seen += 1;
        self.at_once += 1;
        self.most_at_once = self.most_at_once.max(self.at_once);
        self.level = (self.level + (now - self.at).as_secs_f64() * self.per_second).min(self.burst);
        self.at = now;
        if self.down_until.is_some_and(|until| now < until) {
            return Err(status(503));
        }
        if self.level < 1.0 {
            self.throttled += 1;
            let seconds = ((1.0 - self.level) / self.per_second).ceil().max(1.0);
            return Err(Status { after: Some(Duration::from_secs_f64(seconds)), ..status(429) });
        }
        self.level -= 1.0;
        Ok(())
    }
}
