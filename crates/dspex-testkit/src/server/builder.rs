//! What a server is to do, before it starts.

use std::collections::HashMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use std::{fmt, io};

use dspex_core::{Clock, SystemClock};
use tokio::net::TcpSocket;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::TestServer;
use super::fault::Fault;
use super::handle::{Responder, State, Weather};
use super::limits::{Limits, RateLimit};
use super::log::Log;
use super::outage::{Outage, Running};
use super::serve::{Course, serve};
use super::share::Latency;

/// Clients that may wait to be taken.
const BACKLOG: u32 = 8192;

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
/// assert_eq!(server.requests()[0].header("host"), Some("localhost"));
/// # Ok::<(), std::io::Error>(())
/// # }).unwrap();
/// ```
#[must_use = "a builder does nothing until it is started"]
pub struct TestServerBuilder {
    responder: Responder,
    latency: Latency,
    drip: Duration,
    weather: Weather,
    limit: Option<RateLimit>,
    outage: Option<Outage>,
    clock: Arc<dyn Clock>,
    port: u16,
    keep: bool,
}

impl TestServerBuilder {
    pub(super) fn new(responder: Responder) -> Self {
        Self {
            responder,
            latency: Latency::default(),
            drip: Duration::ZERO,
            weather: Weather { faults: Vec::new(), share: 1.0, seed: 0 },
            limit: None,
            outage: None,
            clock: Arc::new(SystemClock),
            port: 0,
            keep: false,
        }
    }

    /// Waits this long before each answer: a span, or a [range](Latency) of them.
    pub fn latency(mut self, latency: impl Into<Latency>) -> Self {
        self.latency = latency.into();
        self
    }

    /// Waits this long between the events of a stream.
    pub fn drip(mut self, span: Duration) -> Self {
        self.drip = span;
        self
    }

    /// Puts a fault upon the [share](Self::fault_share) of the calls, beside those that were named before.
    pub fn fault(mut self, fault: Fault) -> Self {
        self.weather.faults.push(fault);
        self
    }

    /// The share of calls that the [faults](Self::fault) hit, from 0 to 1, and the seed that says which; unless set, all.
    pub fn fault_share(mut self, share: f64, seed: u64) -> Self {
        (self.weather.share, self.weather.seed) = (share, seed);
        self
    }

    /// Takes no more than this, and tells of it in headers.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// Starts in an outage.
    pub fn outage(mut self, outage: Outage) -> Self {
        self.outage = Some(outage);
        self
    }

    /// The clock for the dates in its headers; unless set, the machine's.
    pub fn clock(mut self, clock: impl Clock + 'static) -> Self {
        self.clock = Arc::new(clock);
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

    /// Starts to listen, on this machine only. The tasks of the server run on the runtime that polls this.
    #[expect(clippy::unused_async, reason = "a server needs a runtime, and whoever awaits has one")]
    pub async fn start(self) -> io::Result<TestServer> {
        let socket = TcpSocket::new_v4()?;
        socket.set_reuseaddr(true)?;
        socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, self.port)))?;
        let listener = socket.listen(BACKLOG)?;
        let address = listener.local_addr()?;
        let counts = match &self.responder {
            Responder::Script(script) => script.counts_attempts(),
            Responder::Closure(_) => true,
            Responder::Lm(_) => false,
        };
        let state = Arc::new(State {
            responder: self.responder,
            latency: self.latency,
            drip: self.drip,
            weather: self.weather,
            limits: self.limit.map(Limits::new),
            outage: Mutex::new(self.outage.map(Running::new)),
            clock: self.clock,
            log: Arc::new(Log { requests: self.keep.then(Mutex::default), ..Log::default() }),
            attempts: counts.then(|| Mutex::new(HashMap::new())),
        });
        let (course, told) = watch::channel(Course::Serve);
        let mut task = JoinSet::new();
        task.spawn(serve(listener, Arc::clone(&state), told));
        Ok(TestServer { address, state, course, task })
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
