//! What the default does differently from DSPy, by rule.

use dspex_core::signature::parse::GrammarRule;
use dspex_core::{FieldType, ParsePolicy, ParseRule, Parsed, RuleEffect, Signature, SignatureParser};
use serde_json::Value as Json;

use crate::calls;
use crate::corpus::Corpus;
use crate::outcome::{guard, text};
use crate::parse::read_completion;
use crate::report::{Difference, id_of};
use crate::units;

/// The rule of a difference that no rule explains; there should be none.
const UNEXPLAINED: &str = "unexplained";

/// Compares the default with the compatible reading on every completion, call and string signature.
pub(crate) fn find(corpus: &Corpus) -> Vec<Difference> {
    let mut found: Vec<Difference> = Vec::new();
    let mut push = |rule: &str, effect: &'static str, id: &str| match found
        .iter_mut()
        .find(|d| d.rule == rule && d.effect == effect)
    {
        Some(d) => d.ids.push(id.to_owned()),
        None => found.push(Difference { rule: rule.to_owned(), effect, ids: vec![id.to_owned()] }),
    };
    for (i, case) in corpus.cases("parse_cases").iter().enumerate() {
        // A case that cannot be run says nothing about rules; it has failed already.
        for rule in guard(|| parse_rules(corpus, case)).unwrap_or_default() {
            let (name, effect) = rule.map_or((UNEXPLAINED, "differs"), |r| (r.id(), effect_name(r.effect())));
            push(name, effect, &id_of(case, i));
        }
    }
    for (i, case) in corpus.cases("call_cases").iter().enumerate() {
        for meant in guard(|| calls::differences(corpus, case)).unwrap_or_default() {
            let (name, effect) = meant.map_or((UNEXPLAINED, "differs"), |m| (m.rule, m.effect));
            push(name, effect, &id_of(case, i));
        }
    }
    for (i, row) in units::rows(corpus, "string_signatures").iter().enumerate() {
        if let Ok(Some((name, effect))) = guard(|| grammar_rule(row)) {
            push(name, effect, &format!("string_signatures {}", id_of(row, i)));
        }
    }
    found
}

pub(crate) fn effect_name(effect: RuleEffect) -> &'static str {
    match effect {
        RuleEffect::Recovers => "recovers",
        RuleEffect::Corrects => "corrects",
        RuleEffect::Refuses => "refuses",
        RuleEffect::Notes => "notes",
    }
}

/// The rules by which the default reads a completion differently, and those that it only notes.
fn parse_rules(corpus: &Corpus, case: &Json) -> Result<Vec<Option<ParseRule>>, String> {
    // What cannot be run at all says so at the first reading.
    read_completion(corpus, case, &ParsePolicy::default())?.ok();
    Ok(rules_at_work(&|policy| read_completion(corpus, case, policy).ok()?.ok()))
}

/// The same of any way to read something; none where no rule explains a difference.
pub(crate) fn rules_at_work(read: &dyn Fn(&ParsePolicy) -> Option<Parsed>) -> Vec<Option<ParseRule>> {
    let values = |parsed: &Option<Parsed>| parsed.as_ref().map(|p| p.fields.clone());
    let (ours, dspy) = (read(&ParsePolicy::default()), read(&ParsePolicy::compat()));
    let mut rules: Vec<Option<ParseRule>> = ours
        .iter()
        .flat_map(|p| &p.notes)
        .filter(|n| n.rule.effect() == RuleEffect::Notes)
        .map(|n| Some(n.rule))
        .collect();
    rules.dedup();
    if values(&ours) == values(&dspy) {
        return rules;
    }
    let mut explained = false;
    // A rule is at work where switching it off alone changes the outcome, or, where several rules would each do,
    // where it alone makes the difference.
    let without = |off: &dyn Fn(ParseRule) -> bool| {
        let off = ParseRule::ALL.iter().filter(|r| off(**r));
        off.fold(ParsePolicy::default(), |policy, r| policy.without(*r))
    };
    let mut at_work = Vec::new();
    for rule in ParseRule::ALL {
        if values(&read(&without(&|r| r == *rule))) != values(&ours) {
            at_work.push(Some(*rule));
        }
    }
    for rule in ParseRule::ALL.iter().filter(|_| at_work.is_empty()) {
        if values(&read(&without(&|r| r != *rule))) != values(&dspy) {
            rules.push(Some(*rule));
            explained = true;
        }
    }
    explained |= !at_work.is_empty();
    rules.extend(at_work);
    if !explained {
        rules.push(None);
    }
    rules
}

/// The rule by which the default reads a signature string differently, and what it does.
fn grammar_rule(row: &Json) -> Result<Option<(&'static str, &'static str)>, String> {
    let input = text(row, "input")?;
    let ours = Signature::parse(input);
    let dspy = SignatureParser::new().compat().parse(input);
    Ok(match (ours, dspy) {
        (Ok(ours), Ok(dspy)) if ours == dspy => None,
        (Err(_), Err(_)) => None,
        (Err(e), Ok(_)) => Some((e.rule.map_or(UNEXPLAINED, GrammarRule::id), "refuses")),
        (Ok(_), Err(e)) => {
            let arrow = (input.matches("->").count() > 1).then_some(GrammarRule::ArrowInText);
            Some((e.rule.or(arrow).map_or(UNEXPLAINED, GrammarRule::id), "recovers"))
        }
        (Ok(ours), Ok(_)) => {
            let rule = if ours.fields().any(|f| f.default.is_some()) {
                Some(GrammarRule::IgnoredDefault)
            } else if ours.fields().any(|f| f.ty == FieldType::None) {
                Some(GrammarRule::NoneIsText)
            } else {
                None
            };
            Some((rule.map_or(UNEXPLAINED, GrammarRule::id), "corrects"))
        }
    })
}
