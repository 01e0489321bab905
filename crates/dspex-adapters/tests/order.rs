//! What stays the same between calls comes first, so that providers' prompt caches have the longest prefix to keep.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::sync::Arc;

use dspex_adapters::{ADAPTERS, by_name};
use dspex_core::lm::Message;
use dspex_core::value::History;
use dspex_core::{Adapter, Example, Record, RenderCall, Signature, Value};

const SIGNATURES: [&str; 3] =
    ["context, question -> answer", "context, question -> reasoning, n: int", "question -> tags: list[str]"];

/// Demonstrations of which one lacks an input, in an order that has to be changed.
fn demos() -> Vec<Example> {
    vec![
        Example::new([
            ("context", "C0"),
            ("question", "Q0"),
            ("answer", "A0"),
            ("reasoning", "R0"),
            ("n", "0"),
            ("tags", "[]"),
        ]),
        Example::new([("question", "Q1"), ("answer", "A1"), ("reasoning", "R1"), ("tags", "[]")]),
    ]
}

fn messages(adapter: &dyn Adapter, signature: &Signature, inputs: &[(&str, &str)]) -> Vec<Message> {
    let inputs: Record = inputs
        .iter()
        .filter(|(name, _)| signature.field(name).is_some())
        .map(|(name, value)| ((*name).to_owned(), Value::from(*value)))
        .collect();
    let demos = demos();
    adapter.render(&RenderCall::new(signature, &inputs).demos(&demos)).unwrap().messages
}

/// How many bytes at the start two texts have in common.
fn common(one: &str, other: &str) -> usize {
    one.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count()
}

fn each(check: impl Fn(&dyn Adapter, &Signature)) {
    for (_, make) in ADAPTERS {
        for signature in SIGNATURES {
            check(&*make(Arc::default()), &Signature::parse(signature).unwrap());
        }
    }
}

#[test]
fn two_calls_are_the_same_up_to_the_input_that_differs() {
    each(|adapter, signature| {
        let first = messages(adapter, signature, &[("context", "same"), ("question", "one?")]);
        let second = messages(adapter, signature, &[("context", "same"), ("question", "two?")]);
        let ((last, before), (other, before_other)) =
            (first.split_last().unwrap(), second.split_last().unwrap());
        assert_eq!(before, before_other, "{} {signature}", adapter.name());
        let (last, other) = (last.text(), other.text());
        // Exactly to where the values part: nothing that varies stands before, and no text is lost to it.
        assert_eq!(common(&last, &other), last.find("one?").unwrap(), "{} {last}", adapter.name());
    });
}

#[test]
fn demonstrations_stand_before_the_inputs_and_do_not_depend_on_them() {
    each(|adapter, signature| {
        let found = messages(adapter, signature, &[("context", "here"), ("question", "new?")]);
        let at = |words: &str| found.iter().position(|m| m.text().contains(words));
        assert!(at("Q1").is_some() && at("Q0").is_some(), "{found:?}");
        assert_eq!(at("new?"), Some(found.len() - 1));
        if signature.field("context").is_some() {
            assert!(at("Q1") < at("Q0"), "the demonstration that lacks a field comes first");
        }
    });
}

#[test]
fn an_input_that_stays_comes_before_one_that_changes_in_the_order_of_the_signature() {
    let changed = [("context", "same"), ("question", "two?")];
    for (_, make) in ADAPTERS {
        let of = |signature: &str| {
            let signature = Signature::parse(signature).unwrap();
            let one =
                messages(&*make(Arc::default()), &signature, &[("context", "same"), ("question", "one?")]);
            let two = messages(&*make(Arc::default()), &signature, &changed);
            common(&one.last().unwrap().text(), &two.last().unwrap().text())
        };
        assert!(of("context, question -> answer") > of("question, context -> answer"));
    }
}

#[test]
fn a_conversation_that_goes_on_starts_as_it_did() {
    let signature = Signature::parse("history: dspy.History, question -> answer").unwrap();
    let turn = |q: &str, a: &str| Record::new().with("question", q).with("answer", a);
    let turns = [turn("one?", "1"), turn("two?", "2"), turn("three?", "3")];
    for name in ["chat", "json", "baml", "lean"] {
        let adapter = by_name(name).unwrap();
        let of = |n: usize, question: &str| {
            let history = Value::from(History::new(turns[..n].to_vec()));
            let inputs = Record::new().with("history", history).with("question", question);
            adapter.render(&RenderCall::new(&signature, &inputs)).unwrap().messages
        };
        let (before, after) = (of(1, "two?"), of(2, "three?"));
        assert!(before.len() > 3, "{before:?}");
        assert_eq!(after[..before.len()], before, "{name}: all that was asked is asked again in its place");
    }
}
