//! Every shell, TOML and JSON block of the README and of `docs/` is run or read, and must show what it shows.
//!
//! - ```` ```toml file:NAME ````, also `json`, `jsonl`, `csv`, `text`: the file of that name for the commands below.
//!   A block of `python` always has a name; `python NAME` runs it, with DSPy, where `cargo xtask setup` found a Python.
//! - ```` ```toml ````, ```` ```json ```` without a name: must be well-formed.
//! - ```` ```console ````: lines after `$ ` are run in a fresh folder with those files; what follows is what they
//!   print, errors included. A last line `[exit N]` stands for an exit code other than 0. A command that ends in ` &`
//!   is a server: its first line is shown, and it is ended at the end of the page.
//! - ```` ```sh ````: commands of the project itself; each must be one that `cargo xtask` has.
//!
//! With `UPDATE_TRANSCRIPTS=1` the outputs are written anew; read the difference before you commit it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A block of code in a page.
struct Block {
    language: String,
    file: Option<String>,
    body: String,
    line: usize,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn pages() -> Vec<PathBuf> {
    let mut pages: Vec<PathBuf> = fs::read_dir(root().join("docs"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "md"))
        .collect();
    pages.sort();
    for name in ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"] {
        pages.push(root().join(name));
    }
    pages
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for (i, line) in text.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let mut words = info.split_whitespace();
                let language = words.next().unwrap_or_default().to_owned();
                let file = words.find_map(|w| w.strip_prefix("file:")).map(str::to_owned);
                open = Some(Block { language, file, body: String::new(), line: i + 2 });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.body.push_str(line);
                block.body.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a block is not closed");
    blocks
}

/// The Python that has DSPy.
fn python() -> PathBuf {
    root().join("target/python/bin")
}

/// What a command prints, errors included, and a line for an exit code other than 0.
fn run(command: &str, folder: &Path) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_dspex")).parent().unwrap();
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("exec 2>&1; {command}"))
        .current_dir(folder)
        .env_clear()
        .env("PATH", format!("{}:{}:/usr/bin:/bin", bin.display(), python().display()))
        // DSPy keeps files in the home of its user.
        .env("HOME", folder)
        // DSPy asks the network for a table of models otherwise.
        .env("LITELLM_LOCAL_MODEL_COST_MAP", "true")
        .output()
        .unwrap();
    let mut text = String::from_utf8(output.stdout).unwrap();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    match output.status.code() {
        Some(0) => {}
        code => {
            let _ = writeln!(text, "[exit {}]", code.unwrap_or(-1));
        }
    }
    without_times(&text)
}

/// Servers that a page started.
#[derive(Default)]
struct Servers(Vec<std::process::Child>);

impl Servers {
    /// Starts one and gives the first line that it prints.
    fn start(&mut self, command: &str, folder: &Path) -> String {
        let mut words = command.split_whitespace();
        assert_eq!(words.next(), Some("dspex"), "only our own command is started as a server");
        let mut child = Command::new(env!("CARGO_BIN_EXE_dspex"))
            .args(words)
            .current_dir(folder)
            .env_clear()
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        self.0.push(child);
        line
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Times differ from run to run: `0.1 s` and `"seconds":0.1` become `... s` and `"seconds":0.0`.
fn without_times(text: &str) -> String {
    let mut out = String::new();
    for line in text.split_inclusive('\n') {
        let mut line = line.to_owned();
        if let Some(start) = line.find("tokens, ")
            && let Some(end) = line[start..].find(" s\n")
        {
            line.replace_range(start + "tokens, ".len()..start + end, "...");
        }
        let mut from = 0;
        while let Some(at) = line[from..].find("\"seconds\":").map(|i| from + i + "\"seconds\":".len()) {
            let len = line[at..].find([',', '}']).unwrap_or(0);
            line.replace_range(at..at + len, "0.0");
            from = at;
        }
        out.push_str(&line);
    }
    out
}

/// The block with what its commands print.
fn play(body: &str, folder: &Path, servers: &mut Servers) -> String {
    let mut out = String::new();
    let mut lines = body.lines().peekable();
    while let Some(line) = lines.next() {
        let Some(first) = line.strip_prefix("$ ") else { continue };
        let mut command = first.to_owned();
        let _ = writeln!(out, "{line}");
        // A backslash goes on in the next line.
        while command.ends_with('\\')
            && let Some(more) = lines.next()
        {
            command.push('\n');
            command.push_str(more.strip_prefix("> ").unwrap_or(more));
            let _ = writeln!(out, "{more}");
        }
        match command.strip_suffix(" &") {
            Some(server) => out.push_str(&servers.start(server, folder)),
            None => out.push_str(&run(&command, folder)),
        }
    }
    out
}

#[test]
fn pages_show_what_happens() {
    #[expect(clippy::disallowed_methods, reason = "a switch for developers")]
    let update = std::env::var("UPDATE_TRANSCRIPTS").is_ok();
    let mut wrong = String::new();
    let mut commands = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        let mut updated = text.clone();
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let folder = tempfile::tempdir().unwrap();
        let mut servers = Servers::default();
        for block in blocks(&text) {
            let at = format!("{name}:{}", block.line);
            if let Some(file) = &block.file {
                fs::write(folder.path().join(file), &block.body).unwrap();
            }
            match block.language.as_str() {
                "console" if block.body.contains("$ python ") && !python().exists() => {
                    eprintln!("SKIPPED: {at}: no Python with DSPy at {}", python().display());
                }
                "console" => {
                    commands += block.body.matches("$ ").count();
                    let played = play(&block.body, folder.path(), &mut servers);
                    if played != block.body {
                        let _ = writeln!(wrong, "--- {at} shows\n{}--- but prints\n{played}", block.body);
                        updated = updated.replace(&block.body, &played);
                    }
                }
                "toml" => {
                    if let Err(e) = toml::from_str::<toml::Table>(&block.body) {
                        let _ = writeln!(wrong, "{at}: {e}");
                    }
                }
                "json" => {
                    if let Err(e) = serde_json::from_str::<serde_json::Value>(&block.body) {
                        let _ = writeln!(wrong, "{at}: {e}");
                    }
                }
                "sh" => wrong.push_str(&unknown_commands(&block.body, &at)),
                "rust" => {} // a doc test of the crate `dspex`
                _ if block.file.is_some() => {}
                "text" => {}
                "python" => {
                    let _ = writeln!(wrong, "{at}: a block of python is run by its name; give it one");
                }
                other => {
                    let _ = writeln!(wrong, "{at}: a block of `{other}` is not run by any test");
                }
            }
        }
        if update && updated != text {
            fs::write(&page, updated).unwrap();
        }
    }
    assert!(update || wrong.is_empty(), "\n{wrong}\nrun with UPDATE_TRANSCRIPTS=1 to write the outputs anew");
    assert!(commands > 10, "only {commands} commands were found");
}

/// Lines of a `sh` block that are no command of the project.
fn unknown_commands(body: &str, at: &str) -> String {
    let help = fs::read_to_string(root().join("xtask/src/main.rs")).unwrap();
    let mut wrong = String::new();
    for line in body.lines().filter(|l| !l.trim().is_empty()) {
        let known = match line
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect::<Vec<_>>()
            .as_slice()
        {
            ["cargo", "xtask", command, ..] => help.contains(&format!("\n  {command} ")),
            ["cargo", "nextest" | "test" | "fmt" | "clippy" | "install" | "run" | "add" | "new", ..] => true,
            _ => false,
        };
        if !known {
            let _ = writeln!(wrong, "{at}: `{line}` is no command of the project");
        }
    }
    wrong
}
