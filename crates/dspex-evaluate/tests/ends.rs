//! What ends an evaluation early, and what is known then.

mod common;

use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::{dev, echo, example, program};
use dspex_core::lm::LmErrorKind;
use dspex_core::{Cancellation, Context, Error, ErrorKind, Example, Prediction, Record, Stage};
use dspex_evaluate::{Evaluate, Outcome, Outcomes, Report, Stop, exact_match, metric, metric_async};
use dspex_testkit::{ScriptedLm, block_on};

const SECOND: Duration = Duration::from_secs(1);

fn counts(outcomes: Outcomes) -> [usize; 5] {
    let Outcomes { scored, program_error, infrastructure_error, metric_error, not_run, .. } = outcomes;
    [scored, program_error, infrastructure_error, metric_error, not_run]
}

/// Server errors and replies that are too long, in turn.
fn in_turn() -> ScriptedLm {
    echo(|i| Some(if i.is_multiple_of(2) { LmErrorKind::Server } else { LmErrorKind::ContextOverflow }))
}

fn all_have_their_place(report: &Report<Record>, of: usize) {
    assert_eq!(report.results.iter().map(|r| r.index).collect::<Vec<_>>(), (0..of).collect::<Vec<_>>());
}

#[test]
fn without_a_threshold_no_number_of_errors_ends_a_run() {
    let dev = dev(200);
    let lm = in_turn();
    let report =
        block_on(Evaluate::new(&dev).metric(exact_match("a")).run(&Context::new(lm), &program())).unwrap();
    assert_eq!(counts(report.outcomes()), [0, 100, 100, 0, 0]);
    assert!(report.stopped.is_none() && report.score().is_none() && report.interval().is_none());
    let groups: Vec<_> =
        report.errors.iter().map(|g| (g.count, g.index, g.outcome, g.error.code())).collect();
    let expected =
        [(100, 0, "infrastructure_error", "server"), (100, 1, "program_error", "context_overflow")];
    assert_eq!(groups, expected);
}

#[test]
fn one_at_a_time_a_threshold_is_exact() {
    let dev = dev(20);
    for (most, ended) in [(0, 1), (3, 4), (19, 20), (20, 20)] {
        let lm = in_turn();
        let evaluate = Evaluate::new(&dev).metric(exact_match("a")).concurrency(1).max_errors(most);
        let report = block_on(evaluate.run(&Context::new(lm.clone()), &program())).unwrap();
        assert_eq!((report.outcomes().errors(), lm.calls()), (ended, ended), "{most}");
        assert_eq!(report.outcomes().not_run, 20 - ended, "{most}");
        assert_eq!(matches!(report.stopped, Some(Stop::Errors { limit }) if limit == most), most < 20);
        all_have_their_place(&report, 20);
    }
}

#[tokio::test(start_paused = true)]
async fn several_at_a_time_at_most_those_that_run_go_on() {
    const AT_ONCE: usize = 7;
    let dev = dev(1_000);
    for most in [0, 1, 10, 100] {
        let lm = in_turn().with_latency(SECOND);
        let evaluate = Evaluate::new(&dev).metric(exact_match("a")).concurrency(AT_ONCE).max_errors(most);
        let report = evaluate.run(&Context::new(lm.clone()), &program()).await.unwrap();
        let errors = report.outcomes().errors();
        assert!((most + 1..=most + AT_ONCE).contains(&errors), "{most}: {errors}");
        assert_eq!(lm.calls(), errors, "{most}: nothing was started and thrown away");
        assert_eq!(report.outcomes().total(), 1_000);
        all_have_their_place(&report, 1_000);
    }
}

#[test]
fn infrastructure_errors_have_a_threshold_of_their_own() {
    let dev = dev(20);
    let lm = in_turn();
    let evaluate = Evaluate::new(&dev).metric(exact_match("a")).concurrency(1).max_infrastructure_errors(2);
    let report = block_on(evaluate.run(&Context::new(lm), &program())).unwrap();
    assert_eq!(counts(report.outcomes()), [0, 2, 3, 0, 15]);
    let stop = report.stopped.as_ref().unwrap();
    assert_eq!(stop.to_string(), "more than 2 examples ended with an infrastructure error");
    assert_eq!(report.to_json()["stopped"]["reason"], "max_infrastructure_errors");
}

#[test]
fn metric_errors_count_towards_the_threshold_of_all() {
    let dev = dev(20);
    let broken = metric(|_: &Example, _: &Prediction<Record>| f64::INFINITY);
    let evaluate = Evaluate::new(&dev).metric(broken).concurrency(1).max_errors(2);
    let report = block_on(evaluate.run(&Context::new(echo(|_| None)), &program())).unwrap();
    assert_eq!(counts(report.outcomes()), [0, 0, 0, 3, 17]);
}

#[tokio::test(start_paused = true)]
async fn an_example_over_its_time_is_an_infrastructure_error_and_the_others_go_on() {
    let dev = dev(3);
    // The model keeps the deadline that it is told, and says so itself.
    let lm = echo(|_| None).with_latency(10 * SECOND);
    let evaluate = Evaluate::new(&dev).metric(exact_match("a")).example_deadline(2 * SECOND);
    let before = tokio::time::Instant::now();
    let report = evaluate.run(&Context::new(lm.clone()), &program()).await.unwrap();
    assert_eq!(before.elapsed(), 2 * SECOND);
    assert_eq!(counts(report.outcomes()), [0, 0, 3, 0, 0]);
    let told = lm.requests()[0].options.deadline.unwrap();
    assert_eq!(told, (before + 2 * SECOND).into_std());
    assert_eq!(report.errors[0].error.code(), "timeout");

    // The metric is the slow one here: what the program gave and cost is kept.
    let slow = metric_async(|_: Context, e: Example, _: Prediction<Record>| async move {
        if e.get::<String>("q").unwrap() == "q1" {
            pending::<()>().await;
        }
        1.0
    });
    let evaluate = Evaluate::new(&dev).metric(slow).example_deadline(2 * SECOND);
    let report = evaluate.run(&Context::new(echo(|_| None)), &program()).await.unwrap();
    assert_eq!(counts(report.outcomes()), [2, 0, 1, 0, 0]);
    assert_eq!((report.score(), report.usage().calls), (Some(1.0), 3));
    let late = &report.results[1];
    assert!(late.prediction.is_some());
    let error = late.outcome.error().unwrap();
    assert_eq!(
        (error.code(), error.to_string().as_str(), error.usage().calls),
        ("timeout", "expected the example to end within 2 s, found the metric still at work", 1)
    );
    assert_eq!(error.hint(), Some("give each example more time, or run fewer at one time"));
}

#[tokio::test(start_paused = true)]
async fn the_whole_run_ends_in_time_with_what_is_known() {
    let dev = dev(100);
    let lm = echo(|_| None).with_latency(SECOND);
    let evaluate = Evaluate::new(&dev)
        .metric(exact_match("a"))
        .concurrency(4)
        .total_deadline(Duration::from_millis(2_500));
    let before = tokio::time::Instant::now();
    let report = evaluate.run(&Context::new(lm), &program()).await.unwrap();
    assert_eq!(before.elapsed(), Duration::from_millis(2_500));
    assert_eq!(counts(report.outcomes()), [8, 0, 0, 0, 92]);
    assert!(matches!(report.stopped, Some(Stop::Deadline(_))));
    assert_eq!(report.score(), Some(1.0));
    all_have_their_place(&report, 100);
}

#[tokio::test(start_paused = true)]
async fn the_end_of_the_run_before_that_of_an_example_is_no_error() {
    let dev = dev(2);
    let lm = echo(|_| None).with_latency(SECOND);
    let evaluate = Evaluate::new(&dev)
        .metric(exact_match("a"))
        .example_deadline(Duration::from_millis(800))
        .total_deadline(Duration::from_millis(500));
    let report = evaluate.run(&Context::new(lm), &program()).await.unwrap();
    assert_eq!(counts(report.outcomes()), [0, 0, 0, 0, 2]);
}

#[tokio::test]
async fn a_program_that_never_waits_ends_in_time_too() {
    let endless = std::iter::repeat_with(|| Ok(example(0)));
    let evaluate = Evaluate::over(endless).metric(exact_match("a")).total_deadline(Duration::from_millis(50));
    let summary = evaluate.run_each(&Context::new(echo(|_| None)), &program(), |_, _| Ok(())).await.unwrap();
    assert!(summary.score() == Some(1.0) && summary.elapsed < 20 * SECOND, "{:?}", summary.elapsed);
}

#[tokio::test]
async fn a_program_that_never_waits_lets_others_have_their_turn() {
    let cancellation = Cancellation::new();
    let ctx = Context::new(echo(|_| None)).with_cancellation(cancellation.clone());
    let endless = std::iter::repeat_with(|| Ok(example(0)));
    let program = program();
    let run = Evaluate::over(endless).metric(exact_match("a")).run_each(&ctx, &program, |_, _| Ok(()));
    let (summary, ()) = tokio::join!(run, async { cancellation.cancel() });
    assert!(matches!(summary.unwrap().stopped, Some(Stop::Cancelled)));
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_metric_that_waits_for_ever_and_keeps_what_was_paid() {
    let dev = dev(3);
    let stuck = metric_async(|_: Context, _: Example, _: Prediction<Record>| pending::<f64>());
    let cancellation = Cancellation::new();
    let ctx = Context::new(echo(|_| None)).with_cancellation(cancellation.clone());
    let program = program();
    let evaluate = Evaluate::new(&dev).metric(stuck).concurrency(2);
    let cancel = async {
        tokio::time::sleep(SECOND).await;
        cancellation.cancel();
    };
    let (report, ()) = tokio::join!(evaluate.run(&ctx, &program), cancel);
    let report = report.unwrap();
    assert_eq!((counts(report.outcomes()), report.usage().calls), ([0, 0, 0, 0, 3], 2));
}

#[test]
fn a_panic_is_an_error_of_its_example() {
    let dev = dev(4);
    let lm = ScriptedLm::from_fn(|request| {
        let i = common::number(request);
        assert!(i != 1, "the program's own fault");
        Ok(dspex_core::lm::Reply::text(format!("[[ ## a ## ]]\na{i}")))
    });
    let picky = metric(|e: &Example, _: &Prediction<Record>| {
        let q = e.get::<String>("q").unwrap();
        assert!(q != "q2", "no metric for {q}");
        1.0
    })
    .named("picky");
    let report = block_on(Evaluate::new(&dev).metric(picky).run(&Context::new(lm), &program())).unwrap();
    assert_eq!(counts(report.outcomes()), [2, 1, 0, 1, 0]);
    assert_eq!(report.score(), Some(1.0));
    let program_error = report.results[1].outcome.error().unwrap();
    assert_eq!((program_error.code(), program_error.stage()), ("panic", Stage::Program));
    assert!(program_error.to_string().contains("the program's own fault"), "{program_error}");
    let metric_error = report.results[2].outcome.error().unwrap();
    assert!(matches!(metric_error.kind(), ErrorKind::Metric { metric, .. } if metric == "picky"));
    assert_eq!(metric_error.to_string(), "metric picky: expected a score, found a panic: no metric for q2");
    assert!(report.results[2].prediction.is_some(), "what the program gave is kept");
}

#[test]
fn a_result_that_cannot_be_handed_over_ends_the_run_and_is_not_lost() {
    let dev = dev(50);
    let handed = Mutex::new(0);
    let evaluate = Evaluate::new(&dev).metric(exact_match("a")).concurrency(4);
    let full = |_: &Example, _| {
        let mut handed = handed.lock().unwrap();
        *handed += 1;
        if *handed < 3 { Ok(()) } else { Err(Error::configuration("the disk is full")) }
    };
    let summary = block_on(evaluate.run_each(&Context::new(echo(|_| None)), &program(), full)).unwrap();
    assert_eq!(*handed.lock().unwrap(), 3, "after the error nothing more is handed over");
    assert!(matches!(&summary.stopped, Some(Stop::Output(e)) if e.to_string() == "the disk is full"));
    assert!(summary.outcomes().scored >= 3 && summary.outcomes().not_run > 0);
}

#[test]
fn a_deadline_without_a_runtime_is_an_error_and_no_panic() {
    let dev = dev(1);
    let evaluate = Evaluate::new(&dev).metric(exact_match("a")).total_deadline(SECOND);
    let (ctx, program) = (Context::new(echo(|_| None)), program());
    let e = futures_util::FutureExt::now_or_never(evaluate.run(&ctx, &program)).unwrap().unwrap_err();
    assert_eq!(e.to_string(), "expected a tokio runtime for the deadlines, found none");
}

#[tokio::test]
async fn a_time_beyond_all_clocks_is_no_limit() {
    let dev = dev(2);
    let evaluate = Evaluate::new(&dev)
        .metric(exact_match("a"))
        .example_deadline(Duration::MAX)
        .total_deadline(Duration::MAX);
    let report = evaluate.run(&Context::new(echo(|_| None)), &program()).await.unwrap();
    assert_eq!((report.score(), report.stopped.is_none()), (Some(1.0), true));
}

#[test]
fn one_example_is_a_set() {
    let dev = dev(1);
    let evaluate = Evaluate::new(&dev).metric(exact_match("a")).concurrency(100).max_errors(0);
    let report = block_on(evaluate.run(&Context::new(echo(|_| None)), &program())).unwrap();
    assert_eq!((report.score(), report.outcomes().total()), (Some(1.0), 1));
}

#[tokio::test(start_paused = true)]
async fn a_run_can_move_between_threads_and_be_dropped() {
    let running = Arc::new(AtomicBool::new(false));
    let seen = Arc::clone(&running);
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move {
        let dev = dev(3);
        let stuck = metric(|_: &Example, _: &Prediction<Record>| 1.0);
        let lm = echo(|_| None).with_latency(100 * SECOND);
        seen.store(true, Ordering::SeqCst);
        let evaluate = Evaluate::new(&dev).metric(stuck).example_deadline(200 * SECOND);
        let report = evaluate.run(&Context::new(lm), &program()).await.unwrap();
        matches!(report.results[0].outcome, Outcome::Scored(_))
    });
    assert!(tasks.join_next().await.unwrap().unwrap() && running.load(Ordering::SeqCst));
}
