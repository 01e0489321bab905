//! One call of a predictor: what it sends, what it refuses, what it tells.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::time::Duration;

use dspex_core::lm::{Choice, FinishReason, LmError, LmErrorKind, Options, Reply};
use dspex_core::{
    Cancellation, Context, DynModule, Error, Limits, Module, ParsePolicy, ParseRule, Prediction, Record,
    RunEvent, Signature, Stage, Usage, Value,
};
use dspex_modules::{ChainOfThought, Predict};
use dspex_testkit::{ScriptedLm, block_on};

fn call(signature: &str, lm: &ScriptedLm, inputs: Record) -> Result<Prediction<Record>, Error> {
    block_on(Predict::parse(signature).unwrap().call(&Context::new(lm.clone()), inputs))
}

fn q() -> Record {
    Record::new().with("q", "Q")
}

#[test]
fn wrong_inputs_are_errors_before_a_call() {
    let table: [(&str, Record, &str, &str); 6] = [
        ("q -> a", Record::new(), "missing_input", "expected the inputs `q`, found none for `q`"),
        ("q -> a", q().with("k", 1), "unknown_input", "expected only the inputs `q`, found `k`"),
        ("n: int -> a", Record::new().with("n", "1"), "input_type", "expected `n` to be int, found '1'"),
        (
            "n: list[int] -> a",
            Record::new().with("n", vec![Value::from(1), Value::from("x")]),
            "input_type",
            "expected `n[1]` to be int, found 'x'",
        ),
        (
            "q: Literal['a', 'b'] -> a",
            Record::new().with("q", "c"),
            "input_type",
            "expected `q` to be Literal['a', 'b'], found 'c'",
        ),
        (
            "i: dspy.Image -> a",
            Record::new().with("i", "http://x"),
            "input_type",
            "expected `i` to be Image, found 'http://x'",
        ),
    ];
    for (signature, inputs, code, message) in table {
        let lm = ScriptedLm::always("[[ ## a ## ]]\nA");
        let e = call(signature, &lm, inputs).unwrap_err();
        assert_eq!((e.code(), e.kind().to_string().as_str()), (code, message), "{signature}");
        assert_eq!((lm.calls(), e.usage()), (0, Usage::default()), "{signature}");
    }
}

/// Is this so?
#[derive(Signature)]
struct Claim {
    #[input]
    claim: String,
    #[input(default = 1)]
    weight: u8,
    #[output]
    holds: bool,
}

#[test]
fn a_typed_program_behind_a_pointer_refuses_the_same_inputs() {
    let program: Box<dyn DynModule> = Box::new(Predict::<Claim>::new());
    let table = [
        (Record::new(), "missing field `claim`"),
        (Record::new().with("claim", "c").with("wieght", 2), "unknown field `wieght`"),
        (Record::new().with("claim", 3), "expected `claim`"),
        (Record::new().with("claim", "c").with("weight", 300), "expected `weight`"),
    ];
    for (inputs, message) in table {
        let lm = ScriptedLm::always("[[ ## holds ## ]]\nTrue");
        let e = block_on(program.call(&Context::new(lm.clone()), inputs)).unwrap_err();
        assert_eq!((e.code(), e.stage(), lm.calls()), ("input_type", Stage::Configuration, 0), "{e}");
        assert!(e.to_string().contains(message), "{e}");
    }
    let lm = ScriptedLm::always("[[ ## holds ## ]]\nTrue");
    let out = block_on(program.call(&Context::new(lm), Record::new().with("claim", "c"))).unwrap();
    assert_eq!(out.get("holds"), Some(&Value::Bool(true)));
}

#[test]
fn a_field_without_a_type_takes_what_can_be_shown_as_text() {
    let lm = ScriptedLm::always("[[ ## a ## ]]\nA");
    call("q -> a", &lm, Record::new().with("q", vec!["one", "two"])).unwrap();
    assert!(lm.requests()[0].messages[1].text().starts_with("[[ ## q ## ]]\n[1] «one»\n[2] «two»\n"));
}

#[test]
fn any_identifier_is_a_field() {
    let names = [
        "instructions",
        "signature",
        "type",
        "demos",
        "usage",
        "reasoning",
        "lm",
        "config",
        "value",
        "fields",
    ];
    for name in names {
        let lm = ScriptedLm::always(format!("[[ ## {name} ## ]]\nA"));
        let out = call(&format!("q -> {name}"), &lm, q()).unwrap();
        assert_eq!(out.get(name).unwrap().as_str(), Some("A"), "{name}");
        let lm = ScriptedLm::always("[[ ## a ## ]]\nA");
        call(&format!("{name} -> a"), &lm, Record::new().with(name, "x")).unwrap();
    }
}

#[test]
fn a_chain_of_thought_refuses_a_reasoning_of_the_users() {
    let e = ChainOfThought::parse("q -> reasoning, a").unwrap_err();
    assert_eq!(e.code(), "signature_edit");
    assert_eq!(
        e.hint(),
        Some("a chain of thought adds an output `reasoning`: rename yours, or use `Predict` with it")
    );
}

#[test]
fn bad_replies_are_typed_errors_that_keep_what_was_paid_for() {
    let table = [
        ("", "empty_reply"),
        ("I would rather not.", "missing_field"),
        ("[[ ## a ## ]]\n1\n[[ ## a ## ]]\n2", "ambiguous"),
        ("[[ ## a ## ]]\nmany", "field_type"),
    ];
    for (text, code) in table {
        let lm = ScriptedLm::from_fn(move |_| Ok(Reply::text(text).with_usage(Usage::tokens(10, 5))));
        let e = call("q -> a: int", &lm, q()).unwrap_err();
        assert_eq!((e.code(), e.stage()), (code, Stage::Parse), "{text}");
        assert_eq!((e.usage(), e.raw()), (Usage::tokens(10, 5), Some(text)), "{text}");
        assert_eq!(e.attempts()[0].error.as_deref(), Some(code), "{text}");
        assert_eq!(lm.calls(), 1, "one call, and no hidden second one");
    }
}

#[test]
fn a_reply_that_was_cut_off_is_an_error_by_default_and_dspys_value_under_compat() {
    let lm = ScriptedLm::from_fn(|_| {
        Ok(Reply::new(vec![Choice::text("[[ ## a ## ]]\nhalf a sen").with_finish(FinishReason::Length)]))
    });
    let e = call("q -> a", &lm, q()).unwrap_err();
    assert_eq!((e.code(), e.kind().field(), e.hint()), ("truncated", Some("a"), Some("raise `max_tokens`")));
    let ctx = Context::new(lm).with_policy(ParsePolicy::compat());
    let out = block_on(Predict::parse("q -> a").unwrap().call(&ctx, q())).unwrap();
    assert_eq!(out.get("a").unwrap().as_str(), Some("half a sen"));
    assert_eq!(out.finish_reason(), Some(&FinishReason::Length));
}

#[test]
fn several_completions_come_in_order() {
    let lm = ScriptedLm::replies(["[[ ## a ## ]]\none", "[[ ## a ## ]]\ntwo", "[[ ## a ## ]]\nthree"]);
    let ctx = Context::new(lm.clone());
    let out = block_on(Predict::parse("q -> a").unwrap().with_n(3).call(&ctx, q())).unwrap();
    let all: Vec<_> = out.completions().map(|c| c.get("a").unwrap().as_str().unwrap()).collect();
    assert_eq!(all, ["one", "two", "three"]);
    assert_eq!(lm.calls(), 1);
}

#[test]
fn a_model_that_gives_one_at_a_time_is_asked_again() {
    let lm = ScriptedLm::from_fn(|r| {
        Ok(Reply::text(format!("[[ ## a ## ]]\n{}", r.options.rollout_id.unwrap_or(0))))
    });
    let ctx = Context::new(lm.clone());
    let out = block_on(Predict::parse("q -> a").unwrap().with_n(3).call(&ctx, q())).unwrap();
    let all: Vec<_> = out.completions().map(|c| c.get("a").unwrap().as_str().unwrap()).collect();
    assert_eq!(all, ["0", "1", "2"], "each further call is told apart from the first");
    assert_eq!((lm.calls(), out.attempts().len(), out.usage().calls), (3, 3, 3));
}

#[test]
fn one_bad_completion_of_several_is_noted_and_left_out() {
    let lm = || ScriptedLm::replies(["[[ ## a ## ]]\nx", "[[ ## a ## ]]\n2"]);
    let predict = Predict::parse("q -> a: int").unwrap().with_n(2);
    let out = block_on(predict.call(&Context::new(lm()), q())).unwrap();
    assert_eq!(out.get("a").unwrap().as_i64(), Some(2));
    assert_eq!(out.notes()[0].rule, ParseRule::UnreadCompletion);
    let compat = Context::new(lm()).with_policy(ParsePolicy::compat());
    assert_eq!(block_on(predict.call(&compat, q())).unwrap_err().code(), "field_type");
}

#[test]
fn options_of_the_predictor_count_over_those_of_the_context() {
    let lm = ScriptedLm::always("[[ ## a ## ]]\nA");
    let ctx = Context::new(lm.clone()).with_options(Options::new().temperature(1.0).max_tokens(50));
    let predict = Predict::parse("q -> a").unwrap().with_options(Options::new().temperature(0.0));
    block_on(predict.call(&ctx, q())).unwrap();
    let sent = &lm.requests()[0].options;
    assert_eq!((sent.temperature, sent.max_tokens, sent.n), (Some(0.0), Some(50), None));
}

#[test]
fn a_failing_model_is_a_typed_error_with_its_attempt() {
    let failure = LmError::new(LmErrorKind::RateLimit, "slow down").with_status(429);
    let lm = ScriptedLm::always("x").with_failure(0, failure);
    let e = call("q -> a", &lm, q()).unwrap_err();
    assert_eq!((e.code(), e.stage(), e.is_infrastructure()), ("rate_limit", Stage::Model, true));
    assert_eq!(e.to_string(), "in `self`: scripted: slow down (status 429)");
    assert_eq!(e.attempts().len(), 1);
}

#[test]
fn a_limit_on_calls_is_kept_by_all_copies_of_a_context() {
    let lm = ScriptedLm::always("[[ ## a ## ]]\nA");
    let ctx = Context::new(lm.clone()).with_limits(Limits::none().calls(2));
    let predict = Predict::parse("q -> a").unwrap();
    block_on(predict.call(&ctx.clone(), q())).unwrap();
    block_on(predict.call(&ctx.clone(), q())).unwrap();
    let e = block_on(predict.call(&ctx, q())).unwrap_err();
    assert_eq!((e.code(), lm.calls()), ("limit", 2));
}

#[tokio::test(start_paused = true)]
async fn a_limit_on_calls_at_one_time_makes_others_wait() {
    let lm = ScriptedLm::always("[[ ## a ## ]]\nA").with_latency(Duration::from_secs(1));
    let ctx = Context::new(lm).with_limits(Limits::none().in_flight(2));
    let predict = Predict::parse("q -> a").unwrap();
    let started = tokio::time::Instant::now();
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let (ctx, predict) = (ctx.clone(), predict.clone());
        tasks.spawn(async move { predict.call(&ctx, q()).await.map(|_| ()) });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test(start_paused = true)]
async fn cancelling_ends_a_call_that_waits() {
    let lm = ScriptedLm::always("x").with_latency(Duration::from_hours(1));
    let cancellation = Cancellation::new();
    let ctx = Context::new(lm).with_cancellation(cancellation.clone());
    let predict = Predict::parse("q -> a").unwrap();
    let call = predict.call(&ctx, q());
    let cancel = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        cancellation.cancel();
    };
    let started = tokio::time::Instant::now();
    let (result, ()) = tokio::join!(call, cancel);
    assert_eq!(result.unwrap_err().code(), "cancelled");
    assert_eq!(started.elapsed().as_secs(), 1);
    assert_eq!(
        predict.call(&ctx, q()).await.unwrap_err().code(),
        "cancelled",
        "and later calls do not start"
    );
}

#[tokio::test(start_paused = true)]
async fn a_call_that_waits_for_its_turn_is_not_sent_after_cancelling() {
    let lm = ScriptedLm::always("x").with_latency(Duration::from_hours(1));
    let cancellation = Cancellation::new();
    let limits = dspex_core::Limits::none().in_flight(2);
    let ctx = Context::new(lm.clone()).with_cancellation(cancellation.clone()).with_limits(limits);
    let predict = Predict::parse("q -> a").unwrap();
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (ctx, predict) = (ctx.clone(), predict.clone());
        calls.spawn(async move { predict.call(&ctx, q()).await });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    cancellation.cancel();
    for result in calls.join_all().await {
        assert_eq!(result.unwrap_err().code(), "cancelled");
    }
    assert_eq!(lm.calls(), 2, "those in flight when it was cancelled, and no more");
}

#[test]
fn events_tell_of_each_call() {
    let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let sink = std::sync::Arc::clone(&seen);
    let ctx = Context::new(ScriptedLm::always("[[ ## a ## ]]\nA")).with_events(move |e: &RunEvent| {
        sink.lock().unwrap().push(match e {
            RunEvent::CallStarted { model, .. } => format!("started {model}"),
            RunEvent::CallFinished { error, .. } => format!("finished {error:?}"),
            _ => "other".into(),
        });
    });
    block_on(Predict::parse("q -> a").unwrap().call(&ctx, q())).unwrap();
    assert_eq!(*seen.lock().unwrap(), ["started scripted", "finished None"]);
}

#[test]
fn rendering_shows_what_a_call_sends() {
    let lm = ScriptedLm::always("[[ ## a ## ]]\nA");
    let ctx = Context::new(lm.clone());
    let predict = Predict::parse("q -> a").unwrap();
    let rendered = predict.render(&ctx, &q()).unwrap();
    assert_eq!(lm.calls(), 0);
    block_on(predict.call(&ctx, q())).unwrap();
    assert_eq!(lm.requests(), [rendered]);
}
