//! The layers around a model, over real sockets and with models of the test's own.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use dspex_core::lm::{
    Capabilities, Event, LmError, LmErrorKind, Message, Reply, ReplyBuilder, Request, ToolSpec,
};
use dspex_core::{BoxFuture, LanguageModel, Usage};
use dspex_lm::{Catalog, Governors, Lm, LmBuilder, Priced, Resilience, Resilient, Routed, Secret};
use dspex_testkit::{Answer, Script, TestServer, block_on};
use futures_util::StreamExt as _;

/// A model that gives these answers in order, and says what it was asked.
#[derive(Clone)]
struct Played {
    name: &'static str,
    answers: Arc<Mutex<VecDeque<Result<Reply, LmError>>>>,
    can: Capabilities,
    asked: Arc<Mutex<usize>>,
}

impl Played {
    fn new(name: &'static str, answers: impl IntoIterator<Item = Result<Reply, LmError>>) -> Self {
        let answers = Arc::new(Mutex::new(answers.into_iter().collect()));
        Self { name, answers, can: Capabilities::default(), asked: Arc::default() }
    }

    fn asked(&self) -> usize {
        *self.asked.lock().unwrap()
    }
}

impl LanguageModel for Played {
    fn id(&self) -> &str {
        self.name
    }

    fn capabilities(&self) -> Capabilities {
        self.can.clone()
    }

    fn call<'a>(&'a self, _: &'a Request) -> BoxFuture<'a, Result<Reply, LmError>> {
        Box::pin(async move {
            *self.asked.lock().unwrap() += 1;
            self.answers.lock().unwrap().pop_front().unwrap()
        })
    }
}

fn failure(kind: LmErrorKind) -> Result<Reply, LmError> {
    Err(LmError::new(kind, "scripted").with_usage(Usage::tokens(5, 0)))
}

#[expect(clippy::unnecessary_wraps, reason = "as scripts have it")]
fn ok(text: &str) -> Result<Reply, LmError> {
    Ok(Reply::text(text).with_usage(Usage::tokens(5, 2)))
}

fn request() -> Request {
    Request::new(vec![Message::user("hi")])
}

#[tokio::test(start_paused = true)]
async fn p7_what_was_tried_before_stands_in_the_reply() {
    let lm = Played::new("m", [failure(LmErrorKind::Server), failure(LmErrorKind::Timeout), ok("hi")]);
    let reply = Resilient::new(lm, Resilience::default()).call(&request()).await.unwrap();
    let kinds: Vec<_> = reply.failed.iter().map(|f| f.kind).collect();
    assert_eq!(kinds, [LmErrorKind::Server, LmErrorKind::Timeout]);
    assert_eq!((reply.usage.total_tokens(), reply.all_usage().total_tokens()), (7, 17));
}

#[tokio::test(start_paused = true)]
async fn p8_the_last_failure_knows_the_ones_before() {
    let lm = Played::new("m", (0..9).map(|_| failure(LmErrorKind::Server)));
    let e = Resilient::new(lm.clone(), Resilience::default()).call(&request()).await.unwrap_err();
    assert_eq!((e.kind, e.failed.len(), lm.asked()), (LmErrorKind::Server, 2, 3));
    assert_eq!(e.all_usage().input_tokens, 15);
}

#[tokio::test(start_paused = true)]
async fn p11_p12_p35_what_will_fail_again_is_asked_once() {
    for kind in [
        LmErrorKind::Auth,
        LmErrorKind::Billing,
        LmErrorKind::ContextOverflow,
        LmErrorKind::Refusal,
        LmErrorKind::InvalidRequest,
        LmErrorKind::UnknownModel,
        LmErrorKind::Configuration,
        LmErrorKind::Unsupported,
        LmErrorKind::Protocol,
    ] {
        let lm = Played::new("m", [failure(kind), ok("never")]);
        let e = Resilient::new(lm.clone(), Resilience::default()).call(&request()).await.unwrap_err();
        assert_eq!((e.kind, lm.asked()), (kind, 1));
    }
}

#[tokio::test(start_paused = true)]
async fn p10_the_provider_s_word_counts_over_the_kind() {
    let say = |kind, again| {
        let mut e = LmError::new(kind, "scripted");
        e.should_retry = Some(again);
        Err(e)
    };
    let lm = Played::new("m", [say(LmErrorKind::Server, false), ok("never")]);
    assert!(Resilient::new(lm.clone(), Resilience::default()).call(&request()).await.is_err());
    let lm = Played::new("m", [say(LmErrorKind::InvalidRequest, true), ok("hi")]);
    assert!(Resilient::new(lm.clone(), Resilience::default()).call(&request()).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn p1_a_throttled_call_waits_as_long_as_it_is_told() {
    let mut busy = LmError::new(LmErrorKind::RateLimit, "slow down");
    busy.retry_after = Some(Duration::from_secs(2));
    let lm = Played::new("m", [Err(busy), ok("hi")]);
    let started = tokio::time::Instant::now();
    let reply = Resilient::new(lm, Resilience::default()).call(&request()).await.unwrap();
    assert!(started.elapsed() >= Duration::from_secs(2), "{:?}", started.elapsed());
    assert!(reply.failed[0].waited >= Duration::from_secs(2));
}

#[tokio::test(start_paused = true)]
async fn a_deadline_is_around_all_waits() {
    let lm = Played::new(
        "m",
        (0..9).map(|_| {
            let mut busy = LmError::new(LmErrorKind::RateLimit, "slow down");
            busy.retry_after = Some(Duration::from_secs(30));
            Err(busy)
        }),
    );
    let mut request = request();
    request.options.deadline = Some((tokio::time::Instant::now() + Duration::from_secs(10)).into_std());
    let started = tokio::time::Instant::now();
    let e = Resilient::new(lm.clone(), Resilience::default()).call(&request).await.unwrap_err();
    assert_eq!((e.kind, lm.asked()), (LmErrorKind::RateLimit, 1));
    assert_eq!(e.retry_after, Some(Duration::from_secs(30)));
    assert!(started.elapsed() < Duration::from_secs(1), "it does not wait for what cannot come");
}

#[tokio::test(start_paused = true)]
async fn a_refused_key_is_not_asked_with_again_and_says_why() {
    let governors = Governors::default();
    let mut resilience = Resilience::default();
    resilience.governors = governors.clone();
    let lm = Played::new("m", [failure(LmErrorKind::Auth), ok("never")]);
    let resilient = Resilient::new(lm.clone(), resilience);
    for _ in 0..2 {
        assert_eq!(resilient.call(&request()).await.unwrap_err().kind, LmErrorKind::Auth);
    }
    assert_eq!(lm.asked(), 1);
    assert!(!governors.health()[0].1.is_available());
}

#[tokio::test(start_paused = true)]
async fn models_that_share_governors_share_what_they_learn() {
    let governors = Governors::default();
    let resilience = || {
        let mut resilience = Resilience::default();
        resilience.governors = governors.clone();
        resilience
    };
    let down = Played::new("m", (0..99).map(|_| failure(LmErrorKind::Server)));
    let lm = Resilient::new(down.clone(), resilience());
    for _ in 0..10 {
        let _ = lm.call(&request()).await;
    }
    let asked = down.asked();
    let other = Resilient::new(down.clone(), resilience());
    let e = other.call(&request()).await.unwrap_err();
    assert_eq!((e.kind, down.asked()), (LmErrorKind::Unavailable, asked), "{e}");
    // Another credential is another matter.
    let mut apart = resilience();
    apart.key_id = "second".into();
    let _ = Resilient::new(down.clone(), apart.without_retries()).call(&request()).await;
    assert_eq!(down.asked(), asked + 1);
}

fn over(server: &TestServer) -> LmBuilder {
    let mut resilience = Resilience::default();
    resilience.policy.retry.base = Duration::from_millis(1);
    Lm::builder("openai/gpt-4o-mini")
        .api_key(Secret::new("sk-x"))
        .api_base(server.base_url())
        .resilience(resilience)
}

#[test]
fn p18_a_stream_that_breaks_before_its_first_event_is_opened_again() {
    block_on(async {
        let script =
            Script::answers([Answer::status(503), Answer::text("Paris").cut_after(0), Answer::text("Paris")]);
        let server = TestServer::script(script).start().await.unwrap();
        let lm = over(&server).build().unwrap();
        let mut fold = ReplyBuilder::new();
        let request = request();
        let mut events = lm.stream(&request);
        while let Some(event) = events.next().await {
            fold.push(event.unwrap());
        }
        let reply = fold.finish().unwrap();
        assert_eq!(
            (reply.choices[0].content().as_str(), reply.failed.len(), server.calls()),
            ("Paris", 2, 3)
        );
        // The catalog knows this one.
        assert!(!reply.usage.cost.is_zero() || reply.usage.total_tokens() == 0);
    });
}

#[test]
fn p19_a_stream_that_breaks_later_is_never_begun_again() {
    block_on(async {
        let script = Script::answers([
            Answer::text("It was the best of times. ".repeat(40)).cut_after(600),
            Answer::text("no"),
        ]);
        let server = TestServer::script(script).start().await.unwrap();
        let lm = over(&server).build().unwrap();
        let request = request();
        let events: Vec<Result<Event, LmError>> = lm.stream(&request).collect().await;
        let e = events.into_iter().find_map(Result::err).unwrap();
        assert_eq!((e.kind, server.calls()), (LmErrorKind::Transport, 1));
    });
}

#[test]
fn a_call_that_is_dropped_frees_its_place() {
    block_on(async {
        let server = TestServer::script(Script::always(Answer::Hang)).start().await.unwrap();
        let mut resilience = Resilience::default();
        resilience.policy.limits.in_flight = Some(1);
        let lm = over(&server).resilience(resilience).build().unwrap();
        for _ in 0..3 {
            let request = request();
            let started = Instant::now();
            let call = tokio::time::timeout(Duration::from_millis(100), lm.call(&request)).await;
            assert!(call.is_err() && started.elapsed() < Duration::from_secs(1));
        }
        assert_eq!(server.calls(), 3, "each had its turn");
    });
}

#[tokio::test(start_paused = true)]
async fn p42_who_answered_and_who_failed_stand_in_the_reply() {
    let a = Resilient::new(
        Played::new("a", [failure(LmErrorKind::Server)]),
        Resilience::default().without_retries(),
    );
    let mut busy = LmError::new(LmErrorKind::RateLimit, "slow down");
    busy.retry_after = Some(Duration::from_hours(1));
    let b = Played::new("b", [Err(busy)]);
    let c = Played::new("c", [ok("hi")]);
    let lm = Routed::builder("chain").model(a).model(b).model(c).build();
    let reply = lm.call(&request()).await.unwrap();
    let failed: Vec<_> = reply.failed.iter().map(|f| (f.model.as_deref().unwrap(), f.kind)).collect();
    assert_eq!(failed, [("a", LmErrorKind::Server), ("b", LmErrorKind::RateLimit)]);
    assert_eq!(reply.model.as_deref(), Some("c"));
}

#[tokio::test(start_paused = true)]
async fn p43_when_all_fail_every_cause_is_told() {
    let lm = Routed::builder("chain")
        .model(Played::new("a", [failure(LmErrorKind::Server)]))
        .model(Played::new("b", [failure(LmErrorKind::Auth)]))
        .build();
    let e = lm.call(&request()).await.unwrap_err();
    assert_eq!((e.kind, e.model.as_deref()), (LmErrorKind::Auth, Some("b")), "what somebody can mend");
    assert_eq!((e.failed.len(), e.failed[0].kind), (1, LmErrorKind::Server));
    assert_eq!(e.all_usage().input_tokens, 10);
}

#[tokio::test(start_paused = true)]
async fn a_request_goes_to_a_model_that_can_do_it() {
    let plain = Played::new("plain", [ok("hi")]);
    let mut able = Played::new("able", [ok("called")]);
    able.can.tools = true;
    let lm = Routed::builder("by ability").model(plain.clone()).model(able).build();
    let mut request = request();
    let parameters = serde_json::json!({"type": "object"});
    request.tools.push(ToolSpec { name: "f".into(), description: String::new(), parameters });
    assert_eq!(lm.call(&request).await.unwrap().choices[0].content(), "called");
    let none = Routed::builder("none").model(plain).build();
    let e = none.call(&request).await.unwrap_err();
    assert_eq!(e.kind, LmErrorKind::Unsupported);
}

#[tokio::test(start_paused = true)]
async fn what_is_too_long_or_refused_goes_only_where_it_was_named_for() {
    for kind in [LmErrorKind::ContextOverflow, LmErrorKind::Refusal] {
        let lm = |to: bool| {
            let named: Vec<&str> = if to { vec!["large"] } else { Vec::new() };
            Routed::builder("r")
                .model(Played::new("small", [failure(kind)]))
                .model(Played::new("other", [ok("never")]))
                .model(Played::new("large", [ok("large")]))
                .when_too_long(named.clone())
                .when_refused(named)
                .build()
        };
        assert_eq!(lm(true).call(&request()).await.unwrap().model.as_deref(), Some("large"));
        assert_eq!(lm(false).call(&request()).await.unwrap_err().kind, kind);
    }
}

#[tokio::test(start_paused = true)]
async fn calls_cost_what_the_catalog_says() {
    let own = r#"{"model": "m", "input": "1000000", "output": "2000000"}"#;
    let catalog = Arc::new(Catalog::parse(own).unwrap());
    let lm = Priced::new(Played::new("m", [ok("hi"), failure(LmErrorKind::Server)]), Arc::clone(&catalog));
    assert_eq!(lm.call(&request()).await.unwrap().usage.cost.to_string(), "$9.00");
    assert_eq!(
        lm.call(&request()).await.unwrap_err().usage.cost.to_string(),
        "$5.00",
        "paid for all the same"
    );
    let unknown = Priced::new(Played::new("other", [ok("hi")]), catalog);
    let usage = unknown.call(&request()).await.unwrap().usage;
    assert_eq!((usage.cost.is_zero(), usage.unpriced_calls), (true, 1));
}
