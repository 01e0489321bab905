//! Whether a value is of a type, without changing it: for inputs, which callers give as they mean them.

use super::{FieldType, Special};
use crate::value::{Dict, History, Media, MediaKind, Tool, ToolCalls, Value};

/// A value that is not of its type.
///
/// ```
/// use dspex_core::{FieldType, Record, Value};
/// let type_of_ages = FieldType::dict(FieldType::Str, FieldType::Int);
/// let ages = Value::from(Record::new().with("Ada", 36).with("Bob", "old"));
/// let e = type_of_ages.check(&ages).unwrap_err();
/// assert_eq!((e.place.as_str(), e.expected.as_str(), e.found.as_str()), ("['Bob']", "int", "'old'"));
/// assert_eq!(e.to_string(), "expected int at ['Bob'], found 'old'");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}{}, found {found}", if .place.is_empty() { String::new() } else { format!(" at {place}") })]
pub struct TypeMismatch {
    /// Where in the value: `[0].name`; empty for the value itself.
    pub place: String,
    /// The type.
    pub expected: String,
    /// What stands there.
    pub found: String,
}

impl FieldType {
    /// Checks that a value is of this type. A whole number counts as a float, and a struct may be given as a mapping.
    ///
    /// ```
    /// use dspex_core::{FieldType, Value};
    /// let t = FieldType::list(FieldType::Int);
    /// assert!(t.check(&Value::from(vec![1, 2])).is_ok());
    /// let e = t.check(&Value::List(vec![1.into(), "x".into()])).unwrap_err();
    /// assert_eq!(e.to_string(), "expected int at [1], found 'x'");
    /// ```
    pub fn check(&self, value: &Value) -> Result<(), TypeMismatch> {
        self.check_at(value, "")
    }

    fn check_at(&self, value: &Value, place: &str) -> Result<(), TypeMismatch> {
        let ok = match (self, value) {
            (Self::Any | Self::Schema(_) | Self::Ref(_), _)
            | (Self::Str | Self::Special(Special::Reasoning | Special::Code(_)), Value::Str(_))
            | (Self::Int, Value::Int(_))
            | (Self::Float, Value::Float(_) | Value::Int(_))
            | (Self::Bool, Value::Bool(_))
            | (Self::None, Value::None)
            | (Self::Bytes, Value::Bytes(_))
            | (Self::Complex, Value::Complex(..) | Value::Float(_) | Value::Int(_))
            | (Self::Date, Value::Date(_))
            | (Self::DateTime, Value::DateTime(_))
            | (Self::Time, Value::Time(_))
            | (Self::TimeDelta, Value::TimeDelta(_))
            | (Self::Decimal, Value::Decimal(_) | Value::Int(_))
            | (Self::Uuid, Value::Uuid(_))
            | (Self::List(None), Value::List(_) | Value::Tuple(_))
            | (Self::Set(None), Value::Set(_))
            | (Self::FrozenSet(None), Value::FrozenSet(_))
            | (Self::Tuple(None), Value::Tuple(_))
            | (Self::Dict(None), Value::Dict(_))
            | (Self::Special(Special::Document), Value::Document(_))
            | (Self::Special(Special::Citations), Value::Citations(_))
            | (Self::Special(Special::ToolCalls), Value::ToolCalls(_))
            | (Self::Special(Special::History), Value::History(_))
            | (Self::Special(Special::Tool), Value::Tool(_)) => true,
            // Data files have mappings where programs have these.
            (Self::Special(Special::ToolCalls), value) => ToolCalls::from_value(value).is_some(),
            (Self::Special(Special::History), value) => History::from_value(value).is_some(),
            (Self::Special(Special::Tool), value) => Tool::from_value(value).is_some(),
            // Rust types of these kinds come through serde as their text.
            (Self::Date, Value::Str(s)) => s.parse::<crate::value::Date>().is_ok(),
            (Self::DateTime, Value::Str(s)) => s.parse::<crate::value::DateTime>().is_ok(),
            (Self::Time, Value::Str(s)) => s.parse::<crate::value::Time>().is_ok(),
            (Self::Decimal, Value::Str(s)) => s.parse::<crate::value::Decimal>().is_ok(),
            (Self::Uuid, Value::Str(s)) => s.parse::<crate::value::Uuid>().is_ok(),
            // JSON data has lists where Python has sets and tuples; a Rust array is a list whose value is a tuple.
            (Self::List(Some(item)), Value::List(items) | Value::Tuple(items))
            | (Self::Set(Some(item)), Value::Set(items) | Value::List(items))
            | (Self::FrozenSet(Some(item)), Value::FrozenSet(items) | Value::List(items)) => {
                return each(items, place, |_| Some(item));
            }
            (Self::Tuple(Some(t)), Value::Tuple(items) | Value::List(items)) if t.variadic => {
                return each(items, place, |_| t.items.first());
            }
            (Self::Tuple(Some(t)), Value::Tuple(items) | Value::List(items))
                if t.items.len() == items.len() =>
            {
                return each(items, place, |i| t.items.get(i));
            }
            (Self::Dict(Some(kv)), Value::Dict(d)) => {
                return d.iter().try_for_each(|(k, v)| {
                    let place = format!("{place}[{}]", k.to_repr().unwrap_or_default());
                    kv.0.check_at(k, &place).and_then(|()| kv.1.check_at(v, &place))
                });
            }
            (Self::Literal(values), v) => values.contains(v),
            (Self::Union(u), v) => u.options.iter().any(|o| o.check_at(v, place).is_ok()),
            (Self::Enum(e), Value::Enum(m)) => {
                e.members.iter().any(|(name, v)| *name == m.member || *v == *m.value)
            }
            (Self::Enum(e), v) => {
                e.members.iter().any(|(name, member)| member == v || v.as_str() == Some(name.as_str()))
            }
            (Self::Named(n), v) => {
                n.base().check_at(v, place)?;
                return n.after(v.clone()).map(|_| ()).map_err(|e| TypeMismatch {
                    place: place.to_owned(),
                    expected: format!("{} ({e})", n.name()),
                    found: crate::error::shorten(v),
                });
            }
            (Self::Struct(s), Value::Struct(v)) => return s.check_fields(|name| v.fields.get(name), place),
            (Self::Struct(s), Value::Dict(d)) => return s.check_fields(|name| Dict::get_str(d, name), place),
            (Self::Special(Special::Decision(decision)), v) => decision.fits(v),
            (Self::Special(s), Value::Media(m)) => media_fits(s, m),
            _ => false,
        };
        if ok {
            return Ok(());
        }
        Err(TypeMismatch {
            place: place.to_owned(),
            expected: self.name(),
            found: crate::error::shorten(value),
        })
    }
}

impl super::StructType {
    fn check_fields<'a>(
        &self,
        get: impl Fn(&str) -> Option<&'a Value>,
        place: &str,
    ) -> Result<(), TypeMismatch> {
        for field in &self.fields {
            let at = format!("{place}.{}", field.name);
            let value = get(&field.name).or_else(|| field.alias.as_deref().and_then(&get));
            match value {
                Some(value) => {
                    field.ty.check_at(value, &at)?;
                    for rule in &field.constraints {
                        rule.check(value).map_err(|e| TypeMismatch {
                            place: at.clone(),
                            expected: format!("a value {}", e.rule),
                            found: e.found,
                        })?;
                    }
                }
                None if field.required => {
                    return Err(TypeMismatch {
                        place: at,
                        expected: field.ty.name(),
                        found: "nothing".into(),
                    });
                }
                None => {}
            }
        }
        Ok(())
    }
}

fn each<'a>(
    items: &[Value],
    place: &str,
    ty: impl Fn(usize) -> Option<&'a FieldType>,
) -> Result<(), TypeMismatch> {
    items.iter().enumerate().try_for_each(|(i, item)| match ty(i) {
        // The place is spelled only where something is wrong: checking good inputs is on the way of every call.
        Some(t) if t.check_at(item, "").is_err() => t.check_at(item, &format!("{place}[{i}]")),
        _ => Ok(()),
    })
}

fn media_fits(special: &Special, media: &Media) -> bool {
    matches!(
        (special, media.kind),
        (Special::Image, MediaKind::Image)
            | (Special::Audio, MediaKind::Audio)
            | (Special::File, MediaKind::File)
    )
}
