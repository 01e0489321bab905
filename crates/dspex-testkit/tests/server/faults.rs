//! Each fault, as it comes over the socket.

use std::io::Read as _;
use std::time::{Duration, Instant};

use dspex_testkit::{Answer, Fault, RetryAfter, Script, TestServer, block_on};
use serde_json::{Value as Json, json};

use crate::client::{CHAT, ask, ask_with, chat, connect, faulty, read, seen, seen_for, send};

const SOON: Duration = Duration::from_millis(150);

#[test]
fn answers_of_their_own() {
    block_on(async {
        let s = seen("status:529", false).await;
        assert_eq!((s.status(), s.json()["error"]["message"].as_str()), (529, Some("scripted failure 529")));
        let s = seen("quota-spent", false).await;
        assert_eq!((s.status(), &s.json()["error"]["code"]), (429, &json!("insufficient_quota")));
        let s = seen("should-retry:false", false).await;
        assert_eq!((s.status(), s.header("x-should-retry").as_deref()), (200, Some("false")));
        let s = seen("context-overflow", false).await;
        assert!(s.status() == 400 && s.text().contains("maximum context length"), "{}", s.text());
        let s = seen("timeout-words", false).await;
        assert!(s.status() == 400 && s.text().contains("timeout"), "{}", s.text());
        let s = seen("html", true).await;
        assert_eq!((s.status(), s.header("content-type").as_deref()), (200, Some("text/html")));
        let s = seen("error-inside", false).await;
        assert_eq!((s.status(), &s.json()["error"]["message"]), (200, &json!("Overloaded")));
        let s = seen("redirect:http://127.0.0.1:9/", false).await;
        assert_eq!((s.status(), s.header("location").as_deref()), (307, Some("http://127.0.0.1:9/")));
        let s = seen("header:retry-after=soon", false).await;
        assert_eq!((s.status(), s.header("retry-after").as_deref()), (200, Some("soon")));
        let s =
            ask_with(&faulty("echo-key").await, CHAT, "authorization: Bearer sk-canary\r\n", &chat(false))
                .await;
        assert!(s.status() == 401 && s.text().contains("provided: sk-canary"), "{}", s.text());
        let began = Instant::now();
        assert_eq!(seen("delay:200ms", false).await.status(), 200);
        assert!(began.elapsed() >= Duration::from_millis(200));
    });
}

#[test]
fn each_form_of_retry_after() {
    block_on(async {
        let table = [
            ("2", "retry-after", "2"),
            ("ms:1500", "retry-after-ms", "1500"),
            ("reset:6m0s", "x-ratelimit-reset-requests", "6m0s"),
            ("abc", "retry-after", "abc"),
            ("-5", "retry-after", "-5"),
        ];
        for (form, name, value) in table {
            let s = seen(&format!("retry-after:{form}"), false).await;
            assert_eq!((s.status(), s.header(name).as_deref()), (429, Some(value)), "{form}");
        }
        let clock = dspex_testkit::ManualClock::at(Duration::from_secs(1_700_000_000));
        let epoch = dspex_core::Clock::since_epoch(&clock);
        for form in [RetryAfter::Imf(5), RetryAfter::Rfc850(-5), RetryAfter::Asctime(5)] {
            let answer = Answer::status(503).with_fault(Fault::RetryAfter(form.clone()));
            let server =
                TestServer::script(Script::always(answer)).clock(clock.clone()).start().await.unwrap();
            let s = ask(&server, CHAT, &chat(false)).await;
            assert_eq!((s.status(), s.header("retry-after")), (503, Some(form.header(epoch).1)));
        }
        let s = seen("huge-header:10MB", false).await;
        assert_eq!(s.header("retry-after").map(|v| v.len()), Some(10_000_000));
    });
}

#[test]
fn what_the_model_says() {
    block_on(async {
        let at = |json: &Json, path: &str| json.pointer(path).cloned().unwrap_or(json!("nothing there"));
        let first = "/choices/0/message/tool_calls/0";
        let table = [
            ("wrong-model", "/model".to_owned(), json!("not-m")),
            ("no-choices", "/choices".into(), json!([])),
            ("fewer-choices:0", "/choices".into(), json!([])),
            ("no-content", "/choices/0/message/content".into(), Json::Null),
            ("empty-text", "/choices/0/message/content".into(), json!("")),
            ("length", "/choices/0/finish_reason".into(), json!("length")),
            ("content-filter", "/choices/0/finish_reason".into(), json!("content_filter")),
            ("refusal", "/choices/0/message/refusal".into(), json!("I cannot help with that.")),
            ("broken-arguments", format!("{first}/function/arguments"), json!(r#"{"place": "Os"#)),
            ("unknown-tool", format!("{first}/function/name"), json!("no_such_tool")),
            ("no-call-id", format!("{first}/id"), Json::Null),
            ("usage:missing", "/usage".into(), json!("nothing there")),
            ("usage:null", "/usage".into(), Json::Null),
            ("usage:negative", "/usage/prompt_tokens".into(), json!(-1)),
            ("usage:huge", "/usage/total_tokens".into(), json!(1_u64 << 63)),
        ];
        for (fault, path, value) in table {
            let s = seen(fault, false).await;
            assert_eq!((s.status(), at(&s.json(), &path)), (200, value), "{fault}: {}", s.text());
        }
        let answer = Answer::text("").with_fault(Fault::NoCallId).with_fault(Fault::ObjectArguments);
        let server = TestServer::script(Script::always(answer)).start().await.unwrap();
        let json = ask(&server, CHAT, &chat(false)).await.json();
        assert_eq!(at(&json, &format!("{first}/function/arguments")), json!({}));
    });
}

#[test]
fn the_events_of_a_stream() {
    block_on(async {
        let plain = seen("delay:0s", true).await.data();
        assert_eq!(plain.last().map(String::as_str), Some("[DONE]"));
        let count = plain.len();
        assert!(!seen("no-terminal", true).await.data().contains(&"[DONE]".to_owned()));
        let twice = seen("duplicated-events", true).await.data();
        assert!(twice.len() == 2 * count && twice.chunks(2).all(|two| two[0] == two[1]));
        let late = seen("late-delta", true).await.data();
        assert!(late.last().unwrap().contains("\"content\":"), "{late:?}");
        let bad = seen("malformed-event", true).await.data();
        let broken = bad.iter().filter(|d| serde_json::from_str::<Json>(d).is_err()).count();
        assert_eq!((broken, bad.len()), (2, count + 1), "the bad one, and [DONE]");
        let odd = seen("unknown-events", true).await.body_text();
        for line in [": a comment\n", "event: ping\n", "event: dspex.unknown\n"] {
            assert!(odd.contains(line), "{odd}");
        }
        let error = seen("error-event:2", true).await.data();
        assert!(error.len() == 3 && error[2].contains("Overloaded"), "{error:?}");
        let crlf = seen("line-ends:crlf", true).await.body_text();
        assert_eq!(crlf.matches("\r\n").count(), crlf.matches('\n').count());
        let cr = seen("line-ends:cr", true).await.body_text();
        assert!(cr.contains("\r\r") && !cr.contains('\n'));
        assert!(seen("bom", true).await.body_text().starts_with('\u{feff}'));
        let lines = seen("data-lines", true).await.body_text();
        assert!(lines.contains("data: {\ndata:   \"id\""), "{lines}");
    });
}

#[test]
fn the_bytes_of_a_body() {
    block_on(async {
        let s = seen("truncated:20", false).await;
        assert_eq!((s.header("content-length").as_deref(), s.body().len()), (Some("20"), 20));
        assert!(String::from_utf8(seen("invalid-utf8", false).await.body()).is_err());
        let s = seen("invalid-utf8-header", false).await;
        assert!(s.bytes.windows(5).any(|w| w == b"caf\xe9 "), "{}", s.text());
        let s = seen("deep-json:100000", false).await.body_text();
        assert_eq!((s.matches('[').count(), s.matches(']').count()), (100_000, 100_000));
        assert!(seen("huge-number", false).await.body_text().starts_with("{\"dspex_number\":1e400,"));
        assert!(seen("lone-surrogate", true).await.body_text().contains("\\ud800"));
        assert_eq!(seen("duplicate-keys", false).await.body_text().matches("\"model\":").count(), 2);
        let s = seen("gzip", false).await;
        let mut text = String::new();
        flate2::read::GzDecoder::new(s.body().as_slice()).read_to_string(&mut text).unwrap();
        assert!(s.header("content-encoding").as_deref() == Some("gzip") && text.contains("Paris"), "{text}");
    });
}

#[test]
fn bodies_without_an_end_are_not_held() {
    block_on(async {
        let s = seen("gzip-bomb:20MB", false).await;
        let packed = s.body();
        let mut plain = Vec::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut plain).unwrap();
        assert!(packed.len() < 100_000 && plain.len() >= 20_000_000, "{} to {}", packed.len(), plain.len());
        assert_eq!(
            seen("huge-line:1MB", true).await.body().iter().position(|b| *b == b'\n'),
            Some(1_000_006)
        );
        for (fault, size) in [("huge-body:2GB", 2_000_000_014_u64), ("huge-line:100MB", 100_000_008)] {
            let server = faulty(fault).await;
            let mut stream = connect(&server).await;
            send(&mut stream, CHAT, "", &chat(false)).await;
            let s = read(&mut stream, Duration::from_secs(5), 1 << 20).await;
            assert_eq!(s.header("content-length"), Some(size.to_string()), "{fault}");
            assert!(s.bytes.len() >= 1 << 20);
        }
    });
}

#[test]
fn connections_that_hang_drip_or_break() {
    block_on(async {
        for stream in [false, true] {
            let s = seen_for("hang", stream, SOON).await;
            assert!(s.open && s.bytes.is_empty(), "{}", s.text());
        }
        let s = seen_for("hang-after-head", true, SOON).await;
        assert!(s.open && s.status() == 200 && s.body().is_empty(), "{}", s.text());
        let s = seen_for("hang-after:10", false, SOON).await;
        assert!(s.open && s.body().len() == 10, "{}", s.text());
        let s = seen_for("drip:20ms", false, SOON).await;
        assert!(s.open && (1..=8).contains(&s.body().len()), "{}", s.text());
        assert_eq!(seen("slices:3", false).await.json()["model"], "m");
        let s = seen("slices:3", true).await;
        assert!(s.text().contains("\r\n3\r\n") && s.data().last().unwrap() == "[DONE]", "{}", s.text());
        for stream in [false, true] {
            let s = seen("close-after:10", stream).await;
            assert!(s.body().len() == 10 && !s.reset && !s.text().ends_with("0\r\n\r\n"), "{}", s.text());
            let s = seen("reset-after:10", stream).await;
            assert!(s.body().len() == 10 && s.reset, "{}", s.text());
        }
        assert!(seen("bad-chunk", false).await.text().ends_with("\r\nzz\r\nno such size\r\n"));
        assert!(seen("garbage", false).await.bytes.starts_with(b"\x15\x03\x01"));
        let length = |s: &crate::client::Seen| s.header("content-length").unwrap().parse::<usize>().unwrap();
        let s = seen("length-too-long:10", false).await;
        assert_eq!(length(&s), s.body().len() + 10);
        let s = seen("length-too-short:10", false).await;
        assert_eq!(length(&s) + 10, s.body().len());
    });
}

#[test]
fn a_connection_that_is_used_again_is_closed() {
    block_on(async {
        let server = faulty("close-reused").await;
        let mut stream = connect(&server).await;
        send(&mut stream, CHAT, "", &chat(false)).await;
        let first = read(&mut stream, SOON, usize::MAX).await;
        assert!(first.open && first.json()["choices"][0]["message"]["content"] == "Paris is the capital");
        send(&mut stream, CHAT, "", &chat(false)).await;
        let second = read(&mut stream, Duration::from_secs(5), usize::MAX).await;
        assert!(!second.open && second.bytes.is_empty());
        assert_eq!((server.connections(), server.calls()), (1, 2));
    });
}

#[test]
fn faults_add_up() {
    block_on(async {
        let script =
            r#"{"text": "Paris", "faults": ["wrong-model", "no-terminal", "slices:5", "header:x-a=b"]}"#;
        let server = TestServer::script(Script::parse(script).unwrap()).start().await.unwrap();
        let s = ask(&server, CHAT, &chat(true)).await;
        let data = s.data();
        assert!(data.iter().all(|d| d.contains("\"not-m\"")), "{data:?}");
        assert_eq!(s.header("x-a").as_deref(), Some("b"));
    });
}

/// Every fault, on every wire, whole and streamed: the server goes on.
#[test]
fn no_fault_brings_the_server_down() {
    block_on(async {
        let bodies = crate::wires::requests();
        for info in Fault::table() {
            let server = faulty(info.example).await;
            for (path, body) in &bodies {
                let mut stream = connect(&server).await;
                send(&mut stream, path, "", body).await;
                let _ = read(&mut stream, Duration::from_millis(3), 10_000).await;
            }
            assert_eq!(server.calls(), bodies.len(), "{}", info.name);
            server.shutdown().await.unwrap();
        }
    });
}
