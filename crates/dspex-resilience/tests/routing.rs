//! Which endpoint is asked, and when a wait ends: P11, P15 to P17, P42, P43.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Error, Status, of_class, status, throttled};
use dspex_resilience::{
    AllFailed, Breaker, BreakerPolicy, Class, Deadline, Endpoint, Event, Events, Failed, Fallback, Fault,
    Health, Hedge, Jitter, Order, Outcome, Refusal, Router, Timeout, Window,
};
use tokio::time::{Instant, sleep};

type Reply = Result<&'static str, Status>;

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn router(replies: impl IntoIterator<Item = (&'static str, Reply)>, fallback: Fallback) -> Router<Reply> {
    Router::new(replies.into_iter().map(|(name, reply)| Endpoint::new(name, reply)), Order::Listed, fallback)
}

async fn ask(endpoint: &Endpoint<Reply>) -> Result<&'static str, Error> {
    sleep(secs(1)).await;
    endpoint.value.clone().map_err(Failed::Call)
}

#[tokio::test(start_paused = true)]
async fn p42_who_answers_is_named_and_who_failed_is_kept() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let events =
        Events::to(move |who: &str, event: &Event| sink.lock().unwrap().push(format!("{who} {event}")));
    let replies = [("a", Err(status(503))), ("b", Err(throttled(1))), ("c", Ok("hello"))];
    let router = router(replies, Fallback::default().with_events(events));
    let answered = router.run(Deadline::NONE, |_| true, ask).await.unwrap();
    assert_eq!((answered.value, &*answered.by), ("hello", "c"));
    let failed: Vec<_> = answered.failed.iter().map(|(who, e)| (who.as_str(), e.class())).collect();
    assert_eq!(failed, [("a", Class::Transient), ("b", Class::Throttled)]);
    assert_eq!(*seen.lock().unwrap(), ["a fell on (transient)", "b fell on (throttled)"]);
}

#[tokio::test(start_paused = true)]
async fn p42_the_deadline_spans_the_whole_chain() {
    let router =
        router([("a", Err(status(503))), ("b", Err(status(503))), ("c", Ok("hello"))], Fallback::default());
    let deadline = Deadline::after(secs(2));
    let call = |e| deadline.run(ask(e));
    let error = router.run(deadline, |_| true, call).await.unwrap_err();
    let classes: Vec<Class> = error.causes.iter().map(|(_, e)| e.class()).collect();
    assert_eq!(classes.last(), Some(&Class::Cancelled));
    assert!(classes.len() <= 3);
}

#[tokio::test(start_paused = true)]
async fn p42_failures_of_the_request_go_on_only_where_a_way_is_named() {
    for class in [Class::Caller, Class::TooLong, Class::Content] {
        let router = router([("a", Err(of_class(class))), ("b", Ok("hello"))], Fallback::default());
        let error = router.run(Deadline::NONE, |_| true, ask).await.unwrap_err();
        assert_eq!((error.causes.len(), error.class()), (1, class));
    }
    let named = Fallback::default().on(Class::TooLong, ["c"]).on(Class::Transient, Vec::<String>::new());
    let router =
        router([("a", Err(of_class(Class::TooLong))), ("b", Ok("b")), ("c", Ok("c"))], named.clone());
    assert_eq!(router.run(Deadline::NONE, |_| true, ask).await.unwrap().by, "c");
    let closed = self::router([("a", Err(status(503))), ("b", Ok("b"))], named);
    assert_eq!(closed.run(Deadline::NONE, |_| true, ask).await.unwrap_err().causes.len(), 1);
    let begun = Status { gave_output: true, ..status(503) };
    let begun = self::router([("a", Err(begun)), ("b", Ok("b"))], Fallback::default());
    assert!(begun.run(Deadline::NONE, |_| true, ask).await.is_err(), "a part of a's reply was given on");
}

#[tokio::test(start_paused = true)]
async fn p43_all_causes_are_kept_and_the_one_that_tells_most_leads() {
    let replies = [
        ("a", Err(status(503))),
        ("b", Err(throttled(9))),
        ("c", Err(status(401))),
        ("d", Err(throttled(4))),
    ];
    let error = router(replies, Fallback::default()).run(Deadline::NONE, |_| true, ask).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "expected an answer of one of a, b, c, d, found none: a: status 503; b: status 429; c: status 401; d: status 429"
    );
    assert_eq!((error.class(), error.retry_after()), (Class::Auth, Some(secs(4))));
    let nobody: AllFailed<Error> = router([("a", Ok("hello"))], Fallback::default())
        .run(Deadline::NONE, |_| false, ask)
        .await
        .unwrap_err();
    assert_eq!((nobody.causes.len(), nobody.class()), (0, Class::Unavailable));
}

#[tokio::test(start_paused = true)]
async fn p11_an_endpoint_whose_key_is_refused_is_cooled_and_others_go_on() {
    let breaker = Breaker::new("a", BreakerPolicy::default());
    let endpoints = [
        Endpoint::new("a", Some(breaker.clone())).health(Health::default().with_breaker(&breaker)),
        Endpoint::new("b", None),
    ];
    let router = Router::new(endpoints, Order::Listed, Fallback::default());
    let asked = Mutex::new(Vec::new());
    let call = async |e: &Endpoint<Option<Breaker>>| match &e.value {
        Some(breaker) => {
            let refused = || async {
                asked.lock().unwrap().push("a");
                Err(Error::Call(status(401)))
            };
            breaker.run(refused).await
        }
        None => Ok("hello"),
    };
    for _ in 0..5 {
        assert_eq!(router.run(Deadline::NONE, |_| true, call).await.unwrap().by, "b");
    }
    assert_eq!(*asked.lock().unwrap(), ["a"], "asked once, and last in order from then on");
}

#[tokio::test(start_paused = true)]
async fn weights_are_shares_of_first_places_and_a_seed_gives_the_same_again() {
    let count = || {
        let endpoints = [("a", 3.0), ("b", 1.0), ("none", 0.0)].map(|(n, w)| Endpoint::new(n, ()).weight(w));
        let router = Router::new(endpoints, Order::Weighted(Jitter::seeded(1)), Fallback::default());
        let mut firsts = BTreeMap::new();
        for _ in 0..4000 {
            *firsts.entry(router.candidates(|_| true)[0].name.clone()).or_insert(0) += 1;
        }
        firsts
    };
    let firsts = count();
    assert!((2850..=3150).contains(&firsts["a"]), "{firsts:?}");
    assert_eq!(firsts.values().sum::<i32>() - firsts["a"], firsts["b"]);
    assert_eq!(count(), firsts);
}

#[tokio::test(start_paused = true)]
async fn the_fastest_is_asked_and_one_that_is_out_comes_last() {
    let window = Window::default();
    let endpoints = [
        Endpoint::new("slow", 5),
        Endpoint::new("fast", 1).health(Health::default().with_window(&window)),
        Endpoint::new("middle", 3),
    ];
    let router = Router::new(endpoints, Order::LeastLatency, Fallback::default());
    let call = async |e: &Endpoint<u64>| {
        sleep(secs(e.value)).await;
        Ok::<_, Error>(())
    };
    let mut by = Vec::new();
    for _ in 0..5 {
        by.push(router.run(Deadline::NONE, |_| true, call).await.unwrap().by);
    }
    assert_eq!(by, ["slow", "fast", "middle", "fast", "fast"], "each once, then the fastest");
    window.extend(secs(10));
    let names: Vec<_> = router.candidates(|_| true).iter().map(|e| e.name.as_str()).collect();
    assert_eq!(names, ["middle", "slow", "fast"]);
    assert_eq!(router.candidates(|e| e.value > 4).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn p15_p16_p17_first_byte_idle_and_total_are_three_limits() {
    let first_byte = Timeout::new("the first byte", secs(30));
    let never = std::future::pending::<Result<(), Error>>();
    let start = Instant::now();
    let error = first_byte.run(Deadline::NONE, never).await.unwrap_err();
    assert_eq!((error.class(), start.elapsed()), (Class::Timeout, secs(30)));

    let idle = Timeout::new("the next piece", secs(60));
    let deadline = Deadline::after(secs(600));
    let start = Instant::now();
    let drip = async {
        let mut pieces = 0;
        loop {
            let piece = async {
                sleep(secs(1)).await;
                Ok::<_, Error>(())
            };
            match idle.run(deadline, piece).await {
                Ok(()) => pieces += 1,
                Err(e) => return (e, pieces),
            }
        }
    };
    let (error, pieces) = drip.await;
    assert_eq!(
        (error, start.elapsed()),
        (Failed::Refused(Refusal::Deadline), secs(600)),
        "the total, not the idle one"
    );
    assert!((599..=600).contains(&pieces));
    let silence = idle.run(Deadline::NONE, std::future::pending::<Result<(), Error>>()).await.unwrap_err();
    assert_eq!(silence, Refusal::TimedOut { what: "the next piece", limit: secs(60) }.into());
}

/// Counts the calls that are under way.
struct Alive(Arc<Mutex<i32>>);

impl Alive {
    fn new(count: &Arc<Mutex<i32>>) -> Self {
        *count.lock().unwrap() += 1;
        Self(Arc::clone(count))
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        *self.0.lock().unwrap() -= 1;
    }
}

#[tokio::test(start_paused = true)]
async fn a_hedge_takes_the_first_answer_and_drops_the_other() {
    let hedge = Hedge::new(secs(2));
    let alive = Arc::new(Mutex::new(0));
    let run = async |first: (u64, bool), second: (u64, bool)| {
        let start = Instant::now();
        let call = |n| {
            let (alive, (seconds, good)) = (Alive::new(&alive), if n == 1 { first } else { second });
            async move {
                sleep(secs(seconds)).await;
                drop(alive);
                if good { Ok(n) } else { Err(n) }
            }
        };
        let hedged = hedge.run(call).await;
        assert_eq!(*alive.lock().unwrap(), 0);
        (hedged.result, hedged.started, start.elapsed().as_secs())
    };
    assert_eq!(run((1, true), (1, true)).await, (Ok(1), 1, 1), "in time: one attempt");
    assert_eq!(run((1, false), (1, true)).await, (Err(1), 1, 1), "a failure in time is one");
    assert_eq!(run((9, true), (1, true)).await, (Ok(2), 2, 3));
    assert_eq!(run((4, true), (9, true)).await, (Ok(1), 2, 4));
    assert_eq!(run((3, false), (4, true)).await, (Ok(2), 2, 6), "a failure is waited out");
    assert_eq!(run((9, true), (1, false)).await, (Ok(1), 2, 9));
    assert_eq!((hedge.second_attempts(), hedge.dropped()), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn health_is_counted_from_the_calls_and_forgets_who_left() {
    let health = Health::default();
    let dropped = health.begin();
    health.begin().end(Outcome::Ignore);
    assert_eq!((health.report().in_flight, health.report().latency), (1, None));
    drop(dropped);
    for _ in 0..50 {
        health.begin().end(Outcome::Failure(Class::Timeout));
    }
    let report = health.report();
    assert_eq!((report.in_flight, report.succeeded, report.failed), (0, 0, 50));
    assert!(report.error_share > 0.99 && report.is_available());
}
