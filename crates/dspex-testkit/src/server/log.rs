//! What a server saw: requests, connections, and clients that went away.

use std::fmt;
use std::ops::Index;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use dspex_core::lm::Request;
use http::HeaderMap;
use serde_json::Value as Json;

/// A request as the server received it. Indexing looks into its body.
///
/// ```
/// use dspex_testkit::{Answer, TestServer};
/// # dspex_testkit::block_on(async {
/// let server = TestServer::respond(|received, call| {
///     assert_eq!((received.wire, call), ("openai_chat", 1));
///     Answer::text(format!("you said {}", received["messages"][0]["content"]))
/// });
/// # let _ = server.start().await?;
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Received {
    /// Its number among the calls, from 1.
    pub number: usize,
    /// How often this very body was sent, this time included. It is counted where rules or a closure may ask for it; else 1.
    pub attempt: usize,
    /// When it was there in full.
    pub at: Instant,
    /// The number of the connection it came by, from 1.
    pub connection: usize,
    /// The path, with its query.
    pub path: String,
    /// The wire that it speaks: `openai_chat`, `anthropic`, ...
    pub wire: &'static str,
    /// The model that is asked for.
    pub model: String,
    /// Whether the reply is to be a stream.
    pub stream: bool,
    /// What is asked, as no provider writes it.
    pub request: Request,
    /// The body as it came.
    pub body: Json,
    pub(super) headers: HeaderMap,
}

impl Received {
    /// A header, where it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// All headers, in order; what is no text of them is left out.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
    }

    /// The text of the last message.
    pub fn last(&self) -> String {
        self.request.messages.last().map(dspex_core::lm::Message::text).unwrap_or_default()
    }
}

impl Index<&str> for Received {
    type Output = Json;

    fn index(&self, key: &str) -> &Json {
        &self.body[key]
    }
}

/// A request is equal to what its body says.
impl PartialEq<Json> for Received {
    fn eq(&self, body: &Json) -> bool {
        self.body == *body
    }
}

impl fmt::Debug for Received {
    // Headers have keys in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Received")
            .field("number", &self.number)
            .field("path", &self.path)
            .field("model", &self.model)
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

/// A call whose client closed the connection before it had its answer.
///
/// ```
/// use dspex_testkit::{Answer, Script, TestServer};
/// # dspex_testkit::block_on(async {
/// let server = TestServer::script(Script::always(Answer::Hang)).start().await?;
/// // ... a client asks, and drops the call ...
/// assert!(server.abandoned().is_empty(), "nobody has asked yet");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Abandoned {
    /// The number of the call.
    pub call: usize,
    /// When the server saw it.
    pub at: Instant,
}

/// Counts and lists.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) calls: AtomicUsize,
    pub(super) accepted: AtomicUsize,
    pub(super) open: AtomicUsize,
    pub(super) abandoned: Mutex<Vec<Abandoned>>,
    /// What was asked, where it is kept.
    pub(super) requests: Option<Mutex<Vec<Arc<Received>>>>,
}

impl Log {
    pub(super) fn abandoned(&self) -> Vec<Abandoned> {
        self.abandoned.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// A call that is being answered. One that is dropped before it is done was abandoned by its client.
#[derive(Debug)]
pub(super) struct InFlight {
    log: Arc<Log>,
    call: usize,
    done: AtomicBool,
}

impl InFlight {
    pub(super) fn new(log: &Arc<Log>, call: usize) -> Self {
        Self { log: Arc::clone(log), call, done: AtomicBool::new(false) }
    }

    pub(super) fn done(&self) {
        self.done.store(true, Ordering::Relaxed);
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        if !self.done.load(Ordering::Relaxed) {
            let abandoned = Abandoned { call: self.call, at: Instant::now() };
            self.log.abandoned.lock().unwrap_or_else(PoisonError::into_inner).push(abandoned);
        }
    }
}

/// An open connection.
#[derive(Debug)]
pub(super) struct Open(Arc<Log>, pub(super) usize);

impl Open {
    pub(super) fn new(log: &Arc<Log>) -> Self {
        log.open.fetch_add(1, Ordering::SeqCst);
        let number = log.accepted.fetch_add(1, Ordering::SeqCst) + 1;
        Self(Arc::clone(log), number)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::SeqCst);
    }
}
