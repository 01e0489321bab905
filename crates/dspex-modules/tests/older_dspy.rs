//! Programs that DSPy 2.6 to 3.3 saved; `fixtures/make.py` is what saved them.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::sync::Arc;

use dspex_core::{LanguageModel, Parameters, Path, Program, Result, Value, visit};
use dspex_modules::{ChainOfThought, LmSettings, Predict, SavedProgram};
use dspex_testkit::ScriptedLm;

/// Version, flat program, nested program.
macro_rules! versions {
    ($($version:literal)*) => {
        [$((
            $version,
            include_str!(concat!("fixtures/dspy-", $version, "/flat.json")),
            include_str!(concat!("fixtures/dspy-", $version, "/nested.json")),
        )),*]
    };
}

const VERSIONS: [(&str, &str, &str); 5] = versions!["2.6.27" "3.0.4" "3.1.3" "3.2.1" "3.3.1"];

#[derive(Clone, Parameters)]
struct Report {
    think: ChainOfThought,
    steps: Vec<Predict>,
    table: BTreeMap<String, Predict>,
}

fn report() -> Report {
    let predict = |s: &str| Predict::parse(s).unwrap();
    Report {
        think: ChainOfThought::parse("question -> query").unwrap(),
        steps: vec![predict("text -> score: int, sure: bool"), predict("x -> y")],
        table: [("k".to_owned(), predict("text -> mood"))].into(),
    }
}

#[expect(clippy::unnecessary_wraps, reason = "loading takes a function that may fail")]
fn scripted(_: &LmSettings) -> Result<Option<Arc<dyn LanguageModel>>> {
    Ok(Some(Arc::new(ScriptedLm::always("x"))))
}

fn read(version: &str, text: &str) -> SavedProgram {
    let saved = SavedProgram::parse(version, text).unwrap();
    let versions = &saved.metadata.as_ref().unwrap()["dependency_versions"];
    assert_eq!(versions["dspy"], version, "the file is of that version");
    saved
}

#[test]
fn a_flat_program_of_every_version_is_loaded() {
    for (version, text, _) in VERSIONS {
        let saved = read(version, text);
        let lm = saved.predictors[&Path::root()].lm.clone().unwrap();
        let get = |name: &str| lm.get(name).cloned().unwrap_or_default();
        assert_eq!((lm.model(), get("cache")), (Some("openai/gpt-4o-mini"), false.into()), "{version}");
        // 2.6 wrote the key into the file, and a switch that later versions do not have.
        let left_out: &[&str] =
            if version == "2.6.27" { &["cache_in_memory of `self`", "api_key of `self`"] } else { &[] };
        assert_eq!(saved.left_out(), left_out, "{version}");
        assert!(!saved.to_json().contains("not-a-real-key"), "{version}");

        let loaded = saved.apply_with(&Predict::parse("text -> mood").unwrap(), scripted).unwrap();
        let signature = loaded.signature();
        assert_eq!(signature.instructions(), "Say how the writer feels.", "{version}");
        assert_eq!(signature.field("mood").unwrap().description.as_deref(), Some("one word"), "{version}");
        visit(&loaded, |_, leaf| {
            assert_eq!(leaf.options().temperature, Some(0.5), "{version}");
            assert_eq!(leaf.options().max_tokens, Some(200), "{version}");
            let demos = leaf.state().demos.unwrap();
            assert_eq!(demos.len(), 2, "{version}");
            assert_eq!(demos[0].record().get("augmented").unwrap(), &Value::Bool(true), "{version}");
            assert_eq!(
                demos[1].record().get("text").unwrap(),
                &Value::from("rain \u{2014} \u{fc}berall"),
                "{version}"
            );
        });
        let other = Predict::parse("text -> score: int").unwrap();
        assert!(saved.apply_with(&other, scripted).is_err(), "{version}: a program of other fields");
    }
}

#[test]
fn a_nested_program_of_every_version_is_loaded() {
    for (version, _, text) in VERSIONS {
        let saved = read(version, text);
        let loaded = saved.apply_with(&report(), scripted).unwrap_or_else(|e| panic!("{version}: {e}"));
        let paths: Vec<String> = saved.predictors.keys().map(ToString::to_string).collect();
        assert_eq!(paths, ["think.predict", "steps[0]", "steps[1]", "table['k']"], "{version}");
        let given: Vec<_> = loaded.state().iter().map(|(p, s)| (p.to_string(), s.clone())).collect();
        let demos = |i: usize| given[i].1.demos.as_ref().unwrap();
        assert_eq!(
            demos(0)[0].record().get("reasoning").unwrap(),
            &Value::from("a name is asked for"),
            "{version}"
        );
        assert_eq!(demos(1)[0].record().get("score").unwrap(), &Value::from(4), "{version}");
        assert_eq!(demos(1)[0].record().get("sure").unwrap(), &Value::from(true), "{version}");
        assert!(demos(2).is_empty() && demos(3).is_empty(), "{version}");
        assert_eq!(loaded.steps[0].signature().instructions(), "Rate from 1 to 5.", "{version}");
        assert_eq!(loaded.table["k"].signature().instructions(), "Say how the writer feels.", "{version}");
        visit(&loaded, |path, leaf| {
            let options = leaf.options();
            let of_its_own = path.to_string() == "steps[1]";
            assert_eq!(leaf.lm().is_some(), of_its_own, "{version} {path}");
            assert_eq!(
                (options.temperature, options.top_p, options.seed),
                if of_its_own { (Some(0.0), Some(0.9), Some(7)) } else { (None, None, None) },
                "{version} {path}"
            );
        });
        let lm = saved.predictors[&Path::from("steps[1]")].lm.as_ref().unwrap();
        assert_eq!((lm.model(), lm.get("num_retries").unwrap().as_i64()), (Some("openai/gpt-4o"), Some(5)));
        // What was loaded is written as DSPy 3.4.1 has it, and comes back.
        let again = SavedProgram::of(&loaded).unwrap();
        let back = SavedProgram::parse("again.json", &again.to_json()).unwrap();
        assert_eq!(back.apply_with(&report(), scripted).unwrap().state(), loaded.state(), "{version}");
    }
}

#[test]
fn a_signature_of_an_older_version_keeps_its_labels() {
    let older = read("2.6.27", VERSIONS[0].2).apply_with(&report(), scripted).unwrap();
    let state = older.state();
    let labels: Vec<&str> = state
        .get(&Path::from("think.predict"))
        .unwrap()
        .signature
        .as_ref()
        .unwrap()
        .fields
        .iter()
        .map(|f| f.prefix.as_str())
        .collect();
    assert_eq!(labels, ["Question:", "Reasoning: Let's think step by step in order to", "Query:"]);
}
