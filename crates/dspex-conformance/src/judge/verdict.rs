//! What a case shows.

use std::fmt::{self, Display, Formatter};

use dspex_core::{ParsePolicy, ParseRule, Parsed, Record, RuleEffect};
use serde_json::{Value as Json, json};

use super::Case;
use super::known::{self, Sides};
use crate::differences::rules_at_work;
use crate::outcome::{failed, guard};

/// What is read here from a reply: the values and notes, or the error in words.
type Reading = Result<Parsed, String>;

/// What is read here from the reply of a case.
pub(super) struct Ours {
    pub(super) compat: Reading,
    pub(super) default: Reading,
}

impl Ours {
    pub(super) fn read(case: &Case) -> Self {
        let read = |policy: &ParsePolicy| guard(|| case.read(policy).map_err(|e| failed(&e)));
        Self { compat: read(&ParsePolicy::compat()), default: read(&ParsePolicy::default()) }
    }
}

/// The outcome of a case in a word or two, and what is to be said of it.
#[derive(Debug)]
pub struct Verdict {
    /// For the counts.
    pub outcome: String,
    /// Differences, known and unknown.
    pub findings: Vec<Finding>,
}

/// A difference that should not be.
#[derive(Clone, Debug)]
pub enum Finding {
    /// One of [`KNOWN`](super::KNOWN), by name.
    Known(&'static str),
    /// One that nothing explains.
    Failed(Failure),
}

/// Why a case fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Under `compat` the value or the error is not DSPy's.
    Compat,
    /// DSPy's value is the one that was written, ours is another or an error, and no rule that refuses applies.
    Lost,
    /// DSPy fails, and the value here is not the one that was written, without any note.
    SilentlyWrong,
    /// The case could not be put to both sides.
    NotJudged,
}

/// A failure with what makes it again.
#[derive(Clone, Debug)]
pub struct Failure {
    /// What it is.
    pub fault: Fault,
    /// The number of the case.
    pub number: u64,
    text: String,
}

impl Display for Failure {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Holds both readings of a case against each other and against what was written.
pub(super) fn verdict(case: &Case, ours: &Ours, answer: &Json) -> Verdict {
    let theirs: Result<Record, String> = match (answer.get("value"), answer.get("error")) {
        (Some(value), _) => match case.corpus.record(value) {
            Ok(record) => Ok(record),
            Err(e) => return not_judged(case, ours, answer, &e),
        },
        (None, Some(class)) => Err(format!("{class} {}", answer["message"])),
        (None, None) => return not_judged(case, ours, answer, "DSPy cannot make the signature"),
    };
    let value = |reading: &Reading| reading.as_ref().ok().map(|p| p.fields.clone());
    let (compat, default, dspy) = (value(&ours.compat), value(&ours.default), theirs.as_ref().ok());
    let truth = Some(&case.truth);
    let mut findings = Vec::new();
    let mut found = |fault| {
        let sides = Sides { case, fault, dspy: &theirs };
        findings.push(match known::explain(&sides) {
            Some(name) => Finding::Known(name),
            None => Finding::Failed(failure(case, ours, answer, fault, "")),
        });
    };
    if compat.as_ref() != dspy {
        found(Fault::Compat);
    }
    let mut outcome = match (dspy, &default) {
        (Some(dspy), Some(default)) if dspy == default => "alike".to_owned(),
        (None, None) => "both fail".to_owned(),
        (Some(_), Some(_)) => "another value".to_owned(),
        (None, Some(_)) => "only DSPy fails".to_owned(),
        (Some(_), None) => "refused".to_owned(),
    };
    if dspy == truth && default.as_ref() != truth {
        match refusing(case) {
            Some(rule) => outcome = format!("refused by {}", rule.id()),
            None => found(Fault::Lost),
        }
    }
    let silent = ours.default.as_ref().is_ok_and(|p| p.notes.is_empty());
    if dspy.is_none() && case.keeps && silent && default.as_ref() != truth {
        found(Fault::SilentlyWrong);
    }
    Verdict { outcome, findings }
}

/// The rule that refuses the reply, where one does.
fn refusing(case: &Case) -> Option<ParseRule> {
    let rules = rules_at_work(&|policy| case.read(policy).ok());
    rules.into_iter().flatten().find(|r| r.effect() == RuleEffect::Refuses)
}

fn not_judged(case: &Case, ours: &Ours, answer: &Json, why: &str) -> Verdict {
    let failure = failure(case, ours, answer, Fault::NotJudged, why);
    Verdict { outcome: "not judged".into(), findings: vec![Finding::Failed(failure)] }
}

/// Everything that makes a failure again, and both sides.
fn failure(case: &Case, ours: &Ours, answer: &Json, fault: Fault, why: &str) -> Failure {
    let reading = |reading: &Reading| match reading {
        Ok(parsed) => {
            let notes: Vec<String> = parsed.notes.iter().map(ToString::to_string).collect();
            format!(
                "{} {}",
                parsed.fields.to_tagged(),
                if notes.is_empty() { String::new() } else { json!(notes).to_string() }
            )
        }
        Err(e) => format!("error: {e}"),
    };
    let types: Vec<String> = case.fields.iter().skip(1).map(ToString::to_string).collect();
    let text = format!(
        "{fault:?} {why}in case {} ({}, {}):\n  fields  {}\n  reply   {:?}\n  written {}\n  dspy    {answer}\n  \
         compat  {}\n  default {}",
        case.number,
        case.adapter,
        case.mutation.map_or("none", |m| m.name),
        types.join("\n          "),
        case.reply,
        case.truth.to_tagged(),
        reading(&ours.compat),
        reading(&ours.default),
    );
    Failure { fault, number: case.number, text }
}
