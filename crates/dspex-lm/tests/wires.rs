//! The rows of vendors with wires of their own, over real sockets: where a request goes, with which headers, and what
//! becomes of what comes back.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::time::Duration;

use dspex_core::LanguageModel;
use dspex_core::lm::{LmError, LmErrorKind, Message, Part, Reply, Request};
use dspex_core::value::{Media, MediaKind};
use dspex_lm::{Lm, Resilience, Secret};
use dspex_testkit::block_on;
use futures_util::{StreamExt as _, future};
use serde_json::{Value as Json, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const KEY: &str = "sk-canary-5f7e1c";

/// A request as it came: its first line, its headers and its body.
struct Sent {
    line: String,
    headers: Vec<(String, String)>,
    body: Json,
}

impl Sent {
    fn header(&self, name: &str) -> Option<&str> {
        let all: Vec<_> = self.headers.iter().filter(|(n, _)| n == name).collect();
        assert!(all.len() < 2, "`{name}` goes out once");
        all.first().map(|(_, value)| value.as_str())
    }
}

async fn read(stream: &mut TcpStream) -> Sent {
    let mut all = Vec::new();
    loop {
        let mut piece = [0; 4096];
        let n = stream.read(&mut piece).await.unwrap();
        assert!(n > 0, "expected a whole request");
        all.extend_from_slice(&piece[..n]);
        let text = String::from_utf8_lossy(&all);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let mut lines = head.lines();
        let line = lines.next().unwrap().to_owned();
        let pairs = lines.filter_map(|l| l.split_once(": "));
        let headers: Vec<_> = pairs.map(|(n, v)| (n.to_ascii_lowercase(), v.to_owned())).collect();
        let length = headers.iter().find(|(n, _)| n == "content-length").unwrap().1.parse::<usize>().unwrap();
        if body.len() >= length {
            return Sent { line, headers, body: serde_json::from_str(body).unwrap() };
        }
    }
}

/// Asks a model whose server answers once, whole or as a stream.
async fn ask(
    name: &str,
    request: &Request,
    status: &str,
    kind: &str,
    body: &str,
) -> (Result<Reply, LmError>, Sent) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let base = if name.starts_with("openai") { format!("{base}/v1") } else { base };
    // The server answers once.
    let once = Resilience::default().without_retries();
    let builder = Lm::builder(name).api_key(Secret::new(KEY)).api_base(base).resilience(once);
    let lm = builder.header("anthropic-beta", Secret::new("one,two")).build().unwrap();
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let sent = read(&mut stream).await;
        let length = body.len();
        let head = format!(
            "HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nrequest-id: r\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        stream.write_all(body.as_bytes()).await.unwrap();
        sent
    };
    let call = async {
        if kind == "application/json" {
            return lm.call(request).await;
        }
        let mut reply = dspex_core::lm::ReplyBuilder::new();
        let mut events = lm.stream(request);
        while let Some(event) = events.next().await {
            reply.push(event?);
        }
        reply.finish()
    };
    future::join(call, server).await
}

fn question() -> Request {
    Request::new(vec![Message::user("Who wrote Faust?")])
}

fn message() -> String {
    let usage = json!({"input_tokens": 3, "output_tokens": 1});
    let text = json!([{"type": "text", "text": "Goethe"}]);
    json!({"type": "message", "model": "m", "content": text, "stop_reason": "end_turn", "usage": usage})
        .to_string()
}

#[test]
fn anthropic_is_asked_as_it_wants_to_be() {
    block_on(async {
        let mut request = question();
        request.messages[0].parts.push(Part::Media(Media::from_id(MediaKind::File, "file_1")));
        request.options.headers.push(("Anthropic-Beta".into(), "two, three".into()));
        let name = "anthropic/claude-sonnet-4-6";
        let (reply, sent) = ask(name, &request, "200 OK", "application/json", &message()).await;
        assert_eq!(sent.line, "POST /v1/messages HTTP/1.1");
        assert_eq!((sent.header("x-api-key"), sent.header("authorization")), (Some(KEY), None));
        assert_eq!(sent.header("anthropic-version"), Some("2023-06-01"));
        assert_eq!(sent.header("anthropic-beta"), Some("one,two,three,files-api-2025-04-14"));
        assert_eq!(sent.body["messages"][0]["content"][1]["source"]["file_id"], "file_1");
        let reply = reply.unwrap();
        let tokens = (reply.usage.input_tokens, reply.usage.output_tokens);
        assert_eq!((reply.choices[0].content().as_str(), tokens), ("Goethe", (3, 1)));
        assert_eq!(reply.request_id.as_deref(), Some("r"));
    });
}

#[test]
fn a_stream_of_anthropic_comes_through_and_its_failures_are_told() {
    block_on(async {
        let event = |data: Json| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap());
        let usage = json!({"input_tokens": 3, "output_tokens": 1});
        let start = event(json!({"type": "message_start", "message": {"model": "m", "usage": usage}}));
        let text = json!({"type": "text_delta", "text": "Goethe"});
        let text = event(json!({"type": "content_block_delta", "index": 0, "delta": text}));
        let stop = event(json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}}));
        let name = "anthropic/claude-sonnet-4-6";
        let stream = format!("{start}{text}{stop}{}", event(json!({"type": "message_stop"})));
        let (reply, sent) = ask(name, &question(), "200 OK", "text/event-stream", &stream).await;
        assert_eq!(sent.body["stream"], true);
        assert_eq!(reply.unwrap().choices[0].content(), "Goethe");

        let error = json!({"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}});
        let broken = format!("{start}{text}{}", event(error.clone()));
        let (reply, _) = ask(name, &question(), "200 OK", "text/event-stream", &broken).await;
        assert_eq!(reply.unwrap_err().kind, LmErrorKind::Server);
        let (reply, _) =
            ask(name, &question(), "529 Overloaded", "application/json", &error.to_string()).await;
        let e = reply.unwrap_err();
        assert_eq!((e.kind, e.status), (LmErrorKind::Server, Some(529)));
        let long =
            json!({"type": "invalid_request_error", "message": "prompt is too long: 2 tokens > 1 maximum"});
        let body = json!({"type": "error", "error": long}).to_string();
        let (reply, _) = ask(name, &question(), "400 Bad Request", "application/json", &body).await;
        assert_eq!(reply.unwrap_err().kind, LmErrorKind::ContextOverflow);
    });
}

#[test]
fn what_models_can_do_differs_by_family_and_wire() {
    let can = |name: &str| Lm::builder(name).api_key(Secret::new(KEY)).build().unwrap().capabilities();
    let (new, old) = (can("anthropic/claude-sonnet-4-6"), can("anthropic/claude-3-5-haiku-latest"));
    assert_eq!(
        (new.json_schema, new.reasoning, new.citations, new.dialect.name),
        (true, true, true, "anthropic")
    );
    assert_eq!((old.json_schema, old.reasoning, old.tools), (false, false, true));
    assert!(!new.json_object && !new.logprobs && !new.several && !new.audio);
    let (chat, responses) = (can("openai/gpt-4o-mini"), can("openai/responses/gpt-4o-mini"));
    assert_eq!((chat.several, responses.several), (true, false));
    assert!(responses.tools && responses.json_schema && responses.json_object && !responses.audio);
}

#[test]
fn responses_are_asked_for_by_the_name_of_the_model() {
    block_on(async {
        let text = json!([{"type": "message", "content": [{"type": "output_text", "text": "Goethe"}]}]);
        let usage = json!({"input_tokens": 3, "output_tokens": 1});
        let body = json!({"model": "m", "status": "completed", "output": text, "usage": usage}).to_string();
        let mut request = question();
        request.messages.insert(0, Message::system("Be brief."));
        let name = "openai/responses/gpt-5.2";
        let (reply, sent) = ask(name, &request, "200 OK", "application/json", &body).await;
        assert_eq!(sent.line, "POST /v1/responses HTTP/1.1");
        assert_eq!(sent.header("authorization"), Some(format!("Bearer {KEY}").as_str()));
        assert_eq!(
            (&sent.body["model"], &sent.body["instructions"]),
            (&json!("gpt-5.2"), &json!("Be brief."))
        );
        let reply = reply.unwrap();
        let tokens = (reply.usage.input_tokens, reply.usage.output_tokens);
        assert_eq!((reply.choices[0].content().as_str(), tokens), ("Goethe", (3, 1)));
    });
}

const EVENTS: &str = "text/event-stream";

const GEMINI: &str = "data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"Goe\"}]}, \"index\": 0}]}\r\n\r\n\
    data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"the\"}]}, \"finishReason\": \"STOP\"}], \
    \"usageMetadata\": {\"promptTokenCount\": 3, \"candidatesTokenCount\": 4, \"totalTokenCount\": 7}}\r\n\r\n";

const OLLAMA: &str = "{\"model\": \"m\", \"message\": {\"content\": \"Goe\"}, \"done\": false}\n\
    {\"model\": \"m\", \"message\": {\"content\": \"the\"}, \"done\": true, \"done_reason\": \"stop\", \
    \"prompt_eval_count\": 3, \"eval_count\": 4}\n";

const COHERE: &str = "event: content-delta\n\
    data: {\"type\": \"content-delta\", \"index\": 0, \"delta\": {\"message\": {\"content\": {\"text\": \"Goethe\"}}}}\n\n\
    event: message-end\ndata: {\"type\": \"message-end\", \"delta\": {\"finish_reason\": \"COMPLETE\", \
    \"usage\": {\"tokens\": {\"input_tokens\": 3, \"output_tokens\": 4}}}}\n\ndata: [DONE]\n\n";

#[test]
fn streams_of_each_wire_are_asked_for_and_read() {
    let vertex = "/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
    let google = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
    for (name, kind, body, path, (header, key)) in [
        ("gemini/gemini-2.5-flash", EVENTS, GEMINI, google, ("x-goog-api-key", "sk-canary-5f7e1c")),
        ("vertex_ai/gemini-2.5-flash", EVENTS, GEMINI, vertex, ("authorization", "Bearer sk-canary-5f7e1c")),
        (
            "ollama_chat/m",
            "application/x-ndjson",
            OLLAMA,
            "/api/chat",
            ("authorization", "Bearer sk-canary-5f7e1c"),
        ),
        ("cohere/m", EVENTS, COHERE, "/v2/chat", ("authorization", "Bearer sk-canary-5f7e1c")),
    ] {
        let (reply, sent) = block_on(ask(name, &question(), "200 OK", kind, body));
        let reply = reply.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(reply.choices[0].content(), "Goethe", "{name}");
        assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (3, 4), "{name}");
        assert_eq!(sent.line, format!("POST {path} HTTP/1.1"));
        assert_eq!(sent.header(header), Some(key), "{name}");
    }
}

#[test]
fn failures_of_each_wire_are_told_apart() {
    let invalid = "{\"error\": {\"code\": 400, \"status\": \"INVALID_ARGUMENT\", \"message\": \"API key not valid.\", \
        \"details\": [{\"reason\": \"API_KEY_INVALID\"}]}}";
    let busy = "{\"error\": {\"code\": 429, \"status\": \"RESOURCE_EXHAUSTED\", \"message\": \"Slow down.\", \
        \"details\": [{\"@type\": \"type.googleapis.com/google.rpc.RetryInfo\", \"retryDelay\": \"2.5s\"}]}}";
    let late = "{\"error\": {\"code\": 504, \"status\": \"DEADLINE_EXCEEDED\", \"message\": \"Late.\"}}";
    let unpaid = "{\"error\": {\"code\": 403, \"status\": \"PERMISSION_DENIED\", \"message\": \"No.\", \
        \"details\": [{\"reason\": \"BILLING_DISABLED\"}]}}";
    for (name, status, body, kind, wait) in [
        ("gemini/m", "400 Bad Request", invalid, LmErrorKind::Auth, None),
        ("gemini/m", "429 Too Many Requests", busy, LmErrorKind::RateLimit, Some(2_500)),
        ("gemini/m", "504 Gateway Timeout", late, LmErrorKind::Timeout, None),
        ("gemini/m", "403 Forbidden", unpaid, LmErrorKind::Billing, None),
        (
            "ollama_chat/m",
            "404 Not Found",
            "{\"error\": \"model 'm' not found\"}",
            LmErrorKind::UnknownModel,
            None,
        ),
        (
            "cohere/m",
            "404 Not Found",
            "{\"id\": \"1\", \"message\": \"no m\"}",
            LmErrorKind::UnknownModel,
            None,
        ),
        (
            "cohere/m",
            "401 Unauthorized",
            "{\"id\": \"1\", \"message\": \"invalid api token\"}",
            LmErrorKind::Auth,
            None,
        ),
    ] {
        let (reply, _) = block_on(ask(name, &question(), status, "application/json", body));
        let e = reply.unwrap_err();
        assert_eq!((e.kind, e.retry_after), (kind, wait.map(Duration::from_millis)), "{name} {status}: {e}");
    }
}

#[test]
fn a_stream_of_gemini_that_stops_before_its_candidate_ended_is_cut_off() {
    let (body, _) =
        GEMINI.split_once("data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"the\"").unwrap();
    let (reply, _) = block_on(ask("gemini/m", &question(), "200 OK", EVENTS, body));
    assert_eq!(reply.unwrap_err().kind, LmErrorKind::Transport);
}
