//! Batches against servers that keep them as OpenAI and Anthropic do: submitted, polled, collected, by another process,
//! with failures, expired and cancelled.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

mod common;

use std::sync::Mutex;

use common::{Said, Sent, against, json};
use dspex_core::lm::{LmError, LmErrorKind, Message, OnUnsupported, Reply, Request};
use dspex_lm::{Batch, BatchState, Batches, Resilience, Secret};
use dspex_testkit::block_on;
use serde_json::{Value as Json, json as j};

const KEY: &str = "sk-canary-5f7e1c";
const OPENAI: &str = "openai/gpt-4o-mini";
const ANTHROPIC: &str = "anthropic/claude-haiku-4-5";

/// A server with one batch, and what was sent to it.
#[derive(Default)]
struct Kept {
    tasks: Mutex<Vec<Json>>,
    sent: Mutex<Vec<Sent>>,
    /// The state of the batch, in the provider's word.
    state: Mutex<String>,
    /// How often starting a batch is refused.
    busy: Mutex<usize>,
}

impl Kept {
    fn in_state(state: &str) -> Self {
        Self { state: Mutex::new(state.to_owned()), ..Self::default() }
    }

    fn set(&self, state: &str) {
        state.clone_into(&mut self.state.lock().unwrap());
    }

    fn started(&self) -> Option<Said> {
        let mut busy = self.busy.lock().unwrap();
        *busy = busy.checked_sub(1)?;
        Some(json(429, &j!({"error": {"message": format!("slow, {KEY}"), "type": "rate_limit_error"}})))
    }

    fn openai(&self, sent: &Sent) -> Said {
        self.sent.lock().unwrap().push(sent.clone());
        let state = self.state.lock().unwrap().clone();
        let batch = || {
            json(
                200,
                &j!({
                    "id": "batch_1", "status": state, "output_file_id": "file-out", "error_file_id": "file-err",
                    "request_counts": {"total": 4, "completed": 2, "failed": 1},
                    "errors": {"data": [{"message": format!("a bad line, {KEY}")}]},
                }),
            )
        };
        match (sent.method.as_str(), sent.path.as_str()) {
            ("POST", "/v1/files") => {
                let form = String::from_utf8(sent.body.clone()).unwrap();
                let lines = form.split("\r\n\r\n").nth(2).unwrap().split("\r\n--").next().unwrap();
                let tasks = lines.lines().map(|line| serde_json::from_str(line).unwrap());
                *self.tasks.lock().unwrap() = tasks.collect();
                json(200, &j!({"id": "file-in"}))
            }
            ("POST", "/v1/batches") => self.started().unwrap_or_else(batch),
            ("GET", "/v1/batches/batch_1") | ("POST", "/v1/batches/batch_1/cancel") => batch(),
            ("GET", "/v1/files/file-out/content") => {
                let line = |n: usize| {
                    let body = j!({
                        "model": "gpt-4o-mini", "usage": {"prompt_tokens": 1_000_000, "completion_tokens": 0},
                        "choices": [{"message": {"content": format!("answer {n}")}, "finish_reason": "stop"}],
                    });
                    let response = j!({"status_code": 200, "body": body});
                    j!({"custom_id": format!("request-{n}"), "response": response, "error": null})
                };
                // In no order, without a line break at the end.
                (200, "application/octet-stream", format!("{}\n\n{}", line(2), line(0)))
            }
            ("GET", "/v1/files/file-err/content") => {
                let error = j!({"error": {"message": format!("no, {KEY}"), "type": "invalid_request_error"}});
                let refused = j!({"status_code": 400, "request_id": "r9", "body": error});
                let refused = j!({"custom_id": "request-1", "response": refused, "error": null});
                let code = j!({"code": format!("batch_{state}"), "message": "not done"});
                let late = j!({"custom_id": "request-3", "response": null, "error": code});
                (200, "application/octet-stream", format!("{refused}\n{late}\n"))
            }
            other => json(404, &j!({"error": {"message": format!("{other:?}")}})),
        }
    }

    fn anthropic(&self, sent: &Sent) -> Said {
        self.sent.lock().unwrap().push(sent.clone());
        let state = self.state.lock().unwrap().clone();
        let counts = j!({"processing": 1, "succeeded": 1, "errored": 1, "canceled": 1, "expired": 1});
        let batch =
            || json(200, &j!({"id": "msgbatch_1", "processing_status": state, "request_counts": counts}));
        match (sent.method.as_str(), sent.path.as_str()) {
            ("POST", "/v1/messages/batches") => {
                let Json::Array(tasks) = sent.json()["requests"].take() else { panic!("{sent:?}") };
                *self.tasks.lock().unwrap() = tasks;
                self.started().unwrap_or_else(batch)
            }
            ("GET", "/v1/messages/batches/msgbatch_1") => batch(),
            ("POST", "/v1/messages/batches/msgbatch_1/cancel") => {
                self.set("canceling");
                json(
                    200,
                    &j!({"id": "msgbatch_1", "processing_status": "canceling", "request_counts": counts}),
                )
            }
            ("GET", "/v1/messages/batches/msgbatch_1/results") => {
                let message = j!({
                    "type": "message", "role": "assistant", "model": "claude-haiku-4-5", "stop_reason": "end_turn",
                    "content": [{"type": "text", "text": "answer 2"}],
                    "usage": {"input_tokens": 1_000_000, "output_tokens": 0},
                });
                let error = j!({"type": "overloaded_error", "message": format!("busy, {KEY}")});
                let error = j!({"type": "error", "request_id": "r9", "error": error});
                let lines = [
                    j!({"custom_id": "request-2", "result": {"type": "succeeded", "message": message}}),
                    j!({"custom_id": "request-1", "result": {"type": "errored", "error": error}}),
                    j!({"custom_id": "request-0", "result": {"type": "expired"}}),
                    j!({"custom_id": "request-3", "result": {"type": "canceled"}}),
                ];
                (200, "application/x-jsonl", lines.map(|line| line.to_string()).join("\n"))
            }
            other => json(404, &j!({"error": {"message": format!("{other:?}")}})),
        }
    }
}

fn batches(name: &str, address: &str) -> Batches {
    let mut resilience = Resilience::default();
    resilience.policy.retry.base = std::time::Duration::from_millis(1);
    let builder = Batches::builder(name).api_key(Secret::new(KEY)).api_base(format!("{address}/v1"));
    builder.resilience(resilience).build().unwrap()
}

fn requests() -> Vec<Request> {
    (0..4).map(|n| Request::new(vec![Message::user(format!("question {n}"))])).collect()
}

/// Texts of replies, and kinds of errors.
fn ends(all: &[Result<Reply, LmError>]) -> Vec<Result<String, LmErrorKind>> {
    all.iter().map(|one| one.as_ref().map(|r| r.choices[0].content()).map_err(|e| e.kind)).collect()
}

#[test]
fn a_batch_of_openai_is_gone_on_with_by_another_process() {
    let kept = Kept::in_state("validating");
    *kept.busy.lock().unwrap() = 1;
    let all = block_on(against(
        |sent| kept.openai(sent),
        async |address| {
            let batch = batches(OPENAI, &address).submit(&requests()).await.unwrap();
            let text = serde_json::to_string(&batch).unwrap();
            assert!(!text.contains(KEY), "{text}");

            let (batches, batch) = (batches(OPENAI, &address), serde_json::from_str::<Batch>(&text).unwrap());
            assert_eq!(batches.poll(&batch).await.unwrap().to_string(), "running: 2 of 4 answered, 1 failed");
            let e = batches.collect(&batch).await.unwrap_err();
            assert!(
                e.kind == LmErrorKind::Unavailable && e.message.contains("found it running: 2 of 4"),
                "{e}"
            );
            kept.set("expired");
            batches.collect(&batch).await.unwrap()
        },
    ));
    let answer = |n: usize| Ok(format!("answer {n}"));
    let expected = [answer(0), Err(LmErrorKind::InvalidRequest), answer(2), Err(LmErrorKind::Timeout)];
    assert_eq!(ends(&all), expected);
    assert_eq!(all[0].as_ref().unwrap().usage.cost.to_string(), "$0.075", "half of what it costs else");
    let e = all[1].as_ref().unwrap_err();
    assert_eq!(
        (e.status, e.request_id.as_deref(), e.model.as_deref()),
        (Some(400), Some("r9"), Some(OPENAI))
    );
    assert!(!format!("{all:?}").contains(KEY), "{all:?}");

    let tasks = kept.tasks.into_inner().unwrap();
    let body = j!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "question 1"}]});
    let line = j!({"custom_id": "request-1", "method": "POST", "url": "/v1/chat/completions", "body": body});
    assert_eq!((tasks.len(), &tasks[1]), (4, &line));
    let sent = kept.sent.into_inner().unwrap();
    assert!(sent.iter().all(|s| s.header("authorization") == Some(&format!("Bearer {KEY}"))));
    let orders: Vec<&Sent> = sent.iter().filter(|s| s.path == "/v1/batches").collect();
    assert_eq!(orders.len(), 2, "the provider said that it was busy");
    let order =
        j!({"input_file_id": "file-in", "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    assert_eq!(orders[1].json(), order);
}

#[test]
fn batches_of_openai_end_in_other_ways() {
    let kept = Kept::in_state("failed");
    block_on(against(
        |sent| kept.openai(sent),
        async |address| {
            let batches = batches(OPENAI, &address);
            let batch = batches.submit(&requests()).await.unwrap();
            let e = batches.collect(&batch).await.unwrap_err();
            assert!(
                e.kind == LmErrorKind::InvalidRequest && e.message.contains("refused: a bad line"),
                "{e}"
            );
            assert!(!e.message.contains(KEY), "{e}");
            kept.set("cancelling");
            assert_eq!(batches.cancel(&batch).await.unwrap().state, BatchState::Cancelling);
            kept.set("cancelled");
            let all = batches.collect(&batch).await.unwrap();
            assert_eq!(ends(&all)[3], Err(LmErrorKind::Unavailable));
        },
    ));
}

#[test]
fn a_batch_of_anthropic_comes_with_every_end_there_is() {
    let kept = Kept::in_state("in_progress");
    let all = block_on(against(
        |sent| kept.anthropic(sent),
        async |address| {
            let batches = batches(ANTHROPIC, &address);
            let batch = batches.submit(&requests()).await.unwrap();
            assert_eq!(batches.poll(&batch).await.unwrap().to_string(), "running: 1 of 5 answered, 3 failed");
            assert_eq!(batches.cancel(&batch).await.unwrap().state, BatchState::Cancelling);
            kept.set("ended");
            batches.collect(&batch).await.unwrap()
        },
    ));
    let expected = [
        Err(LmErrorKind::Timeout),
        Err(LmErrorKind::Server),
        Ok("answer 2".to_owned()),
        Err(LmErrorKind::Unavailable),
    ];
    assert_eq!(ends(&all), expected);
    assert_eq!(all[2].as_ref().unwrap().usage.cost.to_string(), "$0.50", "half of what it costs else");
    assert_eq!(all[1].as_ref().unwrap_err().request_id.as_deref(), Some("r9"));
    assert!(!format!("{all:?}").contains(KEY), "{all:?}");

    let task = &kept.tasks.into_inner().unwrap()[3];
    assert_eq!((&task["custom_id"], &task["params"]["model"]), (&j!("request-3"), &j!("claude-haiku-4-5")));
    assert!(task["params"].get("stream").is_none(), "{task}");
    let sent = kept.sent.into_inner().unwrap();
    assert!(
        sent.iter().all(|s| s.header("x-api-key") == Some(KEY) && s.header("anthropic-version").is_some())
    );
}

#[test]
fn what_cannot_be_a_batch_is_not_sent() {
    let kept = Kept::in_state("in_progress");
    block_on(against(
        |sent| kept.anthropic(sent),
        async |address| {
            let batches = batches(ANTHROPIC, &address);
            let none = batches.submit(&[]).await.unwrap_err();
            assert!(none.message.contains("1 to 100000 requests in a batch, found 0"), "{none}");

            let mut several = requests();
            several[2].options.seed = Some(7);
            several[2].options.on_unsupported = Some(OnUnsupported::Warn);
            let e = batches.submit(&several).await.unwrap_err();
            assert!(e.kind == LmErrorKind::Unsupported && e.message.starts_with("request 2: "), "{e}");

            for (model, id) in [(OPENAI, "msgbatch_1"), (ANTHROPIC, "../../models"), (ANTHROPIC, "")] {
                let batch = j!({"model": model, "id": id, "requests": 1});
                let batch: Batch = serde_json::from_value(batch).unwrap();
                let e = batches.poll(&batch).await.unwrap_err();
                assert_eq!(e.kind, LmErrorKind::Configuration, "{e}");
            }
        },
    ));
    assert!(kept.sent.into_inner().unwrap().is_empty());
}

#[test]
fn what_may_have_been_started_is_not_started_again() {
    // What comes back cannot be read, or a gateway gave up: nobody knows.
    for (status, kind) in [(200, LmErrorKind::Transport), (504, LmErrorKind::Server)] {
        let count = Mutex::new(0);
        let broken = |_: &Sent| {
            *count.lock().unwrap() += 1;
            (status, "application/json", String::new())
        };
        let e = block_on(against(broken, async |address| {
            batches(ANTHROPIC, &address).submit(&requests()).await.unwrap_err()
        }));
        assert_eq!((e.kind, *count.lock().unwrap()), (kind, 1), "{e}");
    }
}
