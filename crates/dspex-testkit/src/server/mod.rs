//! A server for tests: speaks the wires of providers over real sockets, answers from a model, a script or a closure, and
//! misbehaves as it is told.

mod answer;
mod builder;
mod content;
mod draft;
mod fault;
mod handle;
mod limits;
mod log;
mod outage;
mod raw;
mod script;
mod serve;
mod share;
mod wire;

use std::net::SocketAddr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::{fmt, io};

use dspex_core::LanguageModel;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use answer::Answer;
pub use builder::TestServerBuilder;
pub use fault::{Fault, FaultInfo, LineEnds, RetryAfter, UsageFault};
pub use limits::{LimitHeaders, Rate, RateLimit};
pub use log::{Abandoned, Received};
pub use outage::Outage;
pub use script::{Script, When};
pub use share::Latency;

use handle::{Responder, State};
use outage::Running;
use serve::Course;

/// A server that speaks the wires of providers, on a port of this machine. It stops when it is dropped.
///
/// It speaks OpenAI's chat completions, Responses and embeddings, Anthropic's Messages, Gemini's generateContent, Ollama's
/// chat and Cohere's chat, whole and streamed, and lists of models; the path of a request says which. Any client can ask it.
///
/// ```
/// use dspex_testkit::{Answer, Script, TestServer};
///
/// # dspex_testkit::block_on(async {
/// let server = TestServer::script(Script::answers([Answer::text("Paris"), Answer::status(500)])).start().await?;
/// assert!(server.base_url().starts_with("http://127.0.0.1:"));
/// // ... ask it, with any client ...
/// assert_eq!(server.calls(), 0);
/// server.stop().await?;
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "the server stops when it is dropped"]
pub struct TestServer {
    address: SocketAddr,
    state: Arc<State>,
    course: watch::Sender<Course>,
    task: JoinSet<()>,
}

impl TestServer {
    /// A server that answers with a model.
    pub fn lm(lm: impl LanguageModel + 'static) -> TestServerBuilder {
        TestServerBuilder::new(Responder::Lm(Arc::new(lm)))
    }

    /// A server that answers from a script, faults included.
    pub fn script(script: Script) -> TestServerBuilder {
        TestServerBuilder::new(Responder::Script(script))
    }

    /// A server that answers with a closure of the request and the number of the call, from 1.
    pub fn respond(
        respond: impl Fn(&Received, usize) -> Answer + Send + Sync + 'static,
    ) -> TestServerBuilder {
        TestServerBuilder::new(Responder::Closure(Box::new(respond)))
    }

    /// The base URL for clients of OpenAI's wires: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.origin())
    }

    /// The address without any path: `http://127.0.0.1:PORT`.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The base URL of each wire, by its name.
    ///
    /// ```
    /// use dspex_testkit::{Answer, Script, TestServer};
    /// # dspex_testkit::block_on(async {
    /// let server = TestServer::script(Script::always(Answer::text("Paris"))).start().await?;
    /// assert!(server.base_urls().contains(&("gemini", format!("{}/v1beta", server.origin()))));
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn base_urls(&self) -> Vec<(&'static str, String)> {
        wire::WIRES.iter().map(|w| (w.name(), format!("{}{}", self.origin(), w.base()))).collect()
    }

    /// Number of calls of models that were asked for; lists of models are none.
    pub fn calls(&self) -> usize {
        self.state.log.calls.load(Ordering::SeqCst)
    }

    /// Number of connections that were opened.
    pub fn connections(&self) -> usize {
        self.state.log.accepted.load(Ordering::SeqCst)
    }

    /// Number of connections that are open now.
    pub fn open_connections(&self) -> usize {
        self.state.log.open.load(Ordering::SeqCst)
    }

    /// The calls whose clients closed the connection before they had their answer, and when.
    pub fn abandoned(&self) -> Vec<Abandoned> {
        self.state.log.abandoned()
    }

    /// What was asked, in order; empty unless it is [kept](TestServerBuilder::keep_requests).
    pub fn requests(&self) -> Vec<Received> {
        let Some(kept) = &self.state.log.requests else { return Vec::new() };
        let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().map(|received| Received::clone(received)).collect()
    }

    /// Starts an outage, or ends the one that goes on.
    ///
    /// ```
    /// use dspex_testkit::{Answer, Outage, Script, TestServer};
    /// # dspex_testkit::block_on(async {
    /// let server = TestServer::script(Script::always(Answer::text("Paris"))).start().await?;
    /// server.set_outage(Some(Outage::until_ended().status(502)));
    /// // ... every call fails ...
    /// server.set_outage(None);
    /// # Ok::<(), std::io::Error>(())
    /// # }).unwrap();
    /// ```
    pub fn set_outage(&self, outage: Option<Outage>) {
        *self.state.outage.lock().unwrap_or_else(PoisonError::into_inner) = outage.map(Running::new);
    }

    /// Takes no more connections, and waits until the open ones are done.
    pub async fn stop(self) -> io::Result<()> {
        self.end(Course::Finish).await
    }

    /// Closes all connections, whatever they wait for, and waits until nothing of the server runs.
    pub async fn shutdown(self) -> io::Result<()> {
        self.end(Course::End).await
    }

    async fn end(mut self, course: Course) -> io::Result<()> {
        self.course.send_replace(course);
        while let Some(ended) = self.task.join_next().await {
            ended.map_err(io::Error::other)?;
        }
        Ok(())
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer")
            .field("address", &self.address)
            .field("calls", &self.calls())
            .finish_non_exhaustive()
    }
}
