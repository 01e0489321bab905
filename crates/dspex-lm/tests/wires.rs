//! The rows of vendors with wires of their own, over real sockets: where a request goes, with which headers, and what
//! becomes of what comes back.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

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
