//! Decisions from end to end: what is asked, what is made of the evidence, and what is saved.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use dspex_adapters::by_name;
use dspex_core::types::DecisionConfig;
use dspex_core::value::{Choice, Noul, Options};
use dspex_core::{Context, Example, Module as _, Program, Record, Signature, Value};
use dspex_modules::{Predict, SavedProgram};
use dspex_testkit::{ScriptedLm, block_on};
use serde_json::json;

const ALL: &str = "mail -> spam: Noul, topic: Choice[('billing', 'about payments'), ('other', '')], \
                   tone: Score['poor', 'fair', 'great']";

const EVIDENCE: [(&str, &str); 3] = [
    ("spam", r#"{"noul": 0.7}"#),
    ("topic", r#"{"probabilities": {"billing": 0.4, "other": 0.6}, "confidence": 0.7}"#),
    ("tone", r#"{"probabilities": {"0": 0.1, "1": 0.2, "2": 0.7}, "confidence": 0.9}"#),
];

fn reply(adapter: &str, fields: &[(&str, &str)]) -> String {
    match adapter {
        "json" => {
            let fields: Vec<String> = fields.iter().map(|(n, v)| format!("\"{n}\": {v}")).collect();
            format!("{{{}}}", fields.join(", "))
        }
        _ => fields.iter().map(|(n, v)| format!("[[ ## {n} ## ]]\n{v}")).collect::<Vec<_>>().join("\n\n"),
    }
}

fn ask(predict: &Predict, adapter: &str, reply: String) -> (dspex_core::Result<Record>, String) {
    let lm = ScriptedLm::replies([reply]);
    let ctx = Context::new(lm.clone()).with_shared_adapter(by_name(adapter).unwrap());
    let out = block_on(predict.call(&ctx, Record::new().with("mail", "Hello")));
    let sent = lm.requests()[0].messages.iter().map(|m| m.text().clone()).collect::<Vec<_>>().join("\n");
    (out.map(|p| (*p).clone()), sent)
}

fn field(out: &Record, name: &str, key: &str) -> serde_json::Value {
    out.get(name).unwrap().to_tagged()["fields"][key].clone()
}

#[test]
fn evidence_becomes_values_through_chat_and_json() {
    for adapter in ["chat", "json"] {
        let (out, sent) = ask(&Predict::parse(ALL).unwrap(), adapter, reply(adapter, &EVIDENCE));
        let out = out.unwrap();
        assert_eq!(field(&out, "spam", "value"), true, "{adapter}");
        assert_eq!(field(&out, "topic", "value"), "other", "{adapter}");
        assert_eq!(field(&out, "tone", "level"), 2, "{adapter}");
        assert!((field(&out, "tone", "value").as_f64().unwrap() - 1.6).abs() < 1e-9, "{adapter}");
        // The prompt asks for evidence, and says what the answers mean.
        for part in ["noul", "probabilities", "about payments", "fair"] {
            assert!(sent.contains(part), "{adapter}: {part} in {sent}");
        }
    }
}

#[test]
fn settings_decide() {
    let predict = Predict::parse(ALL).unwrap();
    let predict = predict.with_decision("spam", DecisionConfig::new().threshold(0.8)).unwrap();
    let predict = predict.with_decision("topic", DecisionConfig::new().weights([("billing", 2.0)])).unwrap();
    let again = DecisionConfig::new()
        .cuts([0.2, 1.9])
        .instructions("Judge the tone.")
        .criteria(json!(["a", "b", "c"]));
    let predict = predict.with_decision("tone", again).unwrap();
    let (out, sent) = ask(&predict, "chat", reply("chat", &EVIDENCE));
    let out = out.unwrap();
    assert_eq!(field(&out, "spam", "value"), false);
    assert_eq!(field(&out, "topic", "value"), "billing");
    assert_eq!(field(&out, "tone", "level"), 1);
    assert_eq!(out.get("tone").unwrap().to_tagged()["$dspy"], "Score['poor', 'fair', 'great']");
    assert!(sent.contains("Judge the tone.") && !sent.contains("great"), "{sent}");

    let e =
        Predict::parse(ALL).unwrap().with_decision("spam", DecisionConfig::new().cuts([1.0])).err().unwrap();
    assert!(e.to_string().contains("`threshold`"), "{e}");
    assert!(Predict::parse(ALL).unwrap().with_decision("mail", DecisionConfig::new()).is_err());
    assert!(Predict::parse("q -> a").unwrap().with_decision("a", DecisionConfig::new()).is_err());
}

#[test]
fn plain_types_with_settings_are_decisions_and_stay_plain() {
    let predict = Predict::parse("mail -> spam: bool, topic: Literal['a', 'b']").unwrap();
    let predict = predict.with_decision("spam", DecisionConfig::new().threshold(0.9)).unwrap();
    let predict = predict.with_decision("topic", DecisionConfig::new()).unwrap();
    let topic = r#"{"probabilities": {"a": 0.4, "b": 0.6}, "confidence": 0.7}"#;
    let fields = [("spam", r#"{"noul": 0.85}"#), ("topic", topic)];
    for adapter in ["chat", "json"] {
        let (out, _) = ask(&predict, adapter, reply(adapter, &fields));
        let out = out.unwrap();
        assert_eq!(
            (out.get("spam"), out.get("topic")),
            (Some(&false.into()), Some(&"b".into())),
            "{adapter}"
        );
    }
}

#[test]
fn what_is_no_evidence_is_an_error() {
    for bad in [
        r#"{"noul": 1.2}"#,
        r#"{"noul": NaN}"#,
        r#"{"noul": 0.5, "x": 1}"#,
        "0.7",
        "true",
        r#"{"value": true, "confidence": 2}"#,
    ] {
        for adapter in ["chat", "json"] {
            let predict = Predict::parse("mail -> spam: Noul").unwrap();
            let (out, _) = ask(&predict, adapter, reply(adapter, &[("spam", bad)]));
            assert!(out.is_err(), "{adapter} {bad}: {out:?}");
        }
    }
    // A value without its probability cannot be held to another threshold.
    let predict = Predict::parse("mail -> spam: Noul").unwrap();
    let predict = predict.with_decision("spam", DecisionConfig::new().threshold(0.9)).unwrap();
    let (out, _) = ask(&predict, "chat", reply("chat", &[("spam", r#"{"value": true, "confidence": 0.2}"#)]));
    assert_eq!(out.unwrap_err().code(), "field_type");
}

#[test]
fn demonstrations_are_told_beside_decisions() {
    let demo = Example::new([("mail", "You won!")]).with("spam", true);
    let predict = Predict::parse("mail -> spam: Noul").unwrap().with_demos([demo]).unwrap();
    let (out, sent) = ask(&predict, "chat", reply("chat", &EVIDENCE[..1]));
    assert_eq!(field(&out.unwrap(), "spam", "value"), true);
    assert!(sent.contains(r#"[{"mail": "You won!", "spam": true}]"#), "{sent}");
}

#[test]
fn what_prompts_show_is_read_back() {
    let predict = Predict::parse(ALL).unwrap();
    let first = ask(&predict, "chat", reply("chat", &EVIDENCE)).0.unwrap();
    for adapter in ["chat", "json"] {
        let shown: Vec<(&str, String)> = first.iter().map(|(n, v)| (n, v.to_json_text().unwrap())).collect();
        let shown: Vec<(&str, &str)> = shown.iter().map(|(n, v)| (*n, v.as_str())).collect();
        assert_eq!(ask(&predict, adapter, reply(adapter, &shown)).0.unwrap(), first, "{adapter}");
    }
}

#[test]
fn settings_are_saved_as_dspy_saves_them() {
    let plain = Predict::parse("mail -> spam: bool").unwrap();
    let sure = plain.clone().with_decision("spam", DecisionConfig::new().threshold(0.8)).unwrap();
    let text = SavedProgram::of(&sure).unwrap().to_json();
    let file: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(file["fields"], json!({"spam": {"threshold": 0.8}}));
    let loaded = SavedProgram::parse("p.json", &text).unwrap().apply(&plain).unwrap();
    assert_eq!(loaded.state(), sure.state());

    // A file without settings takes them away, as in DSPy; one with settings that do not fit is refused.
    let bare = SavedProgram::of(&plain).unwrap().to_json();
    assert!(!bare.contains("\"fields\": {}"));
    let taken = SavedProgram::parse("p.json", &bare).unwrap().apply(&sure).unwrap();
    assert_eq!(taken.state(), plain.state());
    let wrong = text.replace("0.8", "1.8");
    assert!(SavedProgram::parse("p.json", &wrong).unwrap().apply(&plain).is_err());
}

#[derive(Debug)]
struct Topic;

impl Options for Topic {
    const OPTIONS: &'static [(&'static str, &'static str)] = &[("billing", ""), ("other", "")];
}

/// Sort the mail.
#[derive(Signature)]
struct Sort {
    #[input]
    mail: String,
    #[output]
    spam: Noul,
    #[output]
    topic: Choice<Topic>,
}

#[test]
fn rust_types_take_part() {
    let lm = ScriptedLm::replies([reply("chat", &EVIDENCE[..2])]);
    let out =
        block_on(Predict::<Sort>::new().call(&Context::new(lm), SortInput { mail: "Hello".into() })).unwrap();
    assert!(out.spam.value && out.spam.probability == Some(0.7));
    assert_eq!(out.topic.value, "other");
    assert_eq!(out.topic.probabilities.as_ref().unwrap()[0], ("billing".to_owned(), 0.4));
    let _ = Value::from(out.topic.clone());
}
