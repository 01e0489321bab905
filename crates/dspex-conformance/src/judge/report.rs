//! What became of many cases.

use std::collections::BTreeMap;
use std::fmt::{self, Display, Formatter};

use super::{Case, Failure, Finding, KNOWN, Verdict};

/// Failures that are shown; all are with `{:#}`.
const SHOWN: usize = 10;

/// Counts of cases by adapter, kind, mutation and outcome, and what failed.
#[derive(Debug)]
pub struct JudgeReport {
    seed: u64,
    cases: u64,
    adapters: BTreeMap<String, u64>,
    kinds: BTreeMap<String, u64>,
    mutations: BTreeMap<String, u64>,
    outcomes: BTreeMap<String, u64>,
    known: BTreeMap<&'static str, u64>,
    failures: Vec<Failure>,
}

impl JudgeReport {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            cases: 0,
            adapters: BTreeMap::new(),
            kinds: BTreeMap::new(),
            mutations: BTreeMap::new(),
            outcomes: BTreeMap::new(),
            known: BTreeMap::new(),
            failures: Vec::new(),
        }
    }

    pub(super) fn add(&mut self, case: &Case, verdict: &Verdict) {
        self.cases += 1;
        let count = |counts: &mut BTreeMap<String, u64>, name: &str| match counts.get_mut(name) {
            Some(n) => *n += 1,
            None => drop(counts.insert(name.to_owned(), 1)),
        };
        count(&mut self.adapters, case.adapter);
        case.kinds().for_each(|kind| count(&mut self.kinds, kind));
        count(&mut self.mutations, case.mutation.map_or("none", |m| m.name));
        count(&mut self.outcomes, &verdict.outcome);
        for finding in &verdict.findings {
            match finding {
                Finding::Known(name) => *self.known.entry(name).or_default() += 1,
                Finding::Failed(failure) => self.failures.push(failure.clone()),
            }
        }
    }

    /// How many cases there were.
    pub fn cases(&self) -> u64 {
        self.cases
    }

    /// The share of cases whose reply was changed.
    pub fn mutated(&self) -> f64 {
        let untouched = self.mutations.get("none").copied().unwrap_or_default();
        if self.cases == 0 { 0.0 } else { (self.cases - untouched) as f64 / self.cases as f64 }
    }

    /// The cases by adapter.
    pub fn adapters(&self) -> &BTreeMap<String, u64> {
        &self.adapters
    }

    /// What failed.
    pub fn failures(&self) -> &[Failure] {
        &self.failures
    }
}

impl Display for JudgeReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{} cases under seed {}, {:.0} % of the replies changed",
            self.cases,
            self.seed,
            self.mutated() * 100.0
        )?;
        let counts = [
            ("adapter", &self.adapters),
            ("kind of output", &self.kinds),
            ("mutation", &self.mutations),
            ("outcome", &self.outcomes),
        ];
        for (title, counts) in counts {
            let counts: Vec<String> = counts.iter().map(|(name, n)| format!("{name} {n}")).collect();
            writeln!(f, "by {title}: {}", counts.join(", "))?;
        }
        for known in KNOWN.iter().filter(|k| self.known.contains_key(k.name)) {
            writeln!(f, "known difference: {}: {} ({})", known.name, self.known[known.name], known.reason)?;
        }
        let shown = if f.alternate() { self.failures.len() } else { SHOWN };
        for failure in self.failures.iter().take(shown) {
            writeln!(f, "\n{failure}")?;
        }
        write!(f, "{} failures", self.failures.len())
    }
}
