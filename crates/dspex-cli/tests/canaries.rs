//! Secret canaries on the command line: keys and queries of the environment are found in no output and in no file.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::fs;
use std::process::{Command, Stdio};

use common::Server;
use serde_json::json;

const KEY: &str = "canary1/+=5f7e1c0a9bKEY";
const QUERY: &str = "canary3-0b1c2d3e4fQUERY";

/// Both, in base64 and as URLs write them, by their first characters.
const FORMS: [&str; 6] =
    ["canary1/+=5f", "canary3-0b1c", "Y2FuYXJ5MS8r", "Y2FuYXJ5My0w", "canary1%2F%2", "canary1%2f%2"];

#[test]
fn no_output_and_no_file_has_the_key() {
    let scripts = tempfile::tempdir().unwrap();
    let echo = |status: u16, text: &str| {
        let error = json!({"message": format!("wrong key: {text}"), "code": text});
        json!({"status": status, "body": {"error": error}, "headers": {"x-request-id": text}})
    };
    let mut lines = vec![json!({"when": "good", "text": "[[ ## answer ## ]]\nyes"})];
    for status in [400, 401, 404, 429, 500] {
        for text in [
            KEY,
            QUERY,
            "Y2FuYXJ5MS8rPTVmN2UxYzBhOWJLRVk=",
            "canary1%2F%2B%3D5f7e1c0a9bKEY",
            "canary1/+=5f...",
        ] {
            lines.push(echo(status, text));
        }
    }
    let faults = lines.len() - 1;
    let server = Server::script(scripts.path(), &lines);
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("dev.jsonl"),
        "{\"question\": \"good\", \"answer\": \"yes\"}\n{\"question\": \"bad\", \"answer\": \"yes\"}\n",
    )
    .unwrap();
    let mut outputs = Vec::new();
    let mut dspex = |args: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_dspex"))
            .args(args)
            .current_dir(folder.path())
            .env_remove("DSPEX_LM")
            .env("OPENAI_API_KEY", KEY)
            .env("OPENAI_BASE_URL", format!("{}?code={QUERY}", server.url))
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let code = output.status.code();
        outputs.extend([output.stdout, output.stderr]);
        code
    };
    let run = |question: &str| format!("{{\"question\": \"{question}\"}}");
    let (good, bad) = (run("good"), run("bad"));
    let lm = ["--lm", "openai/some-model", "--retries", "0"];
    let with = |args: &[&'static str], input: &str| {
        let mut all: Vec<String> = ["run", "-s", "question -> answer", "-i", input].map(str::to_owned).into();
        all.extend(lm.iter().chain(args).map(|a| (*a).to_owned()));
        all
    };
    let kept = with(&["--cache", "replies.sqlite", "--record", "calls.jsonl", "--json"], &good);
    assert_eq!(dspex(&kept.iter().map(String::as_str).collect::<Vec<_>>()), Some(0));
    for round in 0..faults / 3 {
        let args: &[&str] = if round % 2 == 0 { &["--json"] } else { &[] };
        let mut all: Vec<&str> = vec!["run", "-s", "question -> answer", "-i", &bad];
        all.extend(lm.iter().chain(args));
        assert!(dspex(&all).is_some_and(|code| code != 0));
    }
    let mut eval =
        vec!["eval", "-s", "question -> answer", "-d", "dev.jsonl", "--results", "results.jsonl", "--json"];
    eval.extend(lm);
    assert_eq!(dspex(&eval), Some(0));
    dspex(&["lm", "check", "openai/some-model", "--json"]);
    dspex(&["lm", "check", "openai/some-model"]);
    assert_eq!(dspex(&["save", "-s", "question -> answer", "-o", "program.json", "--json"]), Some(0));
    assert_eq!(dspex(&["cache", "export", "replies.sqlite"]), Some(0));
    assert_eq!(
        dspex(&[
            "run",
            "-s",
            "question -> answer",
            "-i",
            &good,
            "--lm",
            "openai/some-model",
            "--replay",
            "calls.jsonl"
        ]),
        Some(0)
    );

    assert!(outputs.len() > 20);
    let files = fs::read_dir(folder.path()).unwrap().map(|e| e.unwrap().path());
    let files: Vec<_> = files.collect();
    assert!(files.len() >= 5, "{files:?}");
    outputs.extend(files.iter().map(|path| fs::read(path).unwrap()));
    for bytes in outputs {
        for form in FORMS {
            let found = bytes.windows(form.len()).any(|w| w == form.as_bytes());
            assert!(!found, "`{form}` is in {}", String::from_utf8_lossy(&bytes));
        }
    }
}
