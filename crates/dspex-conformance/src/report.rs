//! The report of a run, as text and as JSON.

use std::fmt;

use serde_json::{Value as Json, json};

use crate::corpus::Corpus;
use crate::outcome::{Outcome, guard};

/// What became of every row.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// The sections in the order of the corpus.
    pub sections: Vec<Section>,
    /// What the default policy does differently from the compatible one.
    pub differences: Vec<Difference>,
}

/// The rows of a section, or those of one adapter in it.
#[derive(Clone, Debug)]
pub struct Section {
    /// The section's name in the corpus.
    pub name: String,
    /// The adapter, in sections that have cases of several.
    pub adapter: Option<String>,
    /// Rows that passed.
    pub passed: usize,
    /// Rows that did not, in the order of the corpus.
    pub failures: Vec<Failure>,
    /// Rows whose messages are DSPy's byte for byte, where a wording of DSPy was given and the rows have messages.
    pub bytes: Option<Bytes>,
}

/// The rows of a section, by their bytes.
#[derive(Clone, Debug, Default)]
pub struct Bytes {
    /// Rows whose messages are the same.
    pub equal: usize,
    /// Rows whose messages are not, in the order of the corpus.
    pub failures: Vec<Failure>,
}

/// A row that did not pass.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The row.
    pub id: String,
    /// What is wrong.
    pub why: String,
}

/// Rows in which one rule makes the default differ from DSPy.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The rule's id.
    pub rule: String,
    /// What the rule does: `recovers`, `corrects`, `refuses` or `notes`.
    pub effect: &'static str,
    /// The rows.
    pub ids: Vec<String>,
}

impl Section {
    /// A section without rows.
    pub(crate) fn new(name: &str, adapter: Option<&str>) -> Self {
        let adapter = adapter.map(str::to_owned);
        Self { name: name.to_owned(), adapter, passed: 0, failures: Vec::new(), bytes: None }
    }

    /// Counts the bytes of a row.
    fn push_bytes(&mut self, id: String, outcome: Outcome) {
        let bytes = self.bytes.get_or_insert_default();
        match outcome {
            Ok(()) => bytes.equal += 1,
            Err(why) => bytes.failures.push(Failure { id, why }),
        }
    }

    /// Counts a row.
    pub(crate) fn push(&mut self, id: String, outcome: Outcome) {
        match outcome {
            Ok(()) => self.passed += 1,
            Err(why) => self.failures.push(Failure { id, why }),
        }
    }

    /// All rows.
    pub fn total(&self) -> usize {
        self.passed + self.failures.len()
    }
}

impl Report {
    /// Rows that passed and all rows.
    pub fn total(&self) -> (usize, usize) {
        (self.sections.iter().map(|s| s.passed).sum(), self.sections.iter().map(Section::total).sum())
    }

    /// The sections of a name, one for each adapter in it.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Section> {
        self.sections.iter().filter(move |s| s.name == name)
    }

    /// The report as one JSON object.
    pub fn to_json(&self) -> Json {
        let sections: Vec<Json> = self
            .sections
            .iter()
            .map(|s| {
                let failing: Vec<&str> = s.failures.iter().map(|f| f.id.as_str()).collect();
                let reasons: Vec<Json> =
                    by_reason(&s.failures).map(|(why, ids)| json!({"reason": why, "ids": ids})).collect();
                let mut section = json!({"section": s.name, "adapter": s.adapter, "passed": s.passed,
                       "total": s.total(), "failing": failing, "reasons": reasons});
                if let Some(bytes) = &s.bytes {
                    let failing: Vec<&str> = bytes.failures.iter().map(|f| f.id.as_str()).collect();
                    section["bytes"] = json!({"equal": bytes.equal, "failing": failing});
                }
                section
            })
            .collect();
        let differs: Vec<Json> = self
            .differences
            .iter()
            .map(|d| json!({"rule": d.rule, "effect": d.effect, "count": d.ids.len(), "ids": d.ids}))
            .collect();
        let (passed, of) = self.total();
        json!({"sections": sections, "default_differs": differs, "total": {"passed": passed, "of": of}})
    }
}

impl fmt::Display for Report {
    /// Sections with their failing rows, the differences, and the total on the last line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for s in &self.sections {
            let adapter = s.adapter.as_ref().map(|a| format!("  {a}")).unwrap_or_default();
            let bytes = s.bytes.as_ref().map(|b| format!(", bytes: {} of {}", b.equal, s.total()));
            let bytes = bytes.unwrap_or_default();
            writeln!(f, "{}{adapter}: passed {} of {}{bytes}", s.name, s.passed, s.total())?;
            for (why, ids) in by_reason(&s.failures) {
                writeln!(f, "    {why}: {}", ids.join(", "))?;
            }
            // Rows that have no messages yet fail above already.
            let bytes = s.bytes.iter().flat_map(|b| by_reason(&b.failures));
            for (why, ids) in bytes.filter(|(why, _)| !s.failures.iter().any(|f| f.why == *why)) {
                writeln!(f, "    bytes: {why}: {}", ids.join(", "))?;
            }
        }
        writeln!(f, "\nThe default policy differs from DSPy by rule:")?;
        for d in &self.differences {
            writeln!(f, "    {} ({}): {}: {}", d.rule, d.effect, d.ids.len(), d.ids.join(", "))?;
        }
        let (passed, of) = self.total();
        writeln!(f, "TOTAL passed {passed} of {of}")
    }
}

/// The failing rows by what is wrong with them, in the order in which the reasons come first.
fn by_reason(failures: &[Failure]) -> impl Iterator<Item = (&str, Vec<&str>)> {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for failure in failures {
        match reasons.iter_mut().find(|(why, _)| *why == failure.why) {
            Some((_, ids)) => ids.push(&failure.id),
            None => reasons.push((&failure.why, vec![&failure.id])),
        }
    }
    reasons.into_iter()
}

/// The id of a row: its own, or its place.
pub(crate) fn id_of(row: &Json, index: usize) -> String {
    match row.get("id").or_else(|| row.get("op")).and_then(Json::as_str) {
        Some(id) => id.to_owned(),
        None => format!("#{index}"),
    }
}

/// What runs a row.
type Run<'a> = &'a dyn Fn(&Corpus, &Json) -> Outcome;

/// Runs a section whose rows name an adapter, each adapter apart; with the second runner also by bytes.
pub(crate) fn by_adapter(corpus: &Corpus, name: &str, run: Run<'_>, bytes: Option<Run<'_>>) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    for (i, case) in corpus.cases(name).iter().enumerate() {
        let adapter = case.get("adapter").and_then(Json::as_str);
        let at = sections.iter().position(|s| s.adapter.as_deref() == adapter).unwrap_or_else(|| {
            sections.push(Section::new(name, adapter));
            sections.len() - 1
        });
        sections[at].push(id_of(case, i), guard(|| run(corpus, case)));
        if let Some(bytes) = bytes {
            sections[at].push_bytes(id_of(case, i), guard(|| bytes(corpus, case)));
        }
    }
    sections
}
