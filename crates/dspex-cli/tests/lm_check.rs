//! `dspex lm check` against servers of several kinds.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::collections::BTreeMap;

use common::{KEY, Server, dspex, json, shown};
use serde_json::{Value as Json, json};

const FEATURES: [&str; 11] = [
    "reachable",
    "auth",
    "model",
    "streaming",
    "tools",
    "json_object",
    "strict_schema",
    "reasoning",
    "logprobs",
    "usage",
    "limits",
];

/// What a check finds: an answer for each feature, the report, and the exit code.
fn check(server: &Server, args: &[&str]) -> (BTreeMap<String, String>, Json, i32) {
    let folder = tempfile::tempdir().unwrap();
    let to = ["lm", "check", "openai/some-model", "--api-base", &server.url, "--json"];
    let output = dspex(folder.path(), &[&to[..], args].concat());
    assert!(!shown(&output).contains(KEY), "{}", shown(&output));
    let report = json(&output);
    let findings = report["findings"].as_object().unwrap();
    assert_eq!(findings.len(), FEATURES.len(), "{report}");
    let answer = |what: &&str| ((*what).to_owned(), findings[*what]["answer"].as_str().unwrap().to_owned());
    (FEATURES.iter().map(answer).collect(), report, output.status.code().unwrap())
}

/// A server by its script.
fn server(lines: &[Json]) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::script(folder.path(), lines);
    (folder, server)
}

fn expected(yes: &[&str], unknown: &[&str]) -> BTreeMap<String, String> {
    let word = |what: &&str| match what {
        what if yes.contains(what) => "yes",
        what if unknown.contains(what) => "unknown",
        _ => "no",
    };
    FEATURES.iter().map(|what| ((*what).to_owned(), word(what).to_owned())).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "a value of `json!` is read better without a reference")]
fn reply(message: Json, more: Json) -> Json {
    let mut choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
    if let (Some(choice), Json::Object(more)) = (choice.as_object_mut(), more) {
        choice.extend(more);
    }
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5});
    json!({"model": "m-2026", "choices": [choice], "usage": usage})
}

fn refused(when: &str) -> Json {
    let error = json!({"message": "not supported here", "type": "invalid_request_error"});
    json!({"when": when, "status": 400, "body": {"error": error}})
}

/// An endpoint that does all that is asked.
fn able() -> Vec<Json> {
    let call = json!({"id": "c", "type": "function", "function": {"name": "note_word", "arguments": "{\"word\":\"hi\"}"}});
    let logprobs = json!({"content": [{"token": "yes", "logprob": -0.1, "top_logprobs": []}]});
    let limits = json!({"x-ratelimit-limit-requests": "60", "x-ratelimit-remaining-requests": "59"});
    let said = |text: &str| json!({"role": "assistant", "content": text});
    let raw = |when: &str, body: Json| json!({"when": when, "status": 200, "body": body});
    let mut hello = raw("Say hello", reply(said("hello"), json!({})));
    hello["headers"] = limits;
    vec![
        hello,
        json!({"when": "Count from", "text": "1, 2, 3, 4, 5, 6, 7, 8, 9"}),
        raw(
            "note_word",
            reply(
                json!({"role": "assistant", "content": null, "tool_calls": [call]}),
                json!({"finish_reason": "tool_calls"}),
            ),
        ),
        raw("Greet me", reply(said("{\"a\": 1}"), json!({}))),
        raw("Greet my friend", reply(said("{\"word\": \"zq7\"}"), json!({}))),
        raw(
            "Think first",
            reply(json!({"role": "assistant", "content": "400", "reasoning_content": "Hm."}), json!({})),
        ),
        raw("yes or no", reply(said("yes"), json!({"logprobs": logprobs}))),
    ]
}

#[test]
fn an_endpoint_that_can_do_all_is_found_to() {
    let (_folder, server) = server(&able());
    let (answers, report, exit) = check(&server, &[]);
    assert_eq!((answers, exit), (expected(&FEATURES, &[]), 0), "{report}");
    assert_eq!(report["findings"]["model"]["why"], "answers as m-2026");
    assert_eq!(report["findings"]["limits"]["why"], "59 of 60 requests left");
    assert_eq!(report["usage"]["calls"], 7, "{report}");
    assert_eq!(report["error"], Json::Null);
}

#[test]
fn an_endpoint_that_ignores_what_it_does_not_know_is_not_believed() {
    let server = Server::start(&["--lm", "builtin/nearest"]);
    let (answers, report, exit) = check(&server, &[]);
    assert_eq!(exit, 0);
    let yes = ["reachable", "auth", "model", "usage"];
    let got: Vec<&str> = FEATURES.iter().copied().filter(|f| answers[*f] == "yes").collect();
    assert!(yes.iter().all(|f| got.contains(f)), "{report}");
    for what in ["tools", "json_object", "strict_schema", "logprobs", "limits"] {
        assert_eq!(answers[what], "no", "{what}: {report}");
    }
    assert_eq!(answers["reasoning"], "no");
}

#[test]
fn an_endpoint_that_refuses_says_why() {
    let mut lines: Vec<Json> =
        ["note_word", "Greet me", "Greet my friend", "Think first", "yes or no"].map(refused).into();
    let said = json!({"role": "assistant", "content": "hello"});
    lines.push(json!({"status": 200, "body": reply(said, json!({})), "repeat": true}));
    let (_folder, server) = server(&lines);
    let (answers, report, exit) = check(&server, &[]);
    assert_eq!((answers, exit), (expected(&["reachable", "auth", "model", "usage"], &[]), 0), "{report}");
    let why = report["findings"]["tools"]["why"].as_str().unwrap();
    assert!(why.contains("not supported here"), "{why}");
    assert_eq!(report["findings"]["streaming"]["why"], "the reply came in one piece");
}

#[test]
fn an_endpoint_that_is_throttled_on_the_way_leaves_things_open() {
    let mut lines = able();
    lines[2] = json!({"when": "note_word", "status": 429});
    lines[3] = json!({"when": "Greet me", "status": 503});
    let (_folder, server) = server(&lines);
    let (answers, report, exit) = check(&server, &[]);
    assert_eq!(exit, 0);
    assert_eq!((&*answers["tools"], &*answers["json_object"]), ("unknown", "unknown"), "{report}");
    assert_eq!(answers["strict_schema"], "yes");
}

#[test]
fn what_keeps_from_the_model_is_told_apart() {
    let error = |message: &str, code: &str| json!({"error": {"message": message, "code": code}});
    let html = json!({"content-type": "text/html"});
    let table = [
        (
            json!({"status": 401, "body": error(&format!("bad key {KEY}"), "invalid_api_key")}),
            "yes",
            "no",
            "unknown",
            3,
        ),
        (json!({"status": 404, "body": error("no such model", "model_not_found")}), "yes", "yes", "no", 3),
        (json!({"status": 404, "body": "nothing here", "headers": html}), "yes", "unknown", "unknown", 2),
        (
            json!({"status": 200, "body": "<html>Sign in</html>", "headers": html}),
            "yes",
            "unknown",
            "unknown",
            3,
        ),
        (json!({"status": 429, "headers": {"retry-after": "1"}}), "yes", "unknown", "unknown", 3),
        (json!({"status": 500}), "yes", "unknown", "unknown", 3),
        (json!({"hang": true}), "no", "unknown", "unknown", 3),
    ];
    for (line, reachable, auth, model, code) in table {
        let mut line = line;
        if line.get("hang").is_none() {
            line["repeat"] = json!(true);
        }
        let (_folder, server) = server(std::slice::from_ref(&line));
        let (answers, report, exit) = check(&server, &["--timeout", "1"]);
        let found = (&*answers["reachable"], &*answers["auth"], &*answers["model"], exit);
        assert_eq!(found, (reachable, auth, model, code), "{line}: {report}");
        assert!(FEATURES[3..].iter().all(|what| answers[*what] == "unknown"), "{report}");
        assert!(report["error"]["kind"].is_string() && report["error"]["hint"].is_string(), "{report}");
    }
    let (answers, report, exit) = check(&Server::gone(), &[]);
    assert_eq!((&*answers["reachable"], exit), ("no", 3), "{report}");
}

#[test]
fn a_name_that_is_wrong_asks_nobody() {
    let folder = tempfile::tempdir().unwrap();
    for args in [["lm", "check", "opnai/m"], ["lm", "check", "m"], ["lm", "check", "builtin/x"]] {
        let output = dspex(folder.path(), &args);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", shown(&output));
    }
    let inside = dspex(folder.path(), &["lm", "check", "builtin/nearest"]);
    assert!(inside.status.success() && shown(&inside).contains("reachable      yes"), "{}", shown(&inside));
}
