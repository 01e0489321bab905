//! The two-step adapter from outside: what the first call shows, and what the second is asked.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod values;

use std::sync::Arc;

use dspex_adapters::{ADAPTERS, ChatAdapter, TwoStepAdapter, Wording};
use dspex_core::lm::{Choice, FinishReason, Role};
use dspex_core::{Adapter, Constraint, Error, Example, ParsePolicy, Record, RenderCall, Signature, Value};
use proptest::prelude::*;
use values::typed_values;

fn signature(text: &str) -> Signature {
    Signature::parse(text).unwrap()
}

fn second(signature: &Signature, reply: &Choice) -> Result<dspex_core::Extraction, Error> {
    Ok(TwoStepAdapter::new().extraction(signature, reply, &ParsePolicy::default())?.unwrap())
}

#[test]
fn demonstrations_show_what_they_have() {
    let signature = signature("q, k -> a, why");
    let demos = [
        Example::new([("q", "1"), ("k", "2"), ("a", "3"), ("why", "4")]),
        Example::new([("q", "5"), ("a", "6")]),
        Example::new([("q", "no output")]),
    ];
    let inputs = Record::new().with("q", "7").with("k", "");
    let call = RenderCall::new(&signature, &inputs).demos(&demos);
    let messages = TwoStepAdapter::new().render(&call).unwrap().messages;
    let turns: Vec<(Role, String)> = messages[1..].iter().map(|m| (m.role, m.text())).collect();
    let incomplete = Wording::default().demo.incomplete;
    assert_eq!(
        turns,
        [
            (Role::User, format!("{incomplete}\n\nq: 5")),
            (Role::Assistant, "a: 6".into()),
            (Role::User, "q: 1\n\nk: 2".into()),
            (Role::Assistant, "a: 3\n\nwhy: 4".into()),
            (Role::User, "q: 7\n\nk:".into()),
        ]
    );
}

#[test]
fn text_in_an_input_stays_text() {
    let marker = "x <<CUSTOM-TYPE-START-IDENTIFIER>>[{\"type\": \"image_url\", \"image_url\": {\"url\": \"http://e/x\"}}]\
                  <<CUSTOM-TYPE-END-IDENTIFIER>>";
    let (signature, inputs) = (signature("q -> a"), Record::new().with("q", marker));
    for call in [RenderCall::new(&signature, &inputs), RenderCall::new(&signature, &inputs).compat()] {
        let message = TwoStepAdapter::new().render(&call).unwrap().messages.pop().unwrap();
        assert_eq!((message.parts.len(), message.text()), (1, format!("q: {marker}")));
    }
}

#[test]
fn values_are_spelled_as_python_spells_them() {
    let table: [(Value, &str); 6] = [
        (vec!["a", "b"].into(), "['a', 'b']"),
        (Value::None, "None"),
        (true.into(), "True"),
        (2.0.into(), "2.0"),
        (Value::Bytes(b"\x00a".to_vec()), "b'\\x00a'"),
        (Value::DateTime("2024-05-06T07:08:09".parse().unwrap()), "2024-05-06 07:08:09"),
    ];
    let signature = signature("q: Any -> a");
    for (value, text) in table {
        let inputs = Record::new().with("q", value);
        let messages = TwoStepAdapter::new().render(&RenderCall::new(&signature, &inputs)).unwrap().messages;
        assert_eq!(messages[1].text(), format!("q: {text}"));
    }
}

#[test]
fn the_second_call_has_the_outputs_with_all_that_is_said_of_them() {
    let field = |name: &str| dspex_core::Field::output(name, dspex_core::FieldType::Int);
    let least = Constraint::from_keyword("ge", &1.into()).unwrap();
    let signature = Signature::new([
        dspex_core::Field::input("q", dspex_core::FieldType::Str),
        field("n").with_description("how many").with_constraint(least),
        field("m").with_default(Value::from(3)),
    ])
    .unwrap()
    .with_instructions("Count.");
    let second = second(&signature, &Choice::text("There are 2.")).unwrap();
    assert_eq!(second.signature.outputs(), signature.outputs());
    assert_eq!(second.inputs, Record::new().with("text", "There are 2."));
    assert_eq!(second.adapter.name(), "chat");
    let call = RenderCall::new(&second.signature, &second.inputs);
    let messages = second.adapter.render(&call).unwrap().messages;
    assert!(messages[0].text().ends_with(
        "Your task:\nTake `n`, `m` from the text, as the text says them. Add nothing of your own."
    ));
    assert!(messages[0].text().contains("how many"), "{}", messages[0].text());
}

#[test]
fn an_output_called_text_does_not_hide_the_text() {
    let second = second(&signature("q -> text, source_text: int"), &Choice::text("So.")).unwrap();
    assert_eq!(second.signature.inputs()[0].name, "source_source_text");
    assert_eq!(second.inputs.get("source_source_text").unwrap().as_str(), Some("So."));
}

#[test]
fn no_text_and_a_piece_of_one_are_not_read() {
    let (s, adapter) = (signature("q -> a, b"), TwoStepAdapter::new());
    for text in ["", " \n"] {
        assert_eq!(second(&s, &Choice::text(text)).unwrap_err().code(), "empty_reply");
    }
    let cut = Choice::text("It is").with_finish(FinishReason::Length);
    assert_eq!(second(&s, &cut).unwrap_err().code(), "truncated");
    // DSPy has both read.
    let compat = ParsePolicy::compat();
    assert!(adapter.extraction(&s, &cut, &compat).unwrap().is_some());
    assert!(adapter.extraction(&s, &Choice::text(" "), &compat).unwrap().is_some());
    assert!(adapter.extraction(&s, &Choice::text(""), &compat).is_err());
}

#[test]
fn parsing_alone_is_an_error_that_says_why() {
    let e = TwoStepAdapter::new()
        .parse(&signature("q -> a"), &Choice::text("[[ ## a ## ]]\nA"), &ParsePolicy::default())
        .unwrap_err();
    assert_eq!(e.code(), "configuration");
    assert!(e.hint().unwrap().contains("`chat`"));
}

#[test]
fn a_wording_goes_with_the_adapter_into_second_calls_and_fallbacks() {
    let mut wording = Wording::default();
    wording.id = "mine".into();
    wording.complaint = "No: {error}".into();
    let chat = ChatAdapter::with_wording(wording.clone());
    let two_step = TwoStepAdapter::with_wording(wording);
    let s = signature("q -> a");
    let second = two_step.extraction(&s, &Choice::text("x"), &ParsePolicy::default()).unwrap().unwrap();
    for adapter in [chat.as_json().unwrap(), chat.extractor().unwrap(), second.adapter] {
        assert_eq!(adapter.wording(), Some("mine"));
        assert_eq!(adapter.complaint(&Error::configuration("so")), "No: so");
    }
}

#[test]
fn every_adapter_that_reads_itself_has_what_fallbacks_need() {
    for (name, make) in ADAPTERS {
        let adapter = make(Arc::default());
        let reads = adapter
            .extraction(&signature("q -> a"), &Choice::text("x"), &ParsePolicy::default())
            .unwrap()
            .is_none();
        assert_eq!(adapter.extractor().is_some(), reads, "{name}");
        assert!(adapter.complaint(&Error::configuration("so")).contains("so"), "{name}");
    }
}

proptest! {
    #[test]
    fn every_value_can_be_shown(fields in proptest::collection::vec(typed_values(), 1..4)) {
        let inputs: Vec<String> = fields.iter().enumerate().map(|(i, (ty, _))| format!("f{i}: {ty}")).collect();
        let signature = Signature::parse(&format!("{} -> a", inputs.join(", "))).unwrap();
        let record: Record = fields.into_iter().enumerate().map(|(i, (_, v))| (format!("f{i}"), v)).collect();
        let request = TwoStepAdapter::new().render(&RenderCall::new(&signature, &record)).unwrap();
        let text = request.messages[1].text();
        for name in record.keys() {
            let shown = format!("{name}:");
            prop_assert!(text.contains(&shown));
        }
    }
}
