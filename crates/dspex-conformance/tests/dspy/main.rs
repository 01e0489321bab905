//! Saved programs go to DSPy 3.4.1 and come from it, by DSPy itself.
//!
//! `cargo xtask setup` makes the environment in which it runs; without it the test is skipped with a word about that.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use dspex_adapters::{ChatAdapter, Wording};
use dspex_conformance::Corpus;
use dspex_conformance::checker::{Expected, Form, check};
use dspex_core::lm::{LanguageModel, Message};
use dspex_core::{Adapter as _, Context, Example, Parameters, Program, Record, RenderCall, Value, visit};
use dspex_modules::{ChainOfThought, LmSettings, Predict, SaveLoad, SavedProgram};
use dspex_testkit::ScriptedLm;
use serde_json::{Value as Json, json};

/// The program of the script.
#[derive(Clone, Parameters)]
struct TwoHop {
    r#gen: ChainOfThought,
    ans: Vec<Predict>,
    table: BTreeMap<String, Predict>,
}

fn two_hop() -> TwoHop {
    let predict = |signature| Predict::parse(signature).unwrap();
    TwoHop {
        r#gen: ChainOfThought::parse("question -> query").unwrap(),
        ans: vec![predict("text -> i: int, f: float, b: bool, s"), predict("x -> y")],
        table: [("k".to_owned(), predict("u -> v")), ("it's".to_owned(), predict("u -> v"))].into(),
    }
}

fn flat() -> Predict {
    Predict::parse("question -> answer").unwrap()
}

/// A model by name that is never called.
fn nobody(name: &str) -> ScriptedLm {
    ScriptedLm::replies::<String>([]).with_id(name)
}

fn named(lm: &LmSettings) -> Arc<dyn LanguageModel> {
    Arc::new(nobody(lm.model().unwrap()))
}

#[expect(clippy::print_stderr, reason = "a test that does not run must be seen")]
fn python() -> Option<PathBuf> {
    let python = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/python/bin/python");
    if python.exists() {
        return Some(python);
    }
    eprintln!("SKIPPED: there is no DSPy in target/python; `cargo xtask setup` installs it");
    None
}

/// Runs the script and reads what DSPy has.
fn dspy(python: &Path, command: &str, folder: &Path) -> Json {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/dspy/exchange.py");
    let output = Command::new(python).arg(script).arg(command).arg(folder).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    // A word about versions or keys would be a complaint about a file of ours.
    if command == "load" {
        assert!(!errors.contains("mismatch") && !errors.contains("unsafe"), "{errors}");
    }
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What a program has, in the words of the script, without its models and messages.
fn learned(program: &impl Program) -> Json {
    let saved = SavedProgram::of(program).unwrap();
    let file: Json = serde_json::from_str(&saved.to_json()).unwrap();
    let of = |path: &str| if path == "self" { file.clone() } else { file[path].clone() };
    let paths = saved.predictors.keys().map(ToString::to_string);
    paths.map(|p| (p.clone(), json!([of(&p)["demos"], of(&p)["signature"]]))).collect()
}

/// The same of what the script printed.
fn learned_there(facts: &Json) -> Json {
    let of = |facts: &Json| {
        let fields = facts["signature"]["fields"].as_array().unwrap();
        let fields: Vec<Json> =
            fields.iter().map(|f| json!({"prefix": f["prefix"], "description": f["desc"]})).collect();
        json!([facts["demos"], {"instructions": facts["signature"]["instructions"], "fields": fields}])
    };
    facts.as_object().unwrap().iter().map(|(path, facts)| (path.clone(), of(facts))).collect()
}

/// Our messages have the structure and the values of DSPy's.
fn render_alike(program: &impl Program, facts: &Json) {
    let corpus = Corpus::from_json("{}").unwrap();
    visit(program, |path, leaf| {
        // Adapters here refuse some values that are not of their field's type; the state is compared all the same.
        if path.as_str() == "table['k']" {
            return;
        }
        let facts = &facts[path.to_string()];
        let names = leaf.signature().inputs().iter().map(|f| f.name.clone());
        let inputs: Record = names.map(|name| (name.clone(), Value::from(format!("the {name}")))).collect();
        let demos = leaf.state().demos.unwrap();
        let request =
            ChatAdapter::new().render(&RenderCall::new(leaf.signature(), &inputs).demos(&demos)).unwrap();
        let messages: Vec<Json> = request.messages.iter().map(Message::to_json).collect();
        let expected = Expected {
            corpus: &corpus,
            form: Form::Chat,
            signature: &facts["signature"],
            demos: facts["demos"].as_array().unwrap(),
            worded_instructions: false,
            messages: facts["messages"].as_array().unwrap(),
        };
        assert_eq!(
            check(&expected, &messages, Some(&Wording::default().demo.missing_output)),
            Ok(()),
            "{path}"
        );
    });
}

#[test]
fn programs_go_to_dspy_and_come_back() {
    let Some(python) = python() else { return };
    let theirs = tempfile::tempdir().unwrap();
    let ours = tempfile::tempdir().unwrap();
    let saved = dspy(&python, "save", theirs.path());

    // What DSPy saved is loaded here.
    let flat_here = flat().load(theirs.path().join("flat.json")).unwrap();
    let e = two_hop().load(theirs.path().join("nested.json")).map(|_| ()).unwrap_err();
    assert!(e.to_string().contains("`ans[1]`: expected a way to make the model `openai/gpt-4o-mini`"), "{e}");
    let nested_here =
        two_hop().load_with(theirs.path().join("nested.json"), |lm| Ok(Some(named(lm)))).unwrap();
    assert_eq!(learned(&flat_here), learned_there(&saved["flat"]));
    assert_eq!(learned(&nested_here), learned_there(&saved["nested"]));
    render_alike(&flat_here, &saved["flat"]);
    render_alike(&nested_here, &saved["nested"]);
    let options = nested_here.clone().stamped();
    visit(&options, |path, leaf| {
        if path.as_str() == "ans[1]" {
            assert_eq!((leaf.options().temperature, leaf.options().max_tokens), (Some(0.5), Some(100)));
            assert_eq!(leaf.options().rollout_id, Some(3));
        }
    });

    // What is saved here is loaded by DSPy, without a secret and without a complaint.
    let ctx = Context::new(nobody("any"));
    flat_here.save_with(&ctx, ours.path().join("flat.json")).unwrap();
    nested_here.save(ours.path().join("nested.json")).unwrap();
    let text = fs::read_to_string(ours.path().join("nested.json")).unwrap();
    assert!(!text.contains("SECRET") && !text.contains("api_base"), "{text}");
    let loaded = dspy(&python, "load", ours.path());
    for name in ["flat", "nested"] {
        for (path, facts) in saved[name].as_object().unwrap() {
            for key in ["demos", "signature", "messages"] {
                assert_eq!(loaded[name][path][key], facts[key], "{name} {path} {key}");
            }
        }
    }
    let lm = &loaded["nested"]["ans[1]"]["lm"];
    let kept = json!({"model": "openai/gpt-4o-mini", "temperature": 0.5, "max_tokens": 100, "num_retries": 5,
                      "cache": false, "stop": ["END"], "rollout_id": 3});
    for (name, value) in kept.as_object().unwrap() {
        assert_eq!(&lm[name], value, "{name}");
    }

    // DSPy saves them once more, and they are still the same here.
    let flat_again = flat().load(ours.path().join("again-flat.json")).unwrap();
    let nested_again =
        two_hop().load_with(ours.path().join("again-nested.json"), |lm| Ok(Some(named(lm)))).unwrap();
    assert_eq!(flat_again.state(), flat_here.state());
    assert_eq!(nested_again.state(), nested_here.state());
}

#[test]
fn dspy_sees_plain_json_where_values_here_have_other_kinds() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let tagged = json!({"question": {"$date": "2024-01-31"}, "answer": {"$decimal": "1.50"}});
    let demo = Example::from_json(&tagged).unwrap();
    let taught = flat().with_demos([demo]).unwrap();
    taught.save(folder.path().join("flat.json")).unwrap();
    two_hop().save(folder.path().join("nested.json")).unwrap();
    let loaded = dspy(&python, "load", folder.path());
    assert_eq!(loaded["flat"]["self"]["demos"], json!([{"question": "2024-01-31", "answer": "1.50"}]));
    render_alike(&taught, &loaded["flat"]);
    assert_eq!(flat().load(folder.path().join("flat.json")).unwrap().state(), taught.state());
    let nested = two_hop().load(folder.path().join("nested.json")).unwrap();
    assert_eq!(nested.state(), two_hop().state());
}
