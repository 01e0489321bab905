//! Type adapters: modes, every fault with its place, batches.
#![expect(clippy::unwrap_used, reason = "tests")]

use dspex_core::types::builtin::{BUILTIN_TYPES, Confidence, FunctionCall, ReasoningChain, TokenUsage};
use dspex_core::validation::{Violation, validator_of};
use dspex_core::{FieldType, SignatureParser, Value};
use dspex_validate::{DynTypeAdapter, TypeAdapter};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Address {
    street: String,
    #[schemars(range(min = 1))]
    number: u16,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
struct Person {
    name: String,
    age: Option<u8>,
    #[serde(default)]
    addresses: Vec<Address>,
}

fn named(name: &str) -> DynTypeAdapter {
    DynTypeAdapter::new(FieldType::parse(name, None).unwrap())
}

#[test]
fn all_faults_of_a_nested_value_come_together_with_their_places() {
    let people = TypeAdapter::<Vec<Person>>::new();
    let e = people
        .validate_text(
            r#"[{"name": "Ada", "addresses": [{"street": "A", "number": 0}, {"number": "x"}]}, {"age": "old"}]"#,
        )
        .unwrap_err();
    let faults: Vec<_> = e.iter().map(|f| (f.path.as_str(), f.code.as_str())).collect();
    assert_eq!(
        faults,
        [
            ("[0].addresses[0].number", "ge"),
            ("[0].addresses[1].street", "missing"),
            ("[0].addresses[1].number", "type"),
            ("[1].name", "missing"),
            ("[1].age", "type"),
        ]
    );
}

#[test]
fn a_strict_adapter_takes_only_what_is_of_the_type() {
    let lax = DynTypeAdapter::new(FieldType::list(FieldType::Int));
    let strict = lax.clone().strict();
    for (text, by_lax, by_strict) in [
        ("[1, 2]", true, true),
        (r#"["1", 2]"#, true, false),
        ("[1, 2,]", true, false),
        ("[1.5]", false, false),
    ] {
        assert_eq!(lax.validate_text(text).is_ok(), by_lax, "{text}");
        assert_eq!(strict.validate_text(text).is_ok(), by_strict, "{text}");
    }
}

#[test]
fn steps_run_in_order_and_the_first_that_fails_ends_the_reading() {
    let double = |name: &'static str| {
        validator_of(name, |n: i64| if n > 8 { Err(Violation::new("big", "too big")) } else { Ok(n * 2) })
    };
    let adapter =
        TypeAdapter::<i64>::new().with_step(double("a")).with_step(double("b")).with_step(double("c"));
    assert_eq!(adapter.validate_text("1").unwrap(), 8);
    let e = adapter.validate_text("3").unwrap_err();
    assert_eq!((e.len(), e.first().code.as_str()), (1, "big"));
    let replaced = adapter.with_step(validator_of("a", |n: i64| Ok::<_, Violation>(n + 1)));
    assert_eq!(replaced.validate_text("1").unwrap(), 8, "1 + 1, then doubled twice");
}

#[test]
fn a_batch_keeps_what_fits() {
    let ages = TypeAdapter::<u8>::new();
    let values: Vec<Value> = vec![36.into(), "41".into(), "old".into(), 300.into()];
    let read = ages.validate_many(&values);
    assert_eq!(read.iter().map(|r| r.clone().ok()).collect::<Vec<_>>(), [Some(36), Some(41), None, None]);
}

#[test]
fn what_is_dumped_is_read_back() {
    let people = TypeAdapter::<Person>::new();
    let ada =
        Person { name: "Ada".into(), age: None, addresses: vec![Address { street: "A".into(), number: 3 }] };
    let json = people.dump_json(&ada).unwrap();
    assert_eq!(people.validate_json(&json.to_string()).unwrap(), ada);
}

#[test]
fn confidence_is_read_from_what_models_write() {
    let table = [
        ("0.85", Some(0.85)),
        ("85 %", Some(0.85)),
        ("85%", Some(0.85)),
        ("85 percent.", Some(0.85)),
        ("1", Some(1.0)),
        ("0", Some(0.0)),
        ("100 %", Some(1.0)),
        ("101 %", None),
        ("-1 %", None),
        ("85", None),
        ("high", None),
        ("inf", None),
        ("nan", None),
        ("", None),
        ("8 5 %", None),
    ];
    let typed = TypeAdapter::<Confidence>::new();
    for (text, expected) in table {
        for name in ["Confidence", "Probability"] {
            let value = named(name).validate_text(text).ok().and_then(|v| v.as_f64());
            assert_eq!(value, expected, "{name}: {text:?}");
        }
        assert_eq!(typed.validate_text(text).ok().map(Confidence::get), expected, "typed: {text:?}");
    }
    let worded = named("WordedConfidence");
    for (text, expected) in
        [("high", Some(0.75)), ("Very high.", Some(0.9)), ("85 %", Some(0.85)), ("hi", None)]
    {
        assert_eq!(worded.validate_text(text).ok().and_then(|v| v.as_f64()), expected, "{text:?}");
    }
}

#[test]
fn a_chain_is_read_from_free_text_and_from_json() {
    let chains = TypeAdapter::<ReasoningChain>::new();
    let thoughts = |text: &str| -> Vec<String> {
        chains.validate_text(text).unwrap().steps().iter().map(|s| s.thought.clone()).collect()
    };
    let two = ["Read it.", "Add it up."];
    for text in [
        "1. Read it.\n2. Add it up.",
        "1) Read it.\n2) Add it up.",
        "- Read it.\n- Add it up.",
        "* Read it.\n* Add it up.",
        "Step 1: Read it.\nStep 2: Add it up.",
        "**Step 1:** Read it.\n**Step 2:** Add it up.",
        "Read it.\n\nAdd it up.",
        "Read it.\nAdd it up.",
        r#"["Read it.", "Add it up."]"#,
        r#"[{"thought": "Read it."}, {"thought": "Add it up.", "result": null}]"#,
    ] {
        assert_eq!(thoughts(text), two, "{text:?}");
    }
    assert_eq!(thoughts("3.5 is the mean of 3 and 4."), ["3.5 is the mean of 3 and 4."], "no mark");
    for bad in ["", " \n ", "[]", r#"[{"result": "6"}]"#, &"- x\n".repeat(51)] {
        assert!(chains.validate_text(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn counts_and_calls_are_read_in_the_form_of_the_wire_too() {
    let usage = TypeAdapter::<TokenUsage>::new();
    assert_eq!(
        usage.validate_text(r#"{"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7}"#).unwrap(),
        TokenUsage::new(3, 4)
    );
    let e = usage.validate_text(r#"{"input_tokens": 3, "output_tokens": 4, "total_tokens": 9}"#).unwrap_err();
    assert_eq!((e.first().path.as_str(), e.first().code.as_str()), ("total_tokens", "total"));
    assert!(usage.validate_text(r#"{"input_tokens": -3, "output_tokens": 4}"#).is_err());

    let calls = TypeAdapter::<FunctionCall>::new();
    for text in [
        r#"{"name": "weather", "arguments": {"place": "Oslo"}}"#,
        r#"{"name": "weather", "args": {"place": "Oslo"}}"#,
        r#"{"type": "function", "function": {"name": "weather", "arguments": "{\"place\": \"Oslo\"}"}}"#,
    ] {
        let call = calls.validate_text(text).unwrap();
        assert_eq!((call.name.as_str(), &call.arguments["place"]), ("weather", &"Oslo".into()), "{text}");
    }
    assert!(calls.validate_text(r#"{"name": "", "arguments": {}}"#).is_err());
}

#[test]
fn every_type_for_outputs_has_a_value_that_fails_and_a_schema() {
    for (name, _) in BUILTIN_TYPES {
        let adapter = named(name);
        assert!(adapter.json_schema().is_object(), "{name}");
        assert_eq!(adapter.json_schema()["title"], *name);
        let nothing = r#"{"unknown": {"shape": [[]]}}"#;
        assert!(adapter.validate_json(nothing).is_err(), "{name} takes anything");
        let compat = SignatureParser::new().compat().parse(&format!("a -> b: {name}"));
        assert!(compat.is_err(), "DSPy has no {name}");
    }
}
