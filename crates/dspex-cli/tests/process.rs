//! The command as a process: signals, sockets, standard input, shapes that scripts rely on.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

fn dspex() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dspex"));
    command.env_remove("DSPEX_LM");
    command
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", stdout(output)))
}

fn run(args: &[&str]) -> Output {
    dspex().args(args).stdin(Stdio::null()).output().unwrap()
}

/// A data set that takes a while, with demonstrations.
fn long_job(folder: &Path, rows: usize) {
    let mut data = String::new();
    for i in 0..rows {
        let _ = writeln!(data, r#"{{"text": "word{} of row {i}", "label": "a"}}"#, i % 7);
    }
    fs::write(folder.join("data.jsonl"), data).unwrap();
    let mut demos = String::new();
    for i in 0..40 {
        let _ = writeln!(
            demos,
            r#"{{"text": "word{i} {}", "label": "{}"}}"#,
            "filler ".repeat(40),
            ["a", "b"][i % 2]
        );
    }
    fs::write(folder.join("demos.jsonl"), demos).unwrap();
}

/// Waits until a process catches interrupts, which it does once its evaluation runs, and then for a moment.
#[expect(clippy::disallowed_methods, reason = "the other process needs time to get going")]
fn wait_until_it_listens(pid: u32) {
    const INTERRUPT: u64 = 1 << 1;
    for _ in 0..1_000 {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let caught = status.lines().find_map(|l| l.strip_prefix("SigCgt:")).unwrap().trim().to_owned();
        if u64::from_str_radix(&caught, 16).unwrap() & INTERRUPT != 0 {
            std::thread::sleep(Duration::from_millis(500));
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("the process does not catch interrupts");
}

#[test]
fn ctrl_c_during_eval_writes_what_is_known() {
    let folder = tempfile::tempdir().unwrap();
    long_job(folder.path(), 200_000);
    let child = dspex()
        .args(["eval", "-s", "text -> label", "--data", "data.jsonl", "--demos", "demos.jsonl", "--json"])
        .args(["--lm", "builtin/nearest", "--results", "results.jsonl"])
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until_it_listens(child.id());
    let killed = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(killed.success());
    let output = child.wait_with_output().unwrap();

    assert_eq!(output.status.code(), Some(130), "{}", String::from_utf8_lossy(&output.stderr));
    let report = json(&output);
    let count = |name: &str| report["outcomes"][name].as_u64().unwrap();
    assert_eq!(report["stopped"]["reason"], "cancelled");
    assert!(count("scored") > 0 && count("not_run") > 0, "{}", report["outcomes"]);
    assert_eq!(count("scored") + count("not_run"), 200_000);
    assert!(report["score"].is_number());
    let results = fs::read_to_string(folder.path().join("results.jsonl")).unwrap();
    let scored = results.lines().filter(|l| l.contains(r#""outcome":"scored""#)).count();
    assert_eq!(scored as u64, count("scored"));
}

#[test]
fn render_opens_no_socket() {
    let traced = Command::new("strace")
        .args(["-f", "-e", "trace=%network", "-o", "/dev/stdout", env!("CARGO_BIN_EXE_dspex")])
        .args(["render", "-s", "q -> a", "--inputs", r#"{"q": "Q"}"#, "--json"])
        .output();
    let output = match traced {
        Ok(output) if output.status.success() => output,
        other => {
            println!("SKIPPED: strace does not work here: {other:?}");
            return;
        }
    };
    let text = stdout(&output);
    assert!(text.contains("messages"), "{text}");
    for call in ["socket(", "socketpair(", "connect(", "bind(", "sendto("] {
        assert!(!text.contains(call), "{text}");
    }
}

#[test]
fn render_is_done_before_anyone_notices() {
    // The bound of 20 ms is measured on the release build by `cargo xtask bench`; this catches work at start-up.
    let fastest = (0..5)
        .map(|_| {
            let started = Instant::now();
            assert!(run(&["render", "-s", "q -> a", "--inputs", r#"{"q": "Q"}"#]).status.success());
            started.elapsed()
        })
        .min()
        .unwrap();
    assert!(fastest < Duration::from_millis(200), "{fastest:?}");
}

#[test]
fn a_reply_comes_from_standard_input() {
    let mut child = dspex()
        .args(["parse", "-s", "q -> n: int, l: list[str]", "--json", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"[[ ## n ## ]]\n3\n[[ ## l ## ]]\n[\"a\"]\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(json(&output), serde_json::json!({"fields": {"n": 3, "l": ["a"]}, "notes": []}));
}

#[test]
fn an_error_in_json_has_kind_message_and_field() {
    let folder = tempfile::tempdir().unwrap();
    let reply = folder.path().join("reply.txt");
    let table: [(&str, &str, &str, &str); 5] = [
        ("q -> a", "", "empty_reply", "null"),
        ("q -> a", "[[ ## q ## ]]\nno output at all", "missing_field", "\"a\""),
        ("q -> a: int", "[[ ## a ## ]]\nmany", "field_type", "\"a\""),
        ("q -> a: Literal['x']", "[[ ## a ## ]]\ny", "field_type", "\"a\""),
        ("q -> a", "[[ ## a ## ]]\n1\n[[ ## a ## ]]\n2", "ambiguous", "\"a\""),
    ];
    for (signature, text, kind, field) in table {
        fs::write(&reply, text).unwrap();
        let output = run(&["parse", "-s", signature, "--json", reply.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{text}");
        let error = &json(&output)["error"];
        assert_eq!(
            (error["kind"].as_str().unwrap(), error["field"].to_string().as_str()),
            (kind, field),
            "{text}"
        );
        assert!(error["message"].as_str().unwrap().starts_with("expected "), "{error}");
        assert!(String::from_utf8_lossy(&output.stderr).starts_with("error: expected "), "{text}");
    }
}

#[test]
fn the_variable_names_the_model_and_the_flag_counts_more() {
    let args = ["run", "-s", "q -> a", "--inputs", r#"{"q": "Q"}"#];
    let output = dspex().args(args).env("DSPEX_LM", "builtin/nearest").output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty());
    let output = dspex().args(args).env("DSPEX_LM", "nobody/nothing").output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let output = dspex()
        .args(args)
        .args(["--lm", "builtin/nearest"])
        .env("DSPEX_LM", "nobody/nothing")
        .output()
        .unwrap();
    assert!(output.status.success());
}

#[test]
fn a_bad_data_row_is_named_and_nothing_is_called() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let table = [
        (
            write("a.jsonl", b"{\"q\": \"x\", \"a\": 1}\n{\"q\": \"x\", \"a\": \"y\"}\n"),
            "a.jsonl:2: expected `a` to be int, found 'y'",
        ),
        (write("b.jsonl", b"{\"q\": \"x\"\n"), "b.jsonl:1: expected a JSON object on the line"),
        (write("c.csv", b"q,a\nx,1\nx\n"), "c.csv:3: expected 2 values, found 1"),
        (
            write("d.json", b"{\"q\": 1}"),
            "d.json: expected a JSON list of objects, found a value of kind dict",
        ),
        (
            write("e.jsonl", b"{\"q\": \"x\", \"a\": 1}\n\xff\n"),
            "e.jsonl:2: expected text in UTF-8, found other bytes",
        ),
        (write("f.jsonl", b""), "expected at least one example, found an empty set"),
        (write("g.txt", b"x"), "g.txt: expected a file that ends in .jsonl, .json or .csv, found .txt"),
        (folder.path().join("nowhere.jsonl").to_str().unwrap().to_owned(), "nowhere.jsonl: cannot be read"),
    ];
    for (path, message) in table {
        let output =
            run(&["eval", "-s", "q -> a: int", "--data", &path, "--lm", "builtin/nearest", "--json"]);
        assert_eq!(output.status.code(), Some(2), "{path}");
        let found = json(&output)["error"]["message"].as_str().unwrap().to_owned();
        assert!(found.contains(message), "{found}");
    }
}

#[test]
fn inputs_that_are_no_object_are_refused() {
    for inputs in ["", "3", "[1]", "{", "{\"q\": {\"$float\": \"x\"}}"] {
        let output = run(&["render", "-s", "q -> a", "--inputs", inputs, "--json"]);
        assert_eq!(output.status.code(), Some(2), "{inputs}");
        assert_eq!(json(&output)["error"]["kind"], "configuration", "{inputs}");
    }
}

#[test]
fn whole_numbers_keep_their_digits() {
    let folder = tempfile::tempdir().unwrap();
    let big = "12345678901234567890123";
    let output = run(&["render", "-s", "n: int -> a", "--inputs", &format!("{{\"n\": {big}}}")]);
    assert!(stdout(&output).contains(big), "{}", stdout(&output));
    let data = folder.path().join("data.jsonl");
    fs::write(&data, format!("{{\"q\": \"x\", \"n\": {big}}}\n")).unwrap();
    let demos = format!("--demos={}", data.display());
    let output = run(&[
        "run",
        "-s",
        "q -> n: int",
        "--lm",
        "builtin/nearest",
        "--inputs",
        "{\"q\": \"x\"}",
        &demos,
        "--json",
    ]);
    assert_eq!(json(&output)["fields"]["n"], serde_json::json!({"$int": big}));
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let mut child = dspex()
        .args(["render", "-s", "q -> a", "--inputs", r#"{"q": "Q"}"#])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"));
}

#[test]
fn data_that_cannot_be_written_is_no_success() {
    let Ok(full) = fs::File::create("/dev/full") else {
        println!("SKIPPED: there is no /dev/full");
        return;
    };
    let render = ["render", "-s", "q -> a", "--inputs", r#"{"q": "Q"}"#];
    let status = dspex().args(render).stdout(full).stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(3));
}

#[test]
fn an_evaluation_that_could_not_be_used_is_refused_before_it_starts() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let data = file("data.jsonl", "{\"q\": \"x\", \"a\": \"y\"}\n");
    let unlabelled = file("unlabelled.jsonl", "{\"q\": \"x\"}\n");
    let demos = file("demos.jsonl", "{\"question\": \"x\", \"a\": \"y\"}\n");
    let nowhere = folder.path().join("no/where.jsonl").display().to_string();
    let table: [(&[&str], &str); 4] = [
        (&["--data", &unlabelled], "unlabelled.jsonl:1: expected the label `a`"),
        (
            &["--data", &data, "--demos", &demos],
            "demos.jsonl:1: expected a demonstration with an input (`q`)",
        ),
        (&["--data", &data, "--results", &nowhere], "where.jsonl: cannot be written"),
        (&["--data", &data, "--results", &data], "expected another file for the results"),
    ];
    for (args, message) in table {
        let output = dspex()
            .args(["eval", "-s", "q -> a", "--lm", "builtin/nearest", "--json"])
            .args(args)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        let found = json(&output)["error"]["message"].as_str().unwrap().to_owned();
        assert!(found.contains(message), "{found}");
    }
    assert!(fs::read_to_string(&data).unwrap().contains("\"q\""), "the data file is as it was");
}

#[test]
fn a_signature_without_inputs_may_start_with_its_arrow() {
    let output = run(&["run", "-s", "-> a: int", "--inputs", "{}", "--lm", "builtin/nearest", "--json"]);
    assert_eq!(json(&output)["fields"]["a"], 0);
}
