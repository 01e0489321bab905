//! `dspex cache`: what a cache of replies holds, and whether it is sound.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use dspex_core::{Error, ErrorKind, Result};
use dspex_lm::{DiskCache, Entry};
use serde_json::{Value as Json, json};

use crate::failure::Exit;
use crate::output::{print, print_json};

#[derive(Debug, Args)]
pub(crate) struct CacheCommand {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Count what it holds
    Stats(Target),
    /// Take all replies away
    Clear(Target),
    /// Print every reply as a line of JSON
    Export(Target),
    /// Read every reply and check it
    Verify(Target),
}

#[derive(Debug, Args)]
struct Target {
    /// The file that `--cache` named
    file: PathBuf,

    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl CacheCommand {
    pub(crate) fn json(&self) -> bool {
        let (What::Stats(t) | What::Clear(t) | What::Export(t) | What::Verify(t)) = &self.what;
        t.json
    }

    pub(crate) fn run(&self) -> Result<Exit> {
        match &self.what {
            What::Stats(target) => target.stats(),
            What::Clear(target) => target.clear(),
            What::Export(target) => target.export(),
            What::Verify(target) => target.verify(),
        }
    }
}

impl Target {
    /// The cache. To look at one does not make one.
    fn open(&self) -> Result<DiskCache> {
        if !self.file.exists() {
            let place = self.file.display().to_string();
            let error = Error::from(ErrorKind::File { place, message: "there is no such file".into() });
            return Err(error.with_hint("make it with `dspex run --cache FILE` or `dspex eval --cache FILE`"));
        }
        DiskCache::open(&self.file)
    }

    fn stats(&self) -> Result<Exit> {
        let stats = self.open()?.stats()?;
        let seconds = |time: Option<Duration>| time.map(|t| t.as_secs());
        if self.json {
            print_json(&json!({
                "entries": stats.entries,
                "bytes": stats.bytes,
                "oldest": seconds(stats.oldest),
                "newest": seconds(stats.newest),
            }))?;
        } else {
            let s = if stats.entries == 1 { "y" } else { "ies" };
            print(&format!("{} repl{s}, {}", stats.entries, bytes(stats.bytes)))?;
        }
        Ok(Exit::Done)
    }

    fn clear(&self) -> Result<Exit> {
        let removed = self.open()?.clear()?;
        if self.json {
            print_json(&json!({"removed": removed}))?;
        } else {
            print(&format!("removed {removed} repl{}", if removed == 1 { "y" } else { "ies" }))?;
        }
        Ok(Exit::Done)
    }

    fn export(&self) -> Result<Exit> {
        self.open()?.each(|Entry { key, reply, created, .. }| {
            let reply = reply.map_or(Json::Null, |r| r.to_stored());
            print_json(&json!({"key": key.to_string(), "created": created.as_secs(), "reply": reply}))
        })?;
        Ok(Exit::Done)
    }

    fn verify(&self) -> Result<Exit> {
        let verified = self.open()?.verify()?;
        let damaged: Vec<String> = verified.damaged.iter().map(ToString::to_string).collect();
        if self.json {
            let all = json!({"sound": verified.sound, "damaged": damaged, "structure": verified.structure});
            print_json(&all)?;
        } else {
            let mut text = format!("{} sound, {} damaged", verified.sound, damaged.len());
            for line in damaged.iter().chain(&verified.structure) {
                let _ = write!(text, "\n  {line}");
            }
            print(&text)?;
        }
        Ok(if verified.is_sound() { Exit::Done } else { Exit::ProgramFailed })
    }
}

/// A number of bytes as people read it.
fn bytes(count: u64) -> String {
    match count {
        0..=9_999 => format!("{count} bytes"),
        10_000..=9_999_999 => format!("{} kB", count / 1_000),
        _ => format!("{} MB", count / 1_000_000),
    }
}
