//! `--cache`, `--record`, `--replay` and `dspex cache` as a user runs them, against a server in a process of its own.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::path::Path;

use common::{Server, dspex, json, shown};
use serde_json::json;

const EVAL: [&str; 8] = [
    "eval",
    "-s",
    "text -> mood: Literal['good', 'bad']",
    "-d",
    "dev.jsonl",
    "--prices",
    "prices.jsonl",
    "--json",
];

/// A folder with a data set, demonstrations and prices.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let rows: Vec<String> =
        ["love it", "it rained"].iter().map(|t| json!({"text": t, "mood": "good"}).to_string()).collect();
    fs::write(folder.path().join("dev.jsonl"), rows.join("\n")).unwrap();
    let price = json!({"model": "openai/some-model", "input": "1", "output": "2"});
    fs::write(folder.path().join("prices.jsonl"), price.to_string()).unwrap();
    folder
}

fn eval(folder: &Path, server: &Server, args: &[&str]) -> std::process::Output {
    dspex(folder, &[&EVAL, server.args().as_slice(), args].concat())
}

#[test]
fn a_second_run_is_answered_by_the_cache_and_costs_nothing() {
    let folder = folder();
    let server = Server::start(&["--lm", "builtin/nearest"]);
    let first = json(&eval(folder.path(), &server, &["--cache", "replies.sqlite"]));
    assert_eq!(first["usage"]["calls"], 2, "{first}");
    let cost = first["usage"]["cost"].as_str().unwrap();
    assert!(cost.starts_with("0.00"), "{cost}");
    assert_eq!(first["attempts"]["total"]["answered"], 2);
    // Without its server, there is nobody else to answer.
    drop(server);
    let gone = Server::gone();
    let elsewhere = eval(folder.path(), &gone, &["--cache", "replies.sqlite", "--retries", "0"]);
    assert_eq!(elsewhere.status.code(), Some(3), "another endpoint is another key");

    let server = Server::start(&["--lm", "builtin/nearest"]);
    let args = ["--cache", "other.sqlite"];
    let runs = [0, 1].map(|_| json(&eval(folder.path(), &server, &args)));
    assert_eq!(runs[0]["score"], runs[1]["score"]);
    let total = &runs[1]["attempts"]["total"];
    assert_eq!((&total["answered"], &total["cached"], &total["failed"]), (&json!(0), &json!(2), &json!(0)));
    assert_eq!((&runs[1]["usage"]["calls"], runs[1]["usage"].get("cost")), (&json!(0), None));
    let text = dspex(folder.path(), &[&EVAL[..7], server.args().as_slice(), &args].concat());
    assert!(shown(&text).contains("attempts: 0 answered, 2 from a cache"), "{}", shown(&text));
}

#[test]
fn a_budget_is_not_touched_by_what_is_kept() {
    let folder = folder();
    let server = Server::start(&["--lm", "builtin/nearest"]);
    eval(folder.path(), &server, &["--cache", "replies.sqlite"]);
    let again = eval(folder.path(), &server, &["--cache", "replies.sqlite", "--budget", "1call"]);
    assert_eq!((again.status.code(), &json(&again)["outcomes"]["scored"]), (Some(0), &json!(2)));
}

#[test]
fn a_flipped_byte_is_found_and_asked_for_again() {
    let folder = folder();
    let server = Server::start(&["--lm", "builtin/nearest"]);
    eval(folder.path(), &server, &["--cache", "replies.sqlite"]);
    let cache = |args: &[&str]| dspex(folder.path(), &[&["cache"], args].concat());
    let stats = json(&cache(&["stats", "replies.sqlite", "--json"]));
    assert_eq!(stats["entries"], 2, "{stats}");
    assert_eq!(cache(&["verify", "replies.sqlite"]).status.code(), Some(0));

    let path = folder.path().join("replies.sqlite");
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(4).position(|w| w == b"mood").unwrap();
    bytes[at] ^= 1;
    fs::write(&path, bytes).unwrap();
    let output = cache(&["verify", "replies.sqlite", "--json"]);
    let found = json(&output);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!((&found["sound"], found["damaged"].as_array().unwrap().len()), (&json!(1), 1));
    let again = eval(folder.path(), &server, &["--cache", "replies.sqlite"]);
    assert!(shown(&again).contains("warning: an entry of the cache"), "{}", shown(&again));
    let total = &json(&again)["attempts"]["total"];
    assert_eq!((&total["answered"], &total["cached"]), (&json!(1), &json!(1)));
    assert_eq!(cache(&["verify", "replies.sqlite"]).status.code(), Some(0));

    let exported = cache(&["export", "replies.sqlite"]);
    assert_eq!(shown(&exported).lines().filter(|l| l.contains("\"reply\":{")).count(), 2);
    assert_eq!(json(&cache(&["clear", "replies.sqlite", "--json"]))["removed"], 2);
    assert_eq!(json(&cache(&["stats", "replies.sqlite", "--json"]))["entries"], 0);
    let data = fs::read(folder.path().join("dev.jsonl")).unwrap();
    assert_eq!(cache(&["stats", "dev.jsonl"]).status.code(), Some(2), "that is no cache");
    assert_eq!(fs::read(folder.path().join("dev.jsonl")).unwrap(), data, "and is left as it is");
}

#[test]
fn a_damaged_or_foreign_file_is_no_reason_to_fail() {
    let folder = folder();
    let server = Server::start(&["--lm", "builtin/nearest"]);
    fs::write(folder.path().join("replies.sqlite"), "no cache".repeat(1_000)).unwrap();
    let output = eval(folder.path(), &server, &["--cache", "replies.sqlite"]);
    assert!(output.status.success() && shown(&output).contains("it is put aside"), "{}", shown(&output));
    assert!(folder.path().join("replies.sqlite.damaged-1").exists());
    let nowhere = eval(folder.path(), &server, &["--cache", "dev.jsonl/replies.sqlite"]);
    assert!(nowhere.status.success() && shown(&nowhere).contains("warning: "), "{}", shown(&nowhere));
}

#[test]
fn a_recording_is_replayed_without_server_and_key() {
    let folder = folder();
    let server = Server::start(&["--lm", "builtin/nearest"]);
    let first = json(&eval(folder.path(), &server, &["--record", "calls.jsonl"]));
    let again = eval(folder.path(), &server, &["--record", "calls.jsonl"]);
    assert_eq!(again.status.code(), Some(3), "a recording is not written over: {}", shown(&again));
    drop(server);
    let replay = [&EVAL[..], &["--lm", "openai/some-model", "--replay", "calls.jsonl"]].concat();
    let second = json(&dspex(folder.path(), &replay));
    for key in ["score", "outcomes", "usage"] {
        assert_eq!(first[key], second[key], "{key}");
    }
    let both = dspex(folder.path(), &[&replay[..], &["--cache", "replies.sqlite"]].concat());
    assert_eq!(both.status.code(), Some(2), "a replay needs no cache");
}

#[test]
fn a_changed_program_is_told_by_its_difference() {
    let folder = folder();
    let server = Server::start(&["--lm", "builtin/nearest"]);
    let run = ["run", "-s", "text -> mood", "-i", r#"{"text": "love it"}"#];
    let recorded =
        dspex(folder.path(), &[&run[..], server.args().as_slice(), &["--record", "calls.jsonl"]].concat());
    assert!(recorded.status.success(), "{}", shown(&recorded));
    let replay = ["--lm", "openai/some-model", "--replay", "calls.jsonl"];
    assert!(dspex(folder.path(), &[&run[..], &replay].concat()).status.success());

    let changed = ["run", "-s", "text -> feeling", "-i", r#"{"text": "love it"}"#];
    let output = dspex(folder.path(), &[&changed[..], &replay].concat());
    assert_eq!(output.status.code(), Some(2), "{}", shown(&output));
    let text = shown(&output);
    assert!(text.contains("-1. `mood` (str)") && text.contains("+1. `feeling` (str)"), "{text}");
    assert!(text.contains("hint: record again, or change the program back"), "{text}");

    let data = dspex(folder.path(), &[&EVAL[..], &replay].concat());
    assert_eq!(data.status.code(), Some(2), "{}", shown(&data));
    let other = ["--lm", "openai/other", "--replay", "calls.jsonl"];
    let output = dspex(folder.path(), &[&run[..], &other].concat());
    assert!(
        output.status.code() == Some(2) && shown(&output).contains("openai/some-model"),
        "{}",
        shown(&output)
    );
}
