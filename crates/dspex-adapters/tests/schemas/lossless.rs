//! A type through its schema and through its Python spelling, and back.

use std::sync::Arc;

use dspex_core::types::{TupleType, UnionSyntax, UnionType};
use dspex_core::{FieldType, TypeRegistry};
use proptest::prelude::*;

use crate::{cases, drawn};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn a_type_through_its_schema_is_the_type(ty in drawn::types()) {
        let schema = ty.json_schema_lossless();
        prop_assert_eq!(FieldType::from_json_schema(&schema), ty, "{:#}", schema);
    }

    #[test]
    fn a_type_through_its_spelling_is_the_type(ty in drawn::types()) {
        let mut named = TypeRegistry::new();
        register(&ty, &mut named);
        let spelled = ty.annotation();
        prop_assert_eq!(FieldType::parse(&spelled, Some(&named)), Ok(as_spelled(&ty)), "{}", spelled);
    }
}

#[test]
fn every_case_through_its_schema_is_the_type() {
    for (name, ty) in cases::all() {
        let schema = ty.json_schema_lossless();
        assert_eq!(FieldType::from_json_schema(&schema), ty, "{name}: {schema:#}");
        assert_eq!(jsonschema::meta::validate(&schema).map_err(|e| e.to_string()), Ok(()), "{name}");
    }
}

/// What a spelling only names has to be known by its name: structs, enumerations, shapes.
fn register(ty: &FieldType, into: &mut TypeRegistry) {
    let mut named = |name: &str| *into = std::mem::take(into).with(name, ty.clone());
    match ty {
        FieldType::Enum(e) => named(&e.name),
        FieldType::Struct(s) => named(&s.name),
        FieldType::Schema(s) => named(&s.name),
        FieldType::List(Some(t)) | FieldType::Set(Some(t)) | FieldType::FrozenSet(Some(t)) => {
            register(t, into);
        }
        FieldType::Tuple(Some(t)) => t.items.iter().for_each(|t| register(t, into)),
        FieldType::Dict(Some(kv)) => [&kv.0, &kv.1].into_iter().for_each(|t| register(t, into)),
        FieldType::Union(u) => u.options.iter().for_each(|t| register(t, into)),
        _ => {}
    }
}

/// What a spelling cannot carry, outside the named types: `X | Y` is read as `Union[X, Y]`, which is DSPy's reading; and
/// of `Optional[X]` the `None` comes last.
fn as_spelled(ty: &FieldType) -> FieldType {
    let inner = |t: &FieldType| Box::new(as_spelled(t));
    match ty {
        FieldType::List(Some(t)) => FieldType::List(Some(inner(t))),
        FieldType::Set(Some(t)) => FieldType::Set(Some(inner(t))),
        FieldType::FrozenSet(Some(t)) => FieldType::FrozenSet(Some(inner(t))),
        FieldType::Tuple(Some(t)) => FieldType::Tuple(Some(TupleType {
            items: t.items.iter().map(as_spelled).collect(),
            variadic: t.variadic,
        })),
        FieldType::Dict(Some(kv)) => FieldType::dict(as_spelled(&kv.0), as_spelled(&kv.1)),
        FieldType::Union(u) => {
            let mut options: Vec<_> = u.options.iter().map(as_spelled).collect();
            if u.syntax == UnionSyntax::Typing && options.len() == 2 && options[0] == FieldType::None {
                options.swap(0, 1);
            }
            FieldType::union(options, UnionSyntax::Typing)
        }
        other => other.clone(),
    }
}

/// Two types of one name are the written exception: the first stands for both.
#[test]
fn of_two_structs_of_one_name_the_first_is_kept() {
    let of = |field| cases::structure("S", vec![cases::field(field, FieldType::Int)]);
    let pair = |a, b| FieldType::Tuple(Some(TupleType { items: vec![a, b], variadic: false }));
    let back = FieldType::from_json_schema(&pair(of("a"), of("b")).json_schema_lossless());
    assert_eq!(back, pair(of("a"), of("a")));
}

#[test]
fn shapes_of_one_name_are_kept_apart() {
    let shape = |kind: &str| {
        let schema = serde_json::json!({"not": {"type": kind}});
        FieldType::Schema(Arc::new(dspex_core::types::SchemaType { name: "Shape".into(), schema }))
    };
    let union = UnionType { options: vec![shape("null"), shape("string")], syntax: UnionSyntax::Typing };
    let ty = FieldType::Union(union);
    assert_eq!(FieldType::from_json_schema(&ty.json_schema_lossless()), ty);
}
