//! Files that commands write: whole, or as they were before.
#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

/// Runs the command where no file may grow beyond some blocks, which is what a full disk looks like.
fn on_a_full_disk(blocks: u32, args: &[&str], folder: &Path) -> Output {
    let limits = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    let mut command = Command::new("sh");
    command.args(["-c", &limits, env!("CARGO_BIN_EXE_dspex")]).args(args).current_dir(folder);
    command.env_remove("DSPEX_LM").output().unwrap()
}

/// The command fails by what it cannot write, the file of before is there whole, and nothing else is.
fn assert_old_file_stays(args: &[&str], name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(name);
    fs::write(&file, "of before").unwrap();
    let output = on_a_full_disk(0, args, folder.path());
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && errors.contains("cannot be written"), "{errors}");
    assert_eq!(fs::read_to_string(&file).unwrap(), "of before");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "no half of a new file is left");
    let output = on_a_full_disk(1024, args, folder.path());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_ne!(fs::read_to_string(&file).unwrap(), "of before");
}

#[test]
fn a_program_that_cannot_be_saved_leaves_the_old_one() {
    assert_old_file_stays(&["save", "-s", "q -> a", "-o", "qa.json"], "qa.json");
}

#[test]
fn a_wording_that_cannot_be_written_leaves_the_old_one() {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python");
    if !python.exists() {
        eprintln!("SKIPPED: there is no DSPy in target/python; `cargo xtask setup` installs it");
        return;
    }
    let python = python.display().to_string();
    let extract = ["wording", "extract", "--adapters", "chat", "-o", "dspy.toml", "--python", &python];
    assert_old_file_stays(&extract, "dspy.toml");
}
