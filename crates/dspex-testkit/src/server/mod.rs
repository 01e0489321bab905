//! A server for tests: speaks OpenAI's chat completions over real sockets and answers from a model or a script.

mod chat;
mod script;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use std::{fmt, io};

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::routing::{get, post};
use dspex_core::LanguageModel;
use serde_json::Value as Json;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub use script::{Answer, Script};

/// Largest request that is read.
const MOST_BYTES: usize = 64 << 20;

/// What answers requests.
enum Responder {
    Lm(Arc<dyn LanguageModel>),
    Script(Script),
}

struct State {
    responder: Responder,
    latency: Duration,
    calls: AtomicUsize,
    connections: AtomicUsize,
    /// What was asked, where it is kept.
    requests: Option<Mutex<Vec<Json>>>,
}

/// A server that speaks OpenAI's chat completions, on a port of this machine. It stops when it is dropped.
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
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<io::Result<()>>,
}

/// What a [`TestServer`] is to do, before it starts.
///
/// ```
/// use dspex_testkit::{ScriptedLm, TestServer};
///
/// # async fn ask(server: &TestServer, question: &str) -> std::io::Result<String> {
/// #     use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
/// #     let body = format!(r#"{{"model": "m", "messages": [{{"role": "user", "content": "{question}"}}]}}"#);
/// #     let head = "POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n";
/// #     let head = format!("{head}content-type: application/json\r\ncontent-length: {}\r\n\r\n", body.len());
/// #     let url = server.base_url();
/// #     let mut stream = tokio::net::TcpStream::connect(&url["http://".len()..url.len() - "/v1".len()]).await?;
/// #     stream.write_all((head + &body).as_bytes()).await?;
/// #     let mut answer = String::new();
/// #     stream.read_to_string(&mut answer).await?;
/// #     Ok(answer)
/// # }
/// # dspex_testkit::block_on(async {
/// let server = TestServer::lm(ScriptedLm::always("Paris")).keep_requests().start().await?;
/// assert!(server.requests().is_empty(), "nobody has asked yet");
/// // `ask` posts a question to `server.base_url()`, as any client would.
/// assert!(ask(&server, "The capital of France?").await?.contains("Paris"));
/// assert_eq!(server.requests()[0]["messages"][0]["content"], "The capital of France?");
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "a builder does nothing until it is started"]
pub struct TestServerBuilder {
    responder: Responder,
    latency: Duration,
    port: u16,
    keep: bool,
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

    /// The base URL for clients: `http://127.0.0.1:PORT/v1`.
    pub fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// Number of chat completions that were asked for.
    pub fn calls(&self) -> usize {
        self.state.calls.load(Ordering::SeqCst)
    }

    /// Number of connections that were opened.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::SeqCst)
    }

    /// The bodies of what was asked, in order; empty unless they are [kept](TestServerBuilder::keep_requests).
    pub fn requests(&self) -> Vec<Json> {
        let kept = self.state.requests.as_ref();
        kept.map(|r| r.lock().unwrap_or_else(PoisonError::into_inner).clone()).unwrap_or_default()
    }

    /// Takes no more connections, and waits until the open ones are done.
    pub async fn stop(mut self) -> io::Result<()> {
        if let Some(stop) = self.stop.take() {
            // It is gone already where the server ended by itself.
            let _ = stop.send(());
        }
        (&mut self.task).await.map_err(io::Error::other)?
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.task.abort();
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

impl TestServerBuilder {
    fn new(responder: Responder) -> Self {
        Self { responder, latency: Duration::ZERO, port: 0, keep: false }
    }

    /// Waits this long before each answer.
    pub fn latency(mut self, latency: Duration) -> Self {
        self.latency = latency;
        self
    }

    /// Takes this port; unless set, any that is free.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Keeps what was asked, for [`TestServer::requests`].
    pub fn keep_requests(mut self) -> Self {
        self.keep = true;
        self
    }

    /// Starts to listen, on this machine only.
    pub async fn start(self) -> io::Result<TestServer> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, self.port)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            responder: self.responder,
            latency: self.latency,
            calls: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            requests: self.keep.then(Mutex::default),
        });
        let router = Router::new()
            .route("/v1/chat/completions", post(chat::complete))
            .route("/v1/models", get(chat::models))
            .fallback(chat::unknown_path)
            .layer(DefaultBodyLimit::max(MOST_BYTES))
            .with_state(Arc::clone(&state));
        let (stop, stopped) = oneshot::channel::<()>();
        let serve = axum::serve(Counted { listener, state: Arc::clone(&state) }, router)
            .with_graceful_shutdown(async move {
                // A sender that was dropped means the end as well.
                let _ = stopped.await;
            });
        #[expect(
            clippy::disallowed_methods,
            reason = "the handle owns the task, which is awaited or aborted"
        )]
        let task = tokio::task::spawn(async move { serve.await });
        Ok(TestServer { address, state, stop: Some(stop), task })
    }
}

impl fmt::Debug for TestServerBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServerBuilder")
            .field("port", &self.port)
            .field("latency", &self.latency)
            .finish_non_exhaustive()
    }
}

/// A listener that counts its connections, which send small answers at once.
struct Counted {
    listener: TcpListener,
    state: Arc<State>,
}

impl axum::serve::Listener for Counted {
    type Io = tokio::net::TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, address) = axum::serve::Listener::accept(&mut self.listener).await;
        self.state.connections.fetch_add(1, Ordering::SeqCst);
        // Without it, answers are only later.
        let _ = stream.set_nodelay(true);
        (stream, address)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.listener.local_addr()
    }
}
