//! Every fault of a value: reading stops at the first, so the parts are read one by one.

use dspex_core::types::StructType;
use dspex_core::validation::{ValidationErrors, Violation};
use dspex_core::{Error, ErrorKind, FieldType, Value};

/// How one value is read as a type.
pub(crate) type Read<'a> = &'a dyn Fn(&Value, &FieldType) -> Result<Value, Error>;

/// The value as its type, or every fault in it.
pub(crate) fn read_all(value: &Value, ty: &FieldType, read: Read<'_>) -> Result<Value, ValidationErrors> {
    read(value, ty).map_err(|whole| {
        let mut faults = Vec::new();
        descend(value, ty, read, &mut faults);
        // Parts that are sound one by one and not together, such as items of a set that repeat.
        ValidationErrors::new(faults).unwrap_or_else(|| of_error(&whole))
    })
}

fn descend(value: &Value, ty: &FieldType, read: Read<'_>, faults: &mut Vec<Violation>) {
    let before = faults.len();
    for (place, part, ty) in parts(value, ty, faults) {
        if let Err(e) = read_all(&part, &ty, read) {
            faults.extend(e.at(&place));
        }
    }
    if faults.len() == before
        && let Err(e) = read(value, ty)
    {
        faults.extend(of_error(&e));
    }
}

/// The parts of a value with their places and types; fields that are missing are faults already.
fn parts(value: &Value, ty: &FieldType, faults: &mut Vec<Violation>) -> Vec<(String, Value, FieldType)> {
    let each = |items: &[Value], of: &dyn Fn(usize) -> Option<FieldType>| {
        let part = |(i, item): (usize, &Value)| Some((format!("[{i}]"), item.clone(), of(i)?));
        items.iter().enumerate().filter_map(part).collect()
    };
    match (ty, value) {
        (FieldType::Struct(s), Value::Dict(_) | Value::Struct(_)) => fields(value, s, faults),
        (FieldType::Named(n), value) => parts(value, n.base(), faults),
        (
            FieldType::List(Some(item)) | FieldType::Set(Some(item)) | FieldType::FrozenSet(Some(item)),
            value,
        ) => value.as_list().map_or_else(Vec::new, |items| each(items, &|_| Some((**item).clone()))),
        (FieldType::Tuple(Some(t)), value) => value.as_list().map_or_else(Vec::new, |items| {
            each(items, &|i| if t.variadic { t.items.first() } else { t.items.get(i) }.cloned())
        }),
        (FieldType::Dict(Some(kv)), Value::Dict(d)) => d
            .iter()
            .flat_map(|(k, v)| {
                let place = format!("[{}]", k.to_repr().unwrap_or_default());
                [(place.clone(), k.clone(), kv.0.clone()), (place, v.clone(), kv.1.clone())]
            })
            .collect(),
        _ => Vec::new(),
    }
}

fn fields(value: &Value, s: &StructType, faults: &mut Vec<Violation>) -> Vec<(String, Value, FieldType)> {
    let get = |name: &str| match value {
        Value::Dict(d) => d.get_str(name),
        Value::Struct(v) => v.fields.get(name),
        _ => None,
    };
    let mut found = Vec::with_capacity(s.fields.len());
    for field in &s.fields {
        let name = field.alias.as_ref().unwrap_or(&field.name);
        let given = get(name).or_else(|| get(&field.name).filter(|_| s.by_name || field.alias.is_none()));
        match given {
            Some(value) => {
                for rule in &field.constraints {
                    if let Err(e) = rule.check(value) {
                        let fault = Violation::new(rule.keyword(), e.to_string());
                        faults.push(fault.at(name));
                    }
                }
                found.push((name.clone(), value.clone(), field.ty.clone()));
            }
            None if field.required => {
                let fault = Violation::new("missing", format!("expected {}, found nothing", field.ty.name()));
                faults.push(fault.at(name));
            }
            None => {}
        }
    }
    found
}

/// The fault that an error of reading tells. Its place counts from the value that was read.
pub(crate) fn of_error(e: &Error) -> ValidationErrors {
    let (code, message, place) = match e.kind() {
        ErrorKind::Validation { errors } => return errors.clone(),
        ErrorKind::FieldType { field, expected, found } => {
            let code = if found == "nothing" { "missing" } else { "type" };
            (code, format!("expected {expected}, found {found}"), field)
        }
        ErrorKind::Constraint { field, rule, found } => {
            ("constraint", format!("expected a value {rule}, found {found}"), field)
        }
        ErrorKind::Ambiguous { field, found, rule } => {
            (rule.id(), format!("expected one reading, found more: {found}"), field)
        }
        other => return Violation::new(other.code(), other.to_string()).into(),
    };
    Violation::new(code, message).at(place.trim_start_matches('.')).into()
}
