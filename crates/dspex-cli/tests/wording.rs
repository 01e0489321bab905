//! `dspex wording extract` and `--wording`, from outside.
//!
//! What needs DSPy runs with that of `target/python`, and is skipped with a word about it where there is none.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use dspex_adapters::Wording;
use serde_json::Value as Json;

fn dspex(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dspex")).args(args).env_remove("DSPEX_LM").output().unwrap()
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", errors(output)))
}

#[expect(clippy::print_stderr, reason = "a test that does not run must be seen")]
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python");
    if python.exists() {
        return Some(python);
    }
    eprintln!("SKIPPED: there is no DSPy in target/python; `cargo xtask setup` installs it");
    None
}

/// The system message of a call.
fn system(wording: &str, adapter: &str) -> String {
    let call = ["render", "-s", "q -> a: int", "-i", r#"{"q": "1+1?"}"#, "--json", "--adapter", adapter];
    let output = dspex(&[call.as_slice(), &["--wording", wording]].concat());
    json(&output)["messages"][0]["content"].as_str().unwrap().to_owned()
}

#[test]
fn the_wording_of_a_dspy_is_taken_and_used() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dspy.toml").display().to_string();
    let python = python.display().to_string();
    let output = dspex(&["wording", "extract", "--python", &python, "-o", &file, "--json"]);
    let found = json(&output);
    assert_eq!(found["id"], "dspy-3.4.1");
    let adapters: Vec<&str> =
        found["adapters"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
    assert!(["chat", "json", "xml", "two_step"].iter().all(|a| adapters.contains(a)), "{found}");
    assert_eq!(found["open"], serde_json::json!([]));
    assert!(found["messages"].as_u64().unwrap() > 80, "{found}");

    // The file is what was checked, and reads back as it was.
    let wording = Wording::from_file(&file).unwrap();
    assert_eq!(wording.to_toml(), fs::read_to_string(&file).unwrap());
    assert_eq!(Wording::parse("again", &wording.to_toml()).unwrap(), wording);
    // Ours are of another kind in every adapter.
    let ours = folder.path().join("ours.toml").display().to_string();
    fs::write(&ours, Wording::default().to_toml()).unwrap();
    for adapter in adapters {
        assert_ne!(system(&file, adapter), system(&ours, adapter), "{adapter}");
        assert!(!system(&file, adapter).contains("You are given:"), "{adapter}");
    }

    // A program file names it by its path from there.
    let program = folder.path().join("qa.toml");
    fs::write(&program, "signature = 'q -> a: int'\nwording = 'dspy.toml'\n").unwrap();
    let program = program.display().to_string();
    let output = dspex(&["render", "-p", &program, "-i", r#"{"q": "1+1?"}"#, "--json"]);
    assert_eq!(json(&output)["messages"][0]["content"], system(&file, "chat"));

    // A program that was saved with it wants it again.
    let saved = folder.path().join("qa.json").display().to_string();
    assert!(dspex(&["save", "-p", &program, "-o", &saved]).status.success());
    let again = dspex(&["render", "-p", &program, "--load", &saved, "-i", r#"{"q": "1+1?"}"#, "--json"]);
    assert_eq!(json(&again)["messages"][0]["content"], system(&file, "chat"));
    let lost = dspex(&["render", "-s", "q -> a: int", "--load", &saved, "-i", r#"{"q": "1+1?"}"#]);
    assert_eq!(lost.status.code(), Some(2));
    assert!(errors(&lost).contains("expected the wording `dspy-3.4.1`"), "{}", errors(&lost));
}

#[test]
fn adapters_can_be_left_out() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dspy.toml").display().to_string();
    let python = python.display().to_string();
    let extract = ["wording", "extract", "--python", &python, "-o", &file];
    let output = dspex(&[extract.as_slice(), &["--adapters", "json"]].concat());
    assert!(output.status.success(), "{}", errors(&output));
    assert!(errors(&output).contains("nothing was taken for the adapter `xml`"), "{}", errors(&output));
    let (wording, ours) = (Wording::from_file(&file).unwrap(), Wording::default());
    assert_eq!((&wording.xml, &wording.two_step), (&ours.xml, &ours.two_step));
    assert_ne!((&wording.chat, &wording.json), (&ours.chat, &ours.json));
    let output = dspex(&[extract.as_slice(), &["--adapters", "jsn"]].concat());
    assert_eq!(output.status.code(), Some(2));
    assert!(errors(&output).contains("did you mean `json`?"), "{}", errors(&output));
}

#[test]
fn what_is_no_python_with_dspy_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("dspy.toml");
    for (python, says) in [
        ("/bin/echo", "expected messages of DSPy from /bin/echo, found: "),
        ("/bin/false", "expected messages of DSPy from /bin/false, found: no output"),
        ("/no/python", "expected a Python at /no/python, found: "),
    ] {
        let args = ["wording", "extract", "--python", python, "-o", &file.display().to_string()];
        let output = dspex(&args);
        assert_eq!(output.status.code(), Some(2), "{python}");
        assert!(errors(&output).contains(says), "{}", errors(&output));
        assert!(!file.exists());
    }
}

#[test]
fn files_that_are_no_wordings_are_errors_that_say_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.toml");
    let file = path.display().to_string();
    let ours = Wording::default().to_toml();
    let table: [(&str, &str, &str); 5] = [
        ("[demo]", "[demo]\nmore = 1", "unknown field `more`"),
        ("[chat", "[chatt", "did you mean `chat`?"),
        ("Your task:", "Your {task}:", "found {task}"),
        ("[demo]", "[field.docs]\nImag = 'x'\n[demo]", "did you mean `Image`?"),
        ("id = ", "id ", "expected a wording"),
    ];
    for (from, to, says) in table {
        assert!(ours.contains(from), "{from}");
        fs::write(&path, ours.replace(from, to)).unwrap();
        let output = dspex(&["render", "-s", "q -> a", "-i", "{}", "--wording", &file]);
        assert_eq!(output.status.code(), Some(2), "{from}");
        assert!(errors(&output).contains(says) && errors(&output).contains("w.toml"), "{}", errors(&output));
    }
}
