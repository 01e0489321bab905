//! Each example prints what its README shows, and the list of examples is the same wherever it stands.
//!
//! With `UPDATE_TRANSCRIPTS=1` the outputs are written anew; read the difference before you commit it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use dspex::lm::NearestLm;
use dspex_testkit::{TestServer, block_on};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folders that hold a program.
fn folders() -> BTreeSet<String> {
    let entries = fs::read_dir(root()).unwrap().map(|e| e.unwrap().path());
    let programs = entries.filter(|path| path.join("main.rs").is_file());
    programs.map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect()
}

/// Starts an example as it was built for this test.
fn start(example: &str, args: &[&str], variables: &[(&str, &str)]) -> Child {
    let built = Path::new(env!("CARGO_BIN_EXE_wordnet")).parent().unwrap();
    Command::new(built.join(example))
        .args(args)
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir("/")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn run(example: &str, args: &[&str], variables: &[(&str, &str)]) -> Output {
    start(example, args, variables).wait_with_output().unwrap()
}

fn printed(output: Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Compares the block of a page with what was printed, or writes it anew.
fn hold(page: &Path, fence: &str, printed: &str) -> Option<String> {
    let text = fs::read_to_string(page).unwrap();
    let Some((before, after)) = text.split_once(fence) else {
        return Some(format!("{}: no block {fence:?}", page.display()));
    };
    let (shown, rest) = after.split_once("```\n").unwrap();
    #[expect(clippy::disallowed_methods, reason = "a switch for developers")]
    if std::env::var("UPDATE_TRANSCRIPTS").is_ok() {
        fs::write(page, format!("{before}{fence}{printed}```\n{rest}")).unwrap();
        return None;
    }
    let differs = shown != printed;
    differs.then(|| format!("{} shows\n{shown}\nand the program prints\n{printed}", page.display()))
}

#[test]
fn each_readme_shows_what_its_example_prints() {
    let running: Vec<(String, Child)> =
        folders().into_iter().map(|e| (e.clone(), start(&e, &[], &[]))).collect();
    let mut wrong = Vec::new();
    for (example, child) in running {
        let printed = printed(child.wait_with_output().unwrap());
        wrong.extend(hold(&root().join(&example).join("README.md"), "```text output\n", &printed));
        if example == "wordnet" {
            wrong.extend(hold(&root().join("../README.md"), "```text demo\n", &printed));
        }
    }
    assert!(wrong.is_empty(), "{}\nrun with UPDATE_TRANSCRIPTS=1 to write it anew", wrong.join("\n\n"));
}

#[test]
fn folders_lines_and_rows_name_the_same_examples() {
    let manifest: toml::Table = fs::read_to_string(root().join("Cargo.toml")).unwrap().parse().unwrap();
    let lines: BTreeSet<String> =
        manifest["bin"].as_array().unwrap().iter().map(|b| b["name"].as_str().unwrap().to_owned()).collect();
    let index = fs::read_to_string(root().join("README.md")).unwrap();
    let rows: BTreeSet<String> =
        index.lines().filter_map(|l| Some(l.strip_prefix("| [")?.split_once(']')?.0.to_owned())).collect();
    assert_eq!(folders(), lines, "folders and lines of Cargo.toml");
    assert_eq!(folders(), rows, "folders and rows of README.md");
}

#[test]
fn each_readme_says_how_to_run_its_example() {
    for example in folders() {
        let page = fs::read_to_string(root().join(&example).join("README.md")).unwrap();
        let command = format!("```sh\ncargo example {example}\n```\n");
        assert!(page.contains(&command), "{example}: the page has no block\n{command}");
    }
}

#[test]
fn what_an_example_does_not_know_is_an_error() {
    for (args, expected) in [
        (
            &["--lm", "builtin/nearst"][..],
            "Error: expected one of the models `builtin/nearest`, found `builtin/nearst`\nhint: did you mean `builtin/nearest`?\n",
        ),
        (
            &["--lm", "openai/gpt-4o-mini"],
            "Error: expected a key for `openai/gpt-4o-mini`, found none\nhint: set OPENAI_API_KEY",
        ),
        (&["--model", "x"], "Error: expected `--lm MODEL` or nothing, found `--model x`\n"),
    ] {
        let output = run("wordnet", args, &[]);
        let errors = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && errors.starts_with(expected), "{errors}");
    }
}

/// A server that answers as `builtin/nearest` stands in for one far away.
#[test]
fn a_model_behind_a_server_is_asked_where_the_command_line_names_it() {
    block_on(async {
        let server = TestServer::lm(NearestLm::new()).start().await.unwrap();
        let url = server.base_url();
        let named = ["--lm", "openai/nearest"];
        // The server answers on this thread, so waiting for the program must not hold it.
        let output = tokio::task::spawn_blocking(move || {
            run("expenses", &named, &[("OPENAI_BASE_URL", &url), ("OPENAI_API_KEY", "none")])
        })
        .await;
        assert_eq!(printed(output.unwrap()), printed(run("expenses", &[], &[])));
        assert_eq!(server.calls(), 25);
    });
}

/// The numbers of a line of wordnet's scores: the score and the ends of its interval.
fn numbers(line: &str) -> [f64; 3] {
    let (score, interval) = line.split_once('%').unwrap();
    let score = score.split_whitespace().last().unwrap().parse().unwrap();
    let (low, high) = interval.split_once("%: ").unwrap().1.trim_end_matches(')').split_once(" to ").unwrap();
    [score, low.trim().parse().unwrap(), high.trim().parse().unwrap()]
}

#[test]
fn on_each_draw_of_wordnet_the_lower_bound_with_demonstrations_is_above_the_score_without() {
    let text = printed(run("wordnet", &[], &[]));
    let lines: Vec<[f64; 3]> = text.lines().skip(1).map(numbers).collect();
    let [without, with @ ..] = lines.as_slice() else { panic!("{text}") };
    assert_eq!(with.len(), 3, "{text}");
    for [_, low, _] in with {
        assert!(*low > without[0], "{text}");
    }
}
