//! Completions: what an adapter reads, against what DSPy read.

use dspex_adapters::by_name;
use dspex_core::lm::Choice;
use dspex_core::{ErrorKind, ParsePolicy, Parsed, Stage};
use serde_json::Value as Json;

use crate::corpus::Corpus;
use crate::outcome::{Outcome, failed, member, same, text};

/// Runs a case.
pub(crate) fn run(corpus: &Corpus, case: &Json) -> Outcome {
    let parsed = read_completion(corpus, case, &ParsePolicy::compat())?;
    if let Some(error) = case.get("error") {
        let class = text(error, "class")?;
        return match parsed {
            Ok(parsed) => Err(format!("expected {class}, found {}", parsed.fields.to_tagged())),
            Err(e) if is_class(&e, class) => Ok(()),
            Err(e) if matches!(e.kind(), ErrorKind::Unsupported { .. }) => Err(failed(&e)),
            Err(e) => Err(format!("expected {class}, found {}", failed(&e))),
        };
    }
    let expected = corpus.record(member(case, "result")?)?;
    let found = parsed.map_err(|e| failed(&e))?;
    let found: dspex_core::Record = found.fields.into_iter().map(|(k, v)| (k, corpus.plain(v))).collect();
    // Kinds count: as values `1` and `1.0` differ, and so do `1` and `True`.
    if found == expected {
        return Ok(());
    }
    same("the values", &found.to_tagged().to_string(), &expected.to_tagged().to_string())
}

/// What our adapter reads from the completion of a case; the outer error is a case that cannot be run.
pub fn read_completion(
    corpus: &Corpus,
    case: &Json,
    policy: &ParsePolicy,
) -> Result<dspex_core::Result<Parsed>, String> {
    let name = text(case, "adapter")?;
    let adapter = by_name(name).map_err(|_| format!("not supported yet: the adapter {name}"))?;
    let signature = corpus.signature(case)?;
    Ok(adapter.parse(&signature, &Choice::text(text(case, "completion")?), policy))
}

/// Whether an error is what DSPy would raise as a class. To DSPy a nested value that breaks a rule is one that cannot be
/// read.
pub(crate) fn is_class(error: &dspex_core::Error, class: &str) -> bool {
    let unsupported = matches!(error.kind(), ErrorKind::Unsupported { .. });
    let while_reading = matches!(error.stage(), Stage::Parse | Stage::Validation);
    !unsupported && (class != "AdapterParseError" || while_reading)
}
