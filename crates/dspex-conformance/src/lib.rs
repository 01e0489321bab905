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
pub mod report;
mod types;
pub mod units;

pub use corpus::Corpus;
pub use outcome::Outcome;
pub use parse::read_completion;
pub use render::render_case;
pub use report::Report;

/// Runs every row of a corpus.
pub fn run(corpus: &Corpus) -> Report {
    let mut sections = units::run(corpus);
    sections.extend(report::by_adapter(corpus, "render_cases", render::run));
    sections.extend(report::by_adapter(corpus, "parse_cases", parse::run));
    sections.extend(report::by_adapter(corpus, "call_cases", calls::run));
    for name in corpus.unknown_sections() {
        sections.extend(report::by_adapter(corpus, name, outcome::unsupported));
    }
    Report { sections, differences: differences::find(corpus) }
}
