//! The lean adapter from outside: what is asked, and how each kind of reply is read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use dspex_adapters::{ChatAdapter, LeanAdapter};
use dspex_core::lm::{Choice, FinishReason};
use dspex_core::{Adapter, Example, ParsePolicy, ParseRule, Record, RenderCall, Signature};

fn texts(signature: &str, inputs: &Record, demos: &[Example]) -> Vec<String> {
    let signature = Signature::parse(signature).unwrap();
    let request = LeanAdapter::new().render(&RenderCall::new(&signature, inputs).demos(demos)).unwrap();
    request.messages.iter().map(dspex_core::lm::Message::text).collect()
}

#[test]
fn values_stand_alone() {
    let demos = [Example::new([("q", "1+1?"), ("a", "2")])];
    let found = texts("q -> a", &Record::new().with("q", "2+2?"), &demos);
    let system = "You are given:\n1. `q` (str)\nYou reply with nothing but:\n1. `a` (str)\n\n\
                  Your task:\nGiven the fields `q`, produce the fields `a`.";
    assert_eq!(found, [system, "1+1?", "2", "2+2?"]);
}

#[test]
fn several_inputs_are_told_apart_by_markers() {
    let found = texts("q, context -> a", &Record::new().with("q", "Q").with("context", "C"), &[]);
    assert_eq!(found[1], "[[ ## q ## ]]\nQ\n\n[[ ## context ## ]]\nC");
}

#[test]
fn a_turn_of_the_user_says_something() {
    assert_eq!(texts("q -> a", &Record::new().with("q", " "), &[])[1], "Now write `a`.");
    let signature = Signature::parse("q -> a").unwrap().delete("q");
    let request = LeanAdapter::new().render(&RenderCall::new(&signature, &Record::new())).unwrap();
    assert_eq!(request.messages[1].text(), "Now write `a`.");
}

#[test]
fn an_incomplete_demonstration_is_called_so() {
    let demos = [Example::new([("q", "Q1"), ("a", "A1")])];
    let found = texts("q, context -> a", &Record::new().with("q", "Q").with("context", "C"), &demos);
    assert_eq!(found[1], "An example in which some fields are left out.\n\n[[ ## q ## ]]\nQ1");
    assert_eq!(found[2], "A1");
}

#[test]
fn other_signatures_are_the_chat_adapters() {
    let inputs = Record::new().with("q", "Q");
    for signature in ["q -> a, b", "q -> a: int", "q -> a: Optional[str]"] {
        let signature = Signature::parse(signature).unwrap();
        let call = RenderCall::new(&signature, &inputs);
        let chat = ChatAdapter::new().render(&call).unwrap();
        assert_eq!(LeanAdapter::new().render(&call).unwrap().messages, chat.messages);
    }
    let signature = Signature::parse("q -> a: int").unwrap();
    let reply = Choice::text("[[ ## a ## ]]\n3\n\n[[ ## completed ## ]]");
    let parsed = LeanAdapter::new().parse(&signature, &reply, &ParsePolicy::default()).unwrap();
    assert_eq!(parsed.fields, Record::new().with("a", 3));
}

/// A reply, and its text with the rules of the notes or the code of the error.
#[test]
fn replies_and_what_is_read() {
    let table = [
        ("Paris", "Paris", ""),
        ("\n Paris is\nin France.\n", "Paris is\nin France.", ""),
        ("{\"a\": \"Paris\"}", "{\"a\": \"Paris\"}", ""),
        ("```\nx\n```", "```\nx\n```", ""),
        ("[[ ## a ## ]]\nParis\n\n[[ ## completed ## ]]", "Paris", "section_reply"),
        ("[[ ## a ## ]]\nParis", "Paris", "section_reply"),
        ("Sure!\n\n**[[ ## a ## ]]**\nParis", "Paris", "section_reply,header_decoration"),
        ("<think>Paris, surely.</think>\nParis", "Paris", "think_block"),
        ("[[ ## a ## ]]\nParis\n[[ ## a ## ]]\nRome", "ambiguous", ""),
        ("[[ ## b ## ]]\nParis", "[[ ## b ## ]]\nParis", ""),
        ("  \n", "empty_reply", ""),
    ];
    let signature = Signature::parse("q -> a").unwrap();
    for (reply, wanted, rules) in table {
        let parsed = LeanAdapter::new().parse(&signature, &Choice::text(reply), &ParsePolicy::default());
        let found = parsed.map_or_else(
            |e| (e.code().to_owned(), String::new()),
            |p| {
                let rules: Vec<_> = p.notes.iter().map(|n| n.rule.id()).collect();
                (p.fields.get("a").unwrap().as_str().unwrap().to_owned(), rules.join(","))
            },
        );
        assert_eq!(found, (wanted.to_owned(), rules.to_owned()), "{reply}");
    }
    let cut = Choice::text("Par").with_finish(FinishReason::Length);
    let e = LeanAdapter::new().parse(&signature, &cut, &ParsePolicy::default()).unwrap_err();
    assert_eq!(e.code(), "truncated");
    let policy = ParsePolicy::default().without(ParseRule::SectionReply);
    let marked = Choice::text("[[ ## a ## ]]\nParis");
    let parsed = LeanAdapter::new().parse(&signature, &marked, &policy).unwrap();
    assert_eq!(parsed.fields.get("a").unwrap().as_str(), Some("[[ ## a ## ]]\nParis"));
}
