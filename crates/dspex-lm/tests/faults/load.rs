//! Many callers at one server: one that throttles, and one that is down.
//!
//! Run with `DSPEX_LOAD=full`, as `cargo xtask soak` does, these take about two minutes; otherwise a tenth of that.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dspex_core::LanguageModel as _;
use dspex_core::lm::{LmErrorKind, Message, Request};
use dspex_lm::{Governors, Lm, Resilience, Secret};
use dspex_testkit::{Answer, Outage, RateLimit, Script, TestServer};
use tokio::task::JoinSet;

fn is_full() -> bool {
    #[expect(clippy::disallowed_methods, reason = "a switch for developers")]
    std::env::var("DSPEX_LOAD").is_ok_and(|v| v == "full")
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

fn request(i: usize) -> Request {
    Request::new(vec![Message::user(format!("{i}"))])
}

#[test]
fn a_server_that_refills_ten_a_second_answers_all_in_nearly_ideal_time() {
    let (calls, workers) = if is_full() { (500, 64) } else { (60, 64) };
    runtime().block_on(async {
        let limit = RateLimit::requests("10/s".parse().unwrap()).burst(10);
        let server = TestServer::script(Script::always(Answer::text("Paris"))).rate_limit(limit);
        let server = server.start().await.unwrap();
        let lm =
            Lm::builder("openai/m").api_key(Secret::new("k")).api_base(server.base_url()).build().unwrap();
        let (next, started) = (Arc::new(AtomicUsize::new(0)), Instant::now());
        let mut all = JoinSet::new();
        for _ in 0..workers {
            let (lm, next) = (lm.clone(), Arc::clone(&next));
            all.spawn(async move {
                loop {
                    let i = next.fetch_add(1, Ordering::Relaxed);
                    if i >= calls {
                        return Ok(());
                    }
                    lm.call(&request(i)).await.map_err(|e| format!("call {i}: {e}"))?;
                }
            });
        }
        let outcomes = all.join_all().await;
        let seconds = started.elapsed().as_secs_f64();
        let failed: Vec<&String> =
            outcomes.iter().filter_map(|o: &Result<(), String>| o.as_ref().err()).collect();
        assert!(failed.is_empty(), "{failed:?}");
        let ideal = (calls - 10) as f64 / 10.0;
        println!("{calls} calls in {seconds:.1} s, ideal {ideal:.1} s: {:.2}", seconds / ideal);
        // A short run has the time that it takes to learn the rate in it.
        assert!(
            seconds <= if is_full() { 1.1 * ideal } else { 1.1 * ideal + 1.5 },
            "{seconds} s, ideal {ideal} s"
        );
    });
}

#[test]
fn a_full_outage_costs_a_tenth_more_calls_and_ends_by_itself() {
    let span = Duration::from_secs(if is_full() { 60 } else { 6 });
    runtime().block_on(async {
        let server = TestServer::script(Script::always(Answer::text("Paris"))).start().await.unwrap();
        let mut resilience = Resilience::default();
        let governors = Governors::default();
        resilience.governors = governors.clone();
        let lm = Lm::builder("openai/m").api_key(Secret::new("k")).api_base(server.base_url());
        let lm = lm.resilience(resilience).build().unwrap();
        lm.call(&request(0)).await.unwrap();
        server.set_outage(Some(Outage::lasting(span)));
        let (before, end) = (server.calls(), Instant::now() + span);
        let (calls, fast) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let mut callers = JoinSet::new();
        for caller in 0..1_000_usize {
            let (lm, calls, fast) = (lm.clone(), Arc::clone(&calls), Arc::clone(&fast));
            callers.spawn(async move {
                while Instant::now() < end {
                    calls.fetch_add(1, Ordering::Relaxed);
                    let started = Instant::now();
                    if let Err(e) = lm.call(&request(caller)).await
                        && e.kind == LmErrorKind::Unavailable
                        && started.elapsed() < Duration::from_millis(1)
                    {
                        fast.fetch_add(1, Ordering::Relaxed);
                    }
                    tokio::time::sleep(Duration::from_millis(900 + (caller as u64 % 200))).await;
                }
            });
        }
        callers.join_all().await;
        let (calls, made) = (calls.load(Ordering::Relaxed), server.calls() - before);
        let per_call = made as f64 / calls as f64;
        println!("{calls} calls in an outage of {span:?}: {made} reached the server, {per_call:.3} a call");
        assert!(per_call <= 1.1, "{per_call}");
        assert!(fast.load(Ordering::Relaxed) > calls / 2, "most were refused within a millisecond");
        // It comes back within two probes, the longest wait between which is a minute.
        let probes = server.calls();
        let back = Instant::now();
        while lm.call(&request(1)).await.is_err() {
            assert!(back.elapsed() < Duration::from_secs(130), "it does not come back");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(server.calls() - probes <= 2, "{} probes", server.calls() - probes);
        assert!(governors.health()[0].1.is_available());
    });
}
