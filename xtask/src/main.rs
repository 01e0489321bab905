//! The project's own commands: `cargo xtask demo`, `test`, `setup`, `conformance`, `soak`, `bench`.
//!
//! It depends on none of our crates, so that it builds in a moment and can say why they do not.

mod against;
mod bench;
mod catalog;
mod fuzz;
mod layers;
mod newcomer;
mod python;
mod replay;
mod setup;
mod soak;
mod tidy;

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

const HELP: &str = "\
cargo xtask <command>

  demo                        score the word-sense set with and without demonstrations
  test [--no-setup]           every check; the last line is the test runner's summary
  setup                       install what the tests need and this machine lacks
  conformance FILE [--wording FILE] [--json]
                              run a corpus of observed behaviour, with a wording of DSPy also byte for byte
  replay DIR [--json]         read recorded traffic of vendors by the wires, a line for each interaction
  soak [judge|cache|load]     the long runs: 50,000 random replies, read here and by DSPy (--cases N, --seed S); a cache
                              under kill -9; many callers at a server that throttles, and at one that is down
  bench [NAME]                measure; without a name everything
  bench --against --rows      measure rendering and reading beside DSPy, which takes a minute
  bench --against [--quick]   measure beside DSPy and dspy-rs, which it installs and builds first
  fuzz [TARGET] [--minutes N] feed readers what nobody would write; without a target each, a minute long
  catalog [TABLE]             write the catalog of models and prices anew, from LiteLLM's table
  newcomer                    follow the README in a fresh clone with an empty home";

/// What went wrong, for the reader.
type Outcome = Result<(), String>;

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["demo"] => demo(),
        ["test"] => setup::setup().and_then(|()| test()),
        ["test", "--no-setup"] => test(),
        ["setup"] => setup::setup(),
        ["conformance", rest @ ..] if !rest.is_empty() => conformance(rest),
        ["replay", rest @ ..] if !rest.is_empty() => replay::replay(rest),
        ["soak", rest @ ..] => soak::soak(rest),
        ["bench", "--against", "--rows"] => against::rows(),
        ["bench", "--against"] => against::bench(&against::FULL),
        ["bench", "--against", "--quick"] => against::bench(&against::QUICK),
        ["bench", rest @ ..] => bench::bench(rest),
        ["fuzz", rest @ ..] => fuzz::fuzz(rest),
        ["catalog", rest @ ..] => catalog::catalog(rest),
        ["newcomer"] => newcomer::newcomer(),
        ["layers"] => layers::check(&root()),
        ["tidy"] => tidy::check(&root()),
        [] | ["help" | "--help" | "-h"] => {
            say(HELP);
            return ExitCode::SUCCESS;
        }
        _ => Err(format!("expected one of the commands below, found `{}`\n\n{HELP}", words.join(" "))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            warn(&format!("error: {message}"));
            ExitCode::FAILURE
        }
    }
}

#[expect(clippy::print_stdout, reason = "this is a command, and its output is for the terminal")]
fn say(line: &str) {
    println!("{line}");
}

#[expect(clippy::print_stderr, reason = "this is a command, and its output is for the terminal")]
fn warn(line: &str) {
    eprintln!("{line}");
}

/// The folder of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// Runs a command in the workspace and shows what it prints.
fn run(program: &str, args: &[&str]) -> Outcome {
    warn(&format!("\n$ {program} {}", args.join(" ")));
    let status = Command::new(program)
        .args(args)
        .current_dir(root())
        .status()
        .map_err(|e| format!("`{program}` cannot be started: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{program} {}` failed ({status})", args.join(" "))) }
}

fn cargo(args: &[&str]) -> Outcome {
    run("cargo", args)
}

/// Every check, cheapest first. The test runner is last, so that its summary is the last line.
fn test() -> Outcome {
    tidy::check(&root())?;
    layers::check(&root())?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    // What is optional must be so.
    let without = ["--package", "dspex-lm", "--no-default-features"];
    cargo(&[&["clippy", "--quiet"], without.as_slice(), &["--", "-D", "warnings"]].concat())?;
    documentation()?;
    cargo(&["test", "--workspace", "--doc", "--quiet"])?;
    corpus()?;
    cargo(&[
        "nextest",
        "run",
        "--workspace",
        "--no-fail-fast",
        "--status-level",
        "slow",
        "--final-status-level",
        "fail",
    ])
}

/// Builds the documentation; a link that leads nowhere is an error.
fn documentation() -> Outcome {
    let config = "build.rustdocflags=['-D', 'warnings']";
    cargo(&["doc", "--workspace", "--no-deps", "--quiet", "--config", config])
}

/// Runs the shared corpus where it is. What must pass of it is held by tests; this shows the figures.
fn corpus() -> Outcome {
    let file = root().join("../shared/conformance/dspy-3.4.1.json");
    if !file.exists() {
        warn(&format!("SKIPPED: the corpus is not at {}", file.display()));
        return Ok(());
    }
    let (file, wording) = (file.display().to_string(), wording()?);
    let bytes: Vec<&str> = wording.iter().flat_map(|path| ["--wording", path.as_str()]).collect();
    conformance(&[&[file.as_str()], bytes.as_slice()].concat())
}

/// The wording of the DSPy in `target/python`, taken anew; none, with a word about that, where there is none. The tests
/// that compare byte for byte read it.
fn wording() -> Result<Option<String>, String> {
    let Some(python) = python::installed(&root()) else {
        warn("SKIPPED: there is no DSPy in target/python, so nothing is compared byte for byte");
        return Ok(None);
    };
    let folder = root().join("target/wording");
    std::fs::create_dir_all(&folder).map_err(|e| format!("{} cannot be made: {e}", folder.display()))?;
    let file = folder.join("dspy.toml").display().to_string();
    let extract = ["wording", "extract", "--python", &python, "--output", &file];
    cargo(&[&["run", "--quiet", "--package", "dspex-cli", "--"], extract.as_slice()].concat())?;
    Ok(Some(file))
}

fn conformance(args: &[&str]) -> Outcome {
    // The path is one from where the caller stands; the command runs in the folder of the workspace.
    let here = |arg: &str| {
        if arg.starts_with("--") {
            return arg.to_owned();
        }
        std::path::absolute(arg).map_or_else(|_| arg.to_owned(), |p| p.display().to_string())
    };
    let args: Vec<String> = args.iter().map(|a| here(a)).collect();
    let mut all = vec!["run", "--quiet", "--package", "dspex-conformance", "--"];
    all.extend(args.iter().map(String::as_str));
    cargo(&all)
}

/// The main job on real data: the score without demonstrations, and with sixteen on three draws.
fn demo() -> Outcome {
    cargo(&["run", "--quiet", "--package", "dspex-examples", "--bin", "wordnet"])
}
