//! One set of layers for each server, model and key: held by the caller, never global.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// What shares limits at a server: the endpoint, the model, and which key is used. The key is named by an id of the
/// caller's choice; it must not be the key itself, since it stands in errors and events.
///
/// ```
/// use dspex_resilience::Key;
/// let key = Key::new("https://api.example/v1", "gpt", "team-a");
/// assert_eq!(key.to_string(), "https://api.example/v1 gpt (key team-a)");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    endpoint: Arc<str>,
    model: Arc<str>,
    key_id: Arc<str>,
}

impl Key {
    /// The key of an endpoint, a model and the id of a credential.
    pub fn new(
        endpoint: impl Into<Arc<str>>,
        model: impl Into<Arc<str>>,
        key_id: impl Into<Arc<str>>,
    ) -> Self {
        Self { endpoint: endpoint.into(), model: model.into(), key_id: key_id.into() }
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} (key {})", self.endpoint, self.model, self.key_id)
    }
}

/// Gives all callers with one key the same layers. Its holder is who shares: two registries share nothing. Entries stay
/// until the registry is dropped or they are removed.
///
/// ```
/// use dspex_resilience::{Key, Limiter, Limits, Registry};
/// let limiters = Registry::default();
/// let key = Key::new("https://api.example/v1", "gpt", "team-a");
/// let make = || Limiter::new(key.to_string(), Limits::default());
/// let (a, b) = (limiters.get_or_make(&key, make), limiters.get_or_make(&key, make));
/// assert!(std::sync::Arc::ptr_eq(&a, &b));
/// assert_eq!(limiters.entries().len(), 1);
/// ```
#[derive(Debug)]
pub struct Registry<V> {
    entries: Mutex<HashMap<Key, Arc<V>>>,
}

impl<V> Default for Registry<V> {
    fn default() -> Self {
        Self { entries: Mutex::default() }
    }
}

impl<V> Registry<V> {
    /// What belongs to a key; made where it is asked for the first time.
    pub fn get_or_make(&self, key: &Key, make: impl FnOnce() -> V) -> Arc<V> {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(entries.entry(key.clone()).or_insert_with(|| Arc::new(make())))
    }

    /// Takes an entry out. Those who hold it keep it.
    pub fn remove(&self, key: &Key) -> Option<Arc<V>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner).remove(key)
    }

    /// All entries, by key.
    pub fn entries(&self) -> Vec<(Key, Arc<V>)> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut all: Vec<_> = entries.iter().map(|(k, v)| (k.clone(), Arc::clone(v))).collect();
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        all
    }
}
