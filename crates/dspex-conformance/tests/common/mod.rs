//! The corpus that the tests read, where it is.

use std::path::{Path, PathBuf};

use dspex_conformance::Corpus;

pub(crate) fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/conformance/dspy-3.4.1.json")
}

/// The shared corpus, or none with a word about it.
#[expect(clippy::print_stderr, reason = "a test that does not run must be seen")]
pub(crate) fn corpus() -> Option<Corpus> {
    let file = file();
    if !file.exists() {
        eprintln!("SKIPPED: the corpus is not beside the workspace, at shared/conformance");
        return None;
    }
    Some(Corpus::read(&file).expect("the shared corpus can be read"))
}
