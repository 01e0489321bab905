//! Rules, latency, limits, outages, and faults that hit a share of the calls.

use std::time::{Duration, Instant};

use dspex_testkit::{
    Answer, Fault, Latency, LimitHeaders, Outage, RateLimit, Script, TestServer, When, block_on,
};
use serde_json::json;

use crate::client::{CHAT, ask, ask_with, chat};

fn always() -> Script {
    Script::always(Answer::text("Paris"))
}

#[test]
fn rules_look_at_all_of_a_request() {
    block_on(async {
        let rules = [
            (When::any().header("x-team", "red"), Answer::text("by header")),
            (When::any().model("big"), Answer::text("by model")),
            (When::any().path("/v1beta"), Answer::text("by path")),
            (When::any().last("France").attempt(2), Answer::text("by attempt")),
            (When::any().last("France"), Answer::text("by text")),
        ];
        let server = TestServer::script(Script::rules(rules)).start().await.unwrap();
        let said = |s: crate::client::Seen| s.json()["choices"][0]["message"]["content"].clone();
        assert_eq!(said(ask(&server, CHAT, &chat(false)).await), "by text");
        assert_eq!(said(ask(&server, CHAT, &chat(false)).await), "by attempt");
        assert_eq!(said(ask_with(&server, CHAT, "x-team: red\r\n", &chat(false)).await), "by header");
        let big = json!({"model": "big", "messages": []});
        assert_eq!(said(ask(&server, CHAT, &big).await), "by model");
        let gemini = json!({"contents": [{"parts": [{"text": "hm"}]}]});
        let s = ask(&server, "/v1beta/models/m:generateContent", &gemini).await.json();
        assert_eq!(s["candidates"][0]["content"]["parts"][0]["text"], "by path");
        let s = ask(&server, CHAT, &json!({"model": "m", "messages": []})).await;
        assert!(s.status() == 500 && s.text().contains("no more answers"));
    });
}

#[test]
fn a_file_says_the_same() {
    block_on(async {
        let script = r#"
            {"when": {"last": "France", "attempt": 1}, "status": 503}
            {"when": {"path": "/models"}, "status": 404}
            {"when": "France", "times": 1, "reasoning": "hm", "tool_calls": [{"id": "c1", "name": "f", "arguments": {"x": 1}}], "usage": {"input": 9, "output": 4, "cached": 3, "reasoning": 2}, "model": "big"}
            {"choices": [{"text": "a"}, {"text": "b", "finish": "length"}]}
            {"refusal": "no"}
            {"fault": "html"}"#;
        let server = TestServer::script(Script::parse(script).unwrap()).start().await.unwrap();
        assert_eq!(ask(&server, CHAT, &chat(false)).await.status(), 503);
        assert_eq!(ask(&server, "/v1/models", &json!(null)).await.status(), 404);
        let s = ask(&server, CHAT, &chat(false)).await.json();
        let (message, usage) = (&s["choices"][0]["message"], &s["usage"]);
        assert_eq!((&s["model"], &message["reasoning_content"]), (&json!("big"), &json!("hm")));
        assert_eq!(message["tool_calls"][0]["function"], json!({"name": "f", "arguments": "{\"x\": 1}"}));
        assert_eq!(s["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 3);
        assert_eq!((&usage["completion_tokens"], &usage["total_tokens"]), (&json!(4), &json!(13)));
        let s = ask(&server, CHAT, &chat(false)).await.json();
        assert_eq!(s["choices"][1]["message"]["content"], "b");
        assert_eq!(s["choices"][1]["finish_reason"], "length");
        assert_eq!(ask(&server, CHAT, &chat(false)).await.json()["choices"][0]["message"]["refusal"], "no");
        assert!(ask(&server, CHAT, &chat(false)).await.text().contains("<html>"));
    });
}

#[test]
fn a_closure_sees_the_request_and_its_number() {
    block_on(async {
        let server = TestServer::respond(|received, call| {
            Answer::text(format!("{call} {} {} {}", received.attempt, received.model, received.last()))
        });
        let server = server.start().await.unwrap();
        let _ = ask(&server, CHAT, &chat(false)).await;
        let s = ask(&server, CHAT, &chat(false)).await.json();
        assert_eq!(s["choices"][0]["message"]["content"], "2 2 m The capital of France?");
    });
}

#[test]
fn latency_is_a_span_or_a_draw() {
    block_on(async {
        let range = Latency::range(Duration::from_millis(30), Duration::from_millis(60)).with_seed(7);
        let server = TestServer::script(always()).latency(range).start().await.unwrap();
        for call in 1..4 {
            let began = Instant::now();
            let _ = ask(&server, CHAT, &chat(false)).await;
            assert!(began.elapsed() >= range.of(call), "{call}");
        }
        let draws: Vec<Duration> = (1..50).map(|call| range.of(call)).collect();
        assert!(draws.iter().all(|d| (30..=60).contains(&d.as_millis())) && draws[0] != draws[1]);
    });
}

#[test]
fn limits_are_a_bucket_that_tells_of_itself() {
    block_on(async {
        let limit = RateLimit::requests("10/s".parse().unwrap()).burst(3).tokens_per_minute(100_000);
        let server = TestServer::script(always()).rate_limit(limit).start().await.unwrap();
        let mut statuses = Vec::new();
        let mut last = ask(&server, CHAT, &chat(false)).await;
        assert_eq!(last.header("x-ratelimit-limit-requests").as_deref(), Some("3"));
        assert_eq!(last.header("x-ratelimit-remaining-requests").as_deref(), Some("2"));
        assert_eq!(last.header("x-ratelimit-limit-tokens").as_deref(), Some("100000"));
        assert!(last.header("x-ratelimit-reset-requests").unwrap().ends_with("ms"));
        assert_eq!(last.header("retry-after"), None);
        for _ in 0..4 {
            last = ask(&server, CHAT, &chat(false)).await;
            statuses.push(last.status());
        }
        assert!(statuses.contains(&429), "{statuses:?}");
        assert_eq!((last.status(), last.header("retry-after").as_deref()), (429, Some("1")));
        let ms: u64 = last.header("retry-after-ms").unwrap().parse().unwrap();
        assert!(ms <= 101, "{ms}");
        tokio::time::sleep(Duration::from_millis(ms)).await;
        assert_eq!(ask(&server, CHAT, &chat(false)).await.status(), 200, "it kept its word");

        let limit = RateLimit::requests("1/m".parse().unwrap()).headers(LimitHeaders::Anthropic);
        let server = TestServer::script(always()).rate_limit(limit).start().await.unwrap();
        let body = json!({"model": "m", "max_tokens": 5, "messages": []});
        assert_eq!(ask(&server, "/v1/messages", &body).await.status(), 200);
        let s = ask(&server, "/v1/messages", &body).await;
        assert_eq!((s.status(), &s.json()["error"]["type"]), (429, &json!("rate_limit_error")));
        assert_eq!(s.header("anthropic-ratelimit-requests-remaining").as_deref(), Some("0"));
        assert!(s.header("anthropic-ratelimit-requests-reset").unwrap().ends_with('Z'));
        assert_eq!(s.header("retry-after").as_deref(), Some("60"));
    });
}

#[test]
fn an_outage_lasts_so_many_calls_or_so_long_or_until_it_is_ended() {
    block_on(async {
        let server = TestServer::script(always()).outage(Outage::calls(2)).start().await.unwrap();
        let status = async || ask(&server, CHAT, &chat(true)).await.status();
        assert_eq!((status().await, status().await, status().await), (503, 503, 200));
        server.set_outage(Some(Outage::lasting(Duration::from_millis(80)).status(502)));
        assert_eq!(status().await, 502);
        tokio::time::sleep(Duration::from_millis(80)).await;
        assert_eq!(status().await, 200);
        server.set_outage(Some(Outage::until_ended()));
        assert_eq!(ask(&server, "/v1/models", &json!(null)).await.status(), 503);
        server.set_outage(None);
        assert_eq!(status().await, 200);
    });
}

#[test]
fn a_share_of_the_calls_is_hit_the_same_in_each_run() {
    block_on(async {
        let mut runs = Vec::new();
        for seed in [7, 7, 8] {
            let server = TestServer::script(always()).fault(Fault::Status(500)).fault_share(0.3, seed);
            let server = server.start().await.unwrap();
            let mut hits = Vec::new();
            for call in 0..60 {
                if ask(&server, CHAT, &chat(false)).await.status() == 500 {
                    hits.push(call);
                }
            }
            assert!((6..=32).contains(&hits.len()), "{hits:?}");
            runs.push(hits);
        }
        assert_eq!(runs[0], runs[1]);
        assert_ne!(runs[0], runs[2]);
    });
}
