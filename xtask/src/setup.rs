//! Installing what the tests need and the machine lacks. Running it again installs nothing.

use std::process::{Command, Stdio};

use crate::{Outcome, cargo, python, root, run, say};

/// A tool: how to see that it is there, and how to get it.
struct Tool {
    name: &'static str,
    check: &'static [&'static str],
    install: fn() -> Outcome,
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "cargo-nextest",
        check: &["cargo", "nextest", "--version"],
        install: || cargo(&["install", "cargo-nextest", "--locked"]),
    },
    Tool {
        // Shows which system calls a command makes: `dspex render` must open no socket.
        name: "strace",
        check: &["strace", "--version"],
        install: || apt_get_install("strace"),
    },
];

pub(crate) fn setup() -> Outcome {
    for tool in TOOLS {
        if works(tool.check) {
            continue;
        }
        say(&format!("setup: {} is missing; installing it", tool.name));
        (tool.install)()
            .map_err(|e| format!("{e}; install {} by hand, or use --no-setup to go without", tool.name))?;
    }
    python::setup(&root())?;
    say("setup: everything that the tests need and this machine can have is there");
    Ok(())
}

/// Installs a package of Debian. A fresh machine has no list of packages yet, so that is fetched first.
pub(crate) fn apt_get_install(package: &str) -> Outcome {
    run("apt-get", &["update", "-q"])?;
    run("apt-get", &["install", "-y", "-q", package])
}

pub(crate) fn works(command: &[&str]) -> bool {
    let Some((program, args)) = command.split_first() else { return false };
    Command::new(program)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|s| s.success())
}
