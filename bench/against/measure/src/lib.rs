//! What both contenders in Rust share: the task, the loop around the calls, and the line of figures.

use std::error::Error;
use std::fs;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use serde_json::json;

/// What goes wrong ends the run.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const REASONING: &str = "France is a country in Europe, and its seat of government is Paris.";
const ANSWER: &str = "Paris";

/// The question of a call; each is another one.
pub fn question(number: usize) -> String {
    format!("What is the capital of France, asked for the time number {number}?")
}

/// An error unless this is what the server's script says.
pub fn check(reasoning: &str, answer: &str) -> Outcome<()> {
    if (reasoning, answer) == (REASONING, ANSWER) {
        return Ok(());
    }
    Err(format!("expected {:?}, found {:?}", (REASONING, ANSWER), (reasoning, answer)).into())
}

/// What the command line asks for.
#[derive(Clone, Debug)]
pub struct Run {
    /// The base URL of the server.
    pub base: String,
    calls: usize,
    warm_up: usize,
    concurrency: usize,
}

impl Run {
    /// Reads `--base URL --calls N --warm-up N --concurrency N`.
    pub fn from_args() -> Outcome<Self> {
        let args: Vec<String> = std::env::args().skip(1).collect();
        Ok(Self {
            base: argument(&args, "--base")?,
            calls: argument(&args, "--calls")?,
            warm_up: argument(&args, "--warm-up")?,
            concurrency: argument(&args, "--concurrency")?,
        })
    }

    /// Warms up, measures, and prints the figures as a line of JSON. `call` makes the call of a number and checks it.
    pub async fn measure<F, Fut>(&self, call: F) -> Outcome<()>
    where
        F: Fn(usize) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome<()>> + Send + 'static,
    {
        let call = Arc::new(call);
        self.calls(&call, self.warm_up).await?;
        let (clock, cpu) = (Instant::now(), cpu_seconds()?);
        self.calls(&call, self.calls).await?;
        let (seconds, cpu_seconds) = (clock.elapsed().as_secs_f64(), cpu_seconds()? - cpu);
        let (calls, peak_kilobytes) = (self.calls, peak_kilobytes()?);
        println!(
            "{}",
            json!({"calls": calls, "seconds": seconds, "cpu_seconds": cpu_seconds, "peak_kilobytes": peak_kilobytes})
        );
        Ok(())
    }

    /// So many calls by so many tasks, each of which takes the next number when its call is done.
    async fn calls<F, Fut>(&self, call: &Arc<F>, calls: usize) -> Outcome<()>
    where
        F: Fn(usize) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Outcome<()>> + Send + 'static,
    {
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = tokio::task::JoinSet::new();
        for _ in 0..self.concurrency {
            let (call, next) = (Arc::clone(call), Arc::clone(&next));
            tasks.spawn(async move {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= calls {
                        return Ok::<(), Box<dyn Error + Send + Sync>>(());
                    }
                    call(number).await?;
                }
            });
        }
        while let Some(done) = tasks.join_next().await {
            done??;
        }
        Ok(())
    }
}

fn argument<T: FromStr>(args: &[String], name: &str) -> Outcome<T> {
    let given = args.iter().position(|a| a == name).and_then(|at| args.get(at + 1));
    let value = given.ok_or_else(|| format!("expected {name} and a value, found none"))?;
    value.parse().map_err(|_| format!("expected another value for {name} than {value}").into())
}

/// Time of the processor that this process has used, its own and the system's for it.
fn cpu_seconds() -> Outcome<f64> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let times = [usage.user_time(), usage.system_time()];
    Ok(times.iter().map(|t| t.tv_sec() as f64 + t.tv_usec() as f64 / 1e6).sum())
}

fn peak_kilobytes() -> Outcome<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line =
        status.lines().find_map(|l| l.strip_prefix("VmHWM:")).ok_or("no VmHWM in /proc/self/status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
