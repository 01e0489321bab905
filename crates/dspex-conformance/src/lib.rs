//! Runs a corpus of observed DSPy behaviour against this project and reports what agrees.
//!
//! A corpus is one JSON file: signatures, prompts, completions and tables of single functions, each with what DSPy
//! gave. Every row counts: one that is malformed, or of a kind that is not supported yet, has failed.
//!
//! To add a section: a file of its own in `units` and a line in [`units::UNITS`].

mod calls;
pub mod checker;
pub mod corpus;
mod differences;
pub mod draw;
pub mod judge;
mod outcome;
mod parse;
mod render;
pub mod replay;
pub mod report;
mod types;
pub mod units;

use dspex_adapters::Wording;
use serde_json::Value as Json;

pub use corpus::Corpus;
pub use outcome::Outcome;
pub use parse::read_completion;
pub use render::render_case;
pub use report::Report;

/// Runs every row of a corpus.
pub fn run(corpus: &Corpus) -> Report {
    run_with(corpus, None)
}

/// The same, and with a wording that was taken from DSPy the rows with messages are also compared with DSPy's byte for
/// byte.
pub fn run_bytes(corpus: &Corpus, wording: &Wording) -> Report {
    run_with(corpus, Some(wording))
}

fn run_with(corpus: &Corpus, wording: Option<&Wording>) -> Report {
    let render_bytes = |corpus: &Corpus, case: &Json| render::same_bytes(corpus, case, wording);
    let call_bytes = |corpus: &Corpus, case: &Json| calls::same_bytes(corpus, case, wording);
    let mut sections = units::run(corpus);
    sections.extend(report::by_adapter(
        corpus,
        "render_cases",
        &render::run,
        wording.is_some().then_some(&render_bytes),
    ));
    sections.extend(report::by_adapter(corpus, "parse_cases", &parse::run, None));
    sections.extend(report::by_adapter(
        corpus,
        "call_cases",
        &calls::run,
        wording.is_some().then_some(&call_bytes),
    ));
    for name in corpus.unknown_sections() {
        sections.extend(report::by_adapter(corpus, name, &outcome::unsupported, None));
    }
    Report { sections, differences: differences::find(corpus) }
}
