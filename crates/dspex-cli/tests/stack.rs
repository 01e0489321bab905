//! Retries, fallbacks, limits, prices and budgets as a user sets them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::time::{Duration, Instant};

use common::{Server, dspex, json, shown};
use serde_json::{Value as Json, json};

const RUN: [&str; 6] = ["run", "-s", "question -> answer", "-i", r#"{"question": "Who?"}"#, "--json"];

fn good() -> Json {
    json!({"text": "[[ ## answer ## ]]\nGoethe", "repeat": true})
}

/// Ten rows, prices, and a server.
fn setting(lines: &[Json]) -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> =
        (0..10).map(|i| json!({"question": format!("q{i}"), "answer": "Goethe"}).to_string()).collect();
    fs::write(folder.path().join("dev.jsonl"), rows.join("\n")).unwrap();
    let price = json!({"model": "openai/some-model", "input": "1000", "output": "2000"});
    fs::write(folder.path().join("prices.jsonl"), price.to_string()).unwrap();
    let server = if lines.is_empty() {
        Server::start(&["--lm", "builtin/nearest"])
    } else {
        Server::script(folder.path(), lines)
    };
    (folder, server)
}

#[test]
fn retries_are_as_many_as_are_named_and_are_told_apart() {
    let (folder, server) = setting(&[json!({"status": 503}), json!({"status": 500}), good()]);
    let args = [&RUN[..], server.args().as_slice()].concat();
    let once = dspex(folder.path(), &[&args[..], &["--retries", "0"]].concat());
    assert_eq!(once.status.code(), Some(3));
    assert_eq!(json(&once)["error"]["status"], 503);
    let twice = json(&dspex(folder.path(), &[&args[..], &["--retries", "1"]].concat()));
    assert_eq!(twice["fields"]["answer"], "Goethe");
    assert_eq!(twice["attempts"][0]["failed"]["tries"], 1, "{twice}");
}

#[test]
fn the_next_model_is_asked_where_one_fails() {
    let (folder, server) = setting(&[json!({"status": 401}), json!({"status": 401}), good()]);
    let names = "openai/first, openai/second";
    let to = ["--api-base", &server.url, "--lm", names, "--fallback-lm", "openai/third"];
    let out = json(&dspex(folder.path(), &[&RUN[..], &to].concat()));
    assert_eq!(out["fields"]["answer"], "Goethe", "{out}");
    let attempt = &out["attempts"][0];
    assert_eq!(
        (&attempt["model"], &attempt["failed"]["tries"]),
        (&json!("openai/first,openai/second,openai/third"), &json!(2))
    );
    let wrong = dspex(folder.path(), &[&RUN[..], &["--lm", "openai/first,,openai/second"]].concat());
    assert!(
        wrong.status.code() == Some(2) && shown(&wrong).contains("between the commas"),
        "{}",
        shown(&wrong)
    );
}

#[test]
fn requests_keep_to_the_rate() {
    let (folder, server) = setting(&[good()]);
    let started = Instant::now();
    let limit = ["--limit", "4", "--requests-per-minute", "120", "--json"];
    let args =
        [&["eval", "-s", "question -> answer", "-d", "dev.jsonl"], server.args().as_slice(), &limit].concat();
    let report = json(&dspex(folder.path(), &args));
    assert_eq!(report["score"], 1.0);
    // Two at once, and the other two half a second apart.
    assert!(started.elapsed() > Duration::from_millis(900), "{:?}", started.elapsed());
    for wrong in ["0", "-1", "x", "inf"] {
        let rate = format!("--requests-per-minute={wrong}");
        assert_eq!(dspex(folder.path(), &[&args[..5], &[&rate]].concat()).status.code(), Some(2), "{wrong}");
    }
}

#[test]
fn a_budget_ends_a_run_and_keeps_what_was_done() {
    let (folder, server) = setting(&[]);
    let eval = [
        "eval",
        "-s",
        "question -> answer",
        "-d",
        "dev.jsonl",
        "--prices",
        "prices.jsonl",
        "--concurrency",
        "1",
    ];
    let with = |args: &[&str]| dspex(folder.path(), &[&eval[..], server.args().as_slice(), args].concat());
    let whole = json(&with(&["--limit", "1", "--json"]));
    let cost = whole["usage"]["cost"].as_str().unwrap().parse::<f64>().unwrap();
    let tokens = whole["attempts"]["total"]["usage"]["input_tokens"].as_u64().unwrap();
    // The third call goes over either bound; no fourth is made.
    let table = [
        ("3calls".to_owned(), 3),
        (format!("{:.6}usd", cost * 2.5), 3),
        (format!("{}tokens", tokens * 5 / 2), 3),
    ];
    for (budget, calls) in table {
        let output = with(&["--budget", &budget, "--json", "--results", "results.jsonl"]);
        let report = json(&output);
        assert_eq!(output.status.code(), Some(3), "{budget}: {report}");
        assert_eq!(
            (&report["usage"]["calls"], &report["outcomes"]["scored"]),
            (&json!(calls), &json!(calls)),
            "{budget}"
        );
        assert_eq!(report["stopped"]["reason"], "budget", "{budget}: {report}");
        assert_eq!(report["outcomes"]["not_run"], 6, "{budget}: {report}");
        let results = fs::read_to_string(folder.path().join("results.jsonl")).unwrap();
        assert_eq!(
            results.lines().filter(|l| l.contains("\"outcome\":\"scored\"")).count(),
            calls,
            "{budget}"
        );
    }
    let text = shown(&with(&["--budget", "3calls"]));
    assert!(
        text.contains("stopped early: expected to stay within a budget of 3 calls, found 3 made"),
        "{text}"
    );
    assert!(text.contains("3 calls of openai/some-model, $"), "{text}");
    assert_eq!(with(&["--budget", "3"]).status.code(), Some(2));
}

#[test]
fn a_run_over_its_budget_says_what_was_paid_for() {
    let run = ["run", "-s", "question -> n: int", "-i", r#"{"question": "Who?"}"#, "--json"];
    let (folder, server) = setting(&[json!({"text": "nothing of use", "repeat": true})]);
    let args =
        [&run[..], server.args().as_slice(), &["--fallback", "retry:5", "--budget", "2calls"]].concat();
    let output = dspex(folder.path(), &args);
    let error = &json(&output)["error"];
    assert_eq!((output.status.code(), &error["kind"]), (Some(3), &json!("budget")), "{}", shown(&output));
    assert_eq!(error["attempts"].as_array().unwrap().len(), 2);
}

#[test]
fn a_time_that_is_up_ends_a_call_that_hangs() {
    let (folder, server) = setting(&[json!({"hang": true})]);
    let started = Instant::now();
    let output = dspex(folder.path(), &[&RUN[..], server.args().as_slice(), &["--budget", "1s"]].concat());
    assert_eq!(output.status.code(), Some(3), "{}", shown(&output));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}
