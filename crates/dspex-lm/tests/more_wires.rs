//! Wires of their own over real sockets: what is sent where, and what comes of the answer.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::time::Duration;

use dspex_core::LanguageModel;
use dspex_core::lm::{LmError, LmErrorKind, Message, Reply, ReplyBuilder, Request};
use dspex_lm::{Lm, Resilience, Secret};
use dspex_testkit::block_on;
use futures_util::StreamExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

/// An answer as a server writes it.
struct Answer {
    status: &'static str,
    kind: &'static str,
    body: &'static str,
}

/// Takes one request and gives one answer. What was sent is the whole request as text.
async fn serve(listener: &TcpListener, answer: &Answer) -> String {
    let (mut socket, _) = listener.accept().await.unwrap();
    let mut request = Vec::new();
    while !is_whole(&request) {
        assert!(socket.read_buf(&mut request).await.unwrap() > 0, "the request ended too early");
    }
    let Answer { status, kind, body } = answer;
    let length = body.len();
    let head = format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    // In two pieces, so that events are cut.
    let (first, second) = body.as_bytes().split_at(length / 2);
    socket.write_all(first).await.unwrap();
    socket.flush().await.unwrap();
    socket.write_all(second).await.unwrap();
    String::from_utf8(request).unwrap()
}

fn is_whole(request: &[u8]) -> bool {
    let text = String::from_utf8_lossy(request).to_lowercase();
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return false };
    let length = head.lines().find_map(|l| l.strip_prefix("content-length: "));
    length.is_some_and(|l| body.len() >= l.trim().parse().unwrap())
}

/// What a model answers by way of a server, and what that was sent.
fn asked(name: &str, path: &str, stream: bool, answer: &Answer) -> (Result<Reply, LmError>, String) {
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}{path}", listener.local_addr().unwrap());
        let lm = Lm::builder(name).api_key(Secret::new("canary")).api_base(base);
        let lm = lm.resilience(Resilience::default().without_retries()).build().unwrap();
        let request = Request::new(vec![Message::user("Who?")]);
        let call = async {
            if !stream {
                return lm.call(&request).await;
            }
            let (mut reply, mut events) = (ReplyBuilder::new(), lm.stream(&request));
            while let Some(event) = events.next().await {
                reply.push(event?);
            }
            reply.finish()
        };
        futures_util::join!(call, serve(&listener, answer))
    })
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
    let google = "/v1beta/models/gemini-2.5-flash:streamGenerateContent?alt=sse";
    for (name, base, kind, body, path, header) in [
        ("gemini/gemini-2.5-flash", "", EVENTS, GEMINI, google, "x-goog-api-key: canary"),
        ("vertex_ai/gemini-2.5-flash", "/v1beta", EVENTS, GEMINI, google, "authorization: bearer canary"),
        ("ollama_chat/m", "", "application/x-ndjson", OLLAMA, "/api/chat", "authorization: bearer canary"),
        ("cohere/m", "", EVENTS, COHERE, "/v2/chat", "authorization: bearer canary"),
    ] {
        let (reply, sent) = asked(name, base, true, &Answer { status: "200 OK", kind, body });
        let reply = reply.unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(reply.choices[0].content(), "Goethe", "{name}");
        assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (3, 4), "{name}");
        assert!(sent.starts_with(&format!("POST {path} HTTP/1.1\r\n")), "{sent}");
        assert!(sent.to_lowercase().contains(&format!("\r\n{header}\r\n")), "{sent}");
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
        let (reply, _) = asked(name, "", false, &Answer { status, kind: "application/json", body });
        let e = reply.unwrap_err();
        assert_eq!((e.kind, e.retry_after), (kind, wait.map(Duration::from_millis)), "{name} {status}: {e}");
    }
}

#[test]
fn a_stream_of_gemini_that_stops_before_its_candidate_ended_is_cut_off() {
    let (body, _) =
        GEMINI.split_once("data: {\"candidates\": [{\"content\": {\"parts\": [{\"text\": \"the\"").unwrap();
    let (reply, _) = asked("gemini/m", "", true, &Answer { status: "200 OK", kind: EVENTS, body });
    assert_eq!(reply.unwrap_err().kind, LmErrorKind::Transport);
}
