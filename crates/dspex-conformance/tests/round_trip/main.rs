//! What an adapter writes for a value reads back as the same value: for every type, adapter and form of demonstration.
//!
//! What a form cannot carry is a table with reasons, [`exceptions::EXCEPTIONS`]. It holds in both directions: a value
//! that does not read back belongs to an entry, and an entry that no value needs any more fails.

mod exceptions;

use std::collections::BTreeSet;
use std::sync::Arc;

use dspex_adapters::{ADAPTERS, Wording};
use dspex_conformance::Corpus;
use dspex_conformance::draw::{self, World};
use dspex_core::lm::{Choice, Role};
use dspex_core::value::History;
use dspex_core::{
    Adapter, Example, Field, FieldType, ParsePolicy, Record, RenderCall, Signature, Special, Value,
};
use exceptions::{Back, EXCEPTIONS};
use proptest::strategy::{Strategy, ValueTree as _};
use proptest::test_runner::TestRunner;
use serde_json::{Value as Json, json};

/// Values of each type for each adapter and form: more of those that hold text as it is.
fn how_many(ty: &FieldType) -> usize {
    match ty {
        FieldType::Str | FieldType::Bytes | FieldType::Any | FieldType::Special(_) => 60,
        FieldType::Union(_) | FieldType::Decimal | FieldType::Float | FieldType::List(_) => 20,
        _ => 6,
    }
}

/// Types that are drawn beside the listed ones.
const DRAWN: usize = 30;

/// Where the turn of the model stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// A demonstration with all fields.
    Complete,
    /// A demonstration that lacks another output.
    Partial,
    /// An earlier turn of the conversation.
    Earlier,
}

fn draw<S: Strategy>(strategy: &S, runner: &mut TestRunner) -> S::Value {
    strategy.new_tree(runner).expect("a strategy without filters").current()
}

/// One type of each kind, and kinds in one another.
fn listed() -> Vec<Json> {
    let kind = |kind: &str| json!({"kind": kind});
    let scalars = "str int float bool none any bytes complex date datetime time timedelta decimal uuid";
    let mut types: Vec<Json> = scalars.split(' ').map(kind).collect();
    types.extend("list set frozenset tuple dict".split(' ').map(kind));
    for outer in ["list", "set", "frozenset"] {
        types.extend(["str", "int", "date"].map(|item| json!({"kind": outer, "item": kind(item)})));
    }
    types.extend(["float", "bytes", "decimal"].map(|item| json!({"kind": "list", "item": kind(item)})));
    for key in ["str", "int", "float", "bool", "date", "uuid"] {
        types.push(json!({"kind": "dict", "key": kind(key), "value": kind("str")}));
    }
    let tuple = |variadic: bool, items: &[&str]| {
        json!({"kind": "tuple", "variadic": variadic,
        "items": items.iter().map(|i| kind(i)).collect::<Vec<_>>()})
    };
    types.extend([tuple(false, &["str", "int"]), tuple(false, &["bool"]), tuple(true, &["str"])]);
    let union = |options: &[&str]| {
        json!({"kind": "union", "syntax": "typing",
        "options": options.iter().map(|i| kind(i)).collect::<Vec<_>>()})
    };
    types.extend([
        union(&["str", "none"]),
        union(&["int", "none"]),
        union(&["int", "str"]),
        union(&["float", "bool"]),
    ]);
    for values in [json!(["red", "dark blue", "it's"]), json!([1, 2]), json!([true, "no", 3])] {
        types.push(json!({"kind": "literal", "values": values}));
    }
    types.extend((0..3).map(|i| json!({"kind": "enum", "ref": format!("E{i}")})));
    types.extend((0..2).map(|i| json!({"kind": "typeddict", "ref": format!("T{i}")})));
    types.extend((0..5).map(|i| json!({"kind": "model", "ref": format!("M{i}")})));
    for special in ["Reasoning", "ToolCalls", "Image", "Document", "Citations"] {
        types.push(json!({"kind": "dspy", "name": special}));
    }
    types.extend(["python", "java"].map(|l| json!({"kind": "dspy", "name": "Code", "language": l})));
    types
}

/// The types of a test as fields `value`, with what turns structs that are mappings to Python into mappings.
fn types(runner: &mut TestRunner) -> (Vec<FieldType>, Corpus) {
    let world = World::draw(runner);
    let mut all = listed();
    all.extend((0..DRAWN).map(|_| draw(&draw::output_type(&world), runner)));
    let signatures = all.iter().enumerate().map(|(i, ty)| {
        let language = ty["language"].as_str().map(|l| format!("Code_{l}"));
        let field = json!({"name": "value", "direction": "output", "type": ty, "annotation_name": language});
        (i.to_string(), json!({"name": "S", "instructions": "Answer.", "fields": [field]}))
    });
    let mut corpus = world.tables().clone();
    corpus.insert("signatures".into(), Json::Object(signatures.collect()));
    let corpus = Corpus::from_json(&Json::Object(corpus).to_string()).expect("a corpus");
    let of = |i: usize| {
        let signature = corpus.signature(&json!({"signature": i.to_string()})).expect("a signature");
        signature.outputs()[0].ty.clone()
    };
    ((0..all.len()).map(of).collect(), corpus)
}

/// The turn of the model for a value, and the signature with which it is read.
fn written(adapter: &dyn Adapter, form: Form, ty: &FieldType, value: &Value) -> Option<(String, Signature)> {
    let outputs = vec![Field::output("value", ty.clone()), Field::output("rest", FieldType::Str)];
    let mut fields = vec![Field::input("question", FieldType::Str)];
    if form == Form::Earlier {
        fields.push(Field::input("history", FieldType::Special(Special::History)));
    }
    fields.extend(outputs);
    let signature = Signature::new(fields).expect("a signature");
    let question = Record::new().with("question", "Which?");
    let turn = question.clone().with("value", value.clone());
    let whole = turn.clone().with("rest", "nothing else");
    let (inputs, demos) = match form {
        Form::Complete => (question, vec![Example::new(whole)]),
        Form::Partial => (question, vec![Example::new(turn)]),
        Form::Earlier => {
            let history = History { messages: vec![whole] };
            (question.with("history", Value::History(history)), Vec::new())
        }
    };
    let request = adapter.render(&RenderCall::new(&signature, &inputs).demos(&demos)).ok()?;
    let turn = request.messages.iter().find(|m| m.role == Role::Assistant)?.text();
    Some((turn, signature))
}

/// The adapter that reads what the one of this name asks for.
fn reader(name: &str, make: fn(Arc<Wording>) -> Arc<dyn Adapter>) -> Arc<dyn Adapter> {
    let make = || make(Arc::default());
    let signature = Signature::parse("question -> value").expect("a signature");
    let second = make().extraction(&signature, &Choice::text("any"), &ParsePolicy::default());
    second.unwrap_or_else(|e| panic!("{name}: {e}")).map_or_else(make, |second| second.adapter)
}

#[test]
fn what_is_written_reads_back() {
    let mut runner = TestRunner::deterministic();
    let (types, corpus) = types(&mut runner);
    let mut used = BTreeSet::new();
    let mut failures = Vec::new();
    let mut unwritten = 0;
    for (name, make) in ADAPTERS {
        let adapter = reader(name, *make);
        // Each adapter has to carry the same values.
        let mut runner = TestRunner::deterministic();
        for (ty, form) in
            types.iter().flat_map(|t| [Form::Complete, Form::Partial, Form::Earlier].map(|f| (t, f)))
        {
            let values = draw::value(ty);
            for _ in 0..how_many(ty) {
                let value = draw(&values, &mut runner);
                let Some((turn, signature)) = written(&*adapter, form, ty, &value) else {
                    unwritten += 1;
                    continue;
                };
                for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
                    let read = adapter.parse(&signature, &Choice::text(turn.as_str()), &policy);
                    let back =
                        read.map(|mut p| corpus.plain(p.fields.remove("value").unwrap_or(Value::None)));
                    let meant = corpus.plain(value.clone());
                    if back.as_ref().is_ok_and(|back| *back == meant) {
                        continue;
                    }
                    let back = Back { adapter: name, policy: policy.name(), ty, value: &meant, turn: &turn };
                    match EXCEPTIONS.iter().find(|e| e.is(&back)) {
                        Some(e) => drop(used.insert((e.name, (*name).to_owned(), policy.name()))),
                        None => failures.push(format!(
                            "{} {form:?} {} {}\n  written {turn:?}\n  value {}\n  read  {}",
                            name,
                            policy.name(),
                            ty.annotation(),
                            meant.to_tagged(),
                            read_text(&adapter.parse(&signature, &Choice::text(turn.as_str()), &policy))
                        )),
                    }
                }
            }
        }
    }
    assert!(failures.is_empty(), "{} do not read back:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(unwritten, 0, "every value can be written");
    for exception in EXCEPTIONS {
        for adapter in exception.adapters {
            for policy in exception.policies {
                let here = ADAPTERS.iter().any(|(name, _)| name == adapter);
                assert!(
                    !here || used.contains(&(exception.name, (*adapter).to_owned(), policy)),
                    "the exception `{}` ({}) does not happen any more with {adapter} under {policy}",
                    exception.name,
                    exception.reason
                );
            }
        }
    }
}

fn read_text(read: &dspex_core::Result<dspex_core::Parsed>) -> String {
    read.as_ref().map_or_else(|e| format!("error: {e}"), |p| p.fields.to_tagged().to_string())
}
