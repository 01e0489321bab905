//! Values of a type.

use std::str::FromStr;
use std::sync::Arc;

use dspex_core::types::{StructField, StructType, TupleType};
use dspex_core::value::{
    Citation, Citations, Dict, Document, EnumMember, Image, Int, StructValue, TimeDelta, ToolCall, ToolCalls,
};
use dspex_core::{FieldType, Record, Special, Value};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use super::text;

/// A value of a type. Types that have no value of their own, such as schemas, get `None`.
pub fn value(ty: &FieldType) -> BoxedStrategy<Value> {
    within(ty, &[])
}

/// A value inside these structs, the outermost first.
fn within(ty: &FieldType, open: &[Arc<StructType>]) -> BoxedStrategy<Value> {
    let items = |item: &Option<Box<FieldType>>| match item.as_deref() {
        None => vec(anything(), 0..4).boxed(),
        // A struct that holds itself comes to an end.
        Some(FieldType::Ref(name)) if open.iter().filter(|s| *s.name == **name).count() > 1 => {
            Just(Vec::new()).boxed()
        }
        Some(item) => vec(within(item, open), 0..4).boxed(),
    };
    match ty {
        FieldType::Str => text().prop_map(Value::Str).boxed(),
        FieldType::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        FieldType::Any => anything(),
        FieldType::List(item) => items(item).prop_map(Value::List).boxed(),
        // What has no hash is no item of a set.
        FieldType::Set(None) => vec(hashable(), 0..4).prop_map(|v| Value::Set(unique(v))).boxed(),
        FieldType::FrozenSet(None) => vec(hashable(), 0..4).prop_map(|v| Value::FrozenSet(unique(v))).boxed(),
        FieldType::Set(item) => items(item).prop_map(|v| Value::Set(unique(v))).boxed(),
        FieldType::FrozenSet(item) => items(item).prop_map(|v| Value::FrozenSet(unique(v))).boxed(),
        FieldType::Tuple(None) => vec(anything(), 0..4).prop_map(Value::Tuple).boxed(),
        FieldType::Tuple(Some(TupleType { items: each, variadic: true })) => {
            items(&each.first().cloned().map(Box::new)).prop_map(Value::Tuple).boxed()
        }
        FieldType::Tuple(Some(TupleType { items, .. })) => {
            items.iter().map(|t| within(t, open)).collect::<Vec<_>>().prop_map(Value::Tuple).boxed()
        }
        FieldType::Dict(None) => mapping(text().prop_map(Value::Str).boxed(), anything()),
        FieldType::Dict(Some(kv)) => mapping(within(&kv.0, open), within(&kv.1, open)),
        FieldType::Literal(values) => select(values.clone()).boxed(),
        FieldType::Union(u) => {
            let options: Vec<_> = u.options.iter().map(|o| within(o, open)).collect();
            proptest::strategy::Union::new(options).boxed()
        }
        FieldType::Enum(e) => {
            let name = e.name.clone();
            let member = move |(member, value): (String, Value)| {
                Value::Enum(EnumMember { type_name: name.clone(), member, value: Box::new(value) })
            };
            select(e.members.clone()).prop_map(member).boxed()
        }
        FieldType::Struct(s) => of_struct(s, open),
        FieldType::Ref(name) => match open.iter().find(|s| *s.name == **name) {
            Some(s) => of_struct(s, open),
            None => Just(Value::None).boxed(),
        },
        FieldType::Special(special) => of_special(special),
        scalar => of_scalar(scalar),
    }
}

fn of_scalar(ty: &FieldType) -> BoxedStrategy<Value> {
    let small = (-9_i64..100).prop_map(Value::from);
    match ty {
        FieldType::Int => {
            let long = "-?[1-9][0-9]{18,30}".prop_map(|s| parsed::<Int>(&s).map_or(Value::None, Value::Int));
            prop_oneof![3 => small, 1 => any::<i64>().prop_map(Value::from), 1 => long].boxed()
        }
        FieldType::Float => float().prop_map(Value::Float).boxed(),
        FieldType::Complex => (part(), part()).prop_map(|(re, im)| Value::Complex(re, im)).boxed(),
        FieldType::Bytes => prop_oneof![
            4 => text().prop_map(|t| Value::Bytes(t.into_bytes())),
            1 => vec(any::<u8>(), 0..8).prop_map(Value::Bytes),
        ]
        .boxed(),
        FieldType::Date => date().prop_map(|s| parsed(&s).map_or(Value::None, Value::Date)).boxed(),
        FieldType::Time => time().prop_map(|s| parsed(&s).map_or(Value::None, Value::Time)).boxed(),
        FieldType::DateTime => (date(), time(), select(vec!["", "+00:00", "+02:00", "-11:30"]))
            .prop_map(|(d, t, z)| parsed(&format!("{d}T{t}{z}")).map_or(Value::None, Value::DateTime))
            .boxed(),
        FieldType::TimeDelta => prop_oneof![
            (-100_000_000_i64..100_000_000).prop_map(|s| s * 1_000_000),
            -10_000_000_000_i64..10_000_000_000,
        ]
        .prop_map(|micros| Value::TimeDelta(TimeDelta::from_micros(micros)))
        .boxed(),
        FieldType::Decimal => "-?(0|[1-9][0-9]{0,8})(\\.[0-9]{1,5}[1-9])?"
            .prop_map(|s| parsed(&s).map_or(Value::None, Value::Decimal))
            .boxed(),
        FieldType::Uuid => "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
            .prop_map(|s| parsed(&s).map_or(Value::None, Value::Uuid))
            .boxed(),
        _ => Just(Value::None).boxed(),
    }
}

fn parsed<T: FromStr>(text: &str) -> Option<T> {
    text.parse().ok()
}

fn float() -> BoxedStrategy<f64> {
    prop_oneof![
        3 => (-1000_i32..1000).prop_map(|n| f64::from(n) / 8.0),
        2 => any::<f64>(),
        1 => select(vec![f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e22, 1e16, 1e-7, 0.1, 100.0]),
    ]
    .boxed()
}

fn part() -> impl Strategy<Value = f64> {
    (-100_i32..100).prop_map(|n| f64::from(n) / 4.0)
}

fn date() -> impl Strategy<Value = String> {
    (1_u16..=9999, 1_u8..=12, 1_u8..=28).prop_map(|(y, m, d)| format!("{y:04}-{m:02}-{d:02}"))
}

fn time() -> impl Strategy<Value = String> {
    let micros = prop_oneof![Just(0_u32), 1_u32..1_000_000];
    (0_u8..24, 0_u8..60, 0_u8..60, micros).prop_map(|(h, m, s, micros)| match micros {
        0 => format!("{h:02}:{m:02}:{s:02}"),
        micros => format!("{h:02}:{m:02}:{s:02}.{micros:06}"),
    })
}

/// What JSON has and Python can hash.
fn hashable() -> BoxedStrategy<Value> {
    prop_oneof![
        3 => text().prop_map(Value::Str),
        // From 2 on: to Python 1 is the same as `True`.
        2 => (2_i64..1000).prop_map(Value::from),
        1 => (-100_i32..100).prop_map(|n| Value::Float(f64::from(2 * n + 1) / 8.0)),
        1 => any::<bool>().prop_map(Value::Bool),
        1 => Just(Value::None),
    ]
    .boxed()
}

/// What JSON has.
fn anything() -> BoxedStrategy<Value> {
    hashable()
        .prop_recursive(2, 6, 3, |inner| {
            prop_oneof![
                vec(inner.clone(), 0..3).prop_map(Value::List),
                mapping("[a-z]{1,4}".prop_map(Value::Str).boxed(), inner.boxed()),
            ]
        })
        .boxed()
}

fn mapping(key: BoxedStrategy<Value>, value: BoxedStrategy<Value>) -> BoxedStrategy<Value> {
    vec((key, value), 0..4).prop_map(|pairs| Value::Dict(pairs.into_iter().collect::<Dict>())).boxed()
}

fn unique(items: Vec<Value>) -> Vec<Value> {
    let mut out: Vec<Value> = Vec::new();
    for item in items {
        if !out.contains(&item) {
            out.push(item);
        }
    }
    out
}

fn of_struct(s: &Arc<StructType>, open: &[Arc<StructType>]) -> BoxedStrategy<Value> {
    let open: Vec<_> = open.iter().cloned().chain([Arc::clone(s)]).collect();
    let field = |field: &StructField| {
        let drawn = within(&field.ty, &open);
        match field.default.clone() {
            Some(default) => prop_oneof![3 => drawn, 1 => Just(default)].boxed(),
            None => drawn,
        }
    };
    let (names, type_name): (Vec<_>, _) = (s.fields.iter().map(|f| f.name.clone()).collect(), s.name.clone());
    let values: Vec<_> = s.fields.iter().map(field).collect();
    values
        .prop_map(move |values| {
            let fields: Record = names.iter().cloned().zip(values).collect();
            Value::Struct(StructValue { type_name: type_name.clone(), fields })
        })
        .boxed()
}

fn of_special(special: &Special) -> BoxedStrategy<Value> {
    let args = vec(("[a-z]{1,5}", anything()), 0..3).prop_map(|pairs| pairs.into_iter().collect::<Record>());
    match special {
        Special::Code(_) => prop_oneof![
            4 => "[a-z] = [0-9]\n( {4}return [a-z]\\(\"[a-z]\"\\)\n){0,2}",
            4 => text(),
            // Code in which a fence is shown.
            1 => "[a-z]{0,3}\n?```(python)?\n[a-z] = [0-9]\n```\n?",
        ]
        .prop_map(Value::Str)
        .boxed(),
        Special::Reasoning => text().prop_map(Value::Str).boxed(),
        Special::Image => "https://x\\.test/[a-z]{1,5}\\.(png|jpg)"
            .prop_map(|url| Image::from_url(url).map_or(Value::None, Value::from))
            .boxed(),
        Special::ToolCalls => vec(("[a-z_]{1,8}", args), 0..3)
            .prop_map(|calls| {
                let call = |(name, args)| ToolCall { id: None, name, args };
                let tool_calls = calls.into_iter().map(call).collect();
                Value::ToolCalls(ToolCalls { tool_calls, tool_call_results: None })
            })
            .boxed(),
        Special::Document => text().prop_map(|data| Value::Document(Document::new(data))).boxed(),
        Special::Citations => vec((text(), 0_i64..9), 0..3)
            .prop_map(|all| {
                let citation = |(cited_text, start): (String, i64)| Citation {
                    kind: "char_location".into(),
                    cited_text,
                    document_index: 0,
                    document_title: None,
                    start_char_index: start,
                    end_char_index: start + 5,
                    supported_text: None,
                };
                Value::Citations(Citations(all.into_iter().map(citation).collect()))
            })
            .boxed(),
        _ => Just(Value::None).boxed(),
    }
}
