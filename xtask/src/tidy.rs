//! Small rules of the house that no other tool holds.

mod examples;

use std::fs;
use std::path::{Path, PathBuf};

use crate::{Outcome, say};

/// A code fence, built so that this file does not contain what it looks for.
const FENCE: &str = "```";

/// Words after a fence that keep a Rust block from being run.
const UNRUN: &[&str] =
    &["ignore", "no_run", "rust,ignore", "rust,no_run", "text,rust", "should_panic,no_run"];

pub(crate) fn check(root: &Path) -> Outcome {
    let mut files = Vec::new();
    collect(root, &mut files)?;
    let mut wrong = Vec::new();
    let mut sources = Vec::new();
    for path in &files {
        let text = fs::read_to_string(path).map_err(|e| format!("{} cannot be read: {e}", path.display()))?;
        let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
        if is_rust(path) {
            // Cases of compile errors show what users write, not how we write.
            let is_case = name.contains("/tests/ui/");
            if !is_case && !text.starts_with("//!") {
                wrong.push(format!("{name}: the first line says what the file is for, with `//!`"));
            }
        }
        for (i, line) in text.lines().enumerate() {
            let line = line.trim_start().trim_start_matches("//!").trim_start_matches("///").trim();
            let fence = line.strip_prefix(FENCE).map(str::trim);
            if fence.is_some_and(|word| UNRUN.contains(&word)) {
                wrong.push(format!("{name}:{}: a block of Rust that is not run", i + 1));
            }
        }
        sources.extend(is_rust(path).then_some((name, text)));
    }
    wrong.extend(examples::check(&sources));
    if wrong.is_empty() {
        say(&format!("tidy: {} files keep to the rules", files.len()));
        return Ok(());
    }
    Err(format!("tidy:\n  {}", wrong.join("\n  ")))
}

fn is_rust(path: &Path) -> bool {
    path.extension().is_some_and(|e| e == "rs")
}

/// Rust and Markdown files below a folder, in order; what is built is left out.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome {
    let entries = fs::read_dir(folder).map_err(|e| format!("{} cannot be read: {e}", folder.display()))?;
    let mut paths: Vec<PathBuf> = entries.filter_map(Result::ok).map(|e| e.path()).collect();
    paths.sort();
    for path in paths {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "target" && !name.starts_with('.') {
                collect(&path, files)?;
            }
        } else if is_rust(&path) || path.extension().is_some_and(|e| e == "md") {
            files.push(path);
        }
    }
    Ok(())
}
