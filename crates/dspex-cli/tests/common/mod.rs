//! The command, and a server in a process of its own.

#![allow(dead_code, unreachable_pub, reason = "each test file uses a part of it")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;

/// The key that all commands are given.
pub const KEY: &str = "sk-canary-0a1b2c3d4e5f";

/// A `dspex testserver` that ends with the test.
pub struct Server {
    child: Option<Child>,
    pub url: String,
}

impl Server {
    pub fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dspex"))
            .arg("testserver")
            .args(args)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.strip_prefix("listening on ").unwrap().split(',').next().unwrap().to_owned();
        Self { child: Some(child), url }
    }

    pub fn script(folder: &Path, lines: &[Json]) -> Self {
        let mut text = String::new();
        for line in lines {
            let _ = writeln!(text, "{line}");
        }
        let file = folder.join("script.jsonl");
        fs::write(&file, text).unwrap();
        Self::start(&["--script", file.to_str().unwrap()])
    }

    /// A server that is not there.
    pub fn gone() -> Self {
        Self { child: None, url: "http://127.0.0.1:9/v1".into() }
    }

    /// What leads a command to it.
    pub fn args(&self) -> Vec<&str> {
        vec!["--lm", "openai/some-model", "--api-base", &self.url]
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Runs the command in a folder.
pub fn dspex(folder: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_dspex"))
        .args(args)
        .current_dir(folder)
        .env_remove("DSPEX_LM")
        .env("OPENAI_API_KEY", KEY)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

/// What it printed, errors included.
pub fn shown(output: &Output) -> String {
    String::from_utf8([output.stdout.as_slice(), output.stderr.as_slice()].concat()).unwrap()
}

/// The JSON that it printed.
pub fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", shown(output)))
}
