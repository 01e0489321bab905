//! Calls over a socket, with all layers but the disk, beside a bare client of the same HTTP library at the same server,
//! which is a process of its own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dspex::lm::{Event, LanguageModel, Lm, Message, Request, Secret};
use dspex_lm::Cache;
use futures_util::StreamExt as _;
use tokio::task::JoinSet;

use crate::Measured;
use crate::in_flight::resident_kilobytes;
use crate::measure::Figure;

/// Calls of one round, and callers at one time.
const CALLS: usize = 6_000;
const CALLERS: usize = 32;

/// Rounds of each client, in turn; the best of each counts, since others may use the machine.
const ROUNDS: usize = 5;

const ANSWER: &str = "The answer is forty-two, as everybody knows who has asked before.";

/// The server, ended with this value.
struct Server(Child, String);

impl Server {
    fn start(mode: &str) -> Result<Self, Box<dyn std::error::Error>> {
        let mut child =
            Command::new(std::env::current_exe()?).args(["--serve", mode]).stdout(Stdio::piped()).spawn()?;
        let mut url = String::new();
        BufReader::new(child.stdout.take().ok_or("no output")?).read_line(&mut url)?;
        Ok(Self(child, url.trim().to_owned()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What `--serve MODE` does: answers chat completions until it is killed.
pub(crate) fn serve(mode: &str) -> Result<(), Box<dyn std::error::Error>> {
    use dspex_testkit::{Answer, Script, TestServer};
    allow_files()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let words = if mode == "stream" { ANSWER.repeat(8) } else { ANSWER.to_owned() };
        let mut server = TestServer::script(Script::always(Answer::text(words)));
        if mode == "slow" {
            server = server.latency(Duration::from_secs(2));
        }
        if mode == "stream" {
            // As models write: a bit of text at a time.
            server = server.drip(Duration::from_millis(20));
        }
        let server = server.start().await?;
        crate::print(&server.base_url());
        std::future::pending::<()>().await;
        Ok(())
    })
}

fn request(i: usize) -> Request {
    Request::new(vec![Message::system("Answer the question."), Message::user(format!("{i}: what is it?"))])
}

/// The time of the processor that this process has had.
fn busy() -> Duration {
    #[cfg(unix)]
    {
        use rustix::time::{ClockId, clock_gettime};
        Duration::try_from(clock_gettime(ClockId::ProcessCPUTime)).unwrap_or_default()
    }
    #[cfg(not(unix))]
    Duration::ZERO
}

/// Calls a second, and microseconds of the processor for a call.
type Speed = (f64, f64);

/// Makes all calls of a round by so many callers.
async fn round<F, Fut>(from: usize, call: F) -> Result<Speed, Box<dyn std::error::Error>>
where
    F: Fn(usize) -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<(), String>> + Send + 'static,
{
    let (started, before) = (Instant::now(), busy());
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let call = call.clone();
        callers.spawn(async move {
            for i in (caller..CALLS).step_by(CALLERS) {
                call(from + i).await?;
            }
            Ok::<_, String>(())
        });
    }
    while let Some(done) = callers.join_next().await {
        done??;
    }
    let calls = CALLS as f64;
    Ok((calls / started.elapsed().as_secs_f64(), busy().saturating_sub(before).as_secs_f64() * 1e6 / calls))
}

fn model(server: &Server) -> Result<Lm, dspex::Error> {
    Lm::builder("openai/gpt-4o-mini").api_key(Secret::new("sk-bench")).api_base(&server.1).build()
}

/// A client with the settings of ours. The server speaks no TLS, so no certificates are looked for.
fn bare_client() -> Result<reqwest::Client, Box<dyn std::error::Error>> {
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
    let tls = tls.with_root_certificates(rustls::RootCertStore::empty()).with_no_client_auth();
    Ok(reqwest::Client::builder().no_proxy().tcp_nodelay(true).tls_backend_preconfigured(tls).build()?)
}

/// The same request as a bare client sends it.
async fn bare(client: reqwest::Client, url: String, i: usize) -> Result<(), String> {
    let body = serde_json::json!({"model": "gpt-4o-mini", "messages": [
        {"role": "system", "content": "Answer the question."},
        {"role": "user", "content": format!("{i}: what is it?")},
    ]});
    let reply = client.post(url).header("content-type", "application/json").body(body.to_string());
    let reply = reply.send().await.map_err(|e| e.to_string())?;
    let bytes = reply.bytes().await.map_err(|e| e.to_string())?;
    let json: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| e.to_string())?;
    json["choices"][0]["message"]["content"].as_str().map(|_| ()).ok_or_else(|| json.to_string())
}

pub(crate) fn http() -> Measured {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let server = Server::start("plain")?;
    let (ours, theirs) = runtime.block_on(async {
        let lm = std::sync::Arc::new(Cache::builder().build().over(model(&server)?));
        let client = bare_client()?;
        let url = format!("{}/chat/completions", server.1);
        let (mut ours, mut theirs): (Vec<Speed>, Vec<Speed>) = Default::default();
        for n in 0..ROUNDS {
            let (client, url) = (client.clone(), url.clone());
            theirs.push(round(n * CALLS, move |i| bare(client.clone(), url.clone(), i)).await?);
            let lm = std::sync::Arc::clone(&lm);
            let ask = move |i| {
                let lm = std::sync::Arc::clone(&lm);
                async move { lm.call(&request(i)).await.map(drop).map_err(|e| e.to_string()) }
            };
            ours.push(round(n * CALLS, ask).await?);
        }
        Ok::<_, Box<dyn std::error::Error>>((ours, theirs))
    })?;
    let fastest = |all: &[Speed]| all.iter().map(|s| s.0).fold(0.0, f64::max);
    let leanest = |all: &[Speed]| all.iter().map(|s| s.1).fold(f64::INFINITY, f64::min);
    Ok(vec![
        Figure {
            name: "calls a second of a bare client over those with all layers".into(),
            value: fastest(&theirs) / fastest(&ours),
            unit: "x",
            at_most: 2.0,
        },
        Figure {
            name: "processor for a call beyond that of a bare client".into(),
            value: leanest(&ours) - leanest(&theirs),
            unit: "us",
            at_most: 20.0,
        },
    ])
}

/// Ten thousand calls at one time, over sockets, at a server that takes two seconds: none may fail.
pub(crate) fn wide() -> Measured {
    const IN_FLIGHT: usize = 10_000;
    allow_files()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let server = Server::start("slow")?;
    runtime.block_on(async {
        let lm = model(&server)?;
        let memory = resident_kilobytes()?;
        let started = Instant::now();
        let mut calls = JoinSet::new();
        for i in 0..IN_FLIGHT {
            let lm = lm.clone();
            calls.spawn(async move {
                let reply = lm.call(&request(i)).await.map_err(|e| e.to_string())?;
                // A call that was made again would hide that one failed.
                if reply.failed.is_empty() { Ok(()) } else { Err(reply.failed[0].message.clone()) }
            });
        }
        let (mut failed, mut first, mut peak) = (0_u32, None, memory);
        while let Some(done) = calls.join_next().await {
            if let Err(e) = done? {
                failed += 1;
                first.get_or_insert(e);
            }
            peak = peak.max(resident_kilobytes()?);
        }
        if let Some(e) = first {
            crate::print(&format!("the first failure: {e}"));
        }
        let figure = |name: &str, value, unit, at_most| Figure { name: name.into(), value, unit, at_most };
        Ok(vec![
            figure("of 10,000 calls in flight over sockets: failures", f64::from(failed), "", 0.0),
            figure("their time", started.elapsed().as_secs_f64(), "s", 20.0),
            figure("memory for a call", (peak - memory) / IN_FLIGHT as f64, "KB", 60.0),
        ])
    })
}

/// As many open files as the system allows: a connection is one.
fn allow_files() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        setrlimit(Resource::Nofile, limit)?;
    }
    Ok(())
}

/// A thousand streams at one time: the processor's time for an event, and memory for a stream.
pub(crate) fn streams() -> Measured {
    const STREAMS: usize = 1_000;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let server = Server::start("stream")?;
    runtime.block_on(async {
        let lm = model(&server)?;
        let memory = resident_kilobytes()?;
        let before = busy();
        let mut streams = JoinSet::new();
        for i in 0..STREAMS {
            let lm = lm.clone();
            streams.spawn(async move {
                let request = request(i);
                let mut events = lm.stream(&request);
                let (mut count, mut done) = (0_usize, false);
                while let Some(event) = events.next().await {
                    done |= matches!(event.map_err(|e| e.to_string())?, Event::Done { .. });
                    count += 1;
                }
                if done { Ok(count) } else { Err("a stream without its end".to_owned()) }
            });
        }
        let mut peak = memory;
        let mut events = 0;
        while let Some(done) = streams.join_next().await {
            events += done??;
            peak = peak.max(resident_kilobytes()?);
        }
        let busy = busy().saturating_sub(before).as_secs_f64() * 1e6;
        Ok(vec![
            Figure {
                name: format!("processor for an event of {STREAMS} streams"),
                value: busy / events as f64,
                unit: "us",
                at_most: 12.0,
            },
            Figure {
                name: format!("memory for a stream of {STREAMS}"),
                value: (peak - memory) / STREAMS as f64,
                unit: "KB",
                at_most: 30.0,
            },
        ])
    })
}
