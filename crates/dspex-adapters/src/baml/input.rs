//! Inputs of the BAML adapter: structs as JSON on lines, under the names that they have in JSON.

use dspex_core::types::StructType;
use dspex_core::value::{Dict, StructValue};
use dspex_core::{Error, ErrorKind, Field, FieldType, Result, Special, Stage, Value};

use crate::format::field_value;
use crate::turns;

/// An input under its marker. What becomes a part of the message stands in quotes, as it does in JSON.
pub(super) fn section(field: &Field, value: &Value) -> Result<String> {
    let text = match value {
        Value::Struct(_) | Value::History(_) | Value::ToolCalls(_) => {
            json_named(value, &field.ty).to_json_lines().map_err(|e| {
                Error::new(ErrorKind::Unsupported {
                    field: Some(field.name.clone()),
                    kind: format!("values of kind {}", e.kind),
                    stage: Stage::Render,
                })
            })?
        }
        _ if is_part(&field.ty) => ["\"", &field_value(field, value)?, "\""].concat(),
        _ => field_value(field, value)?,
    };
    Ok(turns::section(&field.name, &text))
}

/// A value with the fields of its structs under their names in JSON, as the structs in `ty` have them.
fn json_named(value: &Value, ty: &FieldType) -> Value {
    let each = |items: &[Value]| items.iter().map(|item| json_named(item, ty)).collect();
    match value {
        Value::Struct(s) => {
            let of = structure(ty, &s.type_name);
            let alias = |name: &str| -> Option<String> {
                of?.fields.iter().find(|f| f.name == name).and_then(|f| f.alias.clone())
            };
            let fields = s
                .fields
                .iter()
                .map(|(name, v)| (alias(name).unwrap_or_else(|| name.to_owned()), json_named(v, ty)))
                .collect();
            Value::Struct(StructValue { type_name: s.type_name.clone(), fields })
        }
        Value::List(items) => Value::List(each(items)),
        Value::Tuple(items) => Value::Tuple(each(items)),
        Value::Set(items) => Value::Set(each(items)),
        Value::FrozenSet(items) => Value::FrozenSet(each(items)),
        Value::Dict(d) => {
            Value::Dict(d.iter().map(|(k, v)| (k.clone(), json_named(v, ty))).collect::<Dict>())
        }
        other => other.clone(),
    }
}

/// The struct of a name inside a type.
fn structure<'a>(ty: &'a FieldType, name: &str) -> Option<&'a StructType> {
    match ty {
        FieldType::Struct(s) if s.name == name => Some(s),
        FieldType::Struct(s) => s.fields.iter().find_map(|f| structure(&f.ty, name)),
        FieldType::List(Some(item)) | FieldType::Set(Some(item)) | FieldType::FrozenSet(Some(item)) => {
            structure(item, name)
        }
        FieldType::Dict(Some(kv)) => structure(&kv.0, name).or_else(|| structure(&kv.1, name)),
        FieldType::Tuple(Some(t)) => t.items.iter().find_map(|i| structure(i, name)),
        FieldType::Union(u) => u.options.iter().find_map(|o| structure(o, name)),
        _ => None,
    }
}

/// Whether values of a type are parts of a message; while text is written, a token stands for each.
fn is_part(ty: &FieldType) -> bool {
    let parts = [Special::Image, Special::Audio, Special::File, Special::Document];
    matches!(ty.without_none(), FieldType::Special(s) if parts.contains(&s))
}
