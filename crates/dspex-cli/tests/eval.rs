//! `dspex eval` as a process: pipes, kills, deadlines, a terminal, results that stay.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value as Json;

/// An evaluation of `text -> label` with the built-in model in a folder.
fn eval(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dspex"));
    command
        .args(["eval", "-s", "text -> label: Literal['a', 'b']", "--lm", "builtin/nearest"])
        .args(args)
        .current_dir(folder)
        .env_remove("DSPEX_LM")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

fn row(i: usize) -> String {
    format!("{{\"text\": \"row {i}\", \"label\": \"a\"}}\n")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", text(&output.stdout)))
}

/// A process that reads rows from a pipe: so many are there, and then nothing comes.
fn stalled(folder: &Path, rows: usize, args: &[&str]) -> Child {
    let mut child =
        eval(folder, &["--data", "-", "--format", "jsonl"]).args(args).stdin(Stdio::piped()).spawn().unwrap();
    let pipe = child.stdin.as_mut().unwrap();
    pipe.write_all((0..rows).map(row).collect::<String>().as_bytes()).unwrap();
    pipe.flush().unwrap();
    child
}

/// Waits until a file has so many lines.
#[expect(clippy::disallowed_methods, reason = "the other process needs time to get going")]
fn wait_for_lines(path: &Path, lines: usize) {
    let started = Instant::now();
    while fs::read_to_string(path).unwrap_or_default().lines().count() < lines {
        assert!(started.elapsed() < Duration::from_mins(1), "{lines} lines do not come");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_kill_leaves_whole_results() {
    for (file, extra) in [("results.jsonl", 0), ("results.csv", 1), ("results.json", 2)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(file);
        let mut child = stalled(folder.path(), 12, &["--results", file]);
        wait_for_lines(&path, 12 + extra);
        // On Unix this is `kill -9`: the process gets no chance to tidy up.
        child.kill().unwrap();
        child.wait().unwrap();
        let results = fs::read_to_string(&path).unwrap();
        match file {
            "results.jsonl" => {
                let mut indices: Vec<u64> = results
                    .lines()
                    .map(|l| serde_json::from_str::<Json>(l).unwrap()["index"].as_u64().unwrap())
                    .collect();
                indices.sort_unstable();
                assert_eq!(indices, (0..12).collect::<Vec<_>>());
            }
            "results.json" => {
                let list: Vec<Json> = serde_json::from_str(&results).unwrap();
                assert!(list.len() == 12 && list.iter().all(|r| r["outcome"] == "scored"));
            }
            _ => {
                let columns = results.lines().next().unwrap().split(',').count();
                assert!(results.lines().all(|l| l.split(',').count() == columns), "{results}");
            }
        }
    }
}

#[test]
fn a_pipe_that_stalls_does_not_outlast_the_time() {
    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let child = stalled(folder.path(), 5, &["--timeout", "0.5", "--json"]);
    let mut child = child;
    let pipe = child.stdin.take();
    let output = child.wait_with_output().unwrap();
    drop(pipe);
    assert!(started.elapsed() < Duration::from_secs(30));
    assert_eq!(output.status.code(), Some(3));
    let report = json(&output);
    assert_eq!((&report["outcomes"]["scored"], &report["score"]), (&5.into(), &1.0.into()));
    assert_eq!(report["stopped"]["reason"], "deadline");
}

#[test]
fn a_bad_row_in_a_pipe_keeps_what_was_before() {
    let folder = tempfile::tempdir().unwrap();
    let mut rows: String = (0..10).map(row).collect();
    rows.push_str("{\"text\": \"x\", \"label\": 3}\n");
    let mut child = eval(folder.path(), &["--data", "-", "--format", "jsonl", "--json"])
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(rows.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let report = json(&output);
    assert_eq!(report["outcomes"]["scored"], 10);
    let stopped = &report["stopped"];
    assert_eq!((&stopped["reason"], &stopped["error"]["kind"]), (&"data".into(), &"data".into()));
    assert_eq!(stopped["message"], "standard input:11: expected `label` to be Literal['a', 'b'], found 3");
}

#[test]
fn a_full_disk_ends_the_run_and_the_score_is_told() {
    if !Path::new("/dev/full").exists() {
        println!("SKIPPED: there is no /dev/full");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.jsonl"), (0..50).map(row).collect::<String>()).unwrap();
    assert!(
        Command::new("ln")
            .args(["-s", "/dev/full", "results.jsonl"])
            .current_dir(folder.path())
            .status()
            .unwrap()
            .success()
    );
    let args = ["--data", "data.jsonl", "--results", "results.jsonl", "--concurrency", "1", "--json"];
    let output = eval(folder.path(), &args).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    let report = json(&output);
    assert_eq!((&report["outcomes"]["scored"], &report["outcomes"]["not_run"]), (&1.into(), &49.into()));
    assert_eq!((&report["score"], &report["stopped"]["reason"]), (&1.0.into(), &"output".into()));
}

#[test]
fn a_named_pipe_is_read_once() {
    let folder = tempfile::tempdir().unwrap();
    let made = Command::new("mkfifo").arg(folder.path().join("rows.csv")).status();
    if !made.is_ok_and(|status| status.success()) {
        println!("SKIPPED: there is no mkfifo");
        return;
    }
    let child = eval(folder.path(), &["--data", "rows.csv", "--json"]).spawn().unwrap();
    fs::write(folder.path().join("rows.csv"), "text,label\nx,a\ny,b\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(json(&output)["n"], 2, "{}", text(&output.stderr));
}

#[test]
fn thresholds_end_a_run_with_the_exit_code_of_most_errors() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.jsonl"), (0..50).map(row).collect::<String>()).unwrap();
    // This metric finds no passages: an error of every example.
    let args = ["--data", "data.jsonl", "--metric", "answer_passage_match", "--json", "--concurrency", "1"];
    let output = eval(folder.path(), &args).args(["--max-errors", "4"]).output().unwrap();
    let report = json(&output);
    assert_eq!(output.status.code(), Some(1));
    let outcomes = &report["outcomes"];
    assert_eq!((&outcomes["metric_error"], &outcomes["not_run"]), (&5.into(), &45.into()));
    assert_eq!(report["stopped"]["reason"], "max_errors");
    assert_eq!(
        (&report["errors"][0]["count"], &report["errors"][0]["error"]["kind"]),
        (&5.into(), &"metric".into())
    );
    let narrow = eval(folder.path(), &args).args(["--max-infrastructure-errors", "4"]).output().unwrap();
    assert_eq!(json(&narrow)["outcomes"]["metric_error"], 50, "those are not meant");
}

#[test]
fn the_bar_is_for_terminals_only() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.jsonl"), (0..50).map(row).collect::<String>()).unwrap();
    let output = eval(folder.path(), &["--data", "data.jsonl"]).output().unwrap();
    assert_eq!(text(&output.stderr), "");
    let line = format!(
        "{} eval -s 'text -> label' --lm builtin/nearest --data data.jsonl",
        env!("CARGO_BIN_EXE_dspex")
    );
    let Ok(output) = Command::new("script")
        .args(["-qec", &line, "/dev/null"])
        // Without a kind, it is a terminal that cannot move its cursor.
        .env("TERM", "xterm")
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .output()
    else {
        println!("SKIPPED: there is no `script`, which makes a terminal");
        return;
    };
    let shown = text(&output.stdout);
    assert!(shown.contains(" of 50, score ") && shown.contains("0 errors"), "{shown}");
    assert!(shown.contains("50 of 50 examples scored"), "{shown}");
}

#[test]
fn times_are_positive_seconds() {
    let folder = tempfile::tempdir().unwrap();
    for wrong in ["0", "-1", "x", "nan", "1e300"] {
        let time = format!("--timeout={wrong}");
        let output = eval(folder.path(), &["--data", "data.jsonl", &time]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(text(&output.stderr).contains("expected seconds"), "{}", text(&output.stderr));
    }
}

#[test]
fn a_time_for_each_example_that_is_long_enough_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.jsonl"), (0..20).map(row).collect::<String>()).unwrap();
    let args = ["--data", "data.jsonl", "--timeout-per-example", "60", "--timeout", "60", "--json"];
    let report = json(&eval(folder.path(), &args).output().unwrap());
    assert_eq!((&report["outcomes"]["scored"], &report["stopped"]), (&20.into(), &Json::Null));
}

#[test]
fn results_never_replace_what_was_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for name in ["data.jsonl", "demos.jsonl"] {
        fs::write(path(name), row(0)).unwrap();
    }
    fs::hard_link(path("data.jsonl"), path("link.jsonl")).unwrap();
    fs::write(path("old.jsonl"), "kept\n").unwrap();
    fs::write(path("none.csv"), "text,label\n").unwrap();
    let table: [(&[&str], &str); 4] = [
        (&["--data", "data.jsonl", "--results", "data.jsonl"], "data.jsonl"),
        (&["--data", "data.jsonl", "--results", "link.jsonl"], "link.jsonl"),
        (&["--data", "data.jsonl", "--demos", "demos.jsonl", "--results", "demos.jsonl"], "demos.jsonl"),
        (&["--data", "none.csv", "--results", "old.jsonl"], "old.jsonl"),
    ];
    for (args, kept) in table {
        let before = fs::read(path(kept)).unwrap();
        let output = eval(folder.path(), args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}: {}", text(&output.stderr));
        assert_eq!(fs::read(path(kept)).unwrap(), before, "{args:?}");
    }
    let piped = ["--data", "-", "--format", "jsonl", "--results", "data.jsonl"];
    let from = fs::File::open(path("data.jsonl")).unwrap();
    let output = eval(folder.path(), &piped).stdin(from).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(path("data.jsonl")).unwrap(), row(0));
}

#[test]
fn settings_that_mean_nothing_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["data.jsonl", "demos.jsonl"] {
        fs::write(folder.path().join(name), row(0)).unwrap();
    }
    std::os::unix::fs::symlink("/dev/null", folder.path().join("sink.json")).unwrap();
    let table: [(&[&str], &str); 5] = [
        (&["--results", "sink.json"], "found a pipe or a device"),
        (&["--concurrency", "0"], "zero"),
        (&["--table", "0"], "zero"),
        (&["--demos", "demos.jsonl", "--draw", "2"], "expected to draw at most 1 demonstrations, found 2"),
        (&["--draw", "1"], "expected to draw at most 0 demonstrations"),
    ];
    for (args, words) in table {
        let output = eval(folder.path(), &["--data", "data.jsonl"]).args(args).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(text(&output.stderr).contains(words), "{args:?}: {}", text(&output.stderr));
    }
}

#[test]
fn a_score_that_is_too_low_fails_the_build() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("data.jsonl"), row(0)).unwrap();
    for (least, code) in [("-1", 0), ("1.5", 1), ("nan", 2), ("inf", 2), ("x", 2)] {
        let least = format!("--fail-under={least}");
        let output = eval(folder.path(), &["--data", "data.jsonl", &least]).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{least}: {}", text(&output.stderr));
    }
}
