//! When a call is tried again, and when not: P1, P4 to P7, P9, P10, P14, P18, P19, P44.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use common::{Error, Status, all, of_class, retry, status, throttled};
use dspex_resilience::{
    Class, Deadline, Failed, Fault, Jitter, Next, Refusal, Retry, RetryPolicy, RetryQuota, Stop,
};
use tokio::time::Instant;

/// What became of a call whose attempts fail one after the other with these errors, and succeed after them.
struct Seen {
    result: Result<u32, Error>,
    /// The waits before the second attempt, the third, ...
    waits: Vec<Duration>,
    /// When attempts began, counted from the first.
    at: Vec<Duration>,
    stop: Option<Stop>,
}

async fn see(retry: &Retry, deadline: Deadline, errors: &[Status]) -> Seen {
    let start = Instant::now();
    let (mut waits, mut at, mut stop) = (Vec::new(), Vec::new(), None);
    let call = |number: u32| {
        at.push(start.elapsed());
        let error = errors.get(number as usize - 1).cloned();
        async move { error.map_or(Ok(number), |e| Err(Failed::Call(e))) }
    };
    let result = retry
        .run_observed(deadline, call, |attempt| match attempt.next {
            Next::Wait(wait) => waits.push(wait),
            Next::Stop(why) => stop = Some(why),
            Next::Done => {}
        })
        .await;
    Seen { result, waits, at, stop }
}

fn secs(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds)
}

#[tokio::test(start_paused = true)]
async fn p1_the_next_attempt_comes_no_sooner_than_the_server_asked() {
    let retry = Retry::new(RetryPolicy::default(), RetryQuota::default(), Jitter::seeded(3));
    let seen = see(&retry, Deadline::NONE, &[throttled(2)]).await;
    assert_eq!(seen.result, Ok(2));
    assert!(seen.at[1] >= secs(2.0) && seen.at[1] <= secs(2.501), "{:?}", seen.at);
    assert!(seen.waits[0] > secs(2.0), "and not all in the same moment");
    assert_eq!(retry.quota().left(), 500, "paced by the server, it takes nothing from the quota");
}

#[tokio::test(start_paused = true)]
async fn p4_without_a_word_of_the_server_waits_are_by_chance_below_a_doubling_bound() {
    let bad = [status(429), status(429), status(429), status(429)];
    let seen = see(&retry(RetryPolicy::default()), Deadline::NONE, &bad).await;
    assert_eq!((seen.waits, seen.stop), (vec![secs(0.5), secs(1.0)], Some(Stop::Attempts)));
    assert_eq!(seen.at.len(), 3);

    let mut many = RetryPolicy::default();
    many.attempts = 9;
    let down = vec![status(503); 9];
    let seen = see(&retry(many), Deadline::NONE, &down).await;
    let bounds = [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 20.0, 20.0].map(secs);
    assert_eq!(seen.waits, bounds);

    let by_chance = Retry::new(many, RetryQuota::default(), Jitter::seeded(1));
    let seen = see(&by_chance, Deadline::NONE, &down).await;
    assert!(seen.waits.iter().zip(bounds).all(|(wait, bound)| *wait < bound), "{:?}", seen.waits);
    let again = Retry::new(many, RetryQuota::default(), Jitter::seeded(1));
    assert_eq!(see(&again, Deadline::NONE, &down).await.waits, seen.waits, "the same seed, the same waits");
}

#[tokio::test(start_paused = true)]
async fn p5_a_wait_that_is_too_long_fails_now_and_says_how_long() {
    let retry = retry(RetryPolicy::default());
    let seen = see(&retry, Deadline::NONE, &[throttled(3600)]).await;
    assert_eq!((seen.stop, seen.at.len()), (Some(Stop::LongWait), 1));
    assert_eq!(seen.result.unwrap_err().retry_after(), Some(secs(3600.0)));

    let start = Instant::now();
    let seen = see(&retry, Deadline::after(secs(5.0)), &[throttled(10)]).await;
    assert_eq!((seen.stop, start.elapsed()), (Some(Stop::Deadline), Duration::ZERO));
    assert_eq!(seen.result.unwrap_err().retry_after(), Some(secs(10.0)));

    let seen = see(&retry, Deadline::after(secs(20.0)), &[throttled(10)]).await;
    assert_eq!(seen.result, Ok(2));
    assert_eq!(see(&retry, Deadline::after(Duration::ZERO), &[]).await.result, Err(Refusal::Deadline.into()));
}

#[tokio::test(start_paused = true)]
async fn all_attempts_together_end_in_time() {
    let mut policy = RetryPolicy::default();
    (policy.attempts, policy.elapsed) = (100, secs(10.0));
    let start = Instant::now();
    let seen = see(&retry(policy), Deadline::NONE, &vec![status(500); 100]).await;
    assert_eq!(seen.stop, Some(Stop::Elapsed));
    assert!(start.elapsed() <= secs(10.0));
}

#[tokio::test(start_paused = true)]
async fn p6_p9_p14_the_class_alone_decides() {
    let retry = retry(RetryPolicy::default());
    for (code, retried) in [
        (408, true),
        (409, true),
        (429, true),
        (500, true),
        (502, true),
        (503, true),
        (504, true),
        (529, true),
        (400, false),
        (401, false),
        (402, false),
        (403, false),
        (404, false),
        (413, false),
        (415, false),
        (422, false),
        (501, false),
    ] {
        let seen = see(&retry, Deadline::NONE, &[status(code)]).await;
        assert_eq!(seen.at.len() == 2, retried, "{code}");
        assert_eq!(seen.stop, (!retried).then_some(Stop::Class), "{code}");
    }
    for class in Class::ALL {
        let seen = see(&retry, Deadline::NONE, &[of_class(*class)]).await;
        assert_eq!(seen.at.len() == 2, class.is_retried(), "{class:?}");
    }
    let empty = Status { class: Some(Class::Billing), after: Some(secs(1.0)), ..status(429) };
    assert_eq!(see(&retry, Deadline::NONE, &[empty]).await.at.len(), 1, "an empty account is not a 429");
}

#[tokio::test(start_paused = true)]
async fn p7_p18_one_failure_then_an_answer() {
    let retry = retry(RetryPolicy::default());
    for code in [500, 502, 503, 504, 529] {
        let seen = see(&retry, Deadline::NONE, &[status(code)]).await;
        assert_eq!((seen.result, seen.at.len()), (Ok(2), 2), "{code}");
    }
    let lost_before_the_first_token = of_class(Class::Transient);
    assert_eq!(see(&retry, Deadline::NONE, &[lost_before_the_first_token]).await.result, Ok(2));
}

#[tokio::test(start_paused = true)]
async fn p10_the_server_s_word_on_trying_again_wins() {
    let retry = retry(RetryPolicy::default());
    let no = Status { should_retry: Some(false), ..status(500) };
    let seen = see(&retry, Deadline::NONE, &[no]).await;
    assert_eq!((seen.at.len(), seen.stop), (1, Some(Stop::Server)));
    let yes = Status { should_retry: Some(true), ..status(400) };
    assert_eq!(see(&retry, Deadline::NONE, std::slice::from_ref(&yes)).await.result, Ok(2));
    let cancelled = Status { class: Some(Class::Cancelled), ..yes };
    assert_eq!(see(&retry, Deadline::NONE, &[cancelled]).await.at.len(), 1, "nobody waits for it");
}

#[tokio::test(start_paused = true)]
async fn p19_never_after_output_was_given_on() {
    let retry = retry(RetryPolicy::default());
    for error in [status(503), throttled(1), Status { should_retry: Some(true), ..status(500) }] {
        let seen = see(&retry, Deadline::NONE, &[Status { gave_output: true, ..error }]).await;
        assert_eq!((seen.at.len(), seen.stop), (1, Some(Stop::OutputGiven)));
    }
}

#[tokio::test(start_paused = true)]
async fn throttled_attempts_are_counted_apart_from_failures() {
    let retry = retry(RetryPolicy::default());
    let mut mixed = vec![throttled(1); 5];
    mixed.extend([status(503), status(503)]);
    assert_eq!(see(&retry, Deadline::NONE, &mixed).await.result, Ok(8));
    let seen = see(&retry, Deadline::NONE, &vec![throttled(1); 50]).await;
    assert_eq!((seen.at.len(), seen.stop), (10, Some(Stop::Attempts)));
}

/// 1,000 callers against a server that is down: the numbers of attempts and of calls.
async fn storm(class: Class, rounds: u64) -> (u64, u64) {
    let retry = Arc::new(Retry::new(RetryPolicy::default(), RetryQuota::default(), Jitter::seeded(9)));
    let attempts = Arc::new(AtomicU64::new(0));
    let callers = (0..1000).map(|_| {
        let (retry, attempts) = (Arc::clone(&retry), Arc::clone(&attempts));
        async move {
            for _ in 0..rounds {
                let call = |_| {
                    attempts.fetch_add(1, Ordering::Relaxed);
                    async move { Err::<(), _>(Failed::Call(of_class(class))) }
                };
                retry.run(Deadline::NONE, call).await.unwrap_err();
            }
        }
    });
    all(callers).await;
    (attempts.load(Ordering::Relaxed), 1000 * rounds)
}

#[tokio::test(start_paused = true)]
async fn p44_a_storm_costs_at_most_a_tenth_more_attempts_than_calls() {
    assert_eq!(storm(Class::Transient, 1).await, (1100, 1000), "the emptying of the quota included");
    assert_eq!(storm(Class::Transient, 10).await, (10_100, 10_000), "and nothing more after it");
    assert_eq!(storm(Class::Timeout, 1).await, (1050, 1000), "a timeout costs twice");
}

#[tokio::test(start_paused = true)]
async fn successes_fill_the_quota_again() {
    let quota = RetryQuota::default();
    while quota.take(Class::Transient).is_some() {}
    let retry = Retry::new(RetryPolicy::default(), quota.clone(), Jitter::from_fn(|| 0.0));
    let seen = see(&retry, Deadline::NONE, &[status(500)]).await;
    assert_eq!(seen.stop, Some(Stop::Quota));
    for _ in 0..5 {
        see(&retry, Deadline::NONE, &[]).await.result.unwrap();
    }
    assert_eq!(quota.left(), 5);
    assert_eq!(see(&retry, Deadline::NONE, &[status(500)]).await.result, Ok(2));
    assert_eq!(quota.left(), 5, "a retry that succeeds gives back what it took");
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_shown_when_it_is_over() {
    let retry = retry(RetryPolicy::default());
    let mut lines = Vec::new();
    let call = |n| async move {
        tokio::time::sleep(secs(1.0)).await;
        if n == 1 { Err(Error::Call(status(503))) } else { Ok(()) }
    };
    let result = retry
        .run_observed(Deadline::NONE, call, |a| {
            lines.push((a.number, a.error.map(ToString::to_string), a.took.as_secs(), a.next));
        })
        .await;
    assert_eq!(result, Ok(()));
    assert_eq!(
        lines,
        [(1, Some("status 503".to_owned()), 1, Next::Wait(secs(0.5))), (2, None, 1, Next::Done)]
    );
}
