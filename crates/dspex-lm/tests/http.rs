//! Models over real sockets: what is sent, what is read, and what each failure becomes.

#![expect(clippy::unwrap_used, reason = "a test fails by it")]

use std::time::{Duration, Instant};

use dspex_core::LanguageModel;
use dspex_core::lm::{
    Choice, Event, FinishReason, LmError, LmErrorKind, Message, Options, Part, Reply, Request,
    ResponseFormat, Role, ToolChoice, ToolSpec,
};
use dspex_core::value::{Image, ToolCall};
use dspex_core::{Record, Usage};
use dspex_lm::{Lm, LmBuilder, Resilience, Secret, Timeouts};
use dspex_testkit::{Answer, Script, TestServer, block_on};
use futures_util::StreamExt as _;
use serde_json::json;

const KEY: &str = "sk-canary-5f7e1c";

async fn serve(answers: impl IntoIterator<Item = Answer>) -> TestServer {
    TestServer::script(Script::answers(answers)).keep_requests().start().await.unwrap()
}

/// A model whose calls are tried once, so that each test sees the failure that it makes.
fn model(server: &TestServer) -> LmBuilder {
    let once = Resilience::default().without_retries();
    Lm::builder("openai/test-model").api_key(Secret::new(KEY)).api_base(server.base_url()).resilience(once)
}

fn question() -> Request {
    Request::new(vec![Message::system("Be short."), Message::user("Who?")])
}

async fn events(lm: &Lm, request: &Request) -> Vec<Result<Event, LmError>> {
    lm.stream(request).collect().await
}

fn rich() -> Reply {
    let call = ToolCall {
        id: Some("c1".into()),
        name: "add".into(),
        args: Record::new().with("a", 1).with("b", "x"),
    };
    let mut first = Choice::text("Grüße, 世界 🙂\n\n[[ ## answer ## ]]");
    first.parts.insert(0, Part::Reasoning("Let me see.".into()));
    first.parts.push(Part::ToolCall(call));
    let mut usage = Usage::tokens(120, 34);
    usage.cached_read_tokens = 100;
    usage.reasoning_tokens = 20;
    // No catalog knows the price of a model that there is only here.
    usage.unpriced_calls = 1;
    Reply::new(vec![first, Choice::text("second").with_finish(FinishReason::Length)]).with_usage(usage)
}

#[test]
fn a_reply_comes_through_whole() {
    block_on(async {
        let server = serve([Answer::Reply(rich())]).await;
        let lm = model(&server).build().unwrap();
        let mut request = question();
        request.options = Options::new().n(2);
        let reply = lm.call(&request).await.unwrap();
        let sent = rich();
        assert_eq!(reply.choices.len(), 2);
        for (got, sent) in reply.choices.iter().zip(&sent.choices) {
            assert_eq!((&got.parts, &got.finish), (&sent.parts, &sent.finish));
        }
        assert_eq!(reply.usage, sent.usage);
        assert_eq!(reply.model.as_deref(), Some("test-model"));
        assert_eq!(reply.request_id.as_deref(), Some("req-1"));
    });
}

#[test]
fn a_stream_folds_to_the_same_reply() {
    block_on(async {
        let mut reply = rich();
        // The server streams text and calls; reasoning has its own test with a recorded form.
        reply.choices[0].parts.remove(0);
        let server = serve([Answer::Reply(reply.clone()), Answer::Reply(reply.clone())]).await;
        let lm = model(&server).build().unwrap();
        let mut request = question();
        request.options = Options::new().n(2);
        let whole = lm.call(&request).await.unwrap();
        let events = events(&lm, &request).await;
        let texts = events.iter().filter(|e| matches!(e, Ok(Event::Text { .. }))).count();
        assert!(texts > 3, "expected the text in pieces, found {texts}");
        let mut fold = dspex_core::lm::ReplyBuilder::new();
        for event in events {
            fold.push(event.unwrap());
        }
        let mut streamed = fold.finish().unwrap();
        assert_eq!(streamed.request_id.take().as_deref(), Some("req-2"));
        let mut whole = whole;
        whole.request_id = None;
        assert_eq!(streamed, whole);
    });
}

#[test]
fn options_tools_and_formats_are_sent_and_nothing_else() {
    block_on(async {
        let server = serve([Answer::text("a"), Answer::text("b"), Answer::text("c")]).await;
        let lm = model(&server).build().unwrap();
        lm.call(&question()).await.unwrap();
        let mut request = question();
        request.options = Options::new().n(3).temperature(0.5).max_tokens(7).seed(1);
        request.options.top_p = Some(0.9);
        request.options.stop = Some(vec!["END".into()]);
        request.options.logprobs = Some(2);
        request.options.rollout_id = Some(9);
        request.options.extra.insert("service_tier".into(), json!("flex"));
        let parameters = json!({"type": "object", "properties": {}});
        request.tools =
            vec![ToolSpec { name: "add".into(), description: "adds".into(), parameters: parameters.clone() }];
        request.tool_choice = Some(ToolChoice::Tool("add".into()));
        let schema = json!({"type": "object"});
        request.response_format =
            Some(ResponseFormat::JsonSchema { name: "out".into(), schema: schema.clone(), strict: true });
        lm.call(&request).await.unwrap();
        let reasoning = Lm::builder("openai/gpt-5-mini").api_base(server.base_url()).build().unwrap();
        let mut bounded = question();
        bounded.options = Options::new().max_tokens(7);
        let _ = events(&reasoning, &bounded).await;

        let messages =
            json!([{"role": "system", "content": "Be short."}, {"role": "user", "content": "Who?"}]);
        let all = server.requests();
        assert_eq!(all[0], json!({"model": "test-model", "messages": messages}));
        assert_eq!(
            all[1],
            json!({
                "model": "test-model", "messages": messages, "n": 3, "temperature": 0.5, "top_p": 0.9,
                "max_tokens": 7, "stop": ["END"], "seed": 1, "logprobs": true, "top_logprobs": 2,
                "tools": [{"type": "function",
                    "function": {"name": "add", "description": "adds", "parameters": parameters}}],
                "tool_choice": {"type": "function", "function": {"name": "add"}},
                "response_format": {"type": "json_schema",
                    "json_schema": {"name": "out", "schema": schema, "strict": true}},
                "service_tier": "flex",
            })
        );
        assert_eq!(
            all[2],
            json!({"model": "gpt-5-mini", "messages": messages, "max_completion_tokens": 7,
                "stream": true, "stream_options": {"include_usage": true}})
        );
    });
}

#[test]
fn what_cannot_be_asked_is_not_sent() {
    block_on(async {
        let server = serve([]).await;
        let ollama = Lm::builder("ollama/llama3").api_base(server.base_url()).build().unwrap();
        let mut several = question();
        several.options = Options::new().n(2);
        let e = ollama.call(&several).await.unwrap_err();
        assert_eq!((e.kind, e.hint()), (LmErrorKind::Unsupported, "ask several times"));
        let mut extra = question();
        extra.options.extra.insert("stream".into(), json!(true));
        let e = model(&server).build().unwrap().call(&extra).await.unwrap_err();
        assert_eq!(e.kind, LmErrorKind::Configuration);
        assert!(e.message.contains("`stream`"), "{e}");
        let mut drawn = question();
        let picture = Image::from_url("https://example.org/cat.png").unwrap();
        drawn.messages.push(Message { role: Role::Assistant, parts: vec![Part::Media(picture.into())] });
        let e = model(&server).build().unwrap().call(&drawn).await.unwrap_err();
        assert!(e.kind == LmErrorKind::Unsupported && e.message.contains("a turn of the model"), "{e}");
        assert_eq!(server.calls(), 0);
    });
}

/// Each fault of a server, and what becomes of it.
#[test]
fn each_fault_is_a_typed_error_with_a_remedy() {
    use LmErrorKind::{
        Auth, Billing, Configuration, ContextOverflow, Empty, InvalidRequest, Protocol, RateLimit, Refusal,
        Server, Transport, UnknownModel,
    };
    let html = "<html>\n<body>Sign in to the network</body></html>";
    let coded = |status: u16, code: &str, message: &str| Answer::Http {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: json!({"error": {"message": message, "type": "x", "code": code}}).to_string(),
    };
    let plain = |status, body: serde_json::Value| Answer::Http {
        status,
        headers: vec![("content-type".into(), "application/json".into())],
        body: body.to_string(),
    };
    let json = |body: serde_json::Value| Answer::body("application/json", body.to_string());
    let page = |status| Answer::Http {
        status,
        headers: vec![("content-type".into(), "text/html".into())],
        body: html.into(),
    };
    let refused =
        json!({"choices": [{"message": {"content": null, "refusal": "I can't."}, "finish_reason": "stop"}]});
    let filtered = json!({"choices": [{"message": {"content": null}, "finish_reason": "content_filter"}]});
    let table = [
        (Answer::body("text/html", html), Protocol, "found text/html: <html> <body>Sign in"),
        (page(502), Server, "found bad gateway: <html>"),
        (page(404), Configuration, "found not found: <html>"),
        (plain(404, json!({"detail": "Not Found"})), Configuration, "found not found: Not Found"),
        (plain(400, json!({"detail": "no such option"})), InvalidRequest, "no such option"),
        (
            coded(404, "model_not_found", "The model `x` does not exist"),
            UnknownModel,
            "The model `x` does not exist",
        ),
        (coded(401, "invalid_api_key", &format!("Incorrect API key provided: {KEY}.")), Auth, "[redacted]"),
        (coded(401, "invalid_api_key", "Incorrect API key provided: sk-abcdef***wxyz."), Auth, "[redacted]"),
        (Answer::status(403), Auth, "found forbidden"),
        (Answer::status(402), Billing, "found payment required"),
        (Answer::status(429), RateLimit, "found too many requests"),
        (coded(429, "insufficient_quota", "You exceeded your quota"), Billing, "quota"),
        (coded(400, "context_length_exceeded", "too long"), ContextOverflow, "too long"),
        (coded(400, "x", "a timeout of the connection is no option"), InvalidRequest, "no option"),
        (Answer::status(422), InvalidRequest, "unprocessable"),
        (Answer::status(500), Server, "found internal server error"),
        (Answer::status(503), Server, "found service unavailable"),
        (Answer::status(302).with_header("location", "http://127.0.0.1:9/"), Configuration, "found found"),
        (json(json!({"choices": []})), Empty, "at least one completion"),
        (json(json!({"choices": null})), Protocol, "`choices`"),
        (json(json!([1])), Protocol, "[1]"),
        (json(json!({"error": {"message": "overloaded", "code": 503}})), Server, "overloaded"),
        (json(refused), Refusal, "I can't."),
        (json(filtered), Refusal, "filter"),
        (Answer::body("application/json", "{\"choices\": [{\"mess"), Transport, "cut off"),
        (Answer::body("application/json", "not JSON"), Protocol, "in JSON"),
        (Answer::body("application/json", "[".repeat(100_000)), Protocol, "recursion"),
        (Answer::body("application/json", ""), Transport, "an empty body (status 200)"),
        (
            Answer::body("application/json", "{}").with_header("content-encoding", "gzip"),
            Protocol,
            "found gzip",
        ),
        (Answer::text("a long enough reply").cut_after(40), Transport, "connection broken"),
    ];
    block_on(async {
        for (answer, kind, words) in table {
            let server = serve([answer.clone()]).await;
            let e = model(&server).build().unwrap().call(&question()).await.unwrap_err();
            assert_eq!(e.kind, kind, "{answer:?}: {e}");
            assert!(e.message.contains(words), "{answer:?}: {e}");
            assert!(!e.hint().is_empty());
            assert_eq!(e.model.as_deref(), Some("openai/test-model"));
            if let Answer::Http { status, .. } = answer {
                assert_eq!(e.status, (status != 200).then_some(status), "{e:?}");
                assert_eq!(e.request_id.as_deref(), Some("req-1"), "{e:?}");
            }
            let shown = format!("{e} {e:?}");
            assert!(!shown.contains("canary") && !shown.contains("abcdef"), "{shown}");
            // The same fault over the way of streams.
            let server = serve([answer.clone()]).await;
            let lm = model(&server).build().unwrap();
            let mut fold = dspex_core::lm::ReplyBuilder::new();
            let broken =
                events(&lm, &question()).await.into_iter().find_map(|e| e.map(|e| fold.push(e)).err());
            let e = broken.unwrap_or_else(|| fold.finish().unwrap_err());
            assert!(e.kind == kind || matches!(answer, Answer::CutAfter(..)), "{answer:?}: {e}");
        }
    });
}

#[test]
fn a_reply_without_words_is_told_as_such() {
    block_on(async {
        let body = json!({"choices": [{"index": 0, "message": {"content": null}, "finish_reason": "stop"}]});
        let silent = || Answer::body("application/json", body.to_string());
        let server = serve([silent(), silent(), silent()]).await;
        let e = model(&server).build().unwrap().call(&question()).await.unwrap_err();
        assert_eq!((e.kind, e.kind.code(), server.calls()), (LmErrorKind::Empty, "empty_reply", 1));
        // Where calls are tried again, such a one is tried again once.
        let lm = model(&server).resilience(Resilience::default()).build().unwrap();
        let e = lm.call(&question()).await.unwrap_err();
        assert_eq!((e.kind, e.failed.len(), server.calls()), (LmErrorKind::Empty, 1, 3));
    });
}

#[test]
fn fields_of_other_types_count_as_not_there() {
    let odd = r#"{"id": 7, "model": null, "choices": [{"index": "0", "message": {"content": "a", "content": "Yes",
        "reasoning": false, "tool_calls": {}}, "finish_reason": 1, "logprobs": null}], "usage": {"prompt_tokens": 3,
        "completion_tokens": -1, "prompt_tokens_details": []}}"#;
    block_on(async {
        let server = serve([Answer::body("application/json", odd)]).await;
        let reply = model(&server).build().unwrap().call(&question()).await.unwrap();
        // Of a key that comes twice the last one counts.
        assert_eq!(reply.choices, [Choice::text("Yes").with_finish(FinishReason::Other("unknown".into()))]);
        assert_eq!((reply.usage.input_tokens, reply.usage.output_tokens), (3, 0));
    });
}

#[test]
fn completions_are_told_apart_by_where_they_stand() {
    let said = |index: i64, text: &str| json!({"index": index, "message": {"content": text}, "finish_reason": "stop"});
    let bodies = [
        (json!([said(0, "A"), said(0, "B")]), Ok(vec!["A", "B"])),
        (json!([said(1_000_000_000, "A")]), Ok(vec!["A"])),
        (json!([said(-1, "A")]), Ok(vec!["A"])),
        (
            json!([{"index": 0, "message": {"content": [{"type": "text", "text": "A"}, {"type": "text", "text": "B"}]}}]),
            Ok(vec!["AB"]),
        ),
        (json!([null, said(0, "A")]), Err(LmErrorKind::Protocol)),
    ];
    block_on(async {
        for (choices, expected) in bodies {
            let body = format!("\u{feff}{}", json!({"choices": choices}));
            let server = serve([Answer::body("application/json", body)]).await;
            let reply = model(&server).build().unwrap().call(&question()).await;
            let texts = reply.map(|r| r.choices.iter().map(Choice::content).collect::<Vec<_>>());
            assert_eq!(
                texts.map_err(|e| e.kind),
                expected.map(|t| t.into_iter().map(String::from).collect()),
                "{choices}"
            );
        }
        let far =
            "data: {\"choices\":[{\"index\":1000000000,\"delta\":{\"content\":\"A\"}}]}\n\ndata: [DONE]\n\n";
        let server = serve([Answer::body("text/event-stream", far)]).await;
        let last = events(&model(&server).build().unwrap(), &question()).await.pop().unwrap();
        assert_eq!(last.unwrap_err().kind, LmErrorKind::Protocol);
    });
}

#[test]
fn a_server_that_does_not_stream_is_read_whole() {
    block_on(async {
        for content_type in ["application/json", "application/problem+json", "text/plain", ""] {
            let body =
                json!({"choices": [{"index": 0, "message": {"content": "A"}, "finish_reason": "stop"}]});
            let server = serve([Answer::body(content_type, body.to_string())]).await;
            let mut reply = dspex_core::lm::ReplyBuilder::new();
            for event in events(&model(&server).build().unwrap(), &question()).await {
                reply.push(event.unwrap());
            }
            assert_eq!(reply.finish().unwrap().choices[0].content(), "A", "{content_type}");
        }
        let server = serve([Answer::body("text/html", "<html>")]).await;
        let e = events(&model(&server).build().unwrap(), &question()).await.pop().unwrap().unwrap_err();
        assert_eq!((e.kind, e.request_id.as_deref()), (LmErrorKind::Protocol, Some("req-1")));
    });
}

#[test]
fn nothing_that_a_server_echoes_shows_the_key_or_moves_the_cursor() {
    block_on(async {
        for answer in [
            Answer::status(500).with_header("x-request-id", KEY),
            Answer::body(KEY, "x"),
            Answer::body(&format!("text/{KEY}"), "x"),
            Answer::body("text/html", format!("\u{1b}[31m{KEY}\u{7}")),
            Answer::body("application/json", "{}").with_header("content-encoding", KEY),
            Answer::body("application/json", "{}").with_header("x-request-id", KEY),
        ] {
            let server = serve([answer.clone()]).await;
            let e = model(&server).build().unwrap().call(&question()).await.unwrap_err();
            let shown = format!("{e} {e:?}");
            assert!(!shown.contains("canary") && !e.message.contains('\u{1b}'), "{answer:?}: {shown}");
        }
    });
}

#[test]
fn waits_that_the_server_asks_for_are_kept() {
    block_on(async {
        for (name, value, expected) in [
            ("retry-after", "2", Some(Duration::from_secs(2))),
            ("retry-after-ms", "250", Some(Duration::from_millis(250))),
            ("retry-after", "-3", None),
            ("retry-after", "soon", None),
            ("retry-after", "1e300", None),
        ] {
            let server = serve([Answer::status(429).with_header(name, value)]).await;
            let e = model(&server).build().unwrap().call(&question()).await.unwrap_err();
            assert_eq!(e.retry_after, expected, "{name}: {value}");
        }
    });
}

#[test]
fn nobody_there() {
    block_on(async {
        let server = serve([]).await;
        let lm = model(&server).build().unwrap();
        server.stop().await.unwrap();
        let e = lm.call(&question()).await.unwrap_err();
        assert_eq!(e.kind, LmErrorKind::Transport);
        assert!(e.message.starts_with("expected a connection to 127.0.0.1:"), "{e}");
        // A name that no network has, by the rules of RFC 2606.
        let lm = Lm::builder("openai/m").api_base("http://nowhere.invalid/v1").build().unwrap();
        let e = lm.call(&question()).await.unwrap_err();
        assert_eq!(e.kind, LmErrorKind::Transport, "{e}");
        assert!(e.message.starts_with("expected a connection to nowhere.invalid:80"), "{e}");
    });
}

#[test]
fn a_server_that_speaks_no_tls() {
    block_on(async {
        let server = serve([Answer::text("x")]).await;
        let base = server.base_url().replace("http://", "https://");
        let lm = Lm::builder("openai/m").api_base(base).build().unwrap();
        let e = lm.call(&question()).await.unwrap_err();
        assert_eq!((e.kind, server.calls()), (LmErrorKind::Transport, 0), "{e}");
    });
}

#[test]
fn a_server_that_hangs_is_given_up() {
    block_on(async {
        let server = TestServer::script(Script::always(Answer::Hang)).start().await.unwrap();
        let mut timeouts = Timeouts::default();
        timeouts.first_byte = Duration::from_millis(60);
        let lm = model(&server).timeouts(timeouts).build().unwrap();
        let started = Instant::now();
        let e = lm.call(&question()).await.unwrap_err();
        assert_eq!(
            (e.kind, e.message.as_str()),
            (LmErrorKind::Timeout, "expected the first byte of a reply within 60ms, found none")
        );
        let last = events(&lm, &question()).await.pop().unwrap();
        assert_eq!(last.unwrap_err().kind, LmErrorKind::Timeout);
        // The deadline of a request counts where it is earlier than the model's own bounds.
        let lm = model(&server).build().unwrap();
        let mut request = question();
        request.options = Options::new().deadline(Instant::now() + Duration::from_millis(60));
        assert_eq!(lm.call(&request).await.unwrap_err().kind, LmErrorKind::Timeout);
        assert!(started.elapsed() < Duration::from_secs(5));
    });
}

#[test]
fn a_stream_that_breaks_keeps_what_came() {
    block_on(async {
        let long = "The answer is long enough to be cut in the middle of it.";
        let server = serve([Answer::text(long).cut_after(700)]).await;
        let lm = model(&server).build().unwrap();
        let mut text = String::new();
        let mut end = None;
        for event in events(&lm, &question()).await {
            match event {
                Ok(Event::Text { text: piece, .. }) => text.push_str(&piece),
                Ok(_) => {}
                Err(e) => end = Some(e),
            }
        }
        assert!(!text.is_empty() && long.starts_with(&text), "{text}");
        assert_eq!(end.unwrap().kind, LmErrorKind::Transport);
    });
}

#[test]
fn a_stream_without_its_last_event_is_not_complete() {
    block_on(async {
        let events_text = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"half\"}}]}\n\n";
        let server = serve([Answer::body("text/event-stream", events_text)]).await;
        let lm = model(&server).build().unwrap();
        let mut reply = dspex_core::lm::ReplyBuilder::new();
        let mut end = None;
        for event in events(&lm, &question()).await {
            match event {
                Ok(event) => reply.push(event),
                Err(e) => end = Some(e),
            }
        }
        assert_eq!((end.unwrap().kind, reply.partial().as_str()), (LmErrorKind::Transport, "half"));
    });
}

#[test]
fn connections_are_used_again() {
    block_on(async {
        let server = TestServer::script(Script::always(Answer::text("x"))).start().await.unwrap();
        let lm = model(&server).build().unwrap();
        for _ in 0..50 {
            lm.clone().call(&question()).await.unwrap();
        }
        assert_eq!((server.calls(), server.connections()), (50, 1));
    });
}

#[test]
fn a_call_that_is_dropped_closes_its_connection() {
    block_on(async {
        let server = TestServer::script(Script::always(Answer::Hang)).start().await.unwrap();
        let lm = model(&server).build().unwrap();
        let call = tokio::time::timeout(Duration::from_millis(50), async { lm.call(&question()).await });
        assert!(call.await.is_err());
        // Stopping waits for open connections: it would hang with one.
        tokio::time::timeout(Duration::from_secs(5), server.stop()).await.unwrap().unwrap();
    });
}

#[test]
fn settings_that_cannot_work_are_refused_at_once() {
    let table = [
        (Lm::builder("openai/m"), "expected a key for `openai/m`", "set OPENAI_API_KEY"),
        (Lm::builder("gpt-4o-mini"), "expected a model as `provider/model`", "`openai/...`"),
        (Lm::builder("opnai/m"), "", "did you mean `openai`?"),
        (Lm::builder("openai/"), "expected a model as `provider/model`", "`openai/...`"),
        (Lm::builder("openai/m").api_base("localhost:8000"), "expected a base URL", ""),
        (Lm::builder("openai/m").api_base("ftp://x/v1"), "http or https", ""),
        (Lm::builder("openai/m").api_base("not a URL"), "expected a base URL", ""),
        (
            Lm::builder("openai/m").api_base("http://me:canary@localhost/v1"),
            "without a name and password",
            "the key by itself",
        ),
        (Lm::builder("openai/m").api_key(Secret::new("sk-canary\n")), "can be sent", "line break"),
        (
            Lm::builder("builtin/nearest").api_base("http://localhost/v1"),
            "expected no base URL",
            "another provider",
        ),
    ];
    for (builder, message, hint) in table {
        assert!(!format!("{builder:?}").contains("sk-canary"), "{builder:?}");
        let e = builder.build().unwrap_err();
        assert!(e.to_string().contains(message), "{e}");
        assert!(e.hint().unwrap_or_default().contains(hint), "{e}: {:?}", e.hint());
        assert!(!format!("{e} {e:?}").contains("canary"), "{e:?}");
    }
}

#[test]
fn base_urls_may_end_in_a_slash_or_before_the_path() {
    block_on(async {
        let server = TestServer::script(Script::always(Answer::text("x"))).start().await.unwrap();
        let base = server.base_url();
        let bare = base.trim_end_matches("/v1");
        for (name, base) in [
            ("openai/m", format!("{base}/")),
            ("ollama/m", bare.to_owned()),
            ("ollama/m", format!("{bare}/")),
        ] {
            Lm::builder(name).api_base(base).build().unwrap().call(&question()).await.unwrap();
        }
        let e = Lm::builder("openai/m").api_base(bare).build().unwrap().call(&question()).await.unwrap_err();
        assert_eq!(
            (e.kind, e.hint()),
            (LmErrorKind::Configuration, "check the base URL; that of most servers ends in `/v1`")
        );
    });
}

#[test]
fn no_test_asks_anything_beyond_this_machine() {
    block_on(async {
        for base in ["https://api.openai.com/v1", "http://192.0.2.1/v1"] {
            let lm =
                Lm::builder("openai/m").api_base(base).api_key(dspex_lm::Secret::new("k")).build().unwrap();
            let e = lm.call(&question()).await.unwrap_err();
            assert_eq!(e.kind, LmErrorKind::Configuration);
            assert!(e.message.starts_with("expected a request that stays on this machine"), "{e}");
        }
    });
}
