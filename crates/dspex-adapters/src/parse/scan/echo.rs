//! Sections that come more than once because the model repeats its prompt or goes on with exchanges of its own.

use dspex_core::{Note, ParsePolicy, ParseRule, Signature};

use super::marker::COMPLETED;
use super::{Scanned, Section};

/// Leaves out what is certainly no answer.
pub(super) fn resolve(scanned: &mut Scanned, signature: &Signature, policy: &ParsePolicy) {
    if policy.applies(ParseRule::TemplateEcho) {
        drop_places(scanned, signature);
    }
    let rules = [ParseRule::EchoedExample, ParseRule::RunOn];
    if rules.iter().all(|r| !policy.applies(*r)) || !differ(&scanned.sections, signature) {
        return;
    }
    let blocks = blocks(&scanned.sections, signature);
    let (answers, others): (Vec<&Block>, Vec<&Block>) =
        blocks.iter().partition(|b| b.complete && !b.introduced);
    let [answer] = answers.as_slice() else { return };
    let is_last = blocks.last().is_some_and(|b| b.from == answer.from);
    let is_first = blocks.first().is_some_and(|b| b.from == answer.from);
    let examples = others.iter().all(|b| b.introduced && b.complete && b.closed);
    let made_up = others.iter().all(|b| b.introduced);
    let rule = match () {
        () if is_last && examples && policy.applies(ParseRule::EchoedExample) => ParseRule::EchoedExample,
        () if is_first && answer.closed && made_up && policy.applies(ParseRule::RunOn) => ParseRule::RunOn,
        () => return,
    };
    let (from, to) = (answer.from, answer.to);
    let left_out: Vec<&str> = scanned
        .sections
        .iter()
        .enumerate()
        .filter(|(i, s)| !(from..to).contains(i) && is_output(s, signature))
        .map(|(_, s)| s.text.as_str())
        .collect();
    let what = match rule {
        ParseRule::RunOn => "exchanges behind the answer were left out",
        _ => "the examples before the answer were left out",
    };
    scanned.notes.push(Note::new(rule, None, what).change(&left_out.join(" ... "), ""));
    scanned.sections = scanned.sections.drain(from..to).collect();
}

/// Sections that only repeat the place of their value in the prompt.
fn drop_places(scanned: &mut Scanned, signature: &Signature) {
    let is_place = |s: &Section| {
        let rest = s.text.strip_prefix('{').and_then(|t| t.strip_prefix(s.name.as_str()));
        is_output(s, signature)
            && rest.and_then(|t| t.strip_prefix('}')).is_some_and(|rest| {
                rest.is_empty()
                    || (rest.starts_with(char::is_whitespace) && rest.trim_start().starts_with('#'))
            })
    };
    for place in scanned.sections.iter().filter(|s| is_place(s)) {
        let note = Note::new(
            ParseRule::TemplateEcho,
            Some(&place.name),
            "a repeated place of the prompt is no value",
        );
        scanned.notes.push(note.change(&place.text, ""));
    }
    scanned.sections.retain(|s| !is_place(s));
}

fn is_output(section: &Section, signature: &Signature) -> bool {
    signature.outputs().iter().any(|f| f.name == section.name)
}

/// Whether an output has two texts.
fn differ(sections: &[Section], signature: &Signature) -> bool {
    signature.outputs().iter().any(|f| {
        let mut texts = sections.iter().filter(|s| s.name == f.name).map(|s| &s.text);
        let first = texts.next();
        texts.any(|t| Some(t) != first)
    })
}

/// The sections from one closing marker to the next that have outputs.
#[derive(Debug)]
struct Block {
    from: usize,
    to: usize,
    /// Whether inputs stand before the outputs.
    introduced: bool,
    /// Whether every output is there once.
    complete: bool,
    /// Whether the closing marker follows.
    closed: bool,
}

fn blocks(sections: &[Section], signature: &Signature) -> Vec<Block> {
    let mut out = Vec::new();
    let mut from = 0;
    let is_input = |s: &Section| signature.inputs().iter().any(|f| f.name == s.name);
    let mut push = |from: usize, to: usize, closed: bool| {
        let part = &sections[from..to];
        let Some(first) = part.iter().position(|s| is_output(s, signature)) else { return };
        let count = |name: &str| part.iter().filter(|s| s.name == name).count();
        out.push(Block {
            from,
            to,
            introduced: part[..first].iter().any(is_input),
            complete: signature.outputs().iter().all(|f| count(&f.name) == 1)
                && !part[first..].iter().any(is_input),
            closed,
        });
    };
    for (i, _) in sections.iter().enumerate().filter(|(_, s)| s.name == COMPLETED) {
        push(from, i, true);
        from = i + 1;
    }
    push(from, sections.len(), false);
    out
}
