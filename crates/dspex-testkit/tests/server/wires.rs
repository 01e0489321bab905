//! What each wire says, whole and streamed, of one and the same reply.

use dspex_testkit::{Script, TestServer, block_on};
use serde_json::{Value as Json, json};

use crate::client::{CHAT, Seen, ask, ask_with, chat};

const RICH: &str = r#"{"reasoning": "It is a city.", "text": "Zwölf größere", "tool_calls": [{"id": "c1", "name": "f", "arguments": {"place": "Oslo"}}], "usage": {"input": 20, "output": 9, "cached": 8, "reasoning": 4}, "repeat": true}"#;

const RESPONSES: &str = "/v1/responses";
const MESSAGES: &str = "/v1/messages";
const GEMINI: &str = "/v1beta/models/m:generateContent";
const GEMINI_STREAM: &str = "/v1beta/models/m:streamGenerateContent?alt=sse";
const OLLAMA: &str = "/api/chat";
const COHERE: &str = "/v2/chat";

/// A request for each wire, whole and streamed.
pub(crate) fn requests() -> Vec<(&'static str, Json)> {
    let contents = json!({"contents": [{"role": "user", "parts": [{"text": "The capital of France?"}]}]});
    let mut all = vec![
        (GEMINI, contents.clone()),
        (GEMINI_STREAM, contents),
        ("/v1/embeddings", json!({"model": "m", "input": ["a", "b"]})),
    ];
    for stream in [false, true] {
        let mut messages = chat(stream);
        messages["max_tokens"] = json!(10);
        all.extend([
            (CHAT, chat(stream)),
            (RESPONSES, json!({"model": "m", "input": "The capital of France?", "stream": stream})),
            (MESSAGES, messages),
            (OLLAMA, chat(stream)),
            (COHERE, chat(stream)),
        ]);
    }
    all
}

async fn rich(path: &str, stream: bool) -> Seen {
    let server = TestServer::script(Script::parse(RICH).unwrap()).start().await.unwrap();
    let (_, body) = requests()
        .into_iter()
        .find(|(own, body)| *own == path && body["stream"].as_bool().unwrap_or(stream) == stream)
        .unwrap();
    let seen = ask(&server, path, &body).await;
    assert_eq!(seen.status(), 200, "{}", seen.text());
    seen
}

fn events(seen: &Seen) -> Vec<Json> {
    seen.data().iter().filter_map(|d| serde_json::from_str(d).ok()).collect()
}

/// All texts at a place of the events, joined.
fn joined(events: &[Json], place: &str) -> String {
    events.iter().filter_map(|e| e.pointer(place)?.as_str()).collect()
}

#[test]
fn openai_chat() {
    block_on(async {
        let json = rich(CHAT, false).await.json();
        let message = &json["choices"][0]["message"];
        assert_eq!((&message["content"], &message["refusal"]), (&json!("Zwölf größere"), &Json::Null));
        assert_eq!(message["reasoning_content"], "It is a city.");
        assert_eq!(message["tool_calls"][0]["function"]["arguments"], r#"{"place": "Oslo"}"#);
        assert_eq!(json["usage"]["completion_tokens_details"]["reasoning_tokens"], 4);
        let seen = rich(CHAT, true).await;
        let all = events(&seen);
        assert_eq!(joined(&all, "/choices/0/delta/content"), "Zwölf größere");
        assert_eq!(joined(&all, "/choices/0/delta/reasoning_content"), "It is a city.");
        let arguments = joined(&all, "/choices/0/delta/tool_calls/0/function/arguments");
        assert_eq!(arguments, r#"{"place": "Oslo"}"#);
        assert_eq!(joined(&all, "/choices/0/finish_reason"), "tool_calls");
        assert_eq!(seen.data().last().unwrap(), "[DONE]");
    });
}

#[test]
fn openai_responses() {
    block_on(async {
        let json = rich(RESPONSES, false).await.json();
        let kinds: Vec<&str> =
            json["output"].as_array().unwrap().iter().map(|i| i["type"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["reasoning", "message", "function_call"]);
        assert_eq!(json["output"][1]["content"][0]["text"], "Zwölf größere");
        assert_eq!(json["output"][2]["arguments"], r#"{"place": "Oslo"}"#);
        assert_eq!(json["usage"]["input_tokens_details"]["cached_tokens"], 8);
        assert_eq!(json["status"], "completed");
        let all = events(&rich(RESPONSES, true).await);
        let of = |kind: &str| -> Vec<Json> { all.iter().filter(|e| e["type"] == kind).cloned().collect() };
        assert_eq!(joined(&of("response.output_text.delta"), "/delta"), "Zwölf größere");
        assert_eq!(joined(&of("response.function_call_arguments.delta"), "/delta"), r#"{"place": "Oslo"}"#);
        assert_eq!(joined(&of("response.reasoning_summary_text.delta"), "/delta"), "It is a city.");
        assert_eq!(all.last().unwrap()["type"], "response.completed");
        assert_eq!(all.last().unwrap()["response"]["output"], json["output"]);
        assert!(all.iter().enumerate().all(|(i, e)| e["sequence_number"] == i));
    });
}

#[test]
fn anthropic() {
    block_on(async {
        let json = rich(MESSAGES, false).await.json();
        assert_eq!(json["content"][0]["thinking"], "It is a city.");
        assert_eq!(json["content"][1], json!({"type": "text", "text": "Zwölf größere"}));
        assert_eq!(json["content"][2]["input"], json!({"place": "Oslo"}));
        assert_eq!(json["stop_reason"], "tool_use");
        assert_eq!(
            (&json["usage"]["input_tokens"], &json["usage"]["cache_read_input_tokens"]),
            (&json!(12), &json!(8))
        );
        let all = events(&rich(MESSAGES, true).await);
        assert_eq!(joined(&all, "/delta/text"), "Zwölf größere");
        assert_eq!(joined(&all, "/delta/thinking"), "It is a city.");
        assert_eq!(joined(&all, "/delta/partial_json"), r#"{"place":"Oslo"}"#);
        assert_eq!(joined(&all, "/delta/stop_reason"), "tool_use");
        assert_eq!(all.last().unwrap(), &json!({"type": "message_stop"}));
        let server = TestServer::script(Script::parse(RICH).unwrap()).start().await.unwrap();
        let s = ask(&server, MESSAGES, &chat(false)).await;
        assert_eq!((s.status(), &s.json()["error"]["type"]), (400, &json!("invalid_request_error")));
    });
}

#[test]
fn gemini() {
    block_on(async {
        let json = rich(GEMINI, false).await.json();
        let parts = &json["candidates"][0]["content"]["parts"];
        assert_eq!(parts[0], json!({"text": "It is a city.", "thought": true}));
        assert_eq!(parts[1], json!({"text": "Zwölf größere"}));
        assert_eq!(parts[2]["functionCall"], json!({"name": "f", "args": {"place": "Oslo"}, "id": "c1"}));
        let usage = &json["usageMetadata"];
        assert_eq!((&usage["candidatesTokenCount"], &usage["thoughtsTokenCount"]), (&json!(5), &json!(4)));
        let seen = rich(GEMINI_STREAM, true).await;
        assert_eq!(seen.header("content-type").as_deref(), Some("text/event-stream"));
        let all = events(&seen);
        assert_eq!(joined(&all, "/candidates/0/content/parts/0/text"), "It is a city.Zwölf größere");
        assert_eq!(joined(&all, "/candidates/0/finishReason"), "STOP");
        // Without `alt=sse` it is one list.
        let server = TestServer::script(Script::parse(RICH).unwrap()).start().await.unwrap();
        let list = ask(&server, GEMINI_STREAM.trim_end_matches("?alt=sse"), &requests()[1].1).await.json();
        assert_eq!(list.as_array().unwrap().len(), all.len());
    });
}

#[test]
fn ollama() {
    block_on(async {
        let json = rich(OLLAMA, false).await.json();
        assert_eq!(json["message"]["content"], "Zwölf größere");
        assert_eq!(json["message"]["thinking"], "It is a city.");
        assert_eq!(json["message"]["tool_calls"][0]["function"]["arguments"], json!({"place": "Oslo"}));
        assert_eq!((&json["prompt_eval_count"], &json["eval_count"]), (&json!(20), &json!(9)));
        let seen = rich(OLLAMA, true).await;
        assert_eq!(seen.header("content-type").as_deref(), Some("application/x-ndjson"));
        let all: Vec<Json> = seen.body_text().lines().map(|l| serde_json::from_str(l).unwrap()).collect();
        assert_eq!(joined(&all, "/message/content"), "Zwölf größere");
        assert_eq!(joined(&all, "/message/thinking"), "It is a city.");
        assert_eq!((&all.last().unwrap()["done"], all[0]["done"].as_bool()), (&json!(true), Some(false)));
    });
}

#[test]
fn cohere() {
    block_on(async {
        let json = rich(COHERE, false).await.json();
        assert_eq!(json["message"]["content"][1], json!({"type": "text", "text": "Zwölf größere"}));
        assert_eq!(json["message"]["tool_calls"][0]["function"]["arguments"], r#"{"place": "Oslo"}"#);
        assert_eq!(
            (&json["finish_reason"], &json["usage"]["cached_tokens"]),
            (&json!("TOOL_CALL"), &json!(8))
        );
        let all = events(&rich(COHERE, true).await);
        assert_eq!(joined(&all, "/delta/message/content/text"), "Zwölf größere");
        assert_eq!(joined(&all, "/delta/message/content/thinking"), "It is a city.");
        let arguments = joined(&all, "/delta/message/tool_calls/function/arguments");
        assert_eq!(arguments, r#"{"place": "Oslo"}"#);
        assert_eq!(all.last().unwrap()["type"], "message-end");
    });
}

#[test]
fn embeddings_and_lists_of_models() {
    block_on(async {
        let server = TestServer::script(Script::parse(RICH).unwrap()).start().await.unwrap();
        let body = json!({"model": "m", "input": ["a", "b", "a"], "dimensions": 5});
        let json = ask(&server, "/v1/embeddings", &body).await.json();
        let vector = |i: usize| json["data"][i]["embedding"].as_array().unwrap().clone();
        assert!(vector(0) == vector(2) && vector(0) != vector(1) && vector(0).len() == 5);
        let size: f64 = vector(1).iter().map(|x| x.as_f64().unwrap().powi(2)).sum();
        assert!((size - 1.0).abs() < 1e-9, "{size}");
        let none = json!(null);
        assert_eq!(ask(&server, "/v1/models", &none).await.json()["data"][0]["id"], "script");
        let s = ask_with(&server, "/v1/models", "anthropic-version: 2023-06-01\r\n", &none).await.json();
        assert_eq!(s["data"][0]["type"], "model");
        assert_eq!(ask(&server, "/v1beta/models", &none).await.json()["models"][0]["name"], "models/script");
        assert_eq!(ask(&server, "/api/tags", &none).await.json()["models"][0]["name"], "script");
        assert_eq!(ask(&server, "/v2/models", &none).await.json()["models"][0]["name"], "script");
        assert_eq!(ask(&server, "/nowhere", &none).await.status(), 404);
        assert_eq!(server.calls(), 1);
    });
}

#[test]
fn errors_are_in_each_wires_own_form() {
    block_on(async {
        let server = TestServer::script(Script::parse(r#"{"status": 429, "repeat": true}"#).unwrap());
        let server = server.start().await.unwrap();
        for (path, body) in requests() {
            let json = ask(&server, path, &body).await.json();
            let place = match path {
                OLLAMA => &json["error"],
                COHERE => &json["message"],
                _ => &json["error"]["message"],
            };
            assert_eq!(place, "scripted failure 429", "{path}: {json}");
        }
        let s = ask(&server, GEMINI, &requests()[0].1).await.json();
        assert_eq!(s["error"]["status"], "RESOURCE_EXHAUSTED");
    });
}
