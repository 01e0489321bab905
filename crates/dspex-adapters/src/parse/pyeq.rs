//! Equality as Python has it: `1`, `1.0` and `True` are one key, and lists are no keys at all.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use dspex_core::value::{Decimal, Int};
use dspex_core::{Dict, Value};

/// Whether Python's `==` holds.
pub(crate) fn equal(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Float(x), Value::Float(y)) => x.partial_cmp(y) == Some(Ordering::Equal),
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b))
        }
        (Value::Set(a) | Value::FrozenSet(a), Value::Set(b) | Value::FrozenSet(b)) => {
            a.len() == b.len() && a.iter().all(|x| b.iter().any(|y| equal(x, y)))
        }
        // What holds other values is never equal to what does not, and to see that, no key is needed.
        _ if has_items(a) || has_items(b) => a == b,
        _ => a == b || key(a).zip(key(b)).is_some_and(|(a, b)| a == b),
    }
}

fn has_items(value: &Value) -> bool {
    matches!(value, Value::List(_) | Value::Tuple(_) | Value::Set(_) | Value::FrozenSet(_) | Value::Dict(_))
}

/// Whether Python has a hash for a value.
pub(crate) fn is_hashable(value: &Value) -> bool {
    match value {
        Value::Tuple(items) | Value::FrozenSet(items) => items.iter().all(is_hashable),
        scalar => key(scalar).is_some(),
    }
}

/// A value that stands for all values equal to it in Python; none where Python has no hash for it.
pub(crate) fn key(value: &Value) -> Option<Value> {
    Some(match value {
        Value::Bool(b) => Value::from(i64::from(*b)),
        Value::Float(f) => Int::from_f64_exact(*f).map_or(Value::Float(*f), Value::Int),
        Value::Complex(re, im) if *im == 0.0 => return key(&Value::Float(*re)),
        Value::Decimal(d) => decimal_key(d),
        Value::Tuple(items) => Value::Tuple(items.iter().map(key).collect::<Option<_>>()?),
        Value::FrozenSet(items) => Value::FrozenSet(items.iter().map(key).collect::<Option<_>>()?),
        Value::List(_)
        | Value::Set(_)
        | Value::Dict(_)
        | Value::Struct(_)
        | Value::Media(_)
        | Value::Document(_)
        | Value::Citations(_)
        | Value::Tool(_)
        | Value::ToolCalls(_)
        | Value::History(_) => return None,
        other => other.clone(),
    })
}

/// The decimal without zeros at its end, or the whole number that it is.
fn decimal_key(decimal: &Decimal) -> Value {
    let text = decimal.to_string();
    if let Ok(whole) = text.parse::<Int>() {
        return Value::Int(whole);
    }
    let shorter = text.contains('.') && !text.contains(['e', 'E']);
    let short = if shorter { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    match short.parse::<Int>() {
        Ok(whole) => Value::Int(whole),
        Err(_) => short.parse().map_or_else(|_| Value::Decimal(decimal.clone()), Value::Decimal),
    }
}

fn has_nan(value: &Value) -> bool {
    match value {
        Value::Float(f) => f.is_nan(),
        Value::Tuple(items) | Value::FrozenSet(items) => items.iter().any(has_nan),
        _ => false,
    }
}

/// The items of a set: of equal ones the first. None where an item has no hash.
pub(crate) fn distinct(items: Vec<Value>) -> Option<Vec<Value>> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for item in items {
        let key = key(&item)?;
        // A NaN is not even equal to itself.
        if has_nan(&key) || seen.insert(key) {
            out.push(item);
        }
    }
    Some(out)
}

/// A mapping in the making: of equal keys the first is kept, with the value of the last.
#[derive(Default)]
pub(crate) struct DictBuilder {
    dict: Dict,
    keys: HashMap<Value, Value>,
}

impl DictBuilder {
    /// Adds an entry; false where the key has no hash.
    pub(crate) fn insert(&mut self, key: Value, value: Value) -> bool {
        if let Value::Str(_) = key {
            self.dict.insert(key, value);
            return true;
        }
        let Some(stand_in) = self::key(&key) else { return false };
        let key = self.keys.entry(stand_in).or_insert(key).clone();
        self.dict.insert(key, value);
        true
    }

    pub(crate) fn finish(self) -> Dict {
        self.dict
    }
}
