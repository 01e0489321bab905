//! What an evaluation counts, and what it never counts.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use dspex_core::lm::{LmError, LmErrorKind, Reply};
use dspex_core::{Cancellation, Context, Error, Example, Module, Overrides, Prediction, Record, Usage};
use dspex_evaluate::{Evaluate, Outcome, Report, Stop, exact_match, metric, metric_async};
use dspex_modules::Predict;
use dspex_testkit::{ScriptedLm, block_on};

fn dev(n: usize) -> Vec<Example> {
    (0..n)
        .map(|i| Example::new([("q", format!("q{i}")), ("a", format!("a{i}"))]).with_inputs(["q"]))
        .collect()
}

fn program() -> Predict {
    Predict::parse("q -> a").unwrap()
}

/// Answers `q<i>` with `a<i>`, or what a table says of `q<i>`.
fn echo(special: &'static [(&'static str, Result<&'static str, LmErrorKind>)]) -> ScriptedLm {
    ScriptedLm::from_fn(move |request| {
        let last = request.messages.last().unwrap().text();
        let name = last.lines().nth(1).unwrap().to_owned();
        match special.iter().find(|(q, _)| *q == name) {
            Some((_, Ok(text))) => Ok(Reply::text(*text).with_usage(Usage::tokens(1, 1))),
            Some((_, Err(kind))) => Err(LmError::new(*kind, "as scripted")),
            None => Ok(Reply::text(format!("[[ ## a ## ]]\n{}", name.replace('q', "a")))
                .with_usage(Usage::tokens(1, 1))),
        }
    })
}

fn names(report: &Report<Record>) -> Vec<&'static str> {
    report.results.iter().map(|r| r.outcome.name()).collect()
}

#[test]
fn an_outage_is_never_a_score() {
    let lm = echo(&[
        ("q1", Err(LmErrorKind::Server)),
        ("q2", Ok("[[ ## q ## ]]\nnothing that can be read")),
        ("q3", Ok("[[ ## a ## ]]\nwrong")),
        ("q4", Err(LmErrorKind::ContextOverflow)),
    ]);
    let dev = dev(6);
    let report =
        block_on(Evaluate::new(&dev).metric(exact_match("a")).run(&Context::new(lm), &program())).unwrap();
    let expected = ["scored", "infrastructure_error", "program_error", "scored", "program_error", "scored"];
    assert_eq!(names(&report), expected);
    assert_eq!(report.score(), Some(2.0 / 3.0), "the mean of the three that were scored");
    let outcomes = report.outcomes();
    assert_eq!((outcomes.scored, outcomes.program_error, outcomes.infrastructure_error), (3, 2, 1));
    assert_eq!(report.usage().calls, 4, "replies that could not be read were paid for");
}

#[test]
fn a_metric_that_asks_a_model_is_paid_for() {
    let dev = dev(3);
    let judge = metric_async(|ctx: Context, e: Example, _: Prediction<Record>| async move {
        let inputs = e.inputs().unwrap();
        program().call(&ctx, inputs).await.map(|_| 1.0)
    });
    let report =
        block_on(Evaluate::new(&dev).metric(judge).run(&Context::new(echo(&[])), &program())).unwrap();
    assert_eq!((report.score(), report.usage().calls), (Some(1.0), 6));
}

#[test]
fn a_misspelt_override_is_refused() {
    let ctx = Context::new(echo(&[])).with("slef", Overrides::new());
    let e = block_on(Evaluate::new(&dev(1)).metric(exact_match("a")).run(&ctx, &program())).unwrap_err();
    assert_eq!(e.to_string(), "expected one of the predictors `self`, found `slef`");
}

#[test]
fn an_empty_set_is_an_error() {
    let none: [Example; 0] = [];
    let e = block_on(Evaluate::new(&none).metric(exact_match("a")).run(&Context::new(echo(&[])), &program()))
        .unwrap_err();
    assert_eq!(e.to_string(), "expected at least one example, found an empty set");
}

#[test]
fn a_metric_that_gives_no_number_or_fails_is_a_metric_error() {
    let dev = dev(3);
    let odd = metric(|e: &Example, _: &Prediction<Record>| match e.get::<String>("q").unwrap().as_str() {
        "q0" => Ok(f64::NAN),
        "q1" => Err(Error::configuration("no idea")),
        _ => Ok(1.0),
    })
    .named("odd");
    let report = block_on(Evaluate::new(&dev).metric(odd).run(&Context::new(echo(&[])), &program())).unwrap();
    assert_eq!(names(&report), ["metric_error", "metric_error", "scored"]);
    assert_eq!(report.score(), Some(1.0));
    let said: Vec<String> =
        report.results.iter().filter_map(|r| r.outcome.error()).map(ToString::to_string).collect();
    assert_eq!(said, ["metric odd: expected a number, found NaN", "metric odd: no idea"]);
}

#[test]
fn when_nothing_is_scored_there_is_no_score() {
    let dev = dev(1);
    let lm = echo(&[("q0", Err(LmErrorKind::Auth))]);
    let report =
        block_on(Evaluate::new(&dev).metric(exact_match("a")).run(&Context::new(lm), &program())).unwrap();
    assert_eq!((report.score(), report.interval()), (None, None));
}

#[tokio::test(start_paused = true)]
async fn at_most_so_many_run_at_one_time_and_order_is_kept() {
    let dev = dev(20);
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let slow = metric_async({
        let (running, most) = (Arc::clone(&running), Arc::clone(&most));
        move |_: Context, e: Example, _: Prediction<Record>| {
            let (running, most) = (Arc::clone(&running), Arc::clone(&most));
            async move {
                most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                // Later examples are done sooner.
                let i: u64 = e.get::<String>("q").unwrap()[1..].parse().unwrap();
                tokio::time::sleep(Duration::from_millis(100 - i)).await;
                running.fetch_sub(1, Ordering::SeqCst);
                i as f64
            }
        }
    });
    let told = Arc::new(Mutex::new(Vec::new()));
    let tell = Arc::clone(&told);
    let evaluate = Evaluate::new(&dev)
        .metric(slow)
        .concurrency(4)
        .on_progress(move |p| tell.lock().unwrap().push((p.done, p.total)));
    let report = evaluate.run(&Context::new(echo(&[])), &program()).await.unwrap();
    assert_eq!(most.load(Ordering::SeqCst), 4);
    let scores: Vec<f64> = report
        .results
        .iter()
        .map(|r| if let Outcome::Scored(s) = r.outcome { s } else { f64::NAN })
        .collect();
    assert_eq!(scores, (0..20).map(f64::from).collect::<Vec<_>>());
    assert_eq!(*told.lock().unwrap(), (1..=20).map(|i| (i, Some(20))).collect::<Vec<_>>());
}

#[tokio::test(start_paused = true)]
async fn cancelling_keeps_what_is_known() {
    let dev = dev(10);
    let lm = echo(&[]).with_latency(Duration::from_secs(1));
    let cancellation = Cancellation::new();
    let ctx = Context::new(lm).with_cancellation(cancellation.clone());
    let program = program();
    let evaluate = Evaluate::new(&dev).metric(exact_match("a")).concurrency(2);
    let cancel = async {
        tokio::time::sleep(Duration::from_millis(2_500)).await;
        cancellation.cancel();
    };
    let (report, ()) = tokio::join!(evaluate.run(&ctx, &program), cancel);
    let report = report.unwrap();
    assert!(matches!(report.stopped, Some(Stop::Cancelled)));
    assert_eq!((report.outcomes().scored, report.outcomes().not_run), (4, 6));
    assert_eq!(report.score(), Some(1.0));
}

#[test]
fn exact_match_names_a_field_that_is_not_there() {
    let dev = dev(1);
    let report =
        block_on(Evaluate::new(&dev).metric(exact_match("b")).run(&Context::new(echo(&[])), &program()))
            .unwrap();
    let e = report.results[0].outcome.error().unwrap();
    assert_eq!(e.to_string(), "metric exact_match: expected `b` among the example's fields `q`, `a`");
}
