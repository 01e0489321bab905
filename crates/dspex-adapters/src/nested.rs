//! Types as the tags of XML see them: fields of structs by their own names, never by their aliases.

use std::sync::Arc;

use dspex_core::FieldType;
use dspex_core::types::{StructField, StructType, TupleType, UnionType};
use serde_json::Value as Json;

/// The JSON Schema of a type with its fields in the order of their declaration and under their own names.
pub(crate) fn schema(ty: &FieldType) -> Json {
    map(ty, &|s, fields| StructType { fields: fields.into_iter().map(own_name).collect(), ..s })
        .json_schema_as_declared()
}

/// The type with structs whose fields may come under their own names, too.
pub(crate) fn by_name(ty: &FieldType) -> FieldType {
    map(ty, &|s, fields| StructType { fields, by_name: true, ..s })
}

fn own_name(field: StructField) -> StructField {
    StructField { alias: None, ..field }
}

/// The type with each struct in it changed.
fn map(ty: &FieldType, change: &impl Fn(StructType, Vec<StructField>) -> StructType) -> FieldType {
    let one = |ty: &FieldType| map(ty, change);
    let boxed = |ty: &FieldType| Box::new(map(ty, change));
    let item = |item: &Option<Box<FieldType>>| item.as_deref().map(boxed);
    match ty {
        FieldType::List(t) => FieldType::List(item(t)),
        FieldType::Set(t) => FieldType::Set(item(t)),
        FieldType::FrozenSet(t) => FieldType::FrozenSet(item(t)),
        FieldType::Dict(Some(kv)) => FieldType::Dict(Some(Box::new((one(&kv.0), one(&kv.1))))),
        FieldType::Tuple(Some(t)) => {
            let items = t.items.iter().map(one).collect();
            FieldType::Tuple(Some(TupleType { items, variadic: t.variadic }))
        }
        FieldType::Union(u) => {
            let options = u.options.iter().map(one).collect();
            FieldType::Union(UnionType { options, syntax: u.syntax })
        }
        FieldType::Struct(s) => {
            let fields = s.fields.iter().map(|f| StructField { ty: one(&f.ty), ..f.clone() }).collect();
            FieldType::Struct(Arc::new(change(StructType { fields: Vec::new(), ..(**s).clone() }, fields)))
        }
        other => other.clone(),
    }
}
