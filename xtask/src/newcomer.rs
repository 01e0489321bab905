//! The README as a newcomer follows it: a fresh clone, an empty home, every command that is shown, in order.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::{Outcome, root, say};

/// The newcomer's machine: where things are.
struct Machine {
    clone: PathBuf,
    own_program: PathBuf,
    home: PathBuf,
    path: String,
    rustup: PathBuf,
}

/// A block of code of a page: its language and its lines.
struct Block {
    language: String,
    body: String,
}

pub(crate) fn newcomer() -> Outcome {
    let place = std::env::temp_dir().join(format!("dspex-newcomer-{}", std::process::id()));
    let outcome = follow(&place);
    // What is left behind is gigabytes.
    let _ = fs::remove_dir_all(&place);
    outcome
}

fn follow(place: &Path) -> Outcome {
    let machine = Machine::make(place)?;
    let readme =
        fs::read_to_string(machine.clone.join("README.md")).map_err(|e| format!("README.md: {e}"))?;
    let blocks = blocks(&readme);
    let started = Instant::now();
    let mut first_output = None;
    let mut own = None;
    for (i, block) in blocks.iter().enumerate() {
        let shown_after = blocks.get(i + 1).filter(|b| b.language == "text").map(|b| b.body.as_str());
        match block.language.as_str() {
            "rust" => machine.keep_program(&block.body, shown_after)?,
            "sh" => {
                for command in commands(&block.body) {
                    let before = Instant::now();
                    machine.prepare_own_program(&command)?;
                    let printed = machine.run(&command)?;
                    say(&format!("{:>7.1} s  {command}", before.elapsed().as_secs_f64()));
                    first_output.get_or_insert_with(|| started.elapsed());
                    if command.contains(OWN_PROGRAM) && command.contains("cargo run") {
                        machine.check_own_program(&printed)?;
                        own.get_or_insert_with(|| started.elapsed());
                    }
                }
            }
            "console" => machine.play(&block.body)?,
            _ => {}
        }
    }
    let seconds = |t: Option<Duration>| t.map_or("never".to_owned(), |t| format!("{:.0} s", t.as_secs_f64()));
    say(&format!("first output after {}, first own program after {}", seconds(first_output), seconds(own)));
    if own.is_some() { Ok(()) } else { Err("the README leads to no program of one's own".into()) }
}

/// The folder of the first own program, as the README writes it.
const OWN_PROGRAM: &str = "../hello";

impl Machine {
    fn make(place: &Path) -> Result<Self, String> {
        let (clone, home) = (place.join("dspex"), place.join("home"));
        fs::create_dir_all(&home).map_err(|e| format!("{}: {e}", home.display()))?;
        let source = root().display().to_string();
        let cloned = Command::new("git")
            .args(["clone", "--quiet", "--no-local", &source, &clone.display().to_string()])
            .status()
            .map_err(|e| format!("git cannot be started: {e}"))?;
        if !cloned.success() {
            return Err("git clone failed".into());
        }
        let shared = root().join("../shared");
        if let Ok(shared) = shared.canonicalize() {
            link(&shared, &place.join("shared"))?;
        }
        #[expect(clippy::disallowed_methods, reason = "where the toolchain is, only the environment tells")]
        let variable = |name: &str| std::env::var(name).ok();
        let rustup = variable("RUSTUP_HOME")
            .or_else(|| variable("HOME").map(|home| format!("{home}/.rustup")))
            .map(PathBuf::from)
            .ok_or("no home of rustup is known")?;
        let installed = home.join(".cargo/bin");
        let path = format!("{}:{}", installed.display(), variable("PATH").unwrap_or_default());
        Ok(Self { own_program: clone.join(OWN_PROGRAM), clone, home, path, rustup })
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new("bash");
        command
            .args(["-c", line])
            .current_dir(&self.clone)
            .env_clear()
            .env("HOME", &self.home)
            .env("PATH", &self.path)
            .env("RUSTUP_HOME", &self.rustup)
            .stdin(Stdio::null());
        command
    }

    /// Runs a command and gives what it printed; a failure is shown with what it said.
    fn run(&self, line: &str) -> Result<String, String> {
        let output = self.command(line).output().map_err(|e| format!("bash cannot be started: {e}"))?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            return Ok(printed);
        }
        Err(format!(
            "`{line}` failed ({})\n{printed}{}",
            output.status,
            String::from_utf8_lossy(&output.stderr)
        ))
    }

    /// Runs the commands of a block and compares what they print with what the block shows.
    fn play(&self, block: &str) -> Outcome {
        let mut expected: Vec<(String, String)> = Vec::new();
        for line in block.lines() {
            match (line.strip_prefix("$ "), expected.last_mut()) {
                (Some(command), _) => expected.push((command.to_owned(), String::new())),
                (None, Some((_, shown))) => {
                    shown.push_str(line);
                    shown.push('\n');
                }
                (None, None) => {}
            }
        }
        for (command, shown) in expected {
            let printed = self.run(&command)?;
            if printed.trim_end() != shown.trim_end() {
                return Err(format!("`{command}` printed\n{printed}\nbut the README shows\n{shown}"));
            }
            say(&format!("{:>9}  {command}", "as shown"));
        }
        Ok(())
    }

    /// Keeps the program of the page, and what it prints, until there is a project for it.
    fn keep_program(&self, program: &str, shown: Option<&str>) -> Outcome {
        let write = |name: &str, text: &str| {
            fs::write(self.home.join(name), text).map_err(|e| format!("{name}: {e}"))
        };
        write("main.rs", program)?;
        write("shown", shown.unwrap_or_default())
    }

    /// Puts the program into the project, as the README tells, once there is one.
    fn prepare_own_program(&self, command: &str) -> Outcome {
        let main = self.own_program.join("src/main.rs");
        if command.contains("cargo run") && main.exists() {
            fs::copy(self.home.join("main.rs"), &main).map_err(|e| format!("{}: {e}", main.display()))?;
        }
        Ok(())
    }

    fn check_own_program(&self, printed: &str) -> Outcome {
        let shown = fs::read_to_string(self.home.join("shown")).map_err(|e| format!("shown: {e}"))?;
        if printed.trim_end() == shown.trim_end() {
            return Ok(());
        }
        Err(format!("the program of the README printed\n{printed}\nbut the README shows\n{shown}"))
    }
}

#[cfg(unix)]
fn link(from: &Path, to: &Path) -> Outcome {
    std::os::unix::fs::symlink(from, to).map_err(|e| format!("{}: {e}", to.display()))
}

#[cfg(not(unix))]
fn link(_: &Path, _: &Path) -> Outcome {
    Ok(())
}

fn blocks(page: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut open: Option<Block> = None;
    for line in page.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) => {
                let language = info.split_whitespace().next().unwrap_or_default().to_owned();
                open = Some(Block { language, body: String::new() });
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some(block), None) => {
                block.body.push_str(line);
                block.body.push('\n');
            }
            (None, None) => {}
        }
    }
    blocks
}

/// The commands of a block, without their comments.
fn commands(body: &str) -> Vec<String> {
    let without_comment = |line: &str| line.split(" #").next().unwrap_or_default().trim().to_owned();
    body.lines().map(without_comment).filter(|line| !line.is_empty()).collect()
}
