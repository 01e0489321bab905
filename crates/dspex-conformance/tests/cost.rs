//! What prompts cost: ours against those that DSPy 3.4.1 rendered for the same cases, and the lean form against chat.

mod common;

use dspex_adapters::{ADAPTERS, ChatAdapter, LeanAdapter};
use dspex_conformance::{Corpus, render_case};
use dspex_core::lm::Message;
use dspex_core::{Adapter, RenderCall};
use serde_json::Value as Json;

/// What messages cost: their characters, and the words, numbers and signs in them, which are nearer to what a
/// tokenizer counts.
#[derive(Clone, Copy, Default, Debug)]
struct Cost {
    characters: usize,
    pieces: usize,
}

impl Cost {
    fn of(messages: &[Json]) -> Self {
        messages.iter().map(text).fold(Self::default(), |sum, text| sum + Self::of_text(&text))
    }

    fn of_text(text: &str) -> Self {
        let kind = |c: char| match c {
            c if c.is_alphabetic() => 1,
            c if c.is_numeric() => 2,
            '\n' => 3,
            // A space belongs to the word behind it.
            c if c.is_whitespace() => 0,
            _ => 4,
        };
        let (mut pieces, mut last) = (0, 0);
        for kind in text.chars().map(kind) {
            pieces += usize::from(kind == 4 || (kind != 0 && kind != last));
            last = kind;
        }
        Self { characters: text.chars().count(), pieces }
    }

    fn per_cent_of(self, other: Self) -> String {
        let ratio = |one: usize, of: usize| 100.0 * one as f64 / of as f64;
        format!(
            "{:.0} % of the characters, {:.0} % of the words and signs",
            ratio(self.characters, other.characters),
            ratio(self.pieces, other.pieces)
        )
    }
}

impl std::ops::Add for Cost {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { characters: self.characters + other.characters, pieces: self.pieces + other.pieces }
    }
}

/// The text of a message with that of its parts.
fn text(message: &Json) -> String {
    match &message["content"] {
        Json::String(text) => text.clone(),
        Json::Array(parts) => parts.iter().filter_map(|p| p["text"].as_str()).collect(),
        _ => String::new(),
    }
}

#[test]
fn every_prompt_of_ours_is_shorter_than_that_of_dspy() {
    let Some(corpus) = common::corpus() else { return };
    for (adapter, _) in ADAPTERS {
        let (mut ours, mut dspys, mut rows) = (Cost::default(), Cost::default(), 0);
        for case in corpus.cases("render_cases").iter().filter(|c| c["adapter"] == *adapter) {
            // What is not supported yet fails in the tests of the corpus.
            let (Ok(found), Some(wanted)) = (render_case(&corpus, case), case["messages"].as_array()) else {
                continue;
            };
            let (our, their) = (Cost::of(&found), Cost::of(wanted));
            assert!(our.characters < their.characters, "{}: {our:?}, DSPy {their:?}", case["id"]);
            assert!(our.pieces < their.pieces, "{}: {our:?}, DSPy {their:?}", case["id"]);
            (ours, dspys, rows) = (ours + our, dspys + their, rows + 1);
        }
        if rows > 0 {
            println!("{adapter}: {} in {rows} cases", ours.per_cent_of(dspys));
        }
    }
}

#[test]
fn the_lean_form_is_shorter_than_chat_for_one_text() {
    let Some(corpus) = common::corpus() else { return };
    let (mut lean, mut chat, mut dspys, mut rows) = (Cost::default(), Cost::default(), Cost::default(), 0);
    for case in corpus.cases("render_cases").iter().filter(|c| c["adapter"] == "chat") {
        let Some([one, other]) = both(&corpus, case) else { continue };
        assert!(one.characters < other.characters, "{}: {one:?}, chat {other:?}", case["id"]);
        assert!(one.pieces < other.pieces, "{}: {one:?}, chat {other:?}", case["id"]);
        let wanted = Cost::of(case["messages"].as_array().unwrap());
        (lean, chat, dspys, rows) = (lean + one, chat + other, dspys + wanted, rows + 1);
    }
    assert!(rows > 15, "only {rows} cases have one text output");
    println!("lean: {} of chat in {rows} cases", lean.per_cent_of(chat));
    println!("lean: {} of DSPy's chat in {rows} cases", lean.per_cent_of(dspys));
}

/// The costs of the lean form and of chat, for a case with one text output that both can render.
fn both(corpus: &Corpus, case: &Json) -> Option<[Cost; 2]> {
    let signature = corpus.signature(case).ok()?;
    let [output] = signature.outputs() else { return None };
    if !output.ty.is_text() {
        return None;
    }
    let inputs = corpus.record(&case["inputs"]).ok()?;
    let demos = corpus.demos(case).ok()?;
    let call = RenderCall::new(&signature, &inputs).demos(&demos);
    let cost = |adapter: &dyn Adapter| {
        let request = adapter.render(&call).ok()?;
        Some(Cost::of(&request.messages.iter().map(Message::to_json).collect::<Vec<_>>()))
    };
    Some([cost(&LeanAdapter::new())?, cost(&ChatAdapter::new())?])
}
