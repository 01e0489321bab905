//! The command `dspex`. Commands are files under `commands`; what they share is here beside it.

mod budget;
mod commands;
mod failure;
mod models;
mod output;
mod program;
mod stack;

use std::process::ExitCode;

use clap::Parser;

/// Programming language models: run, evaluate, render and parse programs.
#[derive(Debug, Parser)]
#[command(name = "dspex", version, propagate_version = true, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(subcommand)]
    command: commands::Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done; 1 the program failed (a reply that cannot be read, a value that breaks a rule);
2 the command, a file or an input is wrong; 3 something outside failed (network, provider, limit);
130 cancelled.";

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli.command.run() {
        Ok(code) => code.into(),
        Err(failure) => failure.report(),
    }
}
