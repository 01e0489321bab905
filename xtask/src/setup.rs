//! Installing what the tests need and the machine lacks. Running it again installs nothing.

use std::process::{Command, Stdio};

use crate::{Outcome, run, say};

/// A tool: how to see that it is there, and how to get it.
struct Tool {
    name: &'static str,
    check: &'static [&'static str],
    install: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool {
        name: "cargo-nextest",
        check: &["cargo", "nextest", "--version"],
        install: &["cargo", "install", "cargo-nextest", "--locked"],
    },
    Tool {
        // Shows which system calls a command makes: `dspex render` must open no socket.
        name: "strace",
        check: &["strace", "--version"],
        install: &["apt-get", "install", "-y", "-q", "strace"],
    },
];

pub(crate) fn setup() -> Outcome {
    let mut updated = false;
    for tool in TOOLS {
        if works(tool.check) {
            continue;
        }
        say(&format!("setup: {} is missing; installing it with `{}`", tool.name, tool.install.join(" ")));
        if tool.install.first() == Some(&"apt-get") && !updated {
            // A fresh machine has no list of packages yet.
            run("apt-get", &["update", "-q"])?;
            updated = true;
        }
        let (program, args) = tool.install.split_first().unwrap_or((&"true", &[]));
        run(program, args)
            .map_err(|e| format!("{e}; install {} by hand, or use --no-setup to go without", tool.name))?;
    }
    say("setup: everything that the tests need is there");
    Ok(())
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
