//! What holds for every value, type and text.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use dspex_core::value::text::{float_repr, str_repr};
use dspex_core::value::{EnumMember, StructValue, TimeDelta, from_value, to_value};
use dspex_core::{Dict, FieldType, Int, Record, Signature, SignatureParser, Value, infer_prefix};
use proptest::prelude::*;

/// Values of every kind that needs no text form of its own, nested.
fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::None),
        any::<bool>().prop_map(Value::Bool),
        any::<i128>().prop_map(|i| Value::Int(Int::from(i))),
        any::<f64>().prop_map(Value::Float),
        any::<(f64, f64)>().prop_map(|(a, b)| Value::Complex(a, b)),
        ".{0,8}".prop_map(Value::Str),
        proptest::collection::vec(any::<u8>(), 0..8).prop_map(Value::Bytes),
        any::<i32>().prop_map(|s| Value::TimeDelta(TimeDelta::from_micros(i64::from(s) * 1_000))),
        (0..9999_u32).prop_map(|n| Value::Decimal(format!("{}.{:02}", n / 100, n % 100).parse().unwrap())),
        (1970..2100_i32, 1..13_u32, 1..29_u32)
            .prop_map(|(y, m, d)| Value::Date(format!("{y:04}-{m:02}-{d:02}").parse().unwrap())),
        (0..24_u32, 0..60_u32).prop_map(|(h, m)| Value::DateTime(
            format!("2024-05-06T{h:02}:{m:02}:09+02:00").parse().unwrap()
        )),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::List),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Tuple),
            proptest::collection::vec(inner.clone(), 0..4).prop_map(Value::Set),
            proptest::collection::vec((inner.clone(), inner.clone()), 0..4)
                .prop_map(|pairs| Value::Dict(pairs.into_iter().collect::<Dict>())),
            proptest::collection::vec(("[a-z$]{1,3}", inner.clone()), 0..4).prop_map(|pairs| Value::Dict(
                pairs.into_iter().map(|(k, v)| (Value::from(k), v)).collect::<Dict>()
            )),
            proptest::collection::vec(("[a-z]{1,3}", inner.clone()), 0..3).prop_map(|pairs| Value::Struct(
                StructValue { type_name: "T".into(), fields: pairs.into_iter().collect::<Record>() }
            )),
            inner.prop_map(|v| Value::Enum(EnumMember {
                type_name: "E".into(),
                member: "M".into(),
                value: Box::new(v)
            })),
        ]
    })
}

/// Types in the spelling that signatures read.
fn annotations() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("str".to_owned()),
        Just("int".to_owned()),
        Just("float".to_owned()),
        Just("bool".to_owned()),
        Just("Any".to_owned()),
        Just("bytes".to_owned()),
        Just("datetime.date".to_owned()),
        Just("uuid.UUID".to_owned()),
        Just("list".to_owned()),
        Just("Literal['a', \"it's\", 1, True, None]".to_owned()),
        Just("dspy.Image".to_owned()),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        prop_oneof![
            inner.clone().prop_map(|t| format!("list[{t}]")),
            inner.clone().prop_map(|t| format!("set[{t}]")),
            inner.clone().prop_map(|t| format!("tuple[{t}, ...]")),
            inner.clone().prop_map(|t| format!("Optional[{t}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("dict[{a}, {b}]")),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("tuple[{a}, {b}]")),
            (inner.clone(), inner).prop_map(|(a, b)| format!("Union[{a}, {b}]")),
        ]
    })
}

proptest! {
    #[test]
    fn the_tagged_form_loses_nothing(value in values()) {
        prop_assert_eq!(Value::from_tagged(&value.to_tagged()), Ok(value));
    }

    #[test]
    fn tagged_text_in_any_form_is_a_value_or_an_error(text in "[\\[\\]{}:,\"$a-z0-9 ]{0,40}") {
        if let Ok(json) = serde_json::from_str(&text) {
            let _ = Value::from_tagged(&json);
        }
    }

    #[test]
    fn equal_values_have_equal_hashes(value in values()) {
        use std::hash::{BuildHasher, RandomState};
        let (state, copy) = (RandomState::new(), Value::from_tagged(&value.to_tagged()).unwrap());
        prop_assert_eq!(state.hash_one(&value), state.hash_one(&copy));
    }

    #[test]
    fn a_float_is_spelled_so_that_it_reads_back(f in any::<f64>()) {
        let back: f64 = float_repr(f).parse().unwrap();
        prop_assert_eq!(Value::Float(back), Value::Float(f));
    }

    #[test]
    fn json_text_is_json(value in values()) {
        if let Ok(text) = value.to_json_text() {
            prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
        }
    }

    #[test]
    fn plain_rust_values_go_through_and_back(n in any::<(i64, u8, bool)>(), s in ".{0,8}", v in proptest::collection::vec(any::<Option<i32>>(), 0..5)) {
        let value = (n, s, v);
        let back: ((i64, u8, bool), String, Vec<Option<i32>>) = from_value(to_value(&value).unwrap()).unwrap();
        prop_assert_eq!(back, value);
    }

    #[test]
    fn big_whole_numbers_keep_their_digits(digits in "-?[1-9][0-9]{0,60}") {
        let n: Int = digits.parse().unwrap();
        prop_assert_eq!(n.to_string(), digits);
    }

    #[test]
    fn a_type_reads_back_from_its_annotation(text in annotations()) {
        let ty = FieldType::parse(&text, None).unwrap();
        prop_assert_eq!(FieldType::parse(&ty.annotation(), None).unwrap(), ty);
    }

    #[test]
    fn any_text_is_a_signature_or_an_error_with_a_place(text in "[a-c_:,\\->*/=\\[\\]()|.'\"# é\\n1-3LiteralOpns]{0,40}") {
        for parser in [SignatureParser::new(), SignatureParser::new().compat()] {
            if let Err(e) = parser.parse(&text) {
                prop_assert!(e.offset <= text.len());
                let _ = e.pointer();
            }
        }
    }

    #[test]
    fn quoted_text_reads_back_in_a_signature(text in "[ -~é«»\\n\\t]{0,12}") {
        let signature = Signature::parse(&format!("a -> b: Literal[{}]", str_repr(&text))).unwrap();
        prop_assert_eq!(&signature.outputs()[0].ty, &FieldType::literal([text.as_str()]));
    }

    #[test]
    fn a_prefix_is_made_of_any_name(name in "\\PC{0,20}") {
        let _ = infer_prefix(&name);
    }
}

#[test]
fn a_deep_signature_is_an_error_and_no_crash() {
    let deep = format!("a: {}int{} -> b", "list[".repeat(100_000), "]".repeat(100_000));
    let e = Signature::parse(&deep).unwrap_err();
    assert!(e.expected.contains("nested"), "{}", e.expected);
    let signs = format!("a: Literal[{}1] -> b", "-".repeat(100_000));
    assert!(Signature::parse(&signs).is_err());
}
