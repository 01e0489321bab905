//! Programs over real sockets: a server in a process of its own that misbehaves, and what the user sees of it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::process::Output;

use common::{KEY, Server};
use serde_json::{Value as Json, json};

/// A command without retries, so that each answer of a script is seen.
fn dspex(url: &str, args: &[&str]) -> Output {
    let to = ["--lm", "openai/some-model", "--api-base", url, "--retries", "0"];
    common::dspex(std::path::Path::new("."), &[args, &to].concat())
}

fn ask(url: &str) -> (Json, i32) {
    let output = dspex(url, &["run", "-s", "question -> answer", "-i", r#"{"question": "Who?"}"#, "--json"]);
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    let shown = String::from_utf8(all).unwrap();
    assert!(!shown.contains("canary"), "{shown}");
    (
        serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {shown}")),
        output.status.code().unwrap(),
    )
}

#[test]
fn each_fault_has_its_kind_its_remedy_and_its_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let body = |body: Json| json!({"status": 200, "body": body});
    let html = json!({"content-type": "text/html"});
    let table = [
        (json!({"status": 200, "body": "<html>Sign in</html>", "headers": html}), "protocol", 3),
        (body(json!({"choices": []})), "empty_reply", 3),
        (
            body(json!({"choices": [{"index": 0, "message": {"content": null}, "finish_reason": "stop"}]})),
            "empty_reply",
            3,
        ),
        (json!({"status": 200, "body": "{\"choices\": [{\"ind"}), "transport", 3),
        (json!({"text": "[[ ## answer ## ]]\nGoethe", "cut_after": 50}), "transport", 3),
        (json!({"status": 401, "body": {"error": {"message": format!("no such key: {KEY}")}}}), "auth", 3),
        (
            json!({"status": 404, "body": {"error": {"message": "no such model", "code": "model_not_found"}}}),
            "unknown_model",
            3,
        ),
        (json!({"status": 404, "body": "not here", "headers": html}), "lm_configuration", 2),
        (json!({"status": 429, "headers": {"retry-after": "7"}}), "rate_limit", 3),
        (json!({"status": 500}), "server", 3),
        (json!({"text": "[[ ## question ## ]]\nno answer"}), "missing_field", 1),
        (json!({"text": "[[ ## answer ## ]]\nGoethe"}), "", 0),
    ];
    let lines: Vec<Json> = table.iter().map(|(line, ..)| line.clone()).collect();
    let server = Server::script(folder.path(), &lines);
    for (line, kind, code) in &table {
        let (out, exit) = ask(&server.url);
        assert_eq!(exit, *code, "{line}: {out}");
        if *code == 0 {
            assert!(out["fields"]["answer"].is_string(), "{out}");
            continue;
        }
        assert_eq!(out["error"]["kind"], *kind, "{line}: {out}");
        assert!(
            out["error"]["hint"].as_str().is_some_and(|h| !h.is_empty()) || *kind == "empty_reply",
            "{line}: {out}"
        );
        match line["status"].as_u64() {
            Some(status) if status != 200 => assert_eq!(out["error"]["status"], status, "{out}"),
            _ => {}
        }
        assert_eq!(
            out["error"]["retry_after"],
            if *kind == "rate_limit" { json!(7.0) } else { Json::Null },
            "{out}"
        );
    }
    let url = server.url.clone();
    drop(server);
    let (out, exit) = ask(&url);
    assert_eq!((out["error"]["kind"].as_str(), exit), (Some("transport"), 3), "{out}");
}

#[test]
fn an_outage_takes_nothing_that_was_scored_and_is_no_score() {
    let folder = tempfile::tempdir().unwrap();
    let good = |text: &str| json!({"when": text, "text": format!("[[ ## answer ## ]]\n{text}")});
    let lines = [
        good("one"),
        json!({"when": "two", "status": 503}),
        json!({"when": "three", "status": 200, "body": "<html>", "headers": {"content-type": "text/html"}}),
        json!({"when": "four", "text": "[[ ## answer ## ]]\nwrong"}),
        json!({"when": "five", "text": "", "cut_after": 10}),
        good("six"),
        json!({"when": "seven", "status": 200, "body": {"choices": [{"message": {"content": null}}]}}),
    ];
    let server = Server::script(folder.path(), &lines);
    let data = folder.path().join("dev.jsonl");
    let rows = ["one", "two", "three", "four", "five", "six", "seven"];
    let rows: Vec<String> = rows.iter().map(|r| json!({"question": r, "answer": r}).to_string()).collect();
    fs::write(&data, rows.join("\n")).unwrap();
    let output =
        dspex(&server.url, &["eval", "-s", "question -> answer", "-d", data.to_str().unwrap(), "--json"]);
    let report: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{report}");
    let outcomes = &report["outcomes"];
    assert_eq!(
        (&outcomes["scored"], &outcomes["infrastructure_error"], &outcomes["program_error"]),
        (&json!(3), &json!(4), &json!(0)),
        "{report}"
    );
    let mean = 2.0 / 3.0;
    assert_eq!(report["score"], json!(mean), "{report}");
}

#[test]
fn a_model_over_the_wire_scores_as_it_does_in_process() {
    let folder = tempfile::tempdir().unwrap();
    let demos = folder.path().join("demos.jsonl");
    let data = folder.path().join("dev.jsonl");
    fs::write(
        &demos,
        "{\"text\": \"a great day\", \"mood\": \"good\"}\n{\"text\": \"it rained\", \"mood\": \"bad\"}\n",
    )
    .unwrap();
    fs::write(
        &data,
        "{\"text\": \"great\", \"mood\": \"good\"}\n{\"text\": \"rained\", \"mood\": \"bad\"}\n",
    )
    .unwrap();
    let program = [
        "eval",
        "-s",
        "text -> mood: Literal['good', 'bad']",
        "--json",
        "--demos",
        demos.to_str().unwrap(),
        "--data",
        data.to_str().unwrap(),
    ];
    let prices = folder.path().join("prices.jsonl");
    fs::write(&prices, json!({"model": "openai/some-model", "input": "0", "output": "0"}).to_string())
        .unwrap();
    let server = Server::start(&["--lm", "builtin/nearest"]);
    let over = dspex(&server.url, &[&program[..], &["--prices", prices.to_str().unwrap()]].concat());
    let inside = common::dspex(folder.path(), &[&program[..], &["--lm", "builtin/nearest"]].concat());
    let read = |o: &Output| serde_json::from_slice::<Json>(&o.stdout).unwrap();
    let (over, inside) = (read(&over), read(&inside));
    for key in ["score", "interval", "n", "outcomes", "usage", "attempts"] {
        assert_eq!(over[key], inside[key], "{key}");
    }
    assert_eq!(over["score"], 1.0);
}

#[test]
fn the_command_under_test_asks_nothing_beyond_this_machine() {
    let (out, exit) = ask("http://192.0.2.1/v1");
    assert_eq!((out["error"]["kind"].as_str(), exit), (Some("lm_configuration"), 2), "{out}");
}

/// The table of `docs/testserver.md` against the faults that there are.
#[test]
fn the_page_has_each_fault_and_no_other() {
    let page = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/testserver.md");
    let page = fs::read_to_string(page).unwrap();
    let table = page.split("\n## Faults").nth(1).unwrap();
    let shown: Vec<(String, String)> = table
        .lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| {
            let mut cells = line.split(" | ");
            let name = cells.next().unwrap().trim_start_matches("| ").trim_matches('`').to_owned();
            (name, cells.next().unwrap().to_owned())
        })
        .collect();
    let real: Vec<(String, String)> = dspex_testkit::Fault::table()
        .iter()
        .map(|info| {
            let colon = if info.argument.is_empty() { "" } else { ":" };
            (format!("{}{colon}{}", info.name, info.argument), info.meaning.to_owned())
        })
        .collect();
    assert_eq!(shown, real);
}

#[test]
fn every_option_of_the_server_does_what_it_says() {
    let status = |url: &str| ask(url).0["error"]["status"].as_u64();
    let outage = Server::start(&["--outage", "1", "--outage-status", "422"]);
    assert_eq!((status(&outage.url), status(&outage.url)), (Some(422), None));
    let limited = Server::start(&["--rate-limit", "1/20m", "--burst", "1", "--headers", "anthropic"]);
    assert_eq!((status(&limited.url), status(&limited.url)), (None, Some(429)));
    let faulty = Server::start(&["--fault", "status:529", "--fault", "should-retry:false"]);
    assert_eq!(status(&faulty.url), Some(529));
    let never = Server::start(&["--fault", "status:529", "--fault-rate", "0", "--seed", "3"]);
    assert_eq!(status(&never.url), None);
    let slow = Server::start(&["--latency", "200ms..210ms"]);
    let began = std::time::Instant::now();
    let _ = ask(&slow.url);
    assert!(began.elapsed() >= std::time::Duration::from_millis(200));
    for (wrong, words) in [
        (vec!["--fault", "dripp:1s"], "expected one of `status`"),
        (vec!["--latency", "fast"], "expected a span such as 200ms"),
        (vec!["--fault", "hang", "--fault-rate", "2"], "expected a share from 0 to 1"),
        (vec!["--rate-limit", "ten"], "expected a rate such as 10/s"),
        (vec!["--burst", "5"], "--rate-limit"),
    ] {
        let output = std::process::Command::new(env!("CARGO_BIN_EXE_dspex"))
            .arg("testserver")
            .args(&wrong)
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(2) && said.contains(words), "{wrong:?}: {said}");
    }
}
