//! The layers together: their order, rate limits that nobody notices, and an outage.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Error, Server, all, of_class, status, throttled};
use dspex_resilience::{
    Adaptive, Ask, BreakerState, Class, Deadline, Event, Events, Failed, Fault, Jitter, Rate, Refusal, Stack,
    StackPolicy,
};
use tokio::time::{Instant, sleep, timeout};

fn stack(change: impl FnOnce(&mut StackPolicy)) -> Arc<Stack> {
    let mut policy = StackPolicy::default();
    change(&mut policy);
    Arc::new(Stack::new("a", policy, Jitter::seeded(5), Events::default()))
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// 500 calls by 64 workers on a server that refills 10 a second with a burst of 10. Gives the time over the ideal one.
async fn five_hundred_calls(stack: Arc<Stack>, server: &Server, latency: Duration) -> f64 {
    let start = Instant::now();
    let left = Arc::new(Mutex::new(500));
    let workers = (0..64).map(|_| {
        let (stack, server, left) = (Arc::clone(&stack), server.clone(), Arc::clone(&left));
        async move {
            while take_one(&left) {
                stack.run(&Ask::default(), |_| server.ask(latency)).await.unwrap();
            }
        }
    });
    all(workers).await;
    // The last call cannot start before 490 have come back, and is answered after its latency.
    start.elapsed().as_secs_f64() / (latency.as_secs_f64() + (500.0 - 10.0) / 10.0)
}

fn take_one(left: &Mutex<u32>) -> bool {
    let mut left = left.lock().unwrap();
    *left > 0 && {
        *left -= 1;
        true
    }
}

#[tokio::test(start_paused = true)]
async fn rate_limits_are_a_non_event_when_they_are_configured() {
    let server = Server::new(10.0, 10.0);
    let stack = stack(|p| p.limits.requests = Some(Rate::per_minute(600.0).burst(10.0)));
    let over = five_hundred_calls(stack, &server, Duration::from_millis(50)).await;
    assert!(over <= 1.1, "{over:.3} times the ideal time");
    assert_eq!((server.seen(), server.throttled()), (500, 0));
}

#[tokio::test(start_paused = true)]
async fn rate_limits_are_a_non_event_when_they_are_learned_from_429_and_retry_after_alone() {
    let adaptive = Some(Adaptive::between(1, 64));
    for (latency, adaptive) in
        [(5, None), (50, None), (400, None), (2000, None), (5000, None), (50, adaptive), (2000, adaptive)]
    {
        let server = Server::new(10.0, 10.0);
        let stack = stack(|p| p.limits.adaptive = adaptive);
        let over = five_hundred_calls(Arc::clone(&stack), &server, Duration::from_millis(latency)).await;
        let rate = stack.limiter().learned_rate().unwrap();
        let throttled = server.throttled();
        println!(
            "latency {latency} ms: {over:.3} times the ideal time, {throttled} throttled, {rate:.2} a second learned"
        );
        assert!(over <= 1.1, "latency {latency} ms: {over:.3} times the ideal time");
        assert!((8.0..=12.5).contains(&rate), "latency {latency} ms: {rate} a second");
        assert!(throttled < 250, "latency {latency} ms: {throttled} of 500");
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_outage_of_a_minute_under_a_thousand_callers() {
    let outage = secs(60);
    let server = Server::down_for(outage);
    let opened = Arc::new(Mutex::new(Vec::new()));
    let (sink, start) = (Arc::clone(&opened), Instant::now());
    let events = Events::to(move |_: &str, event: &Event| {
        if !matches!(event, Event::Retried { .. }) {
            sink.lock().unwrap().push((start.elapsed(), event.clone()));
        }
    });
    let stack = Arc::new(Stack::new("a", StackPolicy::default(), Jitter::seeded(5), events));
    let calls = Arc::new(Mutex::new((0_u64, Duration::ZERO)));
    let callers = (0..1000_u64).map(|n| {
        let (stack, server, calls) = (Arc::clone(&stack), server.clone(), Arc::clone(&calls));
        async move {
            sleep(Duration::from_millis(n)).await;
            loop {
                let was_open = !stack.breaker().is_available();
                let begun = Instant::now();
                let result = stack.run(&Ask::default(), |_| server.ask(Duration::from_millis(20))).await;
                calls.lock().unwrap().0 += 1;
                if was_open && result.is_err() {
                    let longest = &mut calls.lock().unwrap().1;
                    *longest = (*longest).max(begun.elapsed());
                }
                if result.is_ok() {
                    return;
                }
                sleep(secs(1)).await;
            }
        }
    });
    all(callers).await;
    let (calls, longest) = *calls.lock().unwrap();
    let attempts = server.seen();
    println!(
        "{calls} calls, {attempts} attempts at the server, all answered {:?} after the outage began",
        start.elapsed()
    );
    assert!(attempts as f64 <= 1.1 * calls as f64, "{attempts} attempts for {calls} calls");
    assert!(longest < Duration::from_millis(1), "a call took {longest:?} while the breaker was open");
    let opened = opened.lock().unwrap();
    let probes = |e: &&(Duration, Event)| e.1 == Event::HalfOpened && e.0 >= outage;
    let recovery: Vec<_> = opened.iter().filter(probes).collect();
    assert!((1..=2).contains(&recovery.len()), "{recovery:?}");
    assert_eq!(opened.iter().filter(|e| e.1 == Event::Closed).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn p44_without_a_breaker_the_quota_holds_the_attempts() {
    let server = Server::down_for(secs(3600));
    let stack = stack(|p| {
        p.breaker.in_a_row = None;
        p.breaker.share = 2.0;
    });
    let callers = (0..1000).map(|_| {
        let (stack, server) = (Arc::clone(&stack), server.clone());
        async move { stack.run(&Ask::default(), |_| server.ask(secs(1))).await.unwrap_err() }
    });
    all(callers).await;
    assert_eq!(server.seen(), 1100);
}

#[tokio::test(start_paused = true)]
async fn p45_attempts_at_the_server_are_those_of_the_policy() {
    let server = Server::down_for(secs(3600));
    let stack = stack(|_| ());
    let mut seen = Vec::new();
    let call = |_| server.ask(secs(1));
    let result = stack.run_observed(&Ask::default(), call, |a| seen.push(a.number)).await;
    assert_eq!(result, Err(Failed::Call(status(503))));
    assert_eq!((server.seen(), seen), (3, vec![1, 2, 3]));
}

#[tokio::test(start_paused = true)]
async fn a_retry_holds_no_permit_while_it_sleeps_and_waits_for_its_turn() {
    let stack = stack(|p| p.limits.in_flight = Some(1));
    let log = Arc::new(Mutex::new(Vec::new()));
    let call = |name: &'static str| {
        let (stack, log) = (Arc::clone(&stack), Arc::clone(&log));
        async move {
            let attempt = |n| {
                log.lock().unwrap().push(format!("{name}{n}"));
                async move {
                    sleep(secs(1)).await;
                    if name == "a" && n == 1 { Err(Error::Call(status(503))) } else { Ok(()) }
                }
            };
            stack.run(&Ask::default(), attempt).await.unwrap();
        }
    };
    let late = async {
        sleep(Duration::from_millis(10)).await;
        tokio::join!(call("b"), call("c"), call("d"));
    };
    let peek = async {
        sleep(Duration::from_millis(1010)).await;
        (stack.limiter().in_flight(), stack.limiter().waiting())
    };
    let start = Instant::now();
    let ((), (), (in_flight, waiting)) = tokio::join!(call("a"), late, peek);
    assert_eq!((in_flight, waiting), (1, 2), "b has the only place while a sleeps");
    assert_eq!(*log.lock().unwrap(), ["a1", "b1", "c1", "d1", "a2"], "a came back behind those who waited");
    assert_eq!(start.elapsed(), secs(5));
}

#[tokio::test(start_paused = true)]
async fn the_breaker_sees_each_attempt() {
    let stack = stack(|p| p.breaker.in_a_row = Some(2));
    let server = Server::down_for(secs(3600));
    let result = stack.run(&Ask::default(), |_| server.ask(secs(1))).await;
    assert_eq!(server.seen(), 2, "it opened between the attempts of one call");
    assert!(matches!(result, Err(Failed::Refused(Refusal::Open(_)))));
    assert_eq!(stack.health().report().failed, 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_breaker_opens_while_it_waits_is_not_sent() {
    let stack = stack(|p| {
        p.limits.in_flight = Some(10);
        p.retry.attempts = 1;
    });
    let server = Server::down_for(secs(3600));
    let callers = (0..100).map(|_| {
        let (stack, server) = (Arc::clone(&stack), server.clone());
        async move { stack.run(&Ask::default(), |_| server.ask(secs(1))).await.unwrap_err() }
    });
    let errors = all(callers).await;
    assert_eq!(server.seen(), 10);
    assert_eq!(errors.iter().filter(|e| matches!(e, Failed::Refused(Refusal::Open(_)))).count(), 90);
}

#[tokio::test(start_paused = true)]
async fn p1_a_throttled_call_makes_the_others_wait_and_leaves_the_breaker_alone() {
    let stack = stack(|p| p.limits.learn_rate = false);
    let start = Instant::now();
    for _ in 0..20 {
        let call = |n| async move { if n == 1 { Err(Error::Call(throttled(2))) } else { Ok(()) } };
        let ask = Ask::default();
        let (first, second) = tokio::join!(stack.run(&ask, call), async {
            sleep(Duration::from_millis(1)).await;
            let begun = Instant::now();
            stack.run(&Ask::default(), |_| async { Ok::<_, Error>(begun.elapsed()) }).await
        });
        first.unwrap();
        assert_eq!(second.unwrap(), Duration::from_millis(1999));
    }
    assert!(start.elapsed() >= secs(40));
    assert_eq!(stack.breaker().state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_throttles_for_ever_is_asked_about_once_in_each_window() {
    let server = Server::new(0.001, 1.0);
    let stack = stack(|p| p.limits.adaptive = Some(Adaptive::between(1, 16).start(4)));
    let callers = (0..1000).map(|_| {
        let (stack, server) = (Arc::clone(&stack), server.clone());
        async move {
            let seconds = |error: Error| match error {
                Failed::Call(mut e) => {
                    e.after = Some(secs(1));
                    Failed::Call(e)
                }
                refused @ Failed::Refused(_) => refused,
            };
            let ask = Ask::default().deadline(Deadline::after(secs(60)));
            let call = |_| async { server.ask(Duration::from_millis(20)).await.map_err(seconds) };
            stack.run(&ask, call).await
        }
    });
    let answered = all(callers).await.iter().filter(|r| r.is_ok()).count();
    assert_eq!(answered, 1);
    assert!(server.seen() <= 70, "{} requests in 60 s of windows of 1 s", server.seen());
}

#[tokio::test(start_paused = true)]
async fn the_deadline_is_around_all_waits() {
    let in_time = |stack: Arc<Stack>, call: fn() -> std::future::Ready<Result<(), Error>>, slow: bool| async move {
        let start = Instant::now();
        let ask = Ask::default().deadline(Deadline::after(secs(3)));
        let result = stack
            .run(&ask, |_| async {
                if slow {
                    sleep(secs(3600)).await;
                }
                call().await
            })
            .await;
        assert!(start.elapsed() <= secs(3), "{:?}", start.elapsed());
        result.unwrap_err()
    };
    let ok = || std::future::ready(Ok(()));
    let full = stack(|p| p.limits.in_flight = Some(1));
    let held = full.limiter().acquire(&Ask::default()).await.unwrap();
    assert_eq!(in_time(Arc::clone(&full), ok, false).await, Refusal::Deadline.into(), "in the queue");
    drop(held);
    assert_eq!(in_time(full, ok, true).await, Refusal::Deadline.into(), "in the call");
    let throttles = || std::future::ready(Err(Error::Call(throttled(5))));
    let error = in_time(stack(|_| ()), throttles, false).await;
    assert_eq!(error.retry_after(), Some(secs(5)), "before the wait for a retry");
}

#[tokio::test(start_paused = true)]
async fn dropping_a_call_at_any_time_frees_all_that_it_held() {
    for after in (0..60).map(|n| Duration::from_millis(n * 50)) {
        let stack = stack(|p| {
            p.limits.in_flight = Some(1);
            p.limits.requests = Some(Rate::per_minute(120.0).burst(1.0));
        });
        let call = |n| async move {
            sleep(Duration::from_millis(400)).await;
            if n == 1 { Err(Error::Call(of_class(Class::Transient))) } else { Ok(()) }
        };
        let three = async {
            let ask = Ask::default();
            tokio::join!(stack.run(&ask, call), stack.run(&ask, call), stack.run(&ask, call))
        };
        let _ = timeout(after, three).await;
        let limiter = stack.limiter();
        assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0), "dropped after {after:?}");
        assert_eq!(stack.health().report().in_flight, 0, "dropped after {after:?}");
        assert!(timeout(secs(5), stack.run(&Ask::default(), |_| async { Ok::<_, Error>(()) })).await.is_ok());
    }
}

#[tokio::test(start_paused = true)]
async fn one_server_that_hangs_leaves_others_their_latency() {
    let stacks = dspex_resilience::Registry::<Stack>::default();
    let get = |name: &'static str| {
        let key = dspex_resilience::Key::new(name, "m", "k");
        let mut policy = StackPolicy::default();
        policy.limits.in_flight = Some(8);
        stacks.get_or_make(&key, || Stack::new(name, policy, Jitter::seeded(1), Events::default()))
    };
    let hanging = (0..100).map(|_| {
        let stack = get("a");
        async move {
            timeout(secs(100), stack.run(&Ask::default(), |_| std::future::pending::<Result<(), Error>>()))
                .await
                .is_err()
        }
    });
    let served = (0..100).map(|_| {
        let stack = get("b");
        async move {
            let start = Instant::now();
            let call = |_| async {
                sleep(Duration::from_millis(10)).await;
                Ok::<_, Error>(())
            };
            stack.run(&Ask::default(), call).await.unwrap();
            start.elapsed() <= Duration::from_millis(130)
        }
    });
    let (hung, fast) = tokio::join!(all(hanging), all(served));
    assert!(hung.into_iter().all(|h| h) && fast.into_iter().all(|f| f));
}
