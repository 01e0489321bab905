//! The runner of whole calls finds what differs: each case that passes fails once its expectations are changed.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use dspex_conformance::{Corpus, run};
use serde_json::{Map, Value as Json, json};

/// The shared corpus with one call only.
fn with_only(all: &Json, case: &Json) -> Corpus {
    let types = ["signatures", "models", "enums", "typeddicts"];
    let mut corpus: Map<_, _> = types.map(|name| (name.to_owned(), all[name].clone())).into_iter().collect();
    corpus.insert("call_cases".into(), json!([case]));
    Corpus::from_json(&Json::Object(corpus).to_string()).unwrap()
}

type Change = fn(&mut Json) -> bool;

/// Changes of what DSPy is said to have done; false where there is nothing to change.
const CHANGES: [(&str, Change); 6] = [
    ("another option", |case| {
        case["lm_calls"][0]["lm_kwargs"]["top_p"] = json!(0.5);
        true
    }),
    ("another schema", |case| {
        match case.pointer_mut("/lm_calls/0/lm_kwargs/response_format/$pydantic_schema") {
            Some(schema) => {
                schema["required"].as_array_mut().unwrap().push(json!("more"));
                true
            }
            None => false,
        }
    }),
    ("no response format", |case| {
        let options = case["lm_calls"][0]["lm_kwargs"].as_object_mut().unwrap();
        options.shift_remove("response_format").is_some()
    }),
    ("one more call", |case| {
        let calls = case["lm_calls"].as_array_mut().unwrap();
        calls.push(calls[0].clone());
        true
    }),
    ("one more value", |case| match case["result"].as_array_mut() {
        Some(result) => {
            result[0]["more"] = json!(1);
            true
        }
        None => false,
    }),
    ("another input", |case| {
        let last = case["lm_calls"][0]["messages"].as_array_mut().unwrap().last_mut().unwrap();
        last["content"] = json!(format!("x{}", last["content"].as_str().unwrap()));
        true
    }),
];

#[test]
fn changed_expectations_are_found() {
    let Some(corpus) = common::corpus() else { return };
    let text = std::fs::read_to_string(common::file()).unwrap();
    // Halves of surrogate pairs stand in tables that calls do not need.
    let all: Json = serde_json::from_str(&text.replace("\\ud8", "\\u00").replace("\\ud", "\\u0")).unwrap();
    let failing: Vec<String> =
        run(&corpus).named("call_cases").flat_map(|s| &s.failures).map(|f| f.id.clone()).collect();
    for (what, change) in CHANGES {
        let mut made = 0;
        for case in all["call_cases"].as_array().unwrap() {
            let id = case["id"].as_str().unwrap();
            if failing.iter().any(|f| f == id) {
                continue;
            }
            assert_eq!(run(&with_only(&all, case)).total(), (1, 1), "{id}");
            let mut changed = case.clone();
            if change(&mut changed) {
                made += 1;
                assert_eq!(run(&with_only(&all, &changed)).total(), (0, 1), "{id}: {what}");
            }
        }
        assert!(made >= 4, "{what}: only {made} cases");
    }
}

#[test]
fn changed_second_calls_are_found() {
    if common::corpus().is_none() {
        return;
    }
    let text = std::fs::read_to_string(common::file()).unwrap();
    let all: Json = serde_json::from_str(&text.replace("\\ud8", "\\u00").replace("\\ud", "\\u0")).unwrap();
    let case = all["call_cases"].as_array().unwrap().iter().find(|c| c["id"] == "two_step_ok").unwrap();
    let changes: [Change; 5] = [
        |case| case["extraction_lm_calls"].as_array_mut().unwrap().pop().is_some(),
        |case| {
            case["extraction_lm_calls"][0]["lm_kwargs"]["temperature"] = json!(1.0);
            true
        },
        |case| {
            let content = &mut case["extraction_lm_calls"][0]["messages"][1]["content"];
            *content = json!(content.as_str().unwrap().replace("the int is 1", "the int is 2"));
            true
        },
        |case| {
            let content = &mut case["extraction_lm_calls"][0]["messages"][0]["content"];
            *content = json!(content.as_str().unwrap().replace("fields `i`, ", "fields "));
            true
        },
        |case| case.as_object_mut().unwrap().shift_remove("extraction_lm_calls").is_some(),
    ];
    assert_eq!(run(&with_only(&all, case)).total(), (1, 1));
    for (i, change) in changes.into_iter().enumerate() {
        let mut changed = case.clone();
        assert!(change(&mut changed) && changed != *case, "change {i} changes nothing");
        assert_eq!(run(&with_only(&all, &changed)).total(), (0, 1), "change {i}");
    }
}
