//! When a breaker opens, refuses and closes: P8, and that P1 leaves it alone.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{Error, all, of_class, status, throttled};
use dspex_resilience::{
    Breaker, BreakerPolicy, BreakerState, Class, Event, Events, Failed, Outcome, Refusal,
};
use tokio::time::{Instant, advance, sleep};

fn breaker() -> Breaker {
    Breaker::new("a", BreakerPolicy::default())
}

async fn fail(breaker: &Breaker, error: common::Status) -> Error {
    breaker.run(|| async { Err::<(), _>(Failed::Call(error)) }).await.unwrap_err()
}

fn open(breaker: &Breaker) {
    breaker.enter().unwrap().record(Outcome::Fatal(Class::Transient));
}

#[tokio::test(start_paused = true)]
async fn p8_ten_failures_in_a_row_open_it() {
    let breaker = breaker();
    for _ in 0..10 {
        assert!(matches!(fail(&breaker, status(503)).await, Failed::Call(_)));
    }
    let Failed::Refused(Refusal::Open(open)) = fail(&breaker, status(503)).await else {
        panic!("it is open")
    };
    assert_eq!((open.wait, open.cause, open.probing), (Duration::from_secs(2), Class::Transient, false));
    assert_eq!(open.until, Instant::now() + Duration::from_secs(2));
    assert_eq!(
        open.to_string(),
        "expected a to be in order, found that its breaker is open after failures (transient); it is tried again in 2s"
    );
}

#[tokio::test(start_paused = true)]
async fn half_of_twenty_calls_open_it_also_with_successes_between() {
    let breaker = breaker();
    for n in 0..19 {
        breaker.enter().unwrap().record(if n % 2 == 0 {
            Outcome::Failure(Class::Timeout)
        } else {
            Outcome::Success
        });
    }
    assert_eq!(breaker.state(), BreakerState::Closed, "too few calls to tell");
    breaker.enter().unwrap().record(Outcome::Failure(Class::Timeout));
    assert!(!breaker.is_available());

    let old = self::breaker();
    for n in 0..19 {
        old.enter().unwrap().record(if n % 2 == 0 {
            Outcome::Failure(Class::Timeout)
        } else {
            Outcome::Success
        });
    }
    advance(Duration::from_secs(31)).await;
    old.enter().unwrap().record(Outcome::Failure(Class::Timeout));
    assert!(old.is_available(), "what was half a minute ago no longer counts");
}

#[tokio::test(start_paused = true)]
async fn throttling_and_faults_of_the_caller_never_count() {
    let breaker = breaker();
    for _ in 0..1000 {
        fail(&breaker, throttled(1)).await;
        for class in [Class::Caller, Class::TooLong, Class::Content, Class::Unavailable, Class::Cancelled] {
            fail(&breaker, of_class(class)).await;
        }
    }
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_opens_it_at_once_and_the_refusal_says_why() {
    for (code, class) in [(401, Class::Auth), (402, Class::Billing)] {
        let breaker = breaker();
        fail(&breaker, status(code)).await;
        assert_eq!(breaker.enter().unwrap_err().cause, class);
        let mut policy = BreakerPolicy::default();
        policy.fatal = false;
        let breaker = Breaker::new("a", policy);
        fail(&breaker, status(code)).await;
        assert_eq!(breaker.state(), BreakerState::Closed);
    }
}

#[tokio::test(start_paused = true)]
async fn p8_of_100_callers_one_is_the_probe() {
    let breaker = breaker();
    open(&breaker);
    sleep(Duration::from_secs(2)).await;
    let calls = Arc::new(Mutex::new((0, 0)));
    let callers = (0..100).map(|_| {
        let (breaker, calls) = (breaker.clone(), Arc::clone(&calls));
        async move {
            let call = || async {
                calls.lock().unwrap().0 += 1;
                sleep(Duration::from_secs(1)).await;
                Err::<(), Error>(Failed::Call(status(500)))
            };
            let result = breaker.run(call).await;
            if matches!(result, Err(Failed::Refused(Refusal::Open(open))) if open.probing) {
                calls.lock().unwrap().1 += 1;
            }
        }
    });
    all(callers).await;
    assert_eq!(*calls.lock().unwrap(), (1, 99));
}

#[tokio::test(start_paused = true)]
async fn it_stays_open_twice_as_long_each_time_up_to_a_minute() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&seen);
    let events = Events::to(move |_: &str, event: &Event| sink.lock().unwrap().push(event.clone()));
    let breaker = breaker().with_events(events);
    open(&breaker);
    for seconds in [2, 4, 8, 16, 32, 60, 60] {
        let start = Instant::now();
        let BreakerState::Open { until } = breaker.state() else { panic!("{:?}", breaker.state()) };
        assert_eq!(until - start, Duration::from_secs(seconds));
        sleep(Duration::from_millis(seconds * 1000 - 1)).await;
        assert!(breaker.enter().is_err());
        sleep(Duration::from_millis(1)).await;
        assert_eq!(breaker.state(), BreakerState::HalfOpen { probing: false });
        breaker.enter().unwrap().record(Outcome::Failure(Class::Transient));
    }
    sleep(Duration::from_mins(1)).await;
    breaker.enter().unwrap().record(Outcome::Success);
    assert_eq!(breaker.state(), BreakerState::Closed);
    open(&breaker);
    let wait = Duration::from_secs(2);
    let cause = Class::Transient;
    let last = seen.lock().unwrap().iter().rev().take(3).cloned().collect::<Vec<_>>();
    assert_eq!(
        last,
        [Event::Opened { wait, cause }, Event::Closed, Event::HalfOpened],
        "and begins again at the start"
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_probe_makes_room_for_the_next() {
    let breaker = breaker();
    open(&breaker);
    sleep(Duration::from_secs(2)).await;
    let never = breaker.run(std::future::pending::<Result<(), Error>>);
    assert!(tokio::time::timeout(Duration::from_secs(1), never).await.is_err());
    assert_eq!(breaker.state(), BreakerState::HalfOpen { probing: false });
    let throttled = breaker.enter().unwrap();
    throttled.record(Outcome::Ignore);
    breaker.run(|| async { Ok::<_, Error>(()) }).await.unwrap();
    assert_eq!(breaker.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn calls_of_before_say_nothing_about_what_is_now() {
    let breaker = breaker();
    let (early, late) = (breaker.enter().unwrap(), breaker.enter().unwrap());
    open(&breaker);
    assert!(early.is_stale());
    early.record(Outcome::Success);
    assert!(!breaker.is_available(), "an old success does not close it");
    sleep(Duration::from_secs(2)).await;
    breaker.enter().unwrap().record(Outcome::Success);
    late.record(Outcome::Fatal(Class::Transient));
    assert_eq!(breaker.state(), BreakerState::Closed, "an old failure does not open it");
}

/// The one test by the machine's clock: what is open must cost nothing.
#[tokio::test]
async fn p8_an_open_breaker_refuses_in_under_a_millisecond() {
    let breaker = breaker();
    open(&breaker);
    let mut times: Vec<Duration> = Vec::new();
    for _ in 0..1000 {
        let start = std::time::Instant::now();
        assert!(matches!(fail(&breaker, status(500)).await, Failed::Refused(_)));
        times.push(start.elapsed());
    }
    times.sort();
    assert!(times[990] < Duration::from_millis(1), "99 of 100 within {:?}", times[990]);
}
