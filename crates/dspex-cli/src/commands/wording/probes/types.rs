//! The types of probes, by their words in the script.

use std::sync::Arc;

use dspex_core::types::{EnumType, StructField, StructType, UnionSyntax};
use dspex_core::{FieldType, Special};

use super::TYPES;

/// The type of a spec; none for one that only the script has.
pub(super) fn field_type(spec: &str) -> Option<FieldType> {
    let (kind, rest) = spec.split_once(' ').unwrap_or((spec, ""));
    Some(match kind {
        "described" => return None,
        "ints" => FieldType::list(FieldType::Int),
        "list" => FieldType::list(field_type(rest)?),
        "literal" => FieldType::literal(rest.split(' ')),
        "code" => FieldType::Special(Special::Code(Some(rest.to_owned()))),
        "enum" => {
            let (name, members) = rest.split_once(' ')?;
            let pair = |m: &str| m.split_once('=').map(|(n, v)| (n.to_owned(), v.into()));
            let members = members.split(' ').filter_map(pair).collect();
            FieldType::Enum(Arc::new(EnumType { name: name.to_owned(), members, integer: false }))
        }
        "ZqEmpty" | "ZqInner" | "ZqStruct" => structure(kind),
        name if TYPES.contains(&name) => FieldType::parse(&format!("dspy.{name}"), None).ok()?,
        name => FieldType::parse(name, None).ok()?,
    })
}

/// The structs of the script.
fn structure(name: &str) -> FieldType {
    let field = |name: &str, ty: FieldType| StructField::new(name, ty);
    let (doc, fields) = match name {
        "ZqInner" => (Some("ZqInnerDoc"), vec![field("zqname", FieldType::Str)]),
        "ZqLeaf" => (None, vec![field("zqweight", FieldType::Float)]),
        "ZqStruct" => {
            let mut text = field("zqtext", FieldType::Str);
            text.description = Some("ZqFieldDescription".into());
            let mut alias = field("zqalias", FieldType::Int);
            alias.alias = Some("zqOther".into());
            let number = FieldType::union(vec![FieldType::Float, FieldType::None], UnionSyntax::Pep604);
            let fields = vec![
                text,
                field("zqnumber", number),
                alias,
                field("zqchoice", FieldType::literal(["zqp", "zqq"])),
                field("zqinner", structure("ZqInner")),
                field("zqtable", FieldType::dict(FieldType::Str, FieldType::Int)),
                field("zqflags", FieldType::list(FieldType::Bool)),
                field("zqleaves", FieldType::list(structure("ZqLeaf"))),
            ];
            (Some("ZqStructDoc"), fields)
        }
        _ => (None, Vec::new()),
    };
    let of = StructType {
        name: name.to_owned(),
        description: doc.map(str::to_owned),
        fields,
        ..StructType::default()
    };
    FieldType::Struct(Arc::new(of))
}
