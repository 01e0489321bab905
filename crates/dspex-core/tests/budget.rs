//! Budgets: what stops the work under a context, and what counts for it.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dspex_core::lm::{LmError, LmErrorKind, Reply, Request};
use dspex_core::{BoxFuture, Budget, Clock, Context, LanguageModel, Money, Path, Usage};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

/// A model whose calls cost 90 tokens in, 30 out and a cent, and that keeps what it answered once where it has a cache.
#[derive(Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a case of its own")]
struct Priced {
    asked: Arc<AtomicUsize>,
    cache: bool,
    fails: bool,
    unpriced: bool,
    yields: bool,
}

impl LanguageModel for Priced {
    fn id(&self) -> &str {
        "priced"
    }

    fn cached<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Option<Reply>> {
        let mut kept = Reply::text("kept");
        (kept.cached, kept.usage) = (true, Usage::default());
        Box::pin(async move { (self.cache && self.asked.load(Ordering::SeqCst) > 0).then_some(kept) })
    }

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move {
            if let Some(kept) = self.cached(request).await {
                return Ok(kept);
            }
            self.asked.fetch_add(1, Ordering::SeqCst);
            if self.yields {
                yield_once().await;
            }
            let mut usage = Usage::tokens(90, 30);
            usage.cost = "0.01".parse().unwrap();
            if self.unpriced {
                (usage.cost, usage.unpriced_calls) = (Money::ZERO, 1);
            }
            if self.fails {
                return Err(LmError::new(LmErrorKind::Server, "overloaded").with_usage(usage));
            }
            Ok(Reply::text("hi").with_usage(usage))
        })
    }
}

/// Polls a future until it is ready.
fn run<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    loop {
        if let Some(output) = future.as_mut().now_or_never() {
            return output;
        }
    }
}

/// Lets others go on once.
async fn yield_once() {
    let mut yielded = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

async fn ask(ctx: &Context) -> Result<(), String> {
    match ctx.ask(&Path::root(), ctx.lm(), &Request::default()).await {
        Ok(_) => Ok(()),
        Err(e) => Err(format!("{}: {e}", e.code())),
    }
}

fn asked(ctx: &Context) -> Result<(), String> {
    ask(ctx).now_or_never().unwrap()
}

#[test]
fn calls_are_bounded_exactly_however_many_run_at_once() {
    let lm = Priced { yields: true, ..Priced::default() };
    let (ctx, spending) = Context::new(lm.clone()).budgeted(Budget::none().calls(7));
    let outcomes = run(join_all((0..50).map(|_| ask(&ctx))));
    let refused: Vec<_> = outcomes.into_iter().filter_map(Result::err).collect();
    assert_eq!((refused.len(), lm.asked.load(Ordering::SeqCst)), (43, 7));
    assert_eq!(refused[0], "budget: expected to stay within a budget of 7 calls, found 7 made");
    assert_eq!(spending.usage().calls, 7);
}

#[test]
fn money_and_tokens_go_over_by_what_was_under_way() {
    let lm = Priced { yields: true, ..Priced::default() };
    let (ctx, spending) = Context::new(lm).budgeted(Budget::none().money("0.025".parse().unwrap()));
    let outcomes = run(join_all((0..4).map(|_| ask(&ctx))));
    assert!(outcomes.iter().all(Result::is_ok), "nothing was spent when they began");
    let e = asked(&ctx).unwrap_err();
    assert_eq!(e, "budget: expected to stay within a budget of $0.025, found $0.04 spent");
    assert_eq!(spending.usage().cost.to_string(), "$0.04");
}

#[test]
fn failures_count_and_prices_that_nobody_knows_stop_the_work() {
    let (ctx, spending) =
        Context::new(Priced { fails: true, ..Priced::default() }).budgeted(Budget::none().tokens(200));
    for _ in 0..2 {
        assert!(asked(&ctx).unwrap_err().starts_with("server"));
    }
    assert!(asked(&ctx).unwrap_err().starts_with("budget"));
    assert_eq!(spending.usage().total_tokens(), 240);

    let lm = Priced { unpriced: true, ..Priced::default() };
    let (ctx, _) = Context::new(lm).budgeted(Budget::none().money(Money::dollars(1)));
    asked(&ctx).unwrap();
    let e = asked(&ctx).unwrap_err();
    assert!(e.ends_with("a budget of $1.00, found 1 calls without a known price"), "{e}");
}

#[test]
fn what_is_cached_is_free_also_when_nothing_is_left() {
    let lm = Priced { cache: true, ..Priced::default() };
    let (ctx, spending) = Context::new(lm.clone()).budgeted(Budget::none().calls(2));
    for _ in 0..5 {
        asked(&ctx).unwrap();
    }
    assert_eq!((spending.usage().calls, lm.asked.load(Ordering::SeqCst)), (1, 1));
    let (ctx, _) = ctx.budgeted(Budget::none().calls(0));
    asked(&ctx).unwrap();
}

#[test]
fn budgets_are_nested() {
    let (run, all) = Context::new(Priced::default()).budgeted(Budget::none().calls(3));
    let (first, one) = run.budgeted(Budget::none().calls(1));
    asked(&first).unwrap();
    asked(&first).unwrap_err();
    // What the inner budget refused was not taken from the outer one.
    let (second, two) = run.budgeted(Budget::none().calls(9));
    asked(&second).unwrap();
    asked(&second).unwrap();
    let e = asked(&second).unwrap_err();
    assert!(e.contains("3 calls"), "{e}");
    assert_eq!((all.usage().calls, one.usage().calls, two.usage().calls), (3, 1, 2));
    assert!(all.exhausted().is_some() && two.exhausted().is_none());
}

#[test]
fn a_call_that_was_dropped_counts_as_one_that_nobody_counted() {
    let lm = Priced { yields: true, ..Priced::default() };
    let (ctx, spending) = Context::new(lm).budgeted(Budget::none().calls(1));
    let request = Request::default();
    assert!(ctx.ask(&Path::root(), ctx.lm(), &request).now_or_never().is_none());
    assert_eq!((spending.usage().calls, spending.usage().uncounted_calls), (1, 1));
    asked(&ctx).unwrap_err();
}

#[derive(Clone, Debug)]
struct Set(Arc<Mutex<Instant>>);

impl Clock for Set {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap()
    }

    fn since_epoch(&self) -> Duration {
        Duration::ZERO
    }
}

/// A model that tells the deadline that it is given.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Option<Instant>>>);

impl LanguageModel for Told {
    fn id(&self) -> &str {
        "told"
    }

    fn call<'a>(&'a self, request: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        *self.0.lock().unwrap() = request.options.deadline;
        Box::pin(async { Ok(Reply::text("hi")) })
    }
}

#[test]
fn time_bounds_calls_under_way_and_those_that_come() {
    let started = Instant::now();
    let clock = Set(Arc::new(Mutex::new(started)));
    let told = Told::default();
    let (ctx, _) = Context::new(told.clone())
        .with_clock(clock.clone())
        .budgeted(Budget::none().time(Duration::from_mins(1)));
    let (inner, _) = ctx.budgeted(Budget::none().time(Duration::from_mins(10)));
    asked(&inner).unwrap();
    assert_eq!(*told.0.lock().unwrap(), Some(started + Duration::from_mins(1)));
    *clock.0.lock().unwrap() += Duration::from_secs(61);
    let e = asked(&inner).unwrap_err();
    assert_eq!(e, "budget: expected to stay within a budget of 60s, found 61s gone");
}
