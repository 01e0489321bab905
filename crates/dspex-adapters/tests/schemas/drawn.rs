//! Types drawn at random, of every kind and nested.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use dspex_core::types::{DecisionType, EnumType, StructField, StructType, TupleType, UnionSyntax};
use dspex_core::{Constraint, FieldType, Special, Value};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::cases;

/// Types with all that a type can say.
pub(crate) fn types() -> impl Strategy<Value = FieldType> {
    leaves().prop_recursive(4, 32, 4, |inner| {
        let maybe = || proptest::option::of(inner.clone().prop_map(Box::new));
        let many = || vec(inner.clone(), 0..4);
        prop_oneof![
            maybe().prop_map(FieldType::List),
            maybe().prop_map(FieldType::Set),
            maybe().prop_map(FieldType::FrozenSet),
            many().prop_map(|items| FieldType::Tuple(Some(TupleType { items, variadic: false }))),
            inner.clone().prop_map(|i| FieldType::Tuple(Some(TupleType { items: vec![i], variadic: true }))),
            (inner.clone(), inner.clone()).prop_map(|(k, v)| FieldType::dict(k, v)),
            inner.clone().prop_map(FieldType::optional),
            (vec(inner.clone(), 1..4), any::<bool>()).prop_map(|(options, new)| {
                let syntax = if new { UnionSyntax::Pep604 } else { UnionSyntax::Typing };
                FieldType::union(options, syntax)
            }),
            (vec(fields(inner.clone()), 0..4), any::<(bool, bool, bool, bool)>()).prop_map(structure),
        ]
    })
}

fn leaves() -> impl Strategy<Value = FieldType> {
    let plain = vec![
        FieldType::Str,
        FieldType::Int,
        FieldType::Float,
        FieldType::Bool,
        FieldType::None,
        FieldType::Any,
        FieldType::Bytes,
        FieldType::Complex,
        FieldType::Date,
        FieldType::DateTime,
        FieldType::Time,
        FieldType::TimeDelta,
        FieldType::Decimal,
        FieldType::Uuid,
        FieldType::Tuple(None),
        FieldType::Dict(None),
    ];
    let special = [
        Special::Image,
        Special::Audio,
        Special::File,
        Special::Document,
        Special::Citations,
        Special::History,
        Special::Tool,
        Special::ToolCalls,
        Special::Code(None),
        Special::Code(Some("py'thon".into())),
        Special::Reasoning,
        Special::Decision(DecisionType::noul()),
        Special::Decision(DecisionType::choice([("a/b~c", "it's"), ("%", "")]).unwrap()),
        Special::Decision(DecisionType::score(["poor", "great"]).unwrap()),
    ];
    let special: Vec<_> = special.into_iter().map(FieldType::Special).collect();
    let shapes: Vec<_> =
        cases::all().into_iter().map(|(_, ty)| ty).filter(|ty| matches!(ty, FieldType::Schema(_))).collect();
    assert!(shapes.len() > 5);
    prop_oneof![
        4 => select(plain),
        1 => select(special),
        1 => select(shapes),
        1 => vec(literals(), 1..4).prop_map(|mut values| {
            let mut kept: Vec<Value> = Vec::new();
            values.retain(|v| !kept.contains(v) && { kept.push(v.clone()); true });
            FieldType::Literal(values)
        }),
        1 => (vec(("[A-Z]{1,4}", literals()), 1..4), any::<bool>()).prop_map(|(members, integer)| {
            let name = named("E", &format!("{members:?}{integer}"));
            FieldType::Enum(Arc::new(EnumType { name, members, integer }))
        }),
    ]
}

fn literals() -> impl Strategy<Value = Value> {
    prop_oneof![
        ".{0,4}".prop_map(Value::Str),
        any::<i64>().prop_map(Value::from),
        any::<bool>().prop_map(Value::Bool),
        Just(Value::None),
    ]
}

/// A name that no other contents have.
fn named(start: &str, contents: &str) -> String {
    let mut hasher = DefaultHasher::new();
    contents.hash(&mut hasher);
    format!("{start}{:x}", hasher.finish())
}

fn fields(ty: impl Strategy<Value = FieldType>) -> impl Strategy<Value = StructField> {
    let texts = || proptest::option::of("[a-z .]{1,8}");
    (ty, texts(), texts(), proptest::option::of(literals()), any::<(bool, bool)>(), any::<u8>()).prop_map(
        |(ty, alias, description, default, (required, hidden_default), rules)| {
            let all = [
                Constraint::ge(0),
                Constraint::lt(150),
                Constraint::MaxLength(7),
                Constraint::MinLength(0),
                Constraint::pattern("^[a-z]*$").unwrap(),
                Constraint::AllowInfNan(false),
            ];
            let chosen = all.into_iter().enumerate().filter(|(i, c)| rules & (1 << i) != 0 && c.fits(&ty));
            let constraints = chosen.map(|(_, c)| c).collect();
            let default = default.filter(|_| !required);
            StructField {
                name: String::new(),
                alias: alias.map(|a| format!("a-{a}")),
                hidden_default: hidden_default && default.is_some(),
                ty,
                description,
                required,
                default,
                constraints,
            }
        },
    )
}

/// A struct of these fields; it may contain itself.
fn structure((mut fields, flags): (Vec<StructField>, (bool, bool, bool, bool))) -> FieldType {
    let (closed, by_name, described, recursive) = flags;
    let name = named("S", &format!("{fields:?} {flags:?}"));
    if recursive {
        fields.push(cases::field("", FieldType::list(FieldType::Ref(name.as_str().into()))));
    }
    for (i, field) in fields.iter_mut().enumerate() {
        field.name = format!("f{i}");
        field.alias = field.alias.take().map(|alias| format!("{alias}{i}"));
    }
    let description = described.then(|| "What it is".to_owned());
    // A typed dictionary has no documentation to show.
    let typed_dict = !described && by_name;
    FieldType::Struct(Arc::new(StructType { name, description, fields, closed, by_name, typed_dict }))
}
