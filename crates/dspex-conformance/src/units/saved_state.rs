//! `saved_state`: what DSPy saves for a program of two steps, and the bytes of the file of a single predictor.
//!
//! The rows hold the state before it becomes JSON, so members of enumerations and decimal numbers are tagged in them.

use std::collections::BTreeMap;
use std::sync::Arc;

use dspex_core::{Example, LanguageModel, Parameters, Program as _, ProgramState, visit};
use dspex_modules::{ChainOfThought, Predict, SavedProgram};
use dspex_testkit::ScriptedLm;
use serde_json::{Map, Value as Json};

use crate::corpus::Corpus;
use crate::outcome::{Outcome, failed, list, member, same};

/// Settings of a model that DSPy writes and that are dropped here by rule: they may hold a secret or lead elsewhere.
const DROPPED: [&str; 4] = ["api_base", "base_url", "model_list", "headers"];

pub(super) fn run(_: &Corpus, name: &str, row: &Json) -> Outcome {
    match name {
        "two_hop" => state_of_two_hop(row),
        "named_predictors" => {
            let paths: Vec<Json> = two_hop()?.paths().iter().map(|p| p.to_string().into()).collect();
            same("the paths", &Json::Array(paths), row)
        }
        // No part of a program here is frozen as DSPy's compiled modules are, so there is nothing that a list could
        // leave out.
        "named_parameters_compiled_submodule" => same("the frozen parts", &Json::Null, row),
        "file_text" => file_of_one(row.as_str().ok_or("malformed row: expected text")?),
        _ => Err("not supported yet".into()),
    }
}

#[derive(Clone, Parameters)]
struct TwoHop {
    r#gen: ChainOfThought,
    ans: Vec<Predict>,
    table: BTreeMap<String, Predict>,
}

fn two_hop() -> Result<TwoHop, String> {
    let predict = |signature: &str| Predict::parse(signature).map_err(|e| e.to_string());
    Ok(TwoHop {
        r#gen: ChainOfThought::parse("question -> query").map_err(|e| failed(&e))?,
        ans: vec![predict("text -> i: int, f: float, b: bool, s")?, predict("x -> y")?],
        table: [("k".to_owned(), predict("u -> v")?)].into(),
    })
}

/// DSPy's state is loaded and written again the same; and demonstrations of any kind come back as they were.
fn state_of_two_hop(row: &Json) -> Outcome {
    let states = row.as_object().ok_or("malformed row: expected an object")?;
    let mut file = Map::new();
    let mut exact = Vec::new();
    for (path, state) in states {
        let demos = list(state, "demos")?;
        let examples: Result<Vec<_>, _> = demos.iter().map(Example::from_json).collect();
        exact.push((path.as_str(), examples.map_err(|e| e.to_string())?));
        let mut state = state.clone();
        state["demos"] = demos.iter().map(plain).collect::<Result<_, _>>()?;
        file.insert(path.clone(), state);
    }
    let loaded = load(&Json::Object(file.clone()).to_string())?;
    let again = SavedProgram::of(&loaded).map_err(|e| failed(&e))?;
    for state in file.values_mut() {
        if let Some(lm) = state["lm"].as_object_mut() {
            lm.retain(|name, _| !DROPPED.contains(&name.as_str()));
        }
    }
    same("the state", &without_ours(&again)?, &Json::Object(file))?;
    come_back(&loaded, &exact)
}

fn load(text: &str) -> Result<TwoHop, String> {
    let saved = SavedProgram::parse("the row", text).map_err(|e| failed(&e))?;
    let named = |lm: &dspex_modules::LmSettings| Ok(Some(nobody(lm.model().unwrap_or_default())));
    saved.apply_with(&two_hop()?, named).map_err(|e| failed(&e))
}

/// Demonstrations with their kinds, through a file of ours and back.
fn come_back(program: &TwoHop, exact: &[(&str, Vec<Example>)]) -> Outcome {
    let mut state = ProgramState::new();
    visit(program, |path, leaf| state = std::mem::take(&mut state).with(path.clone(), leaf.state()));
    for (path, demos) in exact {
        let leaf = state.get_mut(&(*path).into()).ok_or_else(|| format!("expected a predictor `{path}`"))?;
        leaf.demos = Some(demos.clone());
    }
    let taught = program.with_state(&state).map_err(|e| failed(&e))?;
    let text = SavedProgram::of(&taught).map_err(|e| failed(&e))?.to_json();
    same("the state of our file", &load(&text)?.state(), &taught.state())
}

/// The file without what only we write.
fn without_ours(saved: &SavedProgram) -> Result<Json, String> {
    let mut file: Json = serde_json::from_str(&saved.to_json()).map_err(|e| e.to_string())?;
    for key in ["metadata", "dspex"] {
        member(&file, key)?;
        file.as_object_mut().and_then(|file| file.shift_remove(key));
    }
    Ok(file)
}

/// What DSPy's writer of JSON makes of a value: a member of an enumeration is its value. Decimal numbers it refuses;
/// they are text here.
fn plain(tagged: &Json) -> Result<Json, String> {
    Ok(match tagged {
        Json::Array(items) => Json::Array(items.iter().map(plain).collect::<Result<_, _>>()?),
        Json::Object(map) => match map.keys().find(|k| k.starts_with('$')).map(String::as_str) {
            None => map.iter().map(|(k, v)| Ok((k.clone(), plain(v)?))).collect::<Result<_, String>>()?,
            Some("$enum") => plain(member(tagged, "value")?)?,
            Some(tag @ ("$decimal" | "$date" | "$datetime" | "$time" | "$uuid")) => map[tag].clone(),
            Some(tag @ ("$tuple" | "$set" | "$frozenset")) => plain(&map[tag])?,
            Some("$model") => plain(member(tagged, "fields")?)?,
            Some(tag) => return Err(format!("not supported yet: a demonstration with {tag}")),
        },
        other => other.clone(),
    })
}

fn file_of_one(text: &str) -> Outcome {
    let saved = SavedProgram::parse("the row", text).map_err(|e| failed(&e))?;
    same("the file as it was read", &saved.to_json().as_str(), &text)?;
    let program = Predict::parse("question -> answer").map_err(|e| e.to_string())?;
    let loaded = saved.apply(&program).map_err(|e| failed(&e))?;
    let mut again = SavedProgram::of(&loaded).map_err(|e| failed(&e))?;
    again.metadata = saved.metadata;
    again.facts = None;
    same("the file of the program", &again.to_json().as_str(), &text)
}

/// A model that has a name and says nothing: nothing is called here.
fn nobody(name: &str) -> Arc<dyn LanguageModel> {
    Arc::new(ScriptedLm::replies::<String>([]).with_id(name))
}
