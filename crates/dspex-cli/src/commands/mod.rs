//! The commands, one file each. To add one: a file under `commands/`, and here its module, its variant and its line.

mod cache;
mod eval;
mod explain;
mod lm;
mod parse;
mod render;
mod run;
mod save;
mod testserver;
mod wording;

use clap::Subcommand;

use crate::failure::{Exit, Failure};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program once
    Run(Box<run::Run>),
    /// Score a program on a data set
    Eval(Box<eval::Eval>),
    /// Print the request that a call would send; nothing is called
    Render(render::Render),
    /// Read a reply as a program would; nothing is called
    Parse(parse::Parse),
    /// Write a program to a file that DSPy loads too; nothing is called
    Save(save::Save),
    /// Look into a cache of replies
    Cache(cache::CacheCommand),
    /// Ask what a model's endpoint supports
    Lm(lm::LmCommand),
    /// Serve a built-in model or a script as an OpenAI-compatible endpoint, for tests
    Testserver(testserver::TestServer),
    /// Take over the sentences of a DSPy that is installed here
    Wording(wording::WordingCommand),
}

impl Command {
    /// Runs the command. An error knows in which form the caller wants to see it.
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let (result, json) = match self {
            Self::Run(c) => (c.run(), c.json),
            Self::Eval(c) => (c.run(), c.json),
            Self::Render(c) => (c.run(), c.json),
            Self::Parse(c) => (c.run(), c.json),
            Self::Save(c) => (c.run(), c.json),
            Self::Cache(c) => (c.run(), c.json()),
            Self::Lm(c) => (c.run(), c.json()),
            Self::Testserver(c) => (c.run(), false),
            Self::Wording(c) => (c.run(), c.json()),
        };
        result.map_err(|error| Failure { error, json })
    }
}

/// Runs a future to its end; Ctrl-C cancels the context, so that the future ends by itself with what it has.
fn block_on<F: Future>(ctx: &dspex_core::Context, future: F) -> dspex_core::Result<F::Output> {
    let runtime = runtime(1)?;
    let cancellation = ctx.cancellation().clone();
    // On a worker of its own: a program that never waits would keep this thread from noticing.
    let ctrl_c = runtime.spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            cancellation.cancel();
        }
    });
    let output = runtime.block_on(future);
    ctrl_c.abort();
    // A thread that waits for a pipe cannot be told to stop; the process ends without it.
    runtime.shutdown_background();
    Ok(output)
}

/// A runtime with so many threads beside this one.
fn runtime(threads: usize) -> dspex_core::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()
        .map_err(|e| no_runtime(&e))
}

/// Runs a future that calls nothing to its end, without signals, network or other threads.
fn block_on_here<F: Future>(future: F) -> dspex_core::Result<F::Output> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().map_err(|e| no_runtime(&e))?;
    Ok(runtime.block_on(future))
}

fn no_runtime(e: &std::io::Error) -> dspex_core::Error {
    dspex_core::Error::configuration(format!("expected a runtime, found {e}"))
}

/// Notes as `--json` writes them.
fn notes_json(notes: &[dspex_core::Note]) -> serde_json::Value {
    notes
        .iter()
        .map(|n| serde_json::json!({"rule": n.rule.id(), "field": n.field, "message": n.message, "from": n.from, "to": n.to}))
        .collect()
}
