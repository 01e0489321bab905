//! Messages byte for byte: with the wording of DSPy 3.4.1, ours are DSPy's.
//!
//! `cargo xtask test` takes the wording from the DSPy in `target/python`; without it the tests are skipped with a word
//! about that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use std::path::Path;

use dspex_adapters::Wording;
use dspex_conformance::{Report, run_bytes};

#[expect(clippy::print_stderr, reason = "a test that does not run must be seen")]
fn wording() -> Option<Wording> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/wording/dspy.toml");
    if !file.exists() {
        eprintln!("SKIPPED: there is no wording of DSPy in target/wording; `cargo xtask test` takes it");
        return None;
    }
    Some(Wording::from_file(file).unwrap())
}

/// Rows whose messages are not the same, of sections that have messages; those of types or adapters that are still to
/// come fail by structure too.
fn differ(report: &Report) -> Vec<String> {
    let sections = report.sections.iter().filter_map(|s| Some((s, s.bytes.as_ref()?)));
    let failures = sections.flat_map(|(s, bytes)| bytes.failures.iter().map(move |f| (s, f)));
    failures
        .filter(|(_, f)| !f.why.starts_with("not supported yet: "))
        .map(|(s, f)| format!("{} {}: {}", s.name, f.id, f.why))
        .collect()
}

#[test]
fn every_row_that_is_supported_is_the_same_byte_for_byte() {
    let (Some(corpus), Some(wording)) = (common::corpus(), wording()) else { return };
    let report = run_bytes(&corpus, &wording);
    assert_eq!(differ(&report), Vec::<String>::new());
    for (name, least) in [("render_cases", 300), ("call_cases", 12)] {
        let equal: usize = report.named(name).filter_map(|s| s.bytes.as_ref()).map(|b| b.equal).sum();
        assert!(equal >= least, "only {equal} rows of {name} were compared");
    }
}

#[test]
fn another_sentence_is_found_in_every_row_that_has_it() {
    let (Some(corpus), Some(mut wording)) = (common::corpus(), wording()) else { return };
    let whole = run_bytes(&corpus, &wording);
    let equal = |report: &Report, adapter: &str| {
        let mut sections = report.named("render_cases").filter(|s| s.adapter.as_deref() == Some(adapter));
        sections.next().and_then(|s| s.bytes.as_ref().map(|b| b.equal)).unwrap()
    };
    assert!(equal(&whole, "chat") > 60, "{}", equal(&whole, "chat"));
    wording.chat.reminder.last.insert(0, ' ');
    let changed = run_bytes(&corpus, &wording);
    assert_eq!((equal(&changed, "chat"), equal(&changed, "json")), (0, equal(&whole, "json")));
    let report = changed.to_string();
    assert!(report.contains("    bytes: message "), "{report}");
}
