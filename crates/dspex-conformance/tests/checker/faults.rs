//! Faults put into messages that are good, which the checker must find.

use dspex_adapters::Wording;
use dspex_conformance::checker::{Expected, check};
use dspex_conformance::render_case;
use serde_json::{Value as Json, json};

use super::common::corpus;

/// A good rendering of a case, with what the corpus says of it.
pub(super) struct Good<'a> {
    pub(super) signature: &'a Json,
    pub(super) messages: Vec<Json>,
}

impl Good<'_> {
    pub(super) fn fields(&self, direction: &str) -> Vec<&Json> {
        let all = self.signature["fields"].as_array().into_iter().flatten();
        all.filter(|f| f["direction"] == direction).collect()
    }

    pub(super) fn last_output(&self) -> &str {
        self.fields("output").last().and_then(|f| f["name"].as_str()).unwrap_or_default()
    }

    /// The messages with the text of one changed; none where nothing changes.
    pub(super) fn with_text(
        &self,
        at: usize,
        change: impl FnOnce(&str) -> Option<String>,
    ) -> Option<Vec<Json>> {
        let mut messages = self.messages.clone();
        let text = messages.get(at)?["content"].as_str()?.to_owned();
        let changed = change(&text).filter(|c| *c != text)?;
        messages[at]["content"] = json!(changed);
        Some(messages)
    }

    pub(super) fn system(&self, change: impl FnOnce(&str) -> Option<String>) -> Option<Vec<Json>> {
        self.with_text(0, change)
    }

    pub(super) fn last_user(&self, change: impl FnOnce(&str) -> Option<String>) -> Option<Vec<Json>> {
        self.with_text(self.messages.len() - 1, change)
    }

    /// The first turn of a role within the demonstrations.
    pub(super) fn demo_turn(
        &self,
        role: &str,
        change: impl FnOnce(&str) -> Option<String>,
    ) -> Option<Vec<Json>> {
        let at = self.messages[..self.messages.len() - 1].iter().position(|m| m["role"] == role)?;
        self.with_text(at, change)
    }
}

/// Applies a fault to every case that renders well; the checker must find each, in at least `least` chat cases.
#[track_caller]
pub(super) fn finds(least: usize, fault: impl Fn(&Good<'_>) -> Option<Vec<Json>>) {
    finds_in("json", 0, &fault);
    finds_in("xml", 0, &fault);
    finds_in("baml", 0, &fault);
    finds_in("chat", least, &fault);
}

/// The same for the cases of one adapter.
#[track_caller]
pub(super) fn finds_in(adapter: &str, least: usize, fault: impl Fn(&Good<'_>) -> Option<Vec<Json>>) {
    let Some(corpus) = corpus() else { return };
    let missing = Wording::default().demo.missing_output;
    let mut tried = 0;
    for case in corpus.cases("render_cases").iter().filter(|c| c["adapter"] == adapter) {
        let (Ok(messages), Ok(signature)) = (render_case(&corpus, case), corpus.signature_json(case)) else {
            continue;
        };
        let Ok(expected) = Expected::of(&corpus, case) else { continue };
        if check(&expected, &messages, Some(&missing)).is_err() {
            continue;
        }
        let Some(faulty) = fault(&Good { signature, messages }) else { continue };
        tried += 1;
        assert!(
            check(&expected, &faulty, Some(&missing)).is_err(),
            "not found in {}: {faulty:#?}",
            case["id"]
        );
    }
    assert!(tried >= least, "the fault fits {tried} cases only");
}

/// The text with the first of some words taken out.
pub(super) fn without(text: &str, words: &str) -> Option<String> {
    (!words.is_empty() && text.contains(words)).then(|| text.replacen(words, "", 1))
}

/// The sections of a text with their markers, where there are at least two.
pub(super) fn swapped_sections(text: &str) -> Option<String> {
    let second = text.find("\n\n[[ ## ")? + 2;
    let end = text[second..].find("\n\n[[ ## ")? + second + 2;
    Some(format!("{}{}{}", &text[second..end], &text[..second], &text[end..]))
}
