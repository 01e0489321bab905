//! Turns: limits, fairness, the window that all share, and that whoever leaves frees what it held.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Error, all, status, throttled};
use dspex_resilience::{
    Adaptive, Allowance, Ask, Deadline, Failed, Limiter, Limits, Permit, Rate, RateLimits, Refusal,
};
use tokio::time::{Instant, sleep, timeout};

fn limiter(change: impl FnOnce(&mut Limits)) -> Limiter {
    let mut limits = Limits::default();
    change(&mut limits);
    Limiter::new("a", limits)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

async fn take(limiter: &Limiter) -> Permit {
    limiter.acquire(&Ask::default()).await.unwrap()
}

/// When each of some calls had its turn, of tenants as named, in the order of the turns.
async fn turns(limiter: &Limiter, asks: Vec<Ask>, each: Duration) -> Vec<(Arc<str>, Duration)> {
    let start = Instant::now();
    let turns = Arc::new(Mutex::new(Vec::new()));
    let calls = asks.into_iter().map(|ask| {
        let (limiter, turns) = (limiter.clone(), Arc::clone(&turns));
        async move {
            let permit = limiter.acquire(&ask).await.unwrap();
            turns.lock().unwrap().push((Arc::clone(&ask.tenant), start.elapsed()));
            sleep(each).await;
            drop(permit);
        }
    });
    all(calls).await;
    std::mem::take(&mut *turns.lock().unwrap())
}

#[tokio::test(start_paused = true)]
async fn calls_at_once_are_bounded() {
    let limiter = limiter(|l| l.in_flight = Some(4));
    let start = Instant::now();
    let turns = turns(&limiter, vec![Ask::default(); 20], secs(1)).await;
    assert_eq!(start.elapsed(), secs(5));
    for second in 0..5 {
        assert_eq!(turns.iter().filter(|(_, at)| *at == secs(second)).count(), 4);
    }
    assert_eq!((limiter.in_flight(), limiter.waiting()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn requests_a_minute_are_spaced_after_the_burst() {
    let limiter = limiter(|l| l.requests = Some(Rate::per_minute(120.0).burst(3.0)));
    let turns = turns(&limiter, vec![Ask::default(); 7], Duration::ZERO).await;
    let at: Vec<u128> = turns.iter().map(|(_, at)| at.as_millis()).collect();
    assert_eq!(at, [0, 0, 0, 500, 1000, 1500, 2000]);
}

#[tokio::test(start_paused = true)]
async fn tokens_a_minute_are_corrected_by_what_was_used() {
    let limiter = limiter(|l| l.tokens = Some(Rate::per_minute(6000.0).burst(1000.0)));
    let ask = Ask::default().tokens(1000);
    let first = limiter.acquire(&ask).await.unwrap();
    let start = Instant::now();
    first.used_tokens(100);
    let second = limiter.acquire(&Ask::default().tokens(900)).await.unwrap();
    assert_eq!(start.elapsed(), Duration::ZERO, "what was not used is there at once");
    second.used_tokens(1900);
    drop(limiter.acquire(&Ask::default().tokens(500)).await.unwrap());
    assert_eq!(start.elapsed(), secs(15), "and what was used too much is waited for");
    drop((first, second));
}

#[tokio::test(start_paused = true)]
async fn a_correction_wakes_who_waits_for_tokens() {
    let limiter = limiter(|l| l.tokens = Some(Rate::per_minute(60.0).burst(1000.0)));
    let first = limiter.acquire(&Ask::default().tokens(1000)).await.unwrap();
    let start = Instant::now();
    let ask = Ask::default().tokens(500);
    let (permit, ()) = tokio::join!(limiter.acquire(&ask), async {
        sleep(secs(1)).await;
        first.used_tokens(0);
    });
    drop(permit.unwrap());
    assert_eq!(start.elapsed(), secs(1));
}

#[tokio::test(start_paused = true)]
async fn a_heavy_tenant_does_not_starve_a_light_one() {
    let limiter = limiter(|l| l.requests = Some(Rate::per_minute(60.0).burst(1.0)));
    let mut asks = vec![Ask::default().tenant("heavy"); 200];
    asks.extend(vec![Ask::default().tenant("light"); 3]);
    let seen = turns(&limiter, asks, Duration::ZERO).await;
    let light: Vec<Duration> = seen.iter().filter(|(t, _)| &**t == "light").map(|(_, at)| *at).collect();
    assert!(light.iter().zip([3, 5, 7]).all(|(at, most)| *at <= secs(most)), "{light:?} behind 200 others");

    let by_weight = self::limiter(|l| l.in_flight = Some(1));
    let mut asks = vec![Ask::default().tenant("x").weight(3); 60];
    asks.extend(vec![Ask::default().tenant("y"); 60]);
    let seen = turns(&by_weight, asks, secs(1)).await;
    let x = seen.iter().take(40).filter(|(t, _)| &**t == "x").count();
    assert!((28..=32).contains(&x), "{x} of 40 at weight 3 to 1");
}

#[tokio::test(start_paused = true)]
async fn within_a_tenant_the_first_goes_first() {
    let limiter = limiter(|l| l.in_flight = Some(1));
    let order = Arc::new(Mutex::new(Vec::new()));
    let calls = (0..50).map(|n| {
        let (limiter, order) = (limiter.clone(), Arc::clone(&order));
        async move {
            sleep(Duration::from_millis(n)).await;
            let _permit = take(&limiter).await;
            order.lock().unwrap().push(n);
            sleep(secs(1)).await;
        }
    });
    all(calls).await;
    assert_eq!(*order.lock().unwrap(), (0..50).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn p1_when_one_is_throttled_all_wait_and_no_longer_than_the_longest() {
    let limiter = limiter(|_| ());
    let fail =
        async |error| limiter.run(&Ask::default(), || async { Err::<(), Error>(Failed::Call(error)) }).await;
    let start = Instant::now();
    fail(throttled(5)).await.unwrap_err();
    drop(take(&limiter).await);
    assert_eq!(start.elapsed(), secs(5));
    fail(status(429)).await.unwrap_err();
    drop(take(&limiter).await);
    assert_eq!(start.elapsed(), Duration::from_millis(5500), "half a second where the server does not say");

    let late = Ask::default().deadline(Deadline::after(secs(3)));
    fail(throttled(10)).await.unwrap_err();
    let refused = limiter.acquire(&late).await.unwrap_err();
    assert_eq!(refused, Refusal::TooLong { wait: secs(10), longest: secs(3) }, "at once");
    assert_eq!(start.elapsed(), Duration::from_millis(5500));
}

#[tokio::test(start_paused = true)]
async fn p5_a_window_that_is_too_long_fails_those_who_wait_already() {
    let limiter = limiter(|l| l.in_flight = Some(1));
    let first = take(&limiter).await;
    let waiting: Vec<_> = (0..10).map(|_| limiter.clone()).collect();
    let start = Instant::now();
    let throttle = async {
        sleep(secs(1)).await;
        first.finish(&Err::<(), _>(Failed::<common::Status>::Call(throttled(3600))));
    };
    let calls = waiting.into_iter().map(|l| async move { l.acquire(&Ask::default()).await.map(drop) });
    let (results, ()) = tokio::join!(all(calls), throttle);
    assert_eq!(start.elapsed(), secs(1));
    assert!(results.iter().all(|r| matches!(r, Err(Refusal::TooLong { wait, .. }) if *wait == secs(3600))));
    assert_eq!((limiter.waiting(), limiter.in_flight()), (0, 0));
}

/// A limiter that lets nobody through for ten seconds: two calls wait, leave again, and one comes after them.
async fn two_leave(limiter: &Limiter, held: Option<Permit>) {
    let start = Instant::now();
    let first = timeout(secs(2), take(limiter));
    let second = timeout(secs(1), take(limiter));
    let third = async {
        sleep(Duration::from_millis(500)).await;
        take(limiter).await
    };
    let end = async {
        sleep(secs(10)).await;
        drop(held);
    };
    let (first, second, third, ()) = tokio::join!(first, second, third, end);
    assert!(first.is_err() && second.is_err());
    assert_eq!((start.elapsed(), limiter.waiting(), limiter.in_flight()), (secs(10), 0, 1));
    drop(third);
    assert_eq!(limiter.in_flight(), 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_a_waiting_call_frees_its_place_wherever_it_waits() {
    let full = limiter(|l| l.in_flight = Some(1));
    two_leave(&full, Some(take(&full).await)).await;
    let slow = limiter(|l| l.requests = Some(Rate::per_minute(6.0).burst(1.0)));
    drop(take(&slow).await);
    two_leave(&slow, None).await;
    let closed = limiter(|_| ());
    closed.window().extend(secs(10));
    two_leave(&closed, None).await;
}

#[tokio::test(start_paused = true)]
async fn a_call_that_is_dropped_on_its_way_frees_its_place() {
    let full = limiter(|l| l.in_flight = Some(1));
    let ask = Ask::default();
    let during = timeout(secs(1), full.run(&ask, std::future::pending::<Result<(), Error>>));
    assert!(during.await.is_err());
    assert_eq!(full.in_flight(), 0);
    let late = Ask::default().deadline(Deadline::after(secs(1)));
    let _held = full.acquire(&ask).await.unwrap();
    assert_eq!(full.acquire(&late).await.unwrap_err(), Refusal::Deadline);
    assert_eq!(full.waiting(), 0);
}

#[tokio::test(start_paused = true)]
async fn the_number_of_calls_at_once_follows_the_server() {
    let limiter = limiter(|l| l.adaptive = Some(Adaptive::between(2, 64)));
    let held: Vec<Permit> = all((0..64).map(|_| {
        let limiter = limiter.clone();
        async move { take(&limiter).await }
    }))
    .await;
    for permit in held {
        permit.finish(&Err::<(), _>(Failed::<common::Status>::Call(throttled(1))));
    }
    assert_eq!(limiter.concurrency(), Some(32), "halved once for what was under way together");
    let each = async |limiter: &Limiter| {
        let call = || async {
            sleep(secs(1)).await;
            Ok::<_, Error>(())
        };
        limiter.run(&Ask::default(), call).await.unwrap();
    };
    for _ in 0..40 {
        let calls = (0..40).map(|_| {
            let limiter = limiter.clone();
            async move { each(&limiter).await }
        });
        all(calls).await;
    }
    assert!(limiter.concurrency() > Some(36), "{:?}", limiter.concurrency());
}

#[tokio::test(start_paused = true)]
async fn limits_that_are_told_with_any_reply_are_kept() {
    let limiter = limiter(|_| ());
    let mut told = RateLimits::default();
    let allowance = |remaining| {
        let mut a = Allowance::default();
        (a.limit, a.remaining, a.reset) = (Some(60), Some(remaining), Some(secs(60)));
        a
    };
    told.requests = allowance(3);
    limiter.observe(&told);
    assert_eq!(limiter.window().until(), None);
    told.requests = allowance(0);
    limiter.observe(&told);
    assert_eq!(limiter.window().left(), secs(1), "when one of the sixty is there again");
}

#[tokio::test(start_paused = true)]
async fn a_limit_that_is_told_fails_those_at_once_who_would_wait_too_long() {
    let limiter = limiter(|_| ());
    limiter.window().extend(secs(10));
    assert!(!limiter.window().extend(secs(5)), "it only ever extends");
    assert_eq!(limiter.window().left(), secs(10));
    let start = Instant::now();
    let ask = Ask::default();
    let (waiting, ()) = tokio::join!(limiter.acquire(&ask), async {
        sleep(secs(1)).await;
        let mut told = RateLimits::default();
        (told.requests.remaining, told.requests.reset) = (Some(0), Some(secs(3600)));
        limiter.observe(&told);
    });
    assert!(matches!(waiting, Err(Refusal::TooLong { .. })), "{waiting:?}");
    assert_eq!(start.elapsed(), secs(1));
}
