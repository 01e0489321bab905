//! Types, in the words of the corpus.

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value as Json, json};

use super::World;

/// Kinds without anything in them.
const SCALARS: &[&str] = &[
    "str",
    "str",
    "int",
    "float",
    "bool",
    "none",
    "any",
    "bytes",
    "complex",
    "date",
    "datetime",
    "time",
    "timedelta",
    "decimal",
    "uuid",
];

/// Kinds that can be keys of mappings and items of sets, in Python and in every form of JSON.
const KEYS: &[&str] = &["str", "int", "float", "bool", "date", "uuid", "decimal"];

const LABELS: &[&str] = &["red", "green", "dark blue", "Yes", "no", "N/A", "it's", "1", "A", "a b", "true"];

fn named(kind: &'static str) -> impl Fn(String) -> Json {
    move |name| json!({"kind": kind, "ref": name})
}

fn scalar(kinds: &'static [&'static str]) -> impl Strategy<Value = Json> {
    select(kinds).prop_map(|kind| json!({"kind": kind}))
}

/// A choice of texts, of numbers, or of both and truth values.
fn literal() -> impl Strategy<Value = Json> {
    let labels = proptest::sample::subsequence(LABELS, 1..=4).prop_map(|l| json!(l));
    let numbers = proptest::sample::subsequence(vec![1, 2, 3, 10], 1..=3).prop_map(|n| json!(n));
    let mixed = Just(json!(["auto", 7, null])).boxed().prop_union(Just(json!([true, "maybe"])).boxed());
    prop_oneof![4 => labels, 2 => numbers, 1 => mixed]
        .prop_map(|values| json!({"kind": "literal", "values": values}))
}

fn reference(names: Vec<String>, kind: &'static str) -> BoxedStrategy<Json> {
    if names.is_empty() {
        return literal().boxed();
    }
    select(names).prop_map(named(kind)).boxed()
}

/// A type that can be a key.
fn key(world: &World) -> BoxedStrategy<Json> {
    prop_oneof![6 => scalar(KEYS), 1 => literal(), 1 => reference(world.names("enums"), "enum")].boxed()
}

fn special() -> impl Strategy<Value = Json> {
    select(vec![
        json!({"kind": "dspy", "name": "Code", "language": "python"}),
        json!({"kind": "dspy", "name": "Code", "language": "java"}),
        json!({"kind": "dspy", "name": "Reasoning"}),
        json!({"kind": "dspy", "name": "ToolCalls"}),
        json!({"kind": "dspy", "name": "Image"}),
        json!({"kind": "dspy", "name": "Document"}),
        json!({"kind": "dspy", "name": "Citations"}),
    ])
}

/// A type that is no collection of a type.
fn leaf(world: &World) -> BoxedStrategy<Json> {
    prop_oneof![
        8 => scalar(SCALARS),

        2 => literal(),
        2 => reference(world.names("enums"), "enum"),
        2 => reference(world.names("models"), "model"),
        1 => reference(world.names("typeddicts"), "typeddict"),
        1 => select(vec!["list", "set", "frozenset", "dict", "tuple"]).prop_map(|k| json!({"kind": k})),
    ]
    .boxed()
}

/// Any type but DSPy's own.
pub fn plain_type(world: &World) -> BoxedStrategy<Json> {
    let key = key(world);
    leaf(world).prop_recursive(2, 8, 3, move |inner| {
        let of = |kind: &'static str| move |item: Json| json!({"kind": kind, "item": item});
        let tuple = |variadic: bool| move |items: Vec<Json>| json!({"kind": "tuple", "variadic": variadic, "items": items});
        let union = |options: Vec<Json>| json!({"kind": "union", "syntax": "typing", "options": options});
        prop_oneof![
            4 => inner.clone().prop_map(of("list")),
            1 => key.clone().prop_map(of("set")),
            1 => key.clone().prop_map(of("frozenset")),
            3 => (key.clone(), inner.clone()).prop_map(|(k, v)| json!({"kind": "dict", "key": k, "value": v})),
            2 => vec(inner.clone(), 1..=3).prop_map(tuple(false)),
            1 => vec(inner.clone(), 1..=1).prop_map(tuple(true)),
            1 => vec(inner.clone(), 2..=3).prop_map(union),
            3 => inner.prop_map(move |one| union(vec![one, json!({"kind": "none"})])),
        ]
    })
    .boxed()
}

/// Any type of an output: those of DSPy too, by themselves, in a list or as one that may be left out.
pub fn output_type(world: &World) -> BoxedStrategy<Json> {
    let list = |item: Json| json!({"kind": "list", "item": item});
    prop_oneof![
        5 => leaf(world),
        6 => plain_type(world),
        2 => special(),
        1 => special().prop_map(list),
    ]
    .boxed()
}
