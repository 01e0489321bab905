//! `dspex testserver`: an endpoint for tests, which any client of chat completions can ask.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use dspex_core::{Error, ErrorKind, Result};
use dspex_testkit::Script;

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
    /// {"hang": true}, in order, or by "when": a text of the last message
    #[arg(long, value_name = "FILE")]
    script: Option<PathBuf>,

    /// Wait so many milliseconds before each answer
    #[arg(long, value_name = "MS", default_value_t = 0)]
    latency_ms: u64,
}

impl TestServer {
    pub(crate) fn run(&self) -> Result<Exit> {
        let (server, who) = match &self.script {
            Some(path) => {
                let script = Script::parse(&read_text(path)?).map_err(|message| {
                    Error::new(ErrorKind::File { place: path.display().to_string(), message })
                        .with_hint("mend the script there")
                })?;
                (dspex_testkit::TestServer::script(script), path.display().to_string())
            }
            None => (dspex_testkit::TestServer::lm(dspex_lm::by_name(&self.lm)?), self.lm.clone()),
        };
        let server = server.port(self.port).latency(Duration::from_millis(self.latency_ms));
        super::runtime(2)?.block_on(async {
            let failed = |e: std::io::Error| {
                Error::new(ErrorKind::File {
                    place: format!("port {}", self.port),
                    message: format!("cannot be served: {e}"),
                })
                .with_hint("take another port, or 0 for any that is free")
            };
            let server = server.start().await.map_err(failed)?;
            print(&format!("listening on {}, answering with {who}", server.base_url()))?;
            ended().await;
            let calls = server.calls();
            // Those who still wait have been told to go; a hanging script would hold the end up for ever.
            let _ = tokio::time::timeout(Duration::from_secs(1), server.stop()).await;
            print(&format!("answered {calls} calls"))?;
            Ok(Exit::Done)
        })
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
