//! The harness: a case runs against every wire, whole and streamed, and every run is held to the same invariants.
//!
//! N1 it ends in time, without a panic. N2 every try is counted. N3 only whole answers are kept. N4 the key is nowhere.
//! N5 the server sees as many calls as the policy says, never a product. N6 nothing is left open. N7 what came before a
//! failure goes with it. N10 every failure is typed, with a code and a hint.

use std::time::Duration;

use dspex_core::LanguageModel;
use dspex_core::lm::{Event, FinishReason, LmError, LmErrorKind, Message, Reply, ReplyBuilder, Request};
use dspex_lm::{Cache, Lm, Resilience, Secret, Timeouts};
use dspex_testkit::{Answer, Fault, Script, TestServer};
use futures_util::StreamExt as _;

/// The key; it must not be seen anywhere.
const CANARY: &str = "sk-canary-0a1b2c3d4e5f";

/// What the server says where it says all of it.
const ANSWER: &str = "Paris is the capital of France, and has been for long.";

/// As many calls as it takes.
pub(crate) const ANY: usize = usize::MAX;

/// Each wire: its name at the test server, and a model that is reached by it.
const WIRES: [(&str, &str); 6] = [
    ("openai_chat", "openai/test-model"),
    ("openai_responses", "openai/responses/test-model"),
    ("anthropic", "anthropic/test-model"),
    ("gemini", "gemini/test-model"),
    ("ollama", "ollama_chat/test-model"),
    ("cohere", "cohere/test-model"),
];

/// What comes of a call.
#[derive(Clone, Debug)]
pub(crate) enum Expect {
    /// The whole answer.
    Answers,
    /// An error of one of these kinds.
    Fails(Vec<LmErrorKind>),
    /// Some typed error.
    FailsSomehow,
    /// The whole answer, or an error; never another text.
    AnswersOrFails,
    /// An answer that says that it was cut off.
    CutOff,
    /// A refusal, or an answer that says that it was filtered.
    FailsOrFiltered,
    /// The whole answer, whose tokens nobody counted.
    Uncounted,
    /// Whatever is typed and in time.
    Any,
}

/// A fault, and what comes of it with so many calls at the server.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) fault: Fault,
    pub(crate) whole: (Expect, usize),
    pub(crate) stream: (Expect, usize),
}

/// Runs cases on every wire.
pub(crate) fn run(cases: &[Case]) {
    run_some(&WIRES.map(|(name, _)| name), cases);
}

/// Runs cases on some wires.
pub(crate) fn run_some(wires: &[&str], cases: &[Case]) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let mut wrong = Vec::new();
        for case in cases {
            let runs = WIRES
                .iter()
                .filter(|(name, _)| wires.contains(name))
                .flat_map(|(_, model)| [(*model, false, &case.whole), (*model, true, &case.stream)]);
            let runs =
                runs.map(|(model, stream, (expect, calls))| one(model, &case.fault, stream, expect, *calls));
            wrong.extend(futures_util::future::join_all(runs).await.into_iter().flatten());
        }
        assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    });
}

fn request() -> Request {
    Request::new(vec![Message::system("Be short."), Message::user("The capital of France?")])
}

async fn server(fault: Fault) -> TestServer {
    let script = Script::always(Answer::text(ANSWER));
    TestServer::script(script).fault(fault).start().await.unwrap()
}

/// A model with bounds on time that a test can wait for, and so many tries.
fn model(name: &str, server: &TestServer, tries: u32) -> Lm {
    let provider = name.split('/').next().unwrap();
    let mut timeouts = Timeouts::default();
    timeouts.connect = Duration::from_secs(5);
    timeouts.first_byte = Duration::from_millis(700);
    timeouts.idle = Duration::from_millis(700);
    timeouts.total = Duration::from_millis(1_500);
    let mut resilience = Resilience::default();
    resilience.policy.retry.attempts = tries;
    resilience.policy.retry.throttled_attempts = 3;
    resilience.policy.retry.base = Duration::from_millis(1);
    resilience.policy.limits.pause = Duration::from_millis(1);
    let base = match provider {
        "gemini" => format!("{}/v1beta", server.origin()),
        "ollama_chat" => server.origin(),
        "cohere" => format!("{}/v2", server.origin()),
        _ => server.base_url(),
    };
    let lm = Lm::builder(name).api_key(Secret::new(CANARY)).api_base(base);
    lm.timeouts(timeouts).resilience(resilience).build().unwrap()
}

async fn ask(lm: &dyn LanguageModel, stream: bool) -> Result<Reply, LmError> {
    let request = request();
    if !stream {
        return lm.call(&request).await;
    }
    let mut fold = ReplyBuilder::new();
    let mut events = lm.stream(&request);
    while let Some(event) = events.next().await {
        match event {
            Ok(Event::Done { model, request_id, cached }) => {
                fold.push(Event::Done { model, request_id, cached });
                break;
            }
            Ok(event) => fold.push(event),
            Err(e) => return Err(e.with_partial(fold.partial())),
        }
    }
    fold.finish()
}

/// One run, and what is wrong with it.
async fn one(name: &str, fault: &Fault, stream: bool, expect: &Expect, calls: usize) -> Option<String> {
    let how = if stream { "streamed" } else { "whole" };
    let place = format!("{name} {how} {fault:?}");
    let server = server(fault.clone()).await;
    let cached = Cache::builder().build().over(model(name, &server, 2));
    // N1: two tries of at most 1.5 s each, and room for a machine that is busy.
    let Ok(outcome) = tokio::time::timeout(Duration::from_secs(20), ask(&cached, stream)).await else {
        return Some(format!("{place}: it does not end"));
    };
    let made = server.calls();
    let mut wrong = Vec::new();
    if let Some(found) = unexpected(expect, &outcome) {
        wrong.push(format!("expected {expect:?}, found {found}"));
    }
    if calls != ANY && made != calls {
        wrong.push(format!("expected {calls} calls at the server, found {made}"));
    }
    if calls == ANY && made > 2 {
        wrong.push(format!("expected at most the two calls of the policy, found {made}"));
    }
    wrong.extend(invariants(&outcome, made));
    // N3: only a whole answer is there the second time.
    let whole = outcome.as_ref().is_ok_and(|r| r.choices.iter().all(|c| c.finish == FinishReason::Stop));
    let again = tokio::time::timeout(Duration::from_secs(20), ask(&cached, stream)).await;
    let hit = again.is_ok_and(|again| again.is_ok_and(|r| r.cached));
    if hit != (whole && outcome.is_ok_and(|r| !r.choices[0].content().trim().is_empty())) {
        wrong.push(format!("kept: {hit}, a whole answer: {whole}"));
    }
    (!wrong.is_empty()).then(|| format!("{place}: {}", wrong.join("; ")))
}

fn unexpected(expect: &Expect, outcome: &Result<Reply, LmError>) -> Option<String> {
    let text = |r: &Reply| r.choices.first().map(dspex_core::lm::Choice::content).unwrap_or_default();
    let whole =
        outcome.as_ref().is_ok_and(|r| text(r) == ANSWER && r.choices[0].finish == FinishReason::Stop);
    let fits = match (expect, outcome) {
        (Expect::Any, _) | (Expect::FailsSomehow | Expect::AnswersOrFails, Err(_)) => true,
        (Expect::Answers | Expect::AnswersOrFails, Ok(_)) => whole,
        (Expect::Fails(kinds), Err(e)) => kinds.contains(&e.kind),
        (Expect::CutOff, Ok(reply)) => reply.choices[0].finish == FinishReason::Length,
        (Expect::FailsOrFiltered, Err(e)) => e.kind == LmErrorKind::Refusal,
        (Expect::FailsOrFiltered, Ok(reply)) => reply.choices[0].finish == FinishReason::ContentFilter,
        (Expect::Uncounted, Ok(reply)) => {
            whole && reply.usage.uncounted_calls == 1 && reply.usage.total_tokens() < 1_000_000
        }
        _ => false,
    };
    (!fits).then(|| match outcome {
        Ok(reply) => format!("{:?} ({:?})", text(reply), reply.choices.first().map(|c| c.finish.clone())),
        Err(e) => format!("{:?}: {e}", e.kind),
    })
}

fn invariants(outcome: &Result<Reply, LmError>, made: usize) -> Vec<String> {
    let mut wrong = Vec::new();
    // N4
    if format!("{outcome:?}").contains(&CANARY[3..]) {
        wrong.push("the key is shown".to_owned());
    }
    let failed = match outcome {
        Ok(reply) => &reply.failed,
        Err(e) => {
            // N10
            let shown = e.to_string();
            if shown.chars().any(char::is_control) || shown.len() > 2_000 {
                wrong.push(format!("an error that cannot be shown: {shown:?}"));
            }
            if e.model.is_none() || e.kind.code().is_empty() || e.hint().is_empty() {
                wrong.push(format!("an error without model, code or hint: {e:?}"));
            }
            &e.failed
        }
    };
    // N2, N5
    if failed.len() + 1 != made {
        wrong.push(format!("{made} calls were made, and {} are told", failed.len() + 1));
    }
    wrong
}

/// Two calls on one connection, which breaks under the second.
pub(crate) fn run_twice(fault: &Fault) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        for (_, name) in WIRES {
            let server = server(fault.clone()).await;
            // The pool may have more than one connection that was used before.
            let lm = model(name, &server, 4);
            for _ in 0..3 {
                let reply = ask(&lm, false).await.unwrap();
                assert_eq!(reply.choices[0].content(), ANSWER, "{name}");
            }
        }
    });
}
