//! Any text for any type: no panic, and a value of each plain type comes back from its JSON.

use dspex_core::types::{TupleType, UnionSyntax};
use dspex_core::{Dict, FieldType, ParsePolicy, Value};
use proptest::prelude::*;

use super::{convert, read};

fn leaf_type() -> impl Strategy<Value = FieldType> {
    prop_oneof![
        Just(FieldType::Str),
        Just(FieldType::Int),
        Just(FieldType::Float),
        Just(FieldType::Bool),
        Just(FieldType::None),
        Just(FieldType::Any),
        Just(FieldType::Bytes),
        Just(FieldType::Complex),
        Just(FieldType::Date),
        Just(FieldType::DateTime),
        Just(FieldType::Time),
        Just(FieldType::TimeDelta),
        Just(FieldType::Decimal),
        Just(FieldType::Uuid),
        Just(FieldType::literal(["a", "B"])),
        Just(FieldType::literal([1, 2])),
        Just(FieldType::Ref("Tree".into())),
    ]
}

fn any_type() -> impl Strategy<Value = FieldType> {
    leaf_type().prop_recursive(3, 12, 3, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed.clone().prop_map(|t| FieldType::List(Some(t))),
            boxed.clone().prop_map(|t| FieldType::Set(Some(t))),
            boxed.prop_map(|t| FieldType::FrozenSet(Some(t))),
            (inner.clone(), inner.clone()).prop_map(|(k, v)| FieldType::dict(k, v)),
            (prop::collection::vec(inner.clone(), 1..3), any::<bool>())
                .prop_map(|(items, variadic)| FieldType::Tuple(Some(TupleType { items, variadic }))),
            prop::collection::vec(inner, 1..4).prop_map(|o| FieldType::union(o, UnionSyntax::Typing)),
        ]
    })
}

/// Text with what readers look for in it.
fn any_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        4 => "[\\[\\]{}(),:.'\"`*#\\\\ \n\t_+\\-0-9a-fxjTPZ]{0,6}",
        1 => any::<String>(),
        2 => prop::sample::select(vec![
            "1,234", "0x1f", "2024-01-02", "T03:04", "+02:00", "P1DT2H", "1 day, ", "b'\\x", "'''", "```\n",
            "Literal[", "true", "None", "set()", "1e999", "\\u12", "\\N{", "é", "\u{2212}", "{1: 2}", "..."
        ]).prop_map(str::to_owned),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.concat())
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any_text().prop_map(Value::from),
        any::<Vec<u8>>().prop_map(Value::Bytes),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            items.clone().prop_map(Value::List),
            items.clone().prop_map(Value::Tuple),
            items.prop_map(Value::Set),
            prop::collection::vec((inner.clone(), inner), 0..3)
                .prop_map(|pairs| Value::Dict(pairs.into_iter().collect::<Dict>())),
        ]
    })
}

/// A plain type and a value of it that JSON can carry.
fn plain() -> impl Strategy<Value = (FieldType, Value)> {
    let leaf = prop_oneof![
        any::<String>().prop_map(|s| (FieldType::Str, Value::from(s))),
        any::<i64>().prop_map(|i| (FieldType::Int, Value::from(i))),
        "-?[1-9][0-9]{20,40}".prop_map(|i| (FieldType::Int, Value::Int(i.parse().expect("a number")))),
        any::<f64>().prop_map(|f| (FieldType::Float, Value::from(f))),
        any::<bool>().prop_map(|b| (FieldType::Bool, Value::from(b))),
        Just((FieldType::None, Value::None)),
        prop::sample::select(vec!["a", "b", "C d"])
            .prop_map(|s| (FieldType::literal(["a", "b", "C d"]), Value::from(s))),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            (inner.clone(), 0..3usize).prop_map(|((t, v), n)| (FieldType::list(t), Value::List(vec![v; n]))),
            inner.clone().prop_map(|(t, v)| {
                let tuple = TupleType { items: vec![t, FieldType::Int], variadic: false };
                (FieldType::Tuple(Some(tuple)), Value::Tuple(vec![v, Value::from(1)]))
            }),
            (inner.clone(), any::<String>()).prop_map(|((t, v), k)| {
                let dict = Value::Dict([(Value::from(k), v)].into_iter().collect());
                (FieldType::dict(FieldType::Str, t), dict)
            }),
            inner.clone().prop_map(|(t, v)| (FieldType::optional(t), v)),
            inner.prop_map(|(t, _)| (FieldType::optional(t), Value::None)),
        ]
    })
}

/// The spelling of a value as a field: text as it is, all else as JSON.
fn spelled(ty: &FieldType, value: &Value) -> Option<String> {
    let optional_text = matches!(ty, FieldType::Union(u) if u.options.contains(&FieldType::Str));
    match value {
        Value::Str(s) if *ty == FieldType::Str || optional_text => Some(s.clone()),
        // The words for nothing are text there, in DSPy's reading at least.
        Value::None if optional_text => None,
        value => value.to_json_text().ok(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn any_text_for_any_type(text in any_text(), ty in any_type()) {
        for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
            let (found, notes) = read(&text, &ty, &policy);
            prop_assert!(found.is_ok() || notes.is_empty(), "{notes:?}");
        }
    }

    #[test]
    fn any_value_for_any_type(value in any_value(), ty in any_type()) {
        for policy in [ParsePolicy::default(), ParsePolicy::compat()] {
            let (found, notes) = convert(value.clone(), &ty, &policy);
            prop_assert!(found.is_ok() || notes.is_empty(), "{notes:?}");
        }
    }

    #[test]
    fn json_of_a_value_gives_the_value((ty, value) in plain()) {
        if let Some(text) = spelled(&ty, &value)
            && value.to_json_text().is_ok()
        {
            // Only finite numbers have a JSON form.
            prop_assume!(!text.contains("null") || format!("{value:?}").contains("None"));
            for policy in [ParsePolicy::compat(), ParsePolicy::default()] {
                let (found, notes) = read(&text, &ty, &policy);
                let mended = notes.iter().any(|n| n.rule != dspex_core::ParseRule::NullText);
                prop_assert!(!mended, "{notes:?}");
                if notes.is_empty() {
                    prop_assert_eq!(found, Ok(value.clone()), "{}", &text);
                }
            }
        }
    }
}
