//! `dspex testserver`: an endpoint for tests, which clients of any provider can ask, in good weather and bad.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use dspex_core::{Error, ErrorKind, Result};
use dspex_testkit::{Fault, Latency, LimitHeaders, Outage, Rate, RateLimit, Script, TestServerBuilder};

use crate::failure::Exit;
use crate::output::print;
use crate::program::read_text;

#[derive(Args, Debug)]
pub(crate) struct TestServer {
    /// The port, on this machine only; 0 takes any that is free
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// The model that answers
    #[arg(long, value_name = "MODEL", default_value = "builtin/nearest", conflicts_with = "script")]
    lm: String,

    /// Answer from a script instead: a JSON object a line, {"text": ...}, {"status": ..., "body": ..., "headers": ...} or
    /// {"hang": true}, in order, or by "when": a text of the last message; docs/testserver.md has all of it
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,

    /// Wait before each answer: 200ms, or a range, 50ms..200ms
    #[arg(long, value_name = "SPAN", conflicts_with = "latency_ms")]
    latency: Option<Latency>,

    /// Wait so many milliseconds before each answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,

    /// Wait so many milliseconds between the events of a stream
    #[arg(long, value_name = "MS", default_value_t = 0)]
    drip_ms: u64,

    /// Take no more requests than this, 10/s or 500/m, and answer others with 429
    #[arg(long, value_name = "RATE")]
    rate_limit: Option<Rate>,

    /// So many requests at once after a pause [default: those of the rate]
    #[arg(long, value_name = "N", requires = "rate_limit")]
    burst: Option<u32>,

    /// Take no more tokens than this in a minute
    #[arg(long, value_name = "N", requires = "rate_limit")]
    tokens_per_minute: Option<u32>,

    /// Tell of limits in the headers of this provider: openai or anthropic
    #[arg(long, value_name = "PROVIDER", default_value = "openai")]
    headers: LimitHeaders,

    /// Do this wrong: status:503, drip:1s, cut streams, ...; any number of times. docs/testserver.md lists them
    #[arg(long, value_name = "FAULT[:ARG]")]
    fault: Vec<Fault>,

    /// The share of calls that faults hit, from 0 to 1
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, requires = "fault", value_parser = share)]
    fault_rate: f64,

    /// The seed that says which calls faults hit and how long a range of latency waits
    #[arg(long, value_name = "N", default_value_t = 0)]
    seed: u64,

    /// Begin with an outage: of so many calls, or so long, 10s
    #[arg(long, value_name = "N|SPAN")]
    outage: Option<Outage>,

    /// The status of calls in an outage
    #[arg(long, value_name = "STATUS", default_value_t = 503, requires = "outage",
        value_parser = clap::value_parser!(u16).range(400..600))]
    outage_status: u16,
}

fn share(text: &str) -> std::result::Result<f64, String> {
    let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
    share.ok_or_else(|| "expected a share from 0 to 1".to_owned())
}

impl TestServer {
    pub(crate) fn run(&self) -> Result<Exit> {
        let (server, who) = self.responder()?;
        let server = self.weathered(server.port(self.port));
        super::runtime(2)?.block_on(async {
            let failed = |e: std::io::Error| {
                Error::new(ErrorKind::File {
                    place: format!("port {}", self.port),
                    message: format!("cannot be served: {e}"),
                })
                .with_hint("take another port, or 0 for any that is free")
            };
            let server = server.start().await.map_err(failed)?;
            // In one go: who wants the first line alone closes the pipe behind it.
            let mut said = format!("listening on {}, answering with {who}", server.base_url());
            for (wire, url) in server.base_urls() {
                let _ = write!(said, "\n  {wire:<17} {url}");
            }
            print(&said)?;
            ended().await;
            let calls = server.calls();
            // Those who still wait have been told to go; a hanging script would hold the end up for ever.
            let _ = tokio::time::timeout(Duration::from_secs(1), server.stop()).await;
            print(&format!("answered {calls} calls"))?;
            Ok(Exit::Done)
        })
    }

    fn responder(&self) -> Result<(TestServerBuilder, String)> {
        let Some(path) = &self.script else {
            let server = dspex_testkit::TestServer::lm(dspex_lm::by_name(&self.lm)?);
            return Ok((server, self.lm.clone()));
        };
        let script = Script::parse(&read_text(path)?).map_err(|message| {
            Error::new(ErrorKind::File { place: path.display().to_string(), message })
                .with_hint("mend the script there")
        })?;
        Ok((dspex_testkit::TestServer::script(script), path.display().to_string()))
    }

    /// The server with all that was said about its behaviour.
    fn weathered(&self, server: TestServerBuilder) -> TestServerBuilder {
        let latency = self.latency.unwrap_or_else(|| Duration::from_millis(self.latency_ms).into());
        let mut server = server
            .latency(latency.with_seed(self.seed))
            .drip(Duration::from_millis(self.drip_ms))
            .fault_share(self.fault_rate, self.seed);
        for fault in &self.fault {
            server = server.fault(fault.clone());
        }
        if let Some(rate) = self.rate_limit {
            let mut limit = RateLimit::requests(rate).headers(self.headers);
            if let Some(burst) = self.burst {
                limit = limit.burst(burst);
            }
            if let Some(tokens) = self.tokens_per_minute {
                limit = limit.tokens_per_minute(tokens);
            }
            server = server.rate_limit(limit);
        }
        match self.outage {
            Some(outage) => server.outage(outage.status(self.outage_status)),
            None => server,
        }
    }
}

/// Waits for Ctrl-C, or for the signal that ends services.
async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = term.recv() => {}
            }
            return;
        }
    }
    // Without either signal, there is nothing to wait for but the end of the process.
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}
