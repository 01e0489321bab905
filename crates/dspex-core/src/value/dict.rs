//! Mappings whose keys may be of any kind, in insertion order.

use indexmap::IndexMap;

use super::Value;

/// A mapping from values to values that keeps insertion order, as Python's `dict`.
///
/// ```
/// use dspex_core::value::{Dict, Value};
/// let mut d = Dict::new();
/// d.insert(Value::from(1), Value::from("one"));
/// assert_eq!(d.get(&Value::from(1)), Some(&Value::from("one")));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dict(IndexMap<Value, Value>);

impl Dict {
    /// An empty mapping.
    pub fn new() -> Self {
        Self::default()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no entries.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value under a key.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.0.get(key)
    }

    /// The value under a text key.
    pub fn get_str(&self, key: &str) -> Option<&Value> {
        self.0.get(&Value::from(key))
    }

    /// Sets a value and gives back the one that stood there. A key that was there keeps its place.
    pub fn insert(&mut self, key: Value, value: Value) -> Option<Value> {
        self.0.insert(key, value)
    }

    /// Takes an entry out; the others keep their order.
    pub fn remove(&mut self, key: &Value) -> Option<Value> {
        self.0.shift_remove(key)
    }

    /// Entries in insertion order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Value, &Value)> {
        self.0.iter()
    }

    /// Keys in insertion order.
    pub fn keys(&self) -> impl ExactSizeIterator<Item = &Value> {
        self.0.keys()
    }
}

impl FromIterator<(Value, Value)> for Dict {
    fn from_iter<I: IntoIterator<Item = (Value, Value)>>(iter: I) -> Self {
        Self(iter.into_iter().collect())
    }
}

impl IntoIterator for Dict {
    type Item = (Value, Value);
    type IntoIter = indexmap::map::IntoIter<Value, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}
